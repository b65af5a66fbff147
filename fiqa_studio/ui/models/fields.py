"""Parts of forms: labelled rows, and a field for a file."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QWidget,
)

from fiqa_studio.ui import theme
from fiqa_studio.ui.widgets.small import label

_NAMES_WIDTH = 116


class FileField(QWidget):
    """A path to type or to choose.

    Args:
        title: Of the file dialog, and for screen readers.
        kinds: Its filter, such as ``Checkpoints (*.pt)``.

    Signals:
        changed: Another path.
    """

    changed = Signal()

    def __init__(self, title: str, kinds: str) -> None:
        super().__init__()
        self._title = title
        self._kinds = kinds
        self.edit = QLineEdit()
        self.edit.setAccessibleName(title)
        self.edit.textChanged.connect(self.changed)
        self.choose = QPushButton("Choose…")
        self.choose.setAutoDefault(False)
        self.choose.setAccessibleName(f"Choose: {title}")
        self.choose.clicked.connect(self._ask)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.Space.S)
        row.addWidget(self.edit, 1)
        row.addWidget(self.choose)
        self.setFocusProxy(self.edit)

    @property
    def path(self) -> Path | None:
        """The path, None while the field is empty."""
        text = self.edit.text().strip()
        return Path(text).expanduser() if text else None

    def set_path(self, path: Path) -> None:
        """Show a path."""
        self.edit.setText(str(path))
        self.edit.setToolTip(str(path))

    def _ask(self) -> None:
        folder = str(self.path.parent) if self.path else str(Path.home())
        name, _ = QFileDialog.getOpenFileName(
            self.window(), self._title, folder, f"{self._kinds};;All files (*)"
        )
        if name:
            self.set_path(Path(name))


class Form(QGridLayout):
    """Rows of a name, a field, and perhaps a remark under it."""

    def __init__(self) -> None:
        super().__init__()
        self.setHorizontalSpacing(theme.Space.M)
        self.setVerticalSpacing(theme.Space.S)
        self.setColumnStretch(1, 1)

    def add(self, name: str, field: QWidget, remark: str = "") -> None:
        """One more row; the name's underlined letter leads to the field."""
        caption = QLabel(name)
        caption.setBuddy(field)
        caption.setMinimumWidth(_NAMES_WIDTH)
        row = self.rowCount()
        self.addWidget(caption, row, 0, Qt.AlignmentFlag.AlignVCenter)
        self.addWidget(field, row, 1)
        if remark:
            self.addWidget(label(remark, "caption"), row + 1, 1)
