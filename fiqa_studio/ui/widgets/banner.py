"""Messages shown in place, above the view they concern, until dismissed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.ui import theme

Level = Literal["error", "warning", "info"]
_ICON_COLOURS = {"error": "danger", "warning": "warning", "info": "accent_text"}


class Banner(QFrame):
    """One message with its cause and remedy, and perhaps a button; hidden when there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Message")
        self._level: Level = "info"
        self._icon = QLabel()
        self._text = QLabel()
        self._text.setWordWrap(True)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._action = QPushButton()
        self._run: Callable[[], object] | None = None
        self._action.clicked.connect(self._act)
        close = QToolButton()
        theme.set_role(close, "quiet")
        theme.set_icon(close, "close")
        close.setAccessibleName("Dismiss")
        close.setToolTip("Dismiss")
        close.clicked.connect(self.hide)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(theme.Space.L, theme.Space.S, theme.Space.S, theme.Space.S)
        layout.setSpacing(theme.Space.M)
        layout.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self._text, 1)
        layout.addWidget(self._action)
        layout.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        theme.manager.changed.connect(self._style)
        self.hide()

    def show_error(self, error: KnownError) -> None:
        """Say what went wrong, why, and what can be done."""
        rest = " ".join(part for part in (error.cause, error.remedy) if part)
        self.show_message("error", f"{error.message}\n{rest}" if rest else error.message)

    def show_message(
        self,
        level: Level,
        text: str,
        button: str = "",
        run: Callable[[], object] | None = None,
    ) -> None:
        """Say something, with a button that does something about it."""
        self._level = level
        self._text.setText(text)
        self._run = run
        self._action.setText(button)
        self._action.setVisible(bool(button))
        self.setAccessibleDescription(text)
        self._style()
        self.show()

    @property
    def text(self) -> str:
        """What is said, empty when hidden."""
        return "" if self.isHidden() else self._text.text()

    def _act(self) -> None:
        self.hide()
        if self._run is not None:
            self._run()

    def _style(self) -> None:
        theme.set_role(self, f"banner-{self._level}")
        colour: str = getattr(theme.manager.palette, _ICON_COLOURS[self._level])
        self._icon.setPixmap(theme.pixmap(self._level, 20, colour, self.devicePixelRatioF()))
