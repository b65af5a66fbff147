"""What was done in this library: by whom, when, and a way to take any of it back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
)

from fiqa_studio.domain.changes import Changes, Kind
from fiqa_studio.domain.marks import ActionRecord, Origin, UndoOutcome
from fiqa_studio.ui import theme
from fiqa_studio.ui.session.operation import Operation
from fiqa_studio.ui.theme import Space
from fiqa_studio.ui.widgets.small import label

if TYPE_CHECKING:
    from fiqa_studio.ui.actions.context import Context

_PAGE = 100
_ORIGINS = {
    Origin.WINDOW: "",
    Origin.CLI: "command line",
    Origin.XMP: "import of XMP",
    Origin.CUT_OFF: "cut-off",
    Origin.STUDY: "study",
}


class HistoryPanel(QFrame):
    """The latest actions first; older ones on demand.

    Attributes:
        list: One item an action.
        records: Of those listed, in the same order.
    """

    def __init__(self, context: Context) -> None:
        super().__init__()
        theme.set_role(self, "panel")
        self._context = context
        self._session = context.session
        self.records: list[ActionRecord] = []
        self.list = QListWidget()
        self.list.setAccessibleName("History")
        self.list.setSpacing(2)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.currentRowChanged.connect(lambda _: self._update_button())
        self.list.itemActivated.connect(lambda _: self.take_back())
        self.button = QPushButton("Take Back")
        self.button.clicked.connect(self.take_back)
        self._older = QPushButton("Show Older")
        self._older.clicked.connect(self._read_older)
        self._said = label("", "caption")
        self._said.hide()
        buttons = QHBoxLayout()
        buttons.addWidget(self.button)
        buttons.addWidget(self._older)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.L, Space.M, Space.L, Space.M)
        column.setSpacing(Space.S)
        column.addWidget(label("HISTORY", "section"))
        column.addWidget(self.list, 1)
        column.addWidget(self._said)
        column.addLayout(buttons)
        self.setMinimumHeight(180)
        context.session.changed.connect(self._on_changes)
        self._read()

    @property
    def said(self) -> str:
        """What came of the last one taken back."""
        return "" if self._said.isHidden() else self._said.text()

    def texts(self) -> list[str]:
        """The items in words."""
        return [self.list.item(row).text() for row in range(self.list.count())]

    def take_back(self) -> None:
        """Take the chosen action back, or do it again where it took one back itself."""
        record = self._chosen()
        if record is None or not self.button.isEnabled():
            return
        session = self._session
        verb = "Redo" if record.undoes is not None else "Undo"

        def then(outcome: Any) -> None:
            session.undo.forget(int(record.id))
            if isinstance(outcome, UndoOutcome):
                self._said.setText(came_of(outcome))
                self._said.show()

        self._context.do(
            Operation(
                title=f"{verb} {record.title}",
                work=lambda engine: engine.marking.undo(record.id),
                then=then,
            )
        )

    # --- reading ---------------------------------------------------------------------------

    def _read(self) -> None:
        wanted = max(_PAGE, len(self.records))
        marking = self._session.engine.marking
        self._session.run(
            lambda: marking.history(wanted + 1),
            lambda found: self._show(found[:wanted], more=len(found) > wanted),
            key="history",
        )

    def _read_older(self) -> None:
        marking, before = self._session.engine.marking, self.records[-1].id
        self._session.run(
            lambda: marking.history(_PAGE + 1, before),
            lambda found: self._show(self.records + found[:_PAGE], more=len(found) > _PAGE),
            key="history",
        )

    def _show(self, records: list[ActionRecord], *, more: bool) -> None:
        chosen = self._chosen()
        self.records = records
        self.list.clear()
        muted = theme.manager.palette.text_disabled
        for record in records:
            item = QListWidgetItem(words(record))
            item.setToolTip(words(record))
            # Room for two lines of any script: where a line is higher, the second would be cut.
            item.setSizeHint(QSize(0, 2 * self.fontMetrics().lineSpacing() + Space.L))
            if record.undone_by is not None:
                font = item.font()
                font.setStrikeOut(True)
                item.setFont(font)
                item.setForeground(QColor(muted))
            self.list.addItem(item)
        self._older.setVisible(more)
        ids = [record.id for record in records]
        if chosen is not None and chosen.id in ids:
            self.list.setCurrentRow(ids.index(chosen.id))
        self._update_button()

    def _chosen(self) -> ActionRecord | None:
        row = self.list.currentRow()
        return self.records[row] if 0 <= row < len(self.records) else None

    def _update_button(self) -> None:
        record = self._chosen()
        again = record is not None and record.undoes is not None
        self.button.setText("Do Again" if again else "Take Back")
        why_not = ""
        if self._session.library.read_only:
            why_not = "This library is open for reading only"
        elif record is None:
            why_not = "Choose an action in the list"
        elif record.undone_by is not None:
            why_not = "It has been taken back already"
        self.button.setEnabled(not why_not)
        self.button.setToolTip(why_not or "Only what is still as it left it; the rest stays")

    def _on_changes(self, changes: Changes) -> None:
        if changes.of_kind(Kind.MARK) or changes.of_kind(Kind.OVERRIDE):
            self._read()


def words(record: ActionRecord) -> str:
    """Such as ``5 stars, 20 changed`` over ``anna, 28 Nov 2026 14:03, taken back``."""
    first = f"{record.title}  ·  {record.size:,}"
    parts = [record.author, f"{record.at.astimezone():%d %b %Y  %H:%M}", _ORIGINS[record.origin]]
    if record.undone_by is not None:
        parts.append("taken back")
    return f"{first}\n{', '.join(part for part in parts if part)}"


def came_of(outcome: UndoOutcome) -> str:
    """What taking an action back did, and what stayed."""
    done = "Nothing was left to take back."
    if outcome.restored:
        one = outcome.restored == 1
        done = "1 is as before." if one else f"{outcome.restored:,} are as before."
    if not outcome.stayed:
        return done
    if outcome.stayed == 1:
        return f"{done} 1 was changed since and stays."
    return f"{done} {outcome.stayed:,} were changed since and stay."
