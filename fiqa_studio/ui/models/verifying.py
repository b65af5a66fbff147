"""Our full network against reference outputs: the file, the run, the table of deviations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from fiqa_studio.ui import theme
from fiqa_studio.ui.models import words
from fiqa_studio.ui.models.fields import FileField, Form
from fiqa_studio.ui.models.running import RunningDialog
from fiqa_studio.ui.models.verdicts import Verdicts
from fiqa_studio.ui.widgets.small import label

if TYPE_CHECKING:
    from fiqa_studio.engine.programs import ModelsCall
    from fiqa_studio.engine.scoring.installed import Comparison, Scorers

_INTRO = (
    "A specification names the tensors of the published network, fills them by a rule, and gives "
    "what that network then computes. Ours is filled the same way and run beside it. This takes "
    "minutes and some gigabytes of memory."
)
_COLUMNS = ("Input", "Number", "Published", "Ours", "Deviation", "× Tolerance", "Verdict")
_WORST = 5
"""What the table is sorted by at first; the first two sort by the order of computation."""
_NUMBERS = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_SIZE = (960, 640)
_COPIED_MS = 1500


class VerifyDialog(RunningDialog):
    """Asks for a specification, runs it, and shows both verdicts over every number.

    Attributes:
        comparisons: What came out, empty before.
    """

    def __init__(self, scorers: Scorers, parent: QWidget | None = None) -> None:
        super().__init__("Verify the Network", "Verify", parent, leave="Close")
        self._scorers = scorers
        self.comparisons: list[Comparison] = []
        self.specification = FileField("Specification, SPEC.json", "Specifications (*.json)")
        self.specification.changed.connect(self._update)
        self._result = QWidget()
        self._verdicts = Verdicts()
        self._only = QCheckBox("Only what does not agree")
        self._only.toggled.connect(self._filter)
        self._copy = QPushButton("Copy Table")
        self._copy.setAutoDefault(False)
        theme.set_icon(self._copy, "copy")
        self._copy.clicked.connect(self.copy_table)
        self.table = QTreeWidget()
        self._lay_out()
        self._update()
        self.specification.setFocus()

    @property
    def outcome(self) -> str:
        """Both verdicts, a line each; empty before."""
        return "" if self._result.isHidden() else self._verdicts.text

    def copy_table(self) -> None:
        """Every number, to the clipboard."""
        QGuiApplication.clipboard().setText(words.table_of(self.comparisons))
        self._copy.setText("Copied")
        QTimer.singleShot(_COPIED_MS, self._copy, lambda: self._copy.setText("Copy Table"))

    def _lay_out(self) -> None:
        self.setMinimumWidth(460)
        self.resize(680, 100)
        self.form.addWidget(label(_INTRO, "muted"))
        form = Form()
        form.add("&Specification", self.specification)
        self.form.addLayout(form)
        table = self.table
        table.setColumnCount(len(_COLUMNS))
        table.setHeaderLabels(_COLUMNS)
        table.setRootIsDecorated(False)
        table.setUniformRowHeights(True)
        table.setAccessibleName("Every number, published and ours")
        table.setMinimumHeight(160)
        table.setStyleSheet("QTreeView::item, QHeaderView::section { padding-left: 8px; }")
        header = table.header()
        if (head_item := table.headerItem()) is not None:
            for number in range(2, _WORST + 1):
                head_item.setTextAlignment(number, _NUMBERS)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        head = QHBoxLayout()
        head.addWidget(self._only)
        head.addStretch(1)
        head.addWidget(self._copy)
        column = QVBoxLayout(self._result)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.Space.S)
        column.addWidget(self._verdicts)
        column.addLayout(head)
        column.addWidget(table, 1)
        self._result.hide()
        self.body.insertWidget(2, self._result, 1)

    def _update(self) -> None:
        there = self.specification.path is not None
        self.start.setEnabled(there and not self.running)
        self.start.setToolTip("" if there else "Choose a specification first")

    def _begin(self) -> ModelsCall | None:
        path = self.specification.path
        if path is None:
            return None
        self._result.hide()
        return self._scorers.verifying(path.absolute(), self._report)

    def _read(self, answer: Any) -> list[Comparison]:
        from fiqa_studio.engine.scoring.installed import comparisons  # noqa: PLC0415 - after first paint

        return comparisons(answer)

    def _ended(self, result: list[Comparison]) -> None:
        self.comparisons = result
        self._verdicts.show_verdicts(words.verdicts_of(result))
        self.table.setSortingEnabled(False)
        self.table.clear()
        self.table.addTopLevelItems([_Row(place, one) for place, one in enumerate(result)])
        self.table.setSortingEnabled(True)
        self.table.sortByColumn(_WORST, Qt.SortOrder.DescendingOrder)
        self._only.setEnabled(not all(c.agrees for c in result))
        self._filter()
        self._result.show()
        self._grow(*_SIZE)

    def _filter(self) -> None:
        only = self._only.isChecked()
        for row in range(self.table.topLevelItemCount()):
            item = self.table.topLevelItem(row)
            if isinstance(item, _Row):
                item.setHidden(only and item.comparison.agrees)


class _Row(QTreeWidgetItem):
    """One number; sorts by its value, not by its text."""

    def __init__(self, place: int, comparison: Comparison) -> None:
        super().__init__(
            [
                comparison.case,
                comparison.what,
                f"{comparison.published:.6g}",
                f"{comparison.found:.6g}",
                words.deviation_said(comparison),
                words.times_said(comparison.tolerance_used),
                words.verdict_of(comparison),
            ]
        )
        self.comparison = comparison
        self._keys = (
            place,
            place,
            comparison.published,
            comparison.found,
            abs(comparison.deviation or 0.0),
            comparison.tolerance_used,
            comparison.rounding_used,
        )
        for column in range(2, _WORST + 1):
            self.setTextAlignment(column, _NUMBERS)
        if not comparison.agrees:
            palette = theme.manager.palette
            colour = palette.warning if comparison.within_rounding else palette.danger
            self.setForeground(len(_COLUMNS) - 1, QColor(colour))

    @override
    def __lt__(self, other: QTreeWidgetItem) -> bool:
        tree = self.treeWidget()
        if tree is None or not isinstance(other, _Row):
            return False
        column = tree.sortColumn()
        return self._keys[column] < other._keys[column]
