"""The whole photo in small, with a frame around what the loupe shows."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from fiqa_studio.ui import theme
from fiqa_studio.ui.photo.images import Picture
from fiqa_studio.ui.photo.viewpoint import Viewpoint
from fiqa_studio.ui.theme import ON_SCRIM, SCRIM, Space, Type

_SIDE = 148
_FOOT = 20


class Minimap(QWidget):
    """Shows where the loupe looks; a press or drag looks somewhere else.

    Seen only while part of the photo is out of sight.
    """

    def __init__(self, viewpoint: Viewpoint, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewpoint = viewpoint
        self._small = QImage()
        self._of: QImage | None = None
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setAccessibleName("Overview")
        self.setToolTip("Drag to look somewhere else")
        self.hide()

    def set_picture(self, picture: Picture | None) -> None:
        """Show this photo in small."""
        source = picture.levels[0] if picture is not None else None
        if source is None:
            self._of, self._small = None, QImage()
        elif self._of is None or source.cacheKey() != self._of.cacheKey():
            self._of = source
            side = round(_SIDE * self.devicePixelRatioF())
            # Halving in one go from a preview costs a few milliseconds and looks clean.
            self._small = source.scaled(
                side,
                side,
                Qt.AspectRatioMode.KeepAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
            ratio = self._small.width() / max(side, 1), self._small.height() / max(side, 1)
            self.resize(round(_SIDE * ratio[0]) + 8, round(_SIDE * ratio[1]) + 8 + _FOOT)
        self.refresh()

    def refresh(self) -> None:
        """The view moved."""
        view = self._viewpoint.view
        self.setVisible(view is not None and not view.is_fitted and not self._small.isNull())
        self.update()

    def _inner(self) -> QRectF:
        return QRectF(self.rect()).adjusted(4, 4, -4, -4 - _FOOT)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The photo, everything out of sight darkened, and the zoom in per cent."""
        view = self._viewpoint.view
        if view is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = QColor(SCRIM)
        ground.setAlpha(225)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        painter.drawRoundedRect(QRectF(self.rect()), 6, 6)
        inner = self._inner()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(inner, self._small)
        left, top, right, bottom = view.visible()
        scale_x, scale_y = inner.width() / view.photo[0], inner.height() / view.photo[1]
        seen = QRectF(
            inner.left() + left * scale_x,
            inner.top() + top * scale_y,
            max((right - left) * scale_x, 3),
            max((bottom - top) * scale_y, 3),
        )
        painter.setClipRect(inner)
        painter.save()
        outside = QColor(0, 0, 0, 105)
        for part in (
            QRectF(inner.left(), inner.top(), inner.width(), seen.top() - inner.top()),
            QRectF(inner.left(), seen.bottom(), inner.width(), inner.bottom() - seen.bottom()),
            QRectF(inner.left(), seen.top(), seen.left() - inner.left(), seen.height()),
            QRectF(seen.right(), seen.top(), inner.right() - seen.right(), seen.height()),
        ):
            painter.fillRect(part, outside)
        painter.restore()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(ON_SCRIM), 1.5))
        painter.drawRect(seen)
        painter.setClipping(False)
        painter.setFont(theme.font(Type.CAPTION))
        foot = QRectF(self.rect()).adjusted(Space.S, inner.bottom() + 2, -Space.S, -2)
        painter.drawText(foot, Qt.AlignmentFlag.AlignCenter, percent(view.device_scale))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Look there."""
        self._look(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Keep looking there while dragged."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._look(event.position())

    def _look(self, at: QPointF) -> None:
        view, inner = self._viewpoint.view, self._inner()
        if view is not None and inner.width() > 0 and inner.height() > 0:
            self._viewpoint.look_at(
                (at.x() - inner.left()) / inner.width() * view.photo[0],
                (at.y() - inner.top()) / inner.height() * view.photo[1],
            )


def percent(device_scale: float) -> str:
    """A zoom as people write it; 100 % is one device pixel per photo pixel."""
    value = 100 * device_scale
    return f"{value:.1f} %" if value < 10 else f"{value:.0f} %"
