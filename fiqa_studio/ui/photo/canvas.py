"""The surface that shows a photo: paints it with its drawings, and takes mouse and gestures."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QInputDevice,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QGestureEvent, QPinchGesture, QWidget

from fiqa_studio.ui import theme
from fiqa_studio.ui.photo import overlays
from fiqa_studio.ui.photo.colormaps import MapKind
from fiqa_studio.ui.photo.drawing import Drawing, said
from fiqa_studio.ui.photo.face_marks import FaceMark, crop_point
from fiqa_studio.ui.photo.images import Picture
from fiqa_studio.ui.photo.viewpoint import MOVE_MS, WHEEL_MS, Viewpoint

_PIXELS_FROM = 8.0
"""From so many device pixels per photo pixel on, pixels are drawn as squares, not blurred."""
_SMALL_MAP = 110.0
_KEY_STEP = 90.0
_KEY_ZOOM = 1.5


class Canvas(QWidget):
    """Shows one picture with its faces.

    Attributes:
        viewpoint: Where it looks.
        drawing: What is drawn over the photo; call ``update`` after a change.

    Signals:
        face_clicked: Id of the face under a click; 0 for none.
        face_opened: Id of the face under a double click; 0 for none.
        zoomed_freely: The user zoomed by wheel or pinch.
        value_hovered: The drawn map's value under the cursor in [0, 1], or None.
    """

    face_clicked = Signal(int)
    face_opened = Signal(int)
    zoomed_freely = Signal()
    value_hovered = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.viewpoint = Viewpoint(self)
        self.viewpoint.changed.connect(self.update)
        self.drawing = Drawing()
        self._picture: Picture | None = None
        self._dimmed = False
        self._marks: list[FaceMark] = []
        self._selected = 0
        self._hovered = 0
        self._cursor: QPointF | None = None
        self._pressed_at: QPointF | None = None
        self._panned = False
        self._hand = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.grabGesture(Qt.GestureType.PinchGesture)
        self.setAccessibleName("Photo")
        theme.manager.changed.connect(self.update)

    # --- what is shown ----------------------------------------------------------------------

    @property
    def picture(self) -> Picture | None:
        """The pixels on the screen."""
        return self._picture

    @property
    def marks(self) -> Sequence[FaceMark]:
        """The faces on the screen."""
        return self._marks

    def set_picture(self, picture: Picture | None, *, same_photo: bool = False) -> None:
        """Show these pixels; a sharper rendering of the same photo keeps the view."""
        self._picture = picture
        if picture is None:
            self.viewpoint.end()
        elif not same_photo or self.viewpoint.view is None:
            self.viewpoint.begin(picture.full_size, self._area(), self.devicePixelRatioF())
        self.update()

    @property
    def dimmed(self) -> bool:
        """Whether the picture is only a memory."""
        return self._dimmed

    def set_dimmed(self, dimmed: bool) -> None:
        """Show the picture as a memory: its file cannot be read."""
        self._dimmed = dimmed
        self.update()

    def set_marks(self, marks: Sequence[FaceMark]) -> None:
        """Show these faces."""
        self._marks = list(marks)
        self._hovered = 0
        self.update()

    def set_selected(self, face_id: int) -> None:
        """Highlight this face; 0 for none."""
        self._selected = face_id
        self.update()

    def selected_mark(self) -> FaceMark | None:
        """The highlighted face."""
        return next((mark for mark in self._marks if mark.id == self._selected), None)

    def face_at(self, at: QPointF) -> int:
        """Id of the smallest face under a point of the screen; 0 for none."""
        view = self.viewpoint.view
        if view is None:
            return 0
        point = QPointF(*view.to_photo(at.x(), at.y()))
        # A finger's width of tolerance, for faces that are a few pixels large on the screen.
        slack = 4 / view.scale
        under = [
            m for m in self._marks if m.box.adjusted(-slack, -slack, slack, slack).contains(point)
        ]
        return min(under, key=lambda m: m.box.width() * m.box.height()).id if under else 0

    def value_at(self, at: QPointF) -> tuple[MapKind, float] | None:
        """The drawn map's value under a point of the screen."""
        view, kind = self.viewpoint.view, self.drawing.overlay
        if view is None or kind is MapKind.NONE:
            return None
        x, y = view.to_photo(at.x(), at.y())
        if not (0 <= x < view.photo[0] and 0 <= y < view.photo[1]):
            return None
        for mark in reversed(self.mapped()):
            place = crop_point(mark, x, y)
            if place is None:
                continue
            value = self.drawing.maps[mark.id].value_at(kind, *place)
            if value is not None:
                return kind, value
        return None

    def mapped(self) -> list[FaceMark]:
        """Faces whose map is drawn, topmost last: the selected one, or all while none is."""
        kind = self.drawing.overlay
        chosen = [m for m in self._marks if self._selected in (0, m.id)]
        return [
            m
            for m in chosen
            if m.crop_to_photo is not None
            and m.id in self.drawing.maps
            and self.drawing.maps[m.id].has(kind)
        ]

    def _area(self) -> tuple[float, float]:
        return float(max(self.width(), 1)), float(max(self.height(), 1))

    # --- painting ---------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Photo, maps, landmarks, boxes, and the value under the cursor, in that order."""
        painter = QPainter(self)
        painter.fillRect(event.rect(), QColor(theme.manager.palette.canvas))
        view = self.viewpoint.view
        if view is None or self._picture is None:
            return
        self._paint_photo(painter, self._picture)
        if self._dimmed:
            return  # a card stands over the photo: drawings would only be noise around it
        drawing = self.drawing
        for mark in self.mapped():
            # Stretched colours mean something for one face only: two would have two scales.
            stretched = drawing.stretched and self._selected != 0
            small = mark.zoom_area.width() * view.device_scale < _SMALL_MAP
            image = drawing.maps[mark.id].image(drawing.overlay, stretched=stretched, small=small)
            overlays.paint_map(painter, view, mark, image, drawing.opacity)
            if mark.id == self._selected:
                overlays.paint_crop_frame(painter, view, mark)
        if drawing.landmarks:
            for mark in self._marks:
                overlays.paint_landmarks(painter, view, mark, strong=mark.id == self._selected)
        if drawing.boxes:
            overlays.paint_boxes(painter, view, self._marks, self._selected, self._hovered)
        if self._cursor is not None and self._pressed_at is None:
            found = self.value_at(self._cursor)
            if found is not None:
                overlays.paint_chip(painter, self._cursor, [said(*found)], QSizeF(self.size()))

    def _paint_photo(self, painter: QPainter, picture: Picture) -> None:
        view = self.viewpoint.view
        if view is None:
            return
        left, top, right, bottom = view.visible()
        if right <= left or bottom <= top:
            return
        level = picture.level_for(view.device_scale)
        ratio_x = level.width() / view.photo[0]
        ratio_y = level.height() / view.photo[1]
        source = QRectF(
            left * ratio_x, top * ratio_y, (right - left) * ratio_x, (bottom - top) * ratio_y
        )
        target = overlays.screen_rect(view, QRectF(left, top, right - left, bottom - top))
        smooth = view.device_scale < _PIXELS_FROM or picture.detail < 0.99
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        if self._dimmed:
            painter.setOpacity(0.25)
        painter.drawImage(target, level, source)
        painter.restore()

    # --- mouse and wheel --------------------------------------------------------------------

    def wheelEvent(self, event: QWheelEvent) -> None:
        """A wheel zooms about the cursor; two fingers on a touchpad pan."""
        at = event.position()
        touchpad = event.deviceType() is QInputDevice.DeviceType.TouchPad
        if touchpad and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            delta = QPointF(event.pixelDelta())
            if delta.isNull():
                delta = QPointF(event.angleDelta()) * 0.5
            self.viewpoint.move(delta.x(), delta.y())
        else:
            steps = event.angleDelta().y() / 120
            self.viewpoint.zoom_by(2 ** (steps / 4), (at.x(), at.y()), ms=WHEEL_MS)
            self.zoomed_freely.emit()
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """The start of a click or of a drag; either stops a move under way."""
        if event.button() not in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            super().mousePressEvent(event)
            return
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self.viewpoint.stop()
        self._pressed_at = event.position()
        self._panned = False
        self._set_cursor_shape()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag pans; otherwise the face and the value under the cursor show."""
        at = event.position()
        if self._pressed_at is not None and self._cursor is not None:
            travelled = (at - self._pressed_at).manhattanLength()
            if self._panned or travelled >= QApplication.startDragDistance() / 2:
                start = self._cursor if self._panned else self._pressed_at
                self._panned = True
                self.viewpoint.move(at.x() - start.x(), at.y() - start.y())
        self._cursor = at
        hovered = self.face_at(at) if self._pressed_at is None else self._hovered
        if hovered != self._hovered or self.drawing.overlay is not MapKind.NONE:
            self._hovered = hovered
            found = self.value_at(at)
            self.value_hovered.emit(None if found is None else found[1])
            self.update()
        self._set_cursor_shape()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click without a drag selects the face under it."""
        if self._pressed_at is None:
            super().mouseReleaseEvent(event)
            return
        clicked = not self._panned and event.button() is Qt.MouseButton.LeftButton
        self._pressed_at = None
        self._set_cursor_shape()
        if clicked and not self._hand:
            self.face_clicked.emit(self.face_at(event.position()))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Zoom to the face under the cursor, or back."""
        if event.button() is Qt.MouseButton.LeftButton:
            self.face_opened.emit(self.face_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the cursor any more."""
        self._cursor = None
        self._hovered = 0
        self.value_hovered.emit(None)
        self.update()
        super().leaveEvent(event)

    def _set_cursor_shape(self) -> None:
        view = self.viewpoint.view
        if view is None or (view.is_fitted and not self._hand):
            pointing = self._hovered != 0
            shape = Qt.CursorShape.PointingHandCursor if pointing else Qt.CursorShape.ArrowCursor
        elif self._pressed_at is not None:
            shape = Qt.CursorShape.ClosedHandCursor
        elif self._hovered and not self._hand:
            shape = Qt.CursorShape.PointingHandCursor
        else:
            shape = Qt.CursorShape.OpenHandCursor
        if self.cursor().shape() is not shape:
            self.setCursor(shape)

    # --- what keys do, by whoever takes them ------------------------------------------------

    def zoom_step(self, *, inwards: bool) -> None:
        """Closer about the middle, or away."""
        self.viewpoint.zoom_by(_KEY_ZOOM if inwards else 1 / _KEY_ZOOM)

    def pan_step(self, right: int, down: int) -> bool:
        """Look a little further; False where the whole photo is in view."""
        view = self.viewpoint.view
        if view is None or view.is_fitted:
            return False
        self.viewpoint.move(right * _KEY_STEP, down * _KEY_STEP, ms=MOVE_MS // 2)
        return True

    def hold_hand(self, *, on: bool) -> bool:
        """A key turns the cursor into a hand that only drags; True where it did, at its end."""
        dragged = self._hand and self._panned
        self._hand = on
        if on:
            self._panned = False
        self._set_cursor_shape()
        return not on and dragged

    # --- gestures ---------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        """Pinches."""
        if isinstance(event, QNativeGestureEvent):
            if event.gestureType() is Qt.NativeGestureType.ZoomNativeGesture:
                at = event.position()
                self.viewpoint.zoom_by(1 + event.value(), (at.x(), at.y()), ms=0)
                self.zoomed_freely.emit()
                return True
        elif isinstance(event, QGestureEvent):
            pinch = event.gesture(Qt.GestureType.PinchGesture)
            if isinstance(pinch, QPinchGesture):
                at = QPointF(self.mapFromGlobal(pinch.centerPoint().toPoint()))
                self.viewpoint.zoom_by(pinch.scaleFactor(), (at.x(), at.y()), ms=0)
                self.zoomed_freely.emit()
                return True
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep looking at the same place."""
        self.viewpoint.resize(self._area(), self.devicePixelRatioF())
        super().resizeEvent(event)
