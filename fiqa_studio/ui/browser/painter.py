"""Paints one cell: image, score badge, marks, caption, and its state."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen, QPixmap

from fiqa_studio.domain.marks import Flag
from fiqa_studio.domain.scores import shown_score
from fiqa_studio.ui import theme
from fiqa_studio.ui.browser.layout import GridLayout
from fiqa_studio.ui.session.cards import Card
from fiqa_studio.ui.widgets import mark_badges

_BADGE = mark_badges.HEIGHT
_MARK = 14
_INSET = 5
_ROOM_FOR_QUALITY = 3 * _BADGE + 4 * _INSET
"""Lower pictures have no room for a third row of badges."""
_PENDING = 0.45
"""How faint a mark is drawn while it is on its way to the disk: what is seen in full is kept."""


class CellPainter:
    """Paints cells with one palette; made anew when theme or layout change.

    Attributes:
        layout: Where things lie.
    """

    def __init__(self, layout: GridLayout, ratio: float) -> None:
        self.layout = layout
        self._ratio = ratio
        palette = theme.manager.palette
        self._palette = palette
        self._colours = {
            name: QColor(getattr(palette, name))
            for name in ("text", "text_muted", "selection", "on_selection", "raised", "well")
        }
        self._accent = QPen(QColor(palette.accent), 2)
        self._focus = QPen(QColor(palette.focus), 2)
        self._title_font = theme.font(theme.Type.CAPTION + 1)
        self._detail_font = theme.font(theme.Type.CAPTION)
        self._title_metrics = QFontMetrics(self._title_font)
        self._detail_metrics = QFontMetrics(self._detail_font)

    def paint(
        self,
        painter: QPainter,
        cell: QRect,
        card: Card | None,
        pixmap: QPixmap | None,
        *,
        selected: bool,
        hovered: bool,
        current: bool,
    ) -> None:
        """Paint one cell at its place in the viewport."""
        if selected or hovered:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._colours["selection" if selected else "raised"])
            painter.drawRoundedRect(cell, theme.Radius.LARGE, theme.Radius.LARGE)
        image = self.layout.image(cell)
        shown = self._paint_image(painter, image, card, pixmap)
        if card is not None:
            self._paint_badges(painter, shown, card)
            self._paint_marks(painter, shown, card)
            if self.layout.caption:
                self._paint_caption(painter, image, card, selected=selected)
        if current or selected:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(self._focus if current else self._accent)
            ring = QRectF(cell).adjusted(1, 1, -1, -1)
            painter.drawRoundedRect(ring, theme.Radius.LARGE, theme.Radius.LARGE)

    def _paint_image(
        self, painter: QPainter, image: QRect, card: Card | None, pixmap: QPixmap | None
    ) -> QRect:
        """Paint the image or what stands for it; where it lies."""
        if pixmap is None:
            painter.fillRect(image, self._colours["well"])
            if card is not None and (card.problem or card.missing):
                self._paint_problem(painter, image, card)
            return image
        size = pixmap.deviceIndependentSize().toSize()
        exact = max(size.width(), size.height()) == self.layout.thumbnail
        if not exact:
            # Of a former size, or an original smaller than the cell: stretched until the
            # right one arrives.
            size.scale(image.size(), Qt.AspectRatioMode.KeepAspectRatio)
        place = QRect(QPoint(0, 0), size)
        place.moveCenter(image.center())
        if card is not None and (card.missing or card.marks.flag is Flag.REJECT):
            painter.setOpacity(0.35)
        if exact:
            painter.drawPixmap(place.topLeft(), pixmap)
        else:
            painter.drawPixmap(place, pixmap)
        painter.setOpacity(1.0)
        if card is not None and card.missing:
            self._draw_icon(painter, "missing", place.center(), 28)
        return place

    def _paint_problem(self, painter: QPainter, image: QRect, card: Card) -> None:
        name = "missing" if card.missing else "image-off"
        roomy = image.height() >= 120 and card.problem
        centre = image.center() - QPoint(0, image.height() // 6 if roomy else 0)
        self._draw_icon(painter, name, centre, 28)
        if roomy:
            painter.setFont(self._detail_font)
            painter.setPen(self._colours["text_muted"])
            box = image.adjusted(8, image.height() // 2 - 4, -8, -8)
            flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
            painter.drawText(box, int(flags | Qt.TextFlag.TextWordWrap), card.problem)

    def _paint_badges(self, painter: QPainter, image: QRect, card: Card) -> None:
        bottom = image.bottom() + 1 - _INSET - _BADGE
        if card.score is not None:
            badge = _score_badge(shown_score(card.score), self._ratio)
            painter.drawPixmap(image.left() + _INSET, bottom, badge)
        if card.faces is not None and (card.faces != 1 or card.score is None):
            badge = _count_badge(card.faces, self._ratio)
            width = round(badge.deviceIndependentSize().width())
            painter.drawPixmap(image.right() + 1 - _INSET - width, bottom, badge)
        x = image.right() + 1 - _INSET - _BADGE
        for name, _ in card.notes:
            if x < image.left() + _INSET:
                break
            painter.drawPixmap(x, image.top() + _INSET, _mark_badge(name, self._ratio))
            x -= _BADGE + 3

    def _paint_marks(self, painter: QPainter, image: QRect, card: Card) -> None:
        """What people said, at the top left and beside the score: in full once it is kept."""
        if not card.marks and card.quality is None:
            return
        painter.setOpacity(_PENDING if card.pending else 1.0)
        left, notes = image.left() + _INSET, len(card.notes) * (_BADGE + 3)
        parts = mark_badges.badges(card.marks, image.width() - 2 * _INSET - notes, self._ratio)
        mark_badges.paint_row(painter, left, image.top() + _INSET, parts)
        if card.quality is not None and image.height() >= _ROOM_FOR_QUALITY:
            badge = mark_badges.quality_badge(card.quality, self._ratio)
            bottom = image.bottom() + 1 - _INSET - _BADGE
            if card.score is not None:  # over the score, which it corrects
                bottom -= _BADGE + 3
            painter.drawPixmap(left, bottom, badge)
        painter.setOpacity(1.0)

    def _paint_caption(
        self, painter: QPainter, image: QRect, card: Card, *, selected: bool
    ) -> None:
        left, width = image.left(), image.width()
        top = image.bottom() + 1 + 5
        elide = Qt.TextElideMode.ElideMiddle
        painter.setFont(self._title_font)
        painter.setPen(self._colours["on_selection" if selected else "text"])
        line = self._title_metrics
        painter.drawText(left, top + line.ascent(), line.elidedText(card.title, elide, width))
        painter.setFont(self._detail_font)
        painter.setPen(self._colours["on_selection" if selected else "text_muted"])
        top += line.height() + 1
        line = self._detail_metrics
        painter.drawText(left, top + line.ascent(), line.elidedText(card.detail, elide, width))

    def _draw_icon(self, painter: QPainter, name: str, centre: QPoint, size: int) -> None:
        image = theme.pixmap(name, size, self._palette.text_muted, self._ratio)
        painter.drawPixmap(centre - QPoint(size // 2, size // 2), image)


@lru_cache(maxsize=512)
def _score_badge(shown: int, ratio: float) -> QPixmap:
    font = theme.font(theme.Type.BODY, bold=True)
    width = max(28, QFontMetrics(font).horizontalAdvance(str(shown)) + 14)
    pixmap, painter = mark_badges.ground(width, ratio)
    painter.setFont(font)
    painter.setPen(theme.badge_colour((shown - 1) / 99))
    painter.drawText(QRect(0, 0, width, _BADGE), Qt.AlignmentFlag.AlignCenter, str(shown))
    painter.end()
    return pixmap


@lru_cache(maxsize=256)
def _count_badge(count: int, ratio: float) -> QPixmap:
    font = theme.font(theme.Type.CAPTION, bold=True)
    text = str(count)
    width = QFontMetrics(font).horizontalAdvance(text) + _MARK + 16
    pixmap, painter = mark_badges.ground(width, ratio)
    icon = theme.pixmap("no-face" if count == 0 else "face", _MARK, theme.ON_SCRIM, ratio)
    painter.drawPixmap(QPointF(6, (_BADGE - _MARK) / 2), icon)
    painter.setFont(font)
    painter.setPen(QColor(theme.ON_SCRIM))
    box = QRect(_MARK + 8, 0, width - _MARK - 8, _BADGE)
    flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
    painter.drawText(box, flags, text)
    painter.end()
    return pixmap


@lru_cache(maxsize=64)
def _mark_badge(name: str, ratio: float) -> QPixmap:
    pixmap, painter = mark_badges.ground(_BADGE, ratio)
    place = (_BADGE - _MARK) / 2
    painter.drawPixmap(QPointF(place, place), theme.pixmap(name, _MARK, theme.ON_SCRIM, ratio))
    painter.end()
    return pixmap
