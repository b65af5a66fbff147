"""Where the picture of a trial is seen: one pixel of it on one pixel of the display."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from fiqa_studio.ui import theme
from fiqa_studio.ui.study import look

GAP = 24
"""Device pixels between two pictures side by side."""
_CAPTION = 28


class Stage(QWidget):
    """One picture in the middle, or two side by side.

    Signals:
        painted: New pictures are on the screen for the first time.
    """

    painted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._images: tuple[QImage, ...] = ()
        self._captions: tuple[str, ...] = ()
        self._new = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Picture to judge")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def show_images(self, images: Sequence[QImage], captions: Sequence[str] = ()) -> None:
        """Show other pictures, with a word over each."""
        self._images, self._captions = tuple(images), tuple(captions)
        self._new = True
        self.update()

    @property
    def exact(self) -> bool:
        """Whether what is shown fits pixel by pixel; else it is shown smaller."""
        return self._shrink() == 1.0

    def picture_rects(self) -> list[QRectF]:
        """Where the pictures stand, in logical pixels; each begins on a device pixel."""
        ratio, shrink = self.devicePixelRatioF(), self._shrink()
        sizes = [(im.width() * shrink, im.height() * shrink) for im in self._images]
        gap = GAP * (len(sizes) - 1)
        left = (self.width() * ratio - sum(size[0] for size in sizes) - gap) / 2
        origin = QPointF(self.mapTo(self.window(), self.rect().topLeft())) * ratio
        top_room = _CAPTION * ratio if self._captions else 0.0
        found = []
        for width, height in sizes:
            top = max(top_room, (self.height() * ratio - height) / 2)
            # On the window's own grid of device pixels, also where the scale is a fraction.
            x = round(origin.x() + left) - origin.x()
            y = round(origin.y() + top) - origin.y()
            found.append(QRectF(x / ratio, y / ratio, width / ratio, height / ratio))
            left += width + GAP
        return found

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The pictures on neutral grey."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(look.GREY))
        exact = self.exact
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, not exact)
        ratio = self.devicePixelRatioF()
        for image, where in zip(self._images, self.picture_rects(), strict=True):
            if exact:
                image.setDevicePixelRatio(ratio)
                painter.drawImage(where.topLeft(), image)
            else:
                image.setDevicePixelRatio(1.0)
                painter.drawImage(where, image)
        painter.setPen(QColor(look.TEXT))
        painter.setFont(theme.font(theme.Type.TITLE))
        for caption, where in zip(self._captions, self.picture_rects(), strict=False):
            line = QRectF(where.left(), where.top() - _CAPTION, where.width(), _CAPTION)
            painter.drawText(line, Qt.AlignmentFlag.AlignCenter, caption)
        painter.end()
        if self._new and self._images:
            self._new = False
            self.painted.emit()

    def _shrink(self) -> float:
        if not self._images:
            return 1.0
        ratio = self.devicePixelRatioF()
        width = sum(image.width() for image in self._images) + GAP * (len(self._images) - 1)
        height = max(image.height() for image in self._images)
        has_width, has_height = self.width() * ratio, self.height() * ratio
        # Half a pixel is lost to rounding where the scale is a fraction.
        if width <= has_width + 0.5 and height <= has_height + 0.5:
            return 1.0
        return min(has_width / width, has_height / height)
