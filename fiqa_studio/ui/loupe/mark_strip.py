"""The marks of the photo in the loupe, over its upper edge."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from fiqa_studio.domain.marks import PhotoMarks
from fiqa_studio.ui.theme import Space
from fiqa_studio.ui.widgets import mark_badges

_ROOM = 400
_PENDING = 0.45
"""As in the grid: what is seen in full is on the disk."""


class MarkStrip(QWidget):
    """Badges in the middle of the upper edge of ``parent``; gone where there are no marks.

    Attributes:
        marks: What is shown.
        pending: Whether it is still on its way to the disk.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._over = parent
        self.marks = PhotoMarks()
        self.pending = False
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFixedHeight(mark_badges.HEIGHT)
        parent.installEventFilter(self)
        self.hide()

    def show_marks(self, marks: PhotoMarks, *, pending: bool) -> None:
        """Show these."""
        if (marks, pending) == (self.marks, self.pending):
            return
        self.marks, self.pending = marks, pending
        parts = mark_badges.badges(marks, _ROOM, self.devicePixelRatioF())
        self.setFixedWidth(
            sum(round(part.deviceIndependentSize().width()) + mark_badges.GAP for part in parts)
            or 1
        )
        self.setVisible(bool(parts))
        self._place()
        self.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The photo's surface has another size."""
        if event.type() is QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)

    def paintEvent(self, _: QPaintEvent) -> None:
        """The badges."""
        painter = QPainter(self)
        painter.setOpacity(_PENDING if self.pending else 1.0)
        parts = mark_badges.badges(self.marks, _ROOM, self.devicePixelRatioF())
        mark_badges.paint_row(painter, 0, 0, parts)
        painter.end()

    def _place(self) -> None:
        self.move((self._over.width() - self.width()) // 2, Space.M)
