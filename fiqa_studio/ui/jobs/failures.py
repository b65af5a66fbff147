"""What failed in a job and why, with a way to try again."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from fiqa_studio.domain.jobs import JobFailure
from fiqa_studio.ui import theme
from fiqa_studio.ui.theme import Space
from fiqa_studio.ui.widgets.small import ElidedLabel, icon_button

_COLUMNS = ("File", "Reason")
_COPIED_MS = 1500
_Index = QModelIndex | QPersistentModelIndex


class FailureModel(QAbstractTableModel):
    """Failures as rows: file, reason."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._failures: Sequence[JobFailure] = ()

    @property
    def failures(self) -> Sequence[JobFailure]:
        """What is shown."""
        return self._failures

    def set_failures(self, failures: Sequence[JobFailure]) -> None:
        """Show these."""
        self.beginResetModel()
        self._failures = failures
        self.endResetModel()

    def rowCount(self, parent: _Index | None = None) -> int:
        """One row a failure."""
        return 0 if parent is not None and parent.isValid() else len(self._failures)

    def columnCount(self, parent: _Index | None = None) -> int:
        """File and reason."""
        return 0 if parent is not None and parent.isValid() else len(_COLUMNS)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Text, the whole of it as a tip, and a muted colour for what was tried again."""
        failure = self._failures[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            whole = role == Qt.ItemDataRole.ToolTipRole
            if index.column() == 1:
                return failure.message + (" (tried again since)" if failure.retried else "")
            return failure.path if whole else failure.path.rpartition("/")[2] or failure.path
        if role == Qt.ItemDataRole.ForegroundRole and failure.retried:
            return QColor(theme.manager.palette.text_muted)
        return None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> object:
        """Names of the columns."""
        if role == Qt.ItemDataRole.DisplayRole and orientation is Qt.Orientation.Horizontal:
            return _COLUMNS[section]
        return None


class FailureList(QWidget):
    """The failures of one job.

    Args:
        read_only: Nothing can be tried again, since its outcome could not be kept.

    Attributes:
        job_id: Of that job; 0 for none.

    Signals:
        retry_wanted: Job id.
        closed: Back to the jobs alone.
    """

    retry_wanted = Signal(int)
    closed = Signal()

    def __init__(self, *, read_only: bool = False) -> None:
        super().__init__()
        theme.set_role(self, "panel")
        self.job_id = 0
        self._read_only = read_only
        self.model = FailureModel(self)
        self._title = ElidedLabel()
        self._retry = QPushButton("Retry All")
        theme.set_icon(self._retry, "retry")
        self._copy = QPushButton("Copy List")
        theme.set_icon(self._copy, "copy")
        close = icon_button("close", "Close the list of failures")
        self._table = QTreeView()
        self._retry.clicked.connect(self._on_retry)
        self._copy.clicked.connect(self.copy_list)
        close.clicked.connect(self.closed)
        head = QHBoxLayout()
        head.setContentsMargins(Space.M, Space.XS, Space.S, Space.XS)
        head.setSpacing(Space.S)
        head.addWidget(self._title)
        head.addStretch(1)
        for button in (self._retry, self._copy, close):
            head.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self._table, 1)
        self._set_up_table()

    @property
    def retry(self) -> QPushButton:
        """The button that tries again; where it cannot be pressed its tip says why."""
        return self._retry

    @property
    def title(self) -> str:
        """How many failed."""
        return self._title.text()

    def show_failures(self, job_id: int, failures: Sequence[JobFailure]) -> None:
        """Show the failures of a job."""
        self.job_id = job_id
        self.model.set_failures(failures)
        count = len(failures)
        files = "1 file" if count == 1 else f"{count:,} files"
        self._title.setText(f"{files} could not be used" if count else "Nothing failed")
        refusal = ""
        if self._read_only:
            refusal = "This library is open for reading only"
        elif all(failure.retried for failure in failures):
            refusal = "All of this list was tried again since" if failures else "Nothing failed"
        self._retry.setEnabled(not refusal)
        self._retry.setToolTip(refusal or "Try every file of this list again")
        self._copy.setEnabled(count > 0)

    def copy_list(self) -> None:
        """Path and reason of each, a line each, to the clipboard."""
        lines = (f"{failure.path}\t{failure.message}" for failure in self.model.failures)
        QGuiApplication.clipboard().setText("\n".join(lines))
        self._copy.setText("Copied")
        QTimer.singleShot(_COPIED_MS, self._copy, lambda: self._copy.setText("Copy List"))

    def _on_retry(self) -> None:
        self._retry.setEnabled(False)
        self.retry_wanted.emit(self.job_id)

    def _set_up_table(self) -> None:
        table = self._table
        table.setModel(self.model)
        table.setRootIsDecorated(False)
        table.setUniformRowHeights(True)
        table.setStyleSheet("QTreeView::item, QHeaderView::section { padding-left: 10px; }")
        table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        table.setAccessibleName("Files that failed, with the reason")
        header = table.header()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        header.resizeSection(0, 220)
