"""What to say where a photo should be: that it is gone, damaged, or not there yet."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.paths import display_path
from fiqa_studio.domain.photos import PhotoDetail, PhotoStatus
from fiqa_studio.engine.link.protocol import RequestFailed
from fiqa_studio.ui import theme
from fiqa_studio.ui.theme import Space
from fiqa_studio.ui.widgets.small import label

_WIDTH = 440
_KEPT = "Put it back or add the folder it moved to, then rescan: scores and marks are kept."


class Notice(QFrame):
    """A card in the middle of the canvas: an icon, a sentence, and what else is known."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        theme.set_role(self, "card")
        self._icon = QLabel()
        self._title = label("", "title")
        self._text = label("", "muted")
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._name = ""
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.XL, Space.XL, Space.XL, Space.XL)
        column.setSpacing(Space.S)
        for part in (self._icon, self._title, self._text):
            part.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            column.addWidget(part)
        theme.manager.changed.connect(self._draw_icon)
        self.hide()

    @property
    def text(self) -> str:
        """Everything it says."""
        return f"{self._title.text()}\n{self._text.text()}".strip()

    def say(self, icon: str, title: str, text: str = "") -> None:
        """Show the card."""
        self._name = icon
        self._draw_icon()
        self._title.setText(title)
        self._text.setText(_breakable(text))
        self._text.setVisible(bool(text))
        self.show()
        self.place()

    def place(self) -> None:
        """Into the middle of the widget it stands on."""
        parent, layout = self.parentWidget(), self.layout()
        if parent is None or layout is None:
            return
        width = min(_WIDTH, parent.width() - 2 * Space.L)
        self.setFixedWidth(max(width, 120))
        height = layout.totalHeightForWidth(self.width())
        self.resize(self.width(), height if height > 0 else self.sizeHint().height())
        self.move(
            (parent.width() - self.width()) // 2, max((parent.height() - self.height()) // 2, 0)
        )

    def _draw_icon(self) -> None:
        if self._name:
            colour = theme.manager.palette.text_muted
            ratio = self.devicePixelRatioF()
            self._icon.setPixmap(theme.pixmap(self._name, 32, colour, ratio))


def missing_words(detail: PhotoDetail, *, gone: bool = False) -> tuple[str, str, str] | None:
    """Icon, title and text where there is nothing to show, as far as the library knows.

    ``gone``: the worker looked just now, and the file was not there.
    """
    where = display_path(detail.path_bytes)
    if detail.row.missing or gone:
        return "missing", "The file is gone", f"It was last at {where}. {_KEPT}"
    if detail.row.status is PhotoStatus.FAILED:
        reason = detail.failure_message or detail.row.reason or "The reason was not recorded."
        return "image-off", "This file could not be used", f"{reason}\n{where}"
    return None


def failure_words(error: BaseException) -> str:
    """An error of the render worker as people read it."""
    if isinstance(error, KnownError):
        return str(error)
    if isinstance(error, RequestFailed):
        return error.message
    text = str(error).strip()
    return text or f"The worker answered with {type(error).__name__}."


def _breakable(text: str) -> str:
    """Let long paths wrap at their slashes."""
    return text.replace("/", "/\u200b")
