"""The scale of the drawn map: what a colour means, in numbers and words."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QLinearGradient,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QWidget

from fiqa_studio.domain.scores import QualityWord, shown_score
from fiqa_studio.ui import theme
from fiqa_studio.ui.photo.colormaps import MapKind, lut
from fiqa_studio.ui.theme import ON_SCRIM, SCRIM, Radius, Space, Type

_WIDTH, _HEIGHT, _HEAD = 300, 74, 20
_STOPS = 33


class ColourBar(QWidget):
    """A colour scale with its ends, words and the value under the cursor."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kind = MapKind.QUALITY
        self._span = (0.0, 1.0)
        self._marker: float | None = None
        self._message = ""
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName("Colour scale of the map")

    def show_scale(self, kind: MapKind, span: tuple[float, float]) -> None:
        """Show the scale of one kind of map; the end colours stand for ``span``."""
        self._kind, self._span, self._message = kind, span, ""
        self._describe()

    def show_message(self, kind: MapKind, message: str) -> None:
        """Say why there is no map to draw."""
        self._kind, self._message = kind, message
        self._describe()

    def set_marker(self, value: float | None) -> None:
        """Point at the value under the cursor; None for none."""
        if value != self._marker:
            self._marker = value
            self.update()

    def ticks(self) -> list[tuple[float, str, str]]:
        """Place on the bar in [0, 1], number and word of each tick."""
        low, high = self._span
        if self._kind is MapKind.CONFIDENCE:
            middle = (low + high) / 2
            words = ("unsure", "", "sure") if self._span == (0.0, 1.0) else ("", "", "")
            values = (low, middle, high)
            return [
                ((v - low) / (high - low), f"{100 * v:.0f} %", word)
                for v, word in zip(values, words, strict=True)
            ]
        marks = [(0.25 * step, word.value) for step, word in enumerate(QualityWord)]
        inside = [(value, word) for value, word in marks if low <= value <= high]
        if self._span != (0.0, 1.0):
            margin = 0.16 * (high - low)
            inside = [(v, word) for v, word in inside if low + margin < v < high - margin]
            inside = [(low, ""), *inside, (high, "")]
        return [((v - low) / (high - low), str(shown_score(v)), word) for v, word in inside]

    def sizeHint(self) -> QSize:
        """Room for the words, or for the message alone."""
        if self._message:
            width = QFontMetricsF(theme.font(Type.CAPTION)).horizontalAdvance(self._message)
            return QSize(round(width) + 2 * Space.M, 26)
        return QSize(_WIDTH, _HEIGHT if any(word for *_, word in self.ticks()) else _HEIGHT - 13)

    def _describe(self) -> None:
        ends = self.ticks()
        spoken = self._message or f"from {ends[0][1]} to {ends[-1][1]}"
        self.setAccessibleDescription(f"{self._kind.value} {spoken}")
        self.resize(self.sizeHint())
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A dark plate, for it stands on photos of any brightness."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = QColor(SCRIM)
        ground.setAlpha(225)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        painter.drawRoundedRect(QRectF(self.rect()), Radius.LARGE, Radius.LARGE)
        painter.setPen(QColor(ON_SCRIM))
        painter.setFont(theme.font(Type.CAPTION))
        if self._message:
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._message)
            return
        title = QRectF(Space.M, Space.XS, self.width() - 2 * Space.M, _HEAD)
        painter.setPen(QColor(theme.DARK.text_muted))
        painter.drawText(
            title, Qt.AlignmentFlag.AlignVCenter, f"{self._kind.value.capitalize()} map"
        )
        bar = QRectF(self.rect()).adjusted(Space.M, Space.S + _HEAD, -Space.M, 0)
        bar.setHeight(9)
        self._paint_bar(painter, bar)
        self._paint_ticks(painter, bar)
        if self._marker is not None:
            self._paint_marker(painter, bar)

    def _paint_bar(self, painter: QPainter, bar: QRectF) -> None:
        table = lut(self._kind)
        gradient = QLinearGradient(bar.topLeft(), bar.topRight())
        for stop in range(_STOPS):
            place = stop / (_STOPS - 1)
            red, green, blue = (int(channel) for channel in table[round(place * 255)])
            gradient.setColorAt(place, QColor(red, green, blue))
        painter.setPen(QPen(QColor(255, 255, 255, 40), 1))
        painter.setBrush(gradient)
        painter.drawRoundedRect(bar, Radius.SMALL, Radius.SMALL)

    def _paint_ticks(self, painter: QPainter, bar: QRectF) -> None:
        font, bold = theme.font(Type.CAPTION), theme.font(Type.CAPTION, bold=True)
        height = QFontMetricsF(font).height()
        muted = QColor(theme.DARK.text_muted)
        for place, number, word in self.ticks():
            x = bar.left() + place * bar.width()
            for line, (text, face, colour) in enumerate(
                ((number, bold, QColor(ON_SCRIM)), (word, font, muted))
            ):
                width = QFontMetricsF(face).horizontalAdvance(text) + 2
                left = min(max(x - width / 2, Space.S), self.width() - Space.S - width)
                painter.setFont(face)
                painter.setPen(colour)
                where = QRectF(left, bar.bottom() + 4 + line * (height - 1), width, height)
                painter.drawText(where, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_marker(self, painter: QPainter, bar: QRectF) -> None:
        low, high = self._span
        place = min(max(((self._marker or 0.0) - low) / (high - low), 0.0), 1.0)
        x = bar.left() + place * bar.width()
        tip = QPointF(x, bar.top() - 1)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(ON_SCRIM))
        painter.drawPolygon(QPolygonF([tip, tip + QPointF(-4, -6), tip + QPointF(4, -6)]))
        painter.fillRect(QRectF(x - 0.5, bar.top(), 1, bar.height()), QColor(ON_SCRIM))
