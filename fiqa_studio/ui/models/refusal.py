"""Why something was refused: the sentence, its cause and remedy, and all of it to copy."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.ui import theme
from fiqa_studio.ui.widgets.small import label

_COPIED_MS = 1500
_SHOWN = 900
"""Of a cause that lists hundreds of names, so many characters are shown; all are copied."""


class Refusal(QFrame):
    """A readable report, hidden until there is one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, "banner-error")
        self.setAccessibleName("Refused")
        self._details = ""
        self._icon = QLabel()
        self._message = label("", "title")
        self._cause = label("")
        self._remedy = label("", "muted")
        self._copy = QPushButton("Copy Details")
        theme.set_icon(self._copy, "copy")
        self._copy.clicked.connect(self.copy_details)
        for part in (self._message, self._cause, self._remedy):
            part.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        words = QVBoxLayout()
        words.setSpacing(theme.Space.XS)
        for part in (self._message, self._cause, self._remedy):
            words.addWidget(part)
        row = QHBoxLayout()
        row.addWidget(self._copy)
        row.addStretch(1)
        words.addSpacing(theme.Space.XS)
        words.addLayout(row)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(*(theme.Space.M,) * 4)
        whole.setSpacing(theme.Space.M)
        whole.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        whole.addLayout(words, 1)
        theme.manager.changed.connect(self._style)
        self._style()
        self.hide()

    @property
    def text(self) -> str:
        """What it says, empty when hidden."""
        return "" if self.isHidden() else self._details

    def show_error(self, error: KnownError) -> None:
        """Say why."""
        cause = error.cause
        self._details = "\n".join(part for part in (error.message, cause, error.remedy) if part)
        self._message.setText(error.message)
        shown = cause if len(cause) <= _SHOWN else f"{cause[:_SHOWN].rstrip()}…"
        # Zero-width spaces let long paths and tensor names break where a line ends.
        for part, text in ((self._cause, shown), (self._remedy, error.remedy)):
            part.setText(text.replace("/", "/\u200b").replace("_", "_\u200b"))
            part.setVisible(bool(text))
        self.setAccessibleDescription(self._details)
        self.show()

    def copy_details(self) -> None:
        """All of it, to the clipboard."""
        QGuiApplication.clipboard().setText(self._details)
        self._copy.setText("Copied")
        QTimer.singleShot(_COPIED_MS, self._copy, lambda: self._copy.setText("Copy Details"))

    def _style(self) -> None:
        colour = theme.manager.palette.danger
        self._icon.setPixmap(theme.pixmap("error", 20, colour, self.devicePixelRatioF()))
