"""What the scorer saw: the aligned crop, alone and under its map."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QWidget

from fiqa_studio.ui import theme
from fiqa_studio.ui.theme import ON_SCRIM, SCRIM, Radius, Space, Type

_HEAD = 22


class CropInset(QWidget):
    """A plate on the photo with the crop, and beside it the crop with its map.

    Attributes:
        face_id: Whose crop it is; 0 for none.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.face_id = 0
        self._side = 168
        self._crop = QImage()
        self._map = QImage()
        self._opacity = 1.0
        self._message = ""
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName("What the scorer saw")
        self.hide()

    def set_side(self, side: int) -> None:
        """Sides of the pictures, in logical pixels."""
        if side != self._side:
            self._side = side
            self._fit()

    def set_crop(self, crop: QImage) -> None:
        """Show this crop."""
        self._crop, self._message = crop, ""
        self._fit()

    def set_message(self, message: str) -> None:
        """Say why there is no crop."""
        self._crop, self._message = QImage(), message
        self._fit()

    def set_map(self, image: QImage | None, opacity: float) -> None:
        """The map to lay over the second picture; None for no second picture."""
        self._map = image if image is not None else QImage()
        self._opacity = opacity
        self._fit()

    def sizeHint(self) -> QSize:
        """One or two squares under a title."""
        squares = 1 if self._map.isNull() else 2
        width = squares * self._side + (squares + 1) * Space.S
        return QSize(width, self._side + _HEAD + Space.S)

    def _fit(self) -> None:
        self.resize(self.sizeHint())
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Title and squares."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        ground = QColor(SCRIM)
        ground.setAlpha(225)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        painter.drawRoundedRect(QRectF(self.rect()), Radius.LARGE, Radius.LARGE)
        painter.setFont(theme.font(Type.CAPTION))
        painter.setPen(QColor(theme.DARK.text_muted))
        head = QRectF(Space.S + 2, 2, self.width() - 2 * Space.S, _HEAD - 2)
        painter.drawText(head, Qt.AlignmentFlag.AlignVCenter, "What the scorer saw")
        square = QRectF(Space.S, _HEAD, self._side, self._side)
        self._paint_square(painter, square, with_map=False)
        if not self._map.isNull():
            square.translate(self._side + Space.S, 0)
            self._paint_square(painter, square, with_map=True)

    def _paint_square(self, painter: QPainter, square: QRectF, *, with_map: bool) -> None:
        painter.save()
        clip = QPainterPath()
        clip.addRoundedRect(square, Radius.MEDIUM, Radius.MEDIUM)
        painter.setClipPath(clip)
        if self._crop.isNull():
            painter.fillRect(square, QColor(theme.DARK.panel))
            painter.setPen(QColor(ON_SCRIM))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            inner = square.adjusted(Space.S, Space.S, -Space.S, -Space.S)
            painter.drawText(inner, int(flags), "" if with_map else self._message)
        else:
            painter.drawImage(square, self._crop)
        if with_map:
            painter.setOpacity(self._opacity)
            painter.drawImage(square, self._map)
        painter.restore()
