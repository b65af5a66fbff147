"""What this program is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from fiqa_studio.ui import theme
from fiqa_studio.ui.widgets.empty import ABOUT_SCORES, PRIVACY


class AboutDialog(QDialog):
    """What this program is, and what its score means."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("About FIQA Studio")
        mark = QLabel()
        mark.setPixmap(theme.app_icon().pixmap(64, 64))
        name = QLabel("FIQA Studio")
        theme.set_role(name, "display")
        number = QLabel(f"Version {_version()}")
        theme.set_role(number, "muted")
        text = QLabel(
            f"{ABOUT_SCORES}\n\n{PRIVACY}\n\n"
            "Quality is predicted by a network of the DSL-FIQA design (CVPR 2024). "
            "Licensed under Apache 2.0."
        )
        text.setWordWrap(True)
        text.setMinimumWidth(400)
        head = QHBoxLayout()
        head.setSpacing(theme.Space.L)
        titles = QVBoxLayout()
        titles.setSpacing(0)
        titles.addWidget(name)
        titles.addWidget(number)
        head.addWidget(mark)
        head.addLayout(titles, 1)
        layout = _column(self)
        layout.addLayout(head)
        layout.addWidget(text)
        layout.addWidget(_close_button(self))


def _column(dialog: QDialog) -> QVBoxLayout:
    layout = QVBoxLayout(dialog)
    layout.setContentsMargins(*(theme.Space.XL,) * 4)
    layout.setSpacing(theme.Space.L)
    return layout


def _close_button(dialog: QDialog) -> QDialogButtonBox:
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.rejected.connect(dialog.reject)
    return buttons


def _version() -> str:
    try:
        return version("fiqa-studio")
    except PackageNotFoundError:
        return "unknown"
