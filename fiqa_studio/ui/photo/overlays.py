"""What is drawn over the photo: maps, boxes, landmarks, badges, the value under the cursor.

Plain functions over a QPainter in the widget's logical pixels. The same colours in both themes:
they stand on photos, not on panels.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPainterPath, QPen, QTransform

from fiqa_studio.domain.alignment import CROP_SIDE
from fiqa_studio.domain.scores import shown_score
from fiqa_studio.ui import theme
from fiqa_studio.ui.photo.face_marks import FaceMark
from fiqa_studio.ui.photo.view import View
from fiqa_studio.ui.theme import ON_SCRIM, SCRIM, Radius, Space, Type

_SHADOW = QColor(0, 0, 0, 120)


def photo_to_screen(view: View) -> QTransform:
    """The view as Qt's transform."""
    left, top = view.to_screen(0, 0)
    return QTransform(view.scale, 0, 0, view.scale, left, top)


def screen_rect(view: View, rect: QRectF) -> QRectF:
    """A rectangle of the photo, on the screen."""
    x, y = view.to_screen(rect.x(), rect.y())
    return QRectF(x, y, rect.width() * view.scale, rect.height() * view.scale)


def paint_map(painter: QPainter, view: View, mark: FaceMark, image: QImage, opacity: float) -> None:
    """A coloured map warped from the crop back onto the photo, cut off at the photo's edge."""
    if mark.crop_to_photo is None:
        return
    painter.save()
    painter.setClipRect(
        screen_rect(view, QRectF(0, 0, *view.photo)), Qt.ClipOperation.IntersectClip
    )
    painter.setTransform(mark.crop_to_photo * photo_to_screen(view), combine=True)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setOpacity(opacity)
    painter.drawImage(QRectF(0, 0, CROP_SIDE, CROP_SIDE), image)
    painter.restore()


def paint_crop_frame(painter: QPainter, view: View, mark: FaceMark) -> None:
    """The outline of what the scorer saw."""
    if mark.crop_to_photo is None:
        return
    outline = photo_to_screen(view).map(mark.crop_corners)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    colour = QColor(ON_SCRIM)
    colour.setAlpha(150)
    pen = QPen(colour, 1, Qt.PenStyle.CustomDashLine)
    pen.setDashPattern([4, 4])
    painter.setPen(pen)
    painter.drawPolygon(outline)
    painter.restore()


def paint_landmarks(painter: QPainter, view: View, mark: FaceMark, *, strong: bool) -> None:
    """The face mesh as light points; cosmetic, so that they do not grow with the zoom."""
    if mark.points.isEmpty():
        return
    width = mark.box.width() * view.scale
    size, cap = 2.2 if width > 220 else 1.4, Qt.PenCapStyle.RoundCap
    if width < 120:
        # Plain pixels cost a tenth of round points, and on a small face look the same.
        size, cap = 1.0, Qt.PenCapStyle.FlatCap
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, width >= 120)
    painter.setTransform(photo_to_screen(view), combine=True)
    colour = QColor(ON_SCRIM)
    colour.setAlpha(200 if strong else 120)
    pen = QPen(colour, size, Qt.PenStyle.SolidLine, cap)
    pen.setCosmetic(True)
    painter.setPen(pen)
    painter.drawPoints(mark.points)
    painter.restore()


def paint_boxes(
    painter: QPainter, view: View, marks: Sequence[FaceMark], selected: int, hovered: int
) -> None:
    """Boxes with score badges; badges that would cover a more important one are left out."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    order = sorted(marks, key=lambda m: (m.id == selected, m.id == hovered, m.box.width()))
    for mark in order:
        _paint_box(painter, view, mark, chosen=mark.id == selected, near=mark.id == hovered)
    taken: list[QRectF] = []
    for mark in reversed(order):
        _paint_badge(painter, view, mark, taken, wanted=mark.id in (selected, hovered))
    painter.restore()


def _paint_box(painter: QPainter, view: View, mark: FaceMark, *, chosen: bool, near: bool) -> None:
    rect = screen_rect(view, mark.box)
    radius = min(Radius.LARGE, rect.width() / 6)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(_SHADOW, 4.0 if chosen else 3.0))
    painter.drawRoundedRect(rect, radius, radius)
    colour = QColor(ON_SCRIM)
    colour.setAlpha(255 if chosen else 230 if near else 165)
    if chosen:
        colour = QColor(theme.DARK.accent)
    painter.setPen(QPen(colour, 2.0 if chosen else 1.3))
    painter.drawRoundedRect(rect, radius, radius)


def _paint_badge(
    painter: QPainter, view: View, mark: FaceMark, taken: list[QRectF], *, wanted: bool
) -> None:
    rect = screen_rect(view, mark.box)
    text = "–" if mark.score is None else str(shown_score(mark.score))
    font = theme.font(Type.BODY if rect.width() > 90 else Type.CAPTION, bold=True)
    metrics = QFontMetricsF(font)
    size = QSizeF(metrics.horizontalAdvance(text) + 10, metrics.height() + 2)
    pill = QRectF(QPointF(rect.left() - 1, rect.top() - size.height() - 3), size)
    if pill.top() < 2:
        pill.moveTop(rect.top() + 3)
        pill.moveLeft(rect.left() + 3)
    if not wanted and any(pill.intersects(other) for other in taken):
        return
    taken.append(pill)
    ground = QColor(SCRIM)
    ground.setAlpha(225)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    painter.drawRoundedRect(pill, Radius.MEDIUM, Radius.MEDIUM)
    painter.setFont(font)
    painter.setPen(QColor(ON_SCRIM) if mark.score is None else theme.badge_colour(mark.score))
    painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, text)


def paint_chip(painter: QPainter, at: QPointF, lines: Sequence[str], area: QSizeF) -> None:
    """A small note beside the cursor, kept inside the widget."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    font = theme.font(Type.CAPTION)
    metrics = QFontMetricsF(font)
    width = max(metrics.horizontalAdvance(line) for line in lines) + 2 * Space.S
    height = metrics.height() * len(lines) + Space.S
    left = at.x() + 16 if at.x() + 16 + width < area.width() else at.x() - 12 - width
    top = at.y() + 18 if at.y() + 18 + height < area.height() else at.y() - 10 - height
    note = QRectF(left, top, width, height)
    ground = QColor(SCRIM)
    ground.setAlpha(225)
    path = QPainterPath()
    path.addRoundedRect(note, Radius.MEDIUM, Radius.MEDIUM)
    painter.fillPath(path, ground)
    painter.setFont(font)
    painter.setPen(QColor(ON_SCRIM))
    painter.drawText(
        note.adjusted(Space.S, Space.XS, 0, 0),
        Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop,
        "\n".join(lines),
    )
    painter.restore()
