"""Marks of a photo as small pictures: drawn once each, crisp at any scale, for painters.

They stand on a dark ground of their own, so that they look the same over any photo and in both
themes. A colour is told by its letter as well: not everybody tells red from green.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPixmap

from fiqa_studio.domain.marks import Colour, Flag, PhotoMarks
from fiqa_studio.domain.scores import shown_score
from fiqa_studio.ui import theme

HEIGHT: Final = 20
"""Of every badge, in device-independent pixels."""
GAP: Final = 3
_ICON = 14
_STAR = 11
_STAR_STEP = 12
_STAR_COLOUR = "#f6c945"
_FLAGS: Final = {Flag.PICK: ("pick", "#7fd6a4"), Flag.REJECT: ("reject", "#f5938a")}
COLOURS: Final = {
    Colour.RED: "#e5584f",
    Colour.YELLOW: "#e6c33c",
    Colour.GREEN: "#4fae5b",
    Colour.BLUE: "#4c8fe6",
    Colour.PURPLE: "#a66bd4",
}
"""What each colour looks like; with dark letters on all of them."""
ON_COLOUR: Final = "#101112"


def badges(marks: PhotoMarks, room: int, ratio: float) -> list[QPixmap]:
    """The flag, the stars and the colour, from the left, as far as they are set.

    Stars shrink to one with its number where ``room`` (device-independent pixels) is little.
    """
    parts = []
    if marks.flag in _FLAGS:
        parts.append(_flag(marks.flag, ratio))
    if marks.colour in COLOURS:
        parts.append(_colour(marks.colour, ratio))
    left = room - len(parts) * (HEIGHT + GAP)
    if marks.stars:
        parts.insert(0, _stars(marks.stars, ratio, short=stars_width(marks.stars) > left))
    return parts


def stars_width(stars: int) -> int:
    """How wide so many stars are, spelled out."""
    return stars * _STAR_STEP + 9


def paint_row(painter: QPainter, left: int, top: int, parts: list[QPixmap]) -> int:
    """Paint badges beside each other; where the next one would begin."""
    for part in parts:
        painter.drawPixmap(left, top, part)
        left += round(part.deviceIndependentSize().width()) + GAP
    return left


def ground(width: int, ratio: float) -> tuple[QPixmap, QPainter]:
    """An empty badge, and a painter on it to be ended by who draws."""
    pixmap = QPixmap(round(width * ratio), round(HEIGHT * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    scrim = QColor(theme.SCRIM)
    scrim.setAlpha(225)
    painter.setBrush(scrim)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.drawRoundedRect(QRectF(0, 0, width, HEIGHT), HEIGHT / 2, HEIGHT / 2)
    return pixmap, painter


@lru_cache(maxsize=64)
def _stars(stars: int, ratio: float, *, short: bool) -> QPixmap:
    count = 1 if short else stars
    text = str(stars) if short else ""
    font = theme.font(theme.Type.CAPTION, bold=True)
    beside = QFontMetrics(font).horizontalAdvance(text) + 2 if text else 0
    pixmap, painter = ground(stars_width(count) + beside, ratio)
    star = theme.pixmap("star-filled", _STAR, _STAR_COLOUR, ratio)
    for place in range(count):
        painter.drawPixmap(QPointF(5 + place * _STAR_STEP, (HEIGHT - _STAR) / 2), star)
    if text:
        painter.setFont(font)
        painter.setPen(QColor(theme.ON_SCRIM))
        box = QRect(5 + _STAR_STEP, 0, beside + 2, HEIGHT)
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(box, flags, text)
    painter.end()
    return pixmap


@lru_cache(maxsize=16)
def _flag(flag: Flag, ratio: float) -> QPixmap:
    name, colour = _FLAGS[flag]
    pixmap, painter = ground(HEIGHT, ratio)
    place = (HEIGHT - _ICON) / 2
    painter.drawPixmap(QPointF(place, place), theme.pixmap(name, _ICON, colour, ratio))
    painter.end()
    return pixmap


@lru_cache(maxsize=32)
def _colour(colour: Colour, ratio: float) -> QPixmap:
    pixmap, painter = ground(HEIGHT, ratio)
    painter.setBrush(QColor(COLOURS[colour]))
    painter.drawEllipse(QRectF(3, 3, HEIGHT - 6, HEIGHT - 6))
    painter.setFont(theme.font(theme.Type.CAPTION - 1, bold=True))
    painter.setPen(QColor(ON_COLOUR))
    painter.drawText(QRect(0, 0, HEIGHT, HEIGHT), Qt.AlignmentFlag.AlignCenter, colour[:1])
    painter.end()
    return pixmap


@lru_cache(maxsize=256)
def quality_badge(quality: float, ratio: float) -> QPixmap:
    """A person's word on the quality, in [0, 1], as the number that people see."""
    font = theme.font(theme.Type.CAPTION, bold=True)
    text = str(shown_score(quality))
    width = QFontMetrics(font).horizontalAdvance(text) + _ICON + 14
    pixmap, painter = ground(width, ratio)
    icon = theme.pixmap("person", _ICON - 2, theme.ON_SCRIM, ratio)
    painter.drawPixmap(QPointF(6, (HEIGHT - _ICON + 2) / 2), icon)
    painter.setFont(font)
    painter.setPen(theme.badge_colour(quality))
    box = QRect(_ICON + 7, 0, width - _ICON - 7, HEIGHT)
    flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
    painter.drawText(box, flags, text)
    painter.end()
    return pixmap
