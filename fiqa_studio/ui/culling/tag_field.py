"""The tags of what is selected: each with a way to take it off, and a field to add one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from PySide6.QtCore import QEvent, QObject, QSize, QStringListModel, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QCompleter,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.marks import tidy_tag
from fiqa_studio.ui import theme
from fiqa_studio.ui.theme import Space
from fiqa_studio.ui.widgets.flow import FlowLayout
from fiqa_studio.ui.widgets.small import ElidedLabel, label

_LONGEST_SHOWN = 170
"""Device-independent pixels of a tag on its chip; hovering shows the rest."""
_HEIGHT = 92


class TagChip(QFrame):
    """One tag.

    Signals:
        removed: It is to be taken off (the tag).
    """

    removed = Signal(str)

    def __init__(self, tag: str, count: int, of: int) -> None:
        super().__init__()
        theme.set_role(self, "chip")
        self.tag = tag
        words = ElidedLabel(tag if count == of else f"{tag}  {count:,}")
        words.setMaximumWidth(_LONGEST_SHOWN)
        words.set_tip(tag if count == of else f"{tag}: {count:,} of {of:,} photos")
        self._close = QToolButton()
        theme.set_role(self._close, "quiet")
        theme.set_icon(self._close, "close")
        self._close.setIconSize(QSize(12, 12))
        self._close.setFixedSize(18, 18)
        self._close.setToolTip(f"Take off the tag \u201c{tag}\u201d")
        self._close.setAccessibleName(self._close.toolTip())
        self._close.clicked.connect(lambda: self.removed.emit(self.tag))
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.S, 1, 2, 1)
        row.setSpacing(2)
        row.addWidget(words)
        row.addWidget(self._close)

    def set_writable(self, writable: bool) -> None:
        """Whether it can be taken off."""
        self._close.setEnabled(writable)

    def click(self) -> None:
        """Take it off."""
        self._close.click()


class TagField(QWidget):
    """Chips over a field with completion.

    Attributes:
        field: Where a tag is typed.

    Signals:
        added: A tag is to be put on (str), as it is kept.
        removed: A tag is to be taken off (str).
        left: The user is done with the field.
        wanted: Its completions are about to be needed.
    """

    added = Signal(str)
    removed = Signal(str)
    left = Signal()
    wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[tuple[str, int], ...] | None = None
        self._writable = True
        self.field = QLineEdit()
        self.field.setPlaceholderText("Add a tag")
        self.field.setAccessibleName("Add a tag")
        self.field.setClearButtonEnabled(True)
        self._known = QStringListModel(self)
        completer = QCompleter(self._known, self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self.field.setCompleter(completer)
        self._problem = label("", "danger")
        self._problem.hide()
        self.field.returnPressed.connect(self._add)
        self.field.textEdited.connect(lambda _: self._problem.hide())
        self.field.installEventFilter(self)
        self._chips = QWidget()
        theme.set_role(self._chips, "panel")
        self._flow = FlowLayout(self._chips, Space.XS)
        self._area = QScrollArea()
        theme.set_role(self._area, "panel")
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setWidgetResizable(True)
        self._area.setWidget(self._chips)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.XS)
        for part in (self._area, self.field, self._problem):
            column.addWidget(part)
        self.show_tags({}, 0)

    def show_tags(self, tags: Mapping[str, int], of: int) -> None:
        """Show these, with how many of ``of`` photos carry each."""
        wanted = tuple(sorted(tags.items(), key=lambda one: (-one[1], one[0].casefold())))
        if (*wanted, ("", of)) == self._shown:
            return
        self._shown = (*wanted, ("", of))
        self._flow.clear()
        for tag, count in wanted:
            chip = TagChip(tag, count, of)
            chip.set_writable(self._writable)
            chip.removed.connect(self.removed)
            self._flow.addWidget(chip)
            chip.show()
        self._area.setVisible(bool(wanted))
        self._fit()

    def set_known(self, tags: Iterable[str]) -> None:
        """Tags to complete from."""
        self._known.setStringList(list(tags))

    def set_writable(self, writable: bool) -> None:
        """Whether tags can be put on and taken off."""
        self._writable = writable
        self.field.setEnabled(writable)
        for chip in self.chips():
            chip.set_writable(writable)

    def chips(self) -> list[TagChip]:
        """Those on the screen."""
        found = (self._flow.itemAt(at) for at in range(self._flow.count()))
        return [w for item in found if item and isinstance(w := item.widget(), TagChip)]

    def tags(self) -> list[str]:
        """The tags on the screen."""
        return [chip.tag for chip in self.chips()]

    @property
    def problem(self) -> str:
        """Why what was typed cannot be kept; empty where nothing is wrong."""
        return "" if self._problem.isHidden() else self._problem.text()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Esc leaves the field; the completions are read as it gets the keyboard."""
        if event.type() is QEvent.Type.FocusIn:
            self.wanted.emit()
        if (
            isinstance(event, QKeyEvent)
            and event.type() is QEvent.Type.KeyPress
            and event.key() == Qt.Key.Key_Escape
        ):
            self.field.clear()
            self.left.emit()
            return True
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Chips break elsewhere."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        needed = self._flow.heightForWidth(max(self.width() - 12, 40))
        self._area.setFixedHeight(min(max(needed, 1), _HEIGHT))

    def _add(self) -> None:
        try:
            tag = tidy_tag(self.field.text())
        except KnownError as error:
            self._problem.setText(f"{error.message} {error.cause}")
            self._problem.show()
            return
        self._problem.hide()
        self.field.clear()
        self.added.emit(tag)
