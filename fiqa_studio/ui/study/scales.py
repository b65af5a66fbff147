"""What a rating is given with: a slider with marks, or one button a category.

Nothing suggests an answer: before the first click, touch or key there is no thumb and nothing is
chosen. Keys and their meaning are those of the web page.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QTouchEvent,
)
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QWidget

from fiqa_studio.study.scale import Scale
from fiqa_studio.study.values import Accepted, Method
from fiqa_studio.ui import theme
from fiqa_studio.ui.study import look

_EDGE = 44
"""Room at the slider's ends, for half of the words under them."""
_THUMB_WIDTH, _THUMB_HEIGHT = 14, 30
_FAR = 10


class ScaleWidget(QWidget):
    """A value that is None until the rater gives one.

    Attributes:
        value: In the units of the scale.
        start: Where the first click, touch or key put it.

    Signals:
        changed: There is a value, or another one.
    """

    changed = Signal()

    def __init__(self, scale: Scale, name: str) -> None:
        super().__init__()
        self.scale = scale
        self.value: float | None = None
        self.start: float | None = None
        self.accepted: Accepted | None = None
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.describe()

    def put(self, value: float | None, accepted: Accepted | None = None) -> None:
        """Begin anew, or in training where the wrong answer was, with the range to go to."""
        self.value = self.start = value
        self.accepted = accepted
        self.describe()
        self.redraw()

    def give(self, value: float) -> None:
        """The rater's answer."""
        self.value = min(self.scale.high, max(self.scale.low, value))
        if self.start is None:
            self.start = self.value
        self.describe()
        self.redraw()
        self.changed.emit()

    def describe(self) -> None:
        """Say the value to screen readers."""
        if self.value is None:
            self.setAccessibleDescription("Not rated yet")
            return
        value = self.value
        nearest = min(self.scale.marks, key=lambda mark: abs(mark.value - value))
        self.setAccessibleDescription(f"{round(value)}, near {nearest.word}")

    def redraw(self) -> None:
        """Show the value."""
        self.update()

    def key(self, key: int, *, far: bool) -> bool:
        """Take a key; whether it means something here."""
        raise NotImplementedError

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows, digits, Home, End and the page keys."""
        plain = event.modifiers() & ~(
            Qt.KeyboardModifier.KeypadModifier | Qt.KeyboardModifier.ShiftModifier
        )
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if plain or not self.key(event.key(), far=shift):
            event.ignore()


class SliderScale(ScaleWidget):
    """Continuous, from Bad (1) to Excellent (100)."""

    def __init__(self, scale: Scale, name: str) -> None:
        super().__init__(scale, name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_AcceptTouchEvents)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def sizeHint(self) -> QSize:
        """Wide; high enough for a finger and the words."""
        return QSize(640, 66)

    def minimumSizeHint(self) -> QSize:
        """Five words still stand apart."""
        return QSize(400, 66)

    def x_of(self, value: float) -> float:
        """Where a value stands, in logical pixels from the left."""
        low, high = self.scale.low, self.scale.high
        return _EDGE + (value - low) / (high - low) * (self.width() - 2 * _EDGE)

    def key(self, key: int, *, far: bool) -> bool:
        """Arrows by one (with Shift ten), digits to the marks; the first arrow to the middle."""
        low, high = self.scale.low, self.scale.high
        middle = (low + high) / 2
        here = middle if self.value is None else self.value
        step = self.scale.keyboard_step
        arrow = {
            Qt.Key.Key_Left: -step, Qt.Key.Key_Down: -step,
            Qt.Key.Key_Right: step, Qt.Key.Key_Up: step,
        }.get(Qt.Key(key))  # fmt: skip
        jump = {
            Qt.Key.Key_PageDown: here - _FAR * step, Qt.Key.Key_PageUp: here + _FAR * step,
            Qt.Key.Key_Home: low, Qt.Key.Key_End: high,
        }.get(Qt.Key(key))  # fmt: skip
        digit = key - int(Qt.Key.Key_1)
        if 0 <= digit < len(self.scale.marks):
            self.give(self.scale.marks[digit].value)
        elif arrow is not None:
            self.give(middle if self.value is None else here + arrow * (_FAR if far else 1))
        elif jump is not None:
            self.give(jump)
        else:
            return False
        return True

    def event(self, event: QEvent) -> bool:
        """A finger counts as a click."""
        kind = event.type()
        if isinstance(event, QTouchEvent) and kind in {
            QEvent.Type.TouchBegin, QEvent.Type.TouchUpdate, QEvent.Type.TouchEnd,
        }:  # fmt: skip
            if event.points():
                self._point(event.points()[0].position())
            event.accept()
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """The thumb comes where the click is."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._point(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The thumb follows."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._point(event.position())

    def _point(self, at: QPointF) -> None:
        share = min(1.0, max(0.0, (at.x() - _EDGE) / max(1, self.width() - 2 * _EDGE)))
        self.give(round(self.scale.low + share * (self.scale.high - self.scale.low), 2))

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The ring appears."""
        super().focusInEvent(event)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Track, marks with their words, and the thumb once there is a value."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = 6 + _THUMB_HEIGHT / 2
        left, right = self.x_of(self.scale.low), self.x_of(self.scale.high)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(look.TRACK))
        painter.drawRoundedRect(QRectF(left - 4, middle - 4, right - left + 8, 8), 4, 4)
        if self.accepted is not None:
            low = max(self.scale.low, self.accepted.low)
            high = min(self.scale.high, self.accepted.high)
            painter.setBrush(QColor(look.THUMB))
            painter.drawRect(
                QRectF(self.x_of(low), middle - 8, self.x_of(high) - self.x_of(low), 16)
            )
        painter.setFont(theme.font(theme.Type.BODY + 1))
        for mark in self.scale.marks:
            x = self.x_of(mark.value)
            painter.setPen(QPen(QColor(look.TEXT), 2))
            painter.drawLine(QPointF(x, middle - 11), QPointF(x, middle + 11))
            where = QRectF(x - _EDGE, middle + 16, 2 * _EDGE, 24)
            painter.drawText(where, Qt.AlignmentFlag.AlignCenter, mark.word)
        if self.hasFocus():
            painter.setPen(QPen(QColor(look.TEXT), 1, Qt.PenStyle.DotLine))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 5, 5)
        if self.value is not None:
            x = self.x_of(self.value)
            painter.setPen(QPen(QColor(look.TEXT), 2))
            painter.setBrush(QColor(look.THUMB))
            painter.drawRoundedRect(
                QRectF(x - _THUMB_WIDTH / 2, 6, _THUMB_WIDTH, _THUMB_HEIGHT), 4, 4
            )


class ChoiceScale(ScaleWidget):
    """One button a category; of nine points, the odd ones are named."""

    def __init__(self, scale: Scale, name: str) -> None:
        super().__init__(scale, name)
        words = {mark.value: mark.word for mark in scale.marks}
        if scale.method is Method.PAIRS:
            self.values = [mark.value for mark in scale.marks]  # as they are seen: first, second
        else:
            count = round((scale.high - scale.low) / scale.step) + 1
            self.values = [scale.low + i * scale.step for i in range(count)]
        row = QHBoxLayout(self)
        row.setContentsMargins(2, 6, 2, 6)
        row.setSpacing(theme.Space.S)
        self.buttons: list[QPushButton] = []
        for number, value in enumerate(self.values, start=1):
            word = words.get(value, "")
            numbered = len(scale.marks) < len(self.values)
            text = f"{value:g}\n{word}" if numbered else word
            button = QPushButton(text)
            button.setStyleSheet("padding: 4px 6px;")
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.setToolTip(f"Key {number}")
            button.setAccessibleName(f"{value:g} {word}".strip())
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
            button.clicked.connect(lambda _checked=False, value=value: self.give(value))
            row.addWidget(button)
            self.buttons.append(button)

    def key(self, key: int, *, far: bool) -> bool:  # noqa: ARG002 - one step is all there is
        """Digits choose; arrows move from the first or last."""
        last = len(self.values) - 1
        here = None if self.value is None else self.values.index(self.value)
        digit = key - int(Qt.Key.Key_1)
        by = {
            Qt.Key.Key_Left: -1, Qt.Key.Key_Up: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Down: 1,
        }.get(Qt.Key(key))  # fmt: skip
        if 0 <= digit <= last:
            to = digit
        elif key in {Qt.Key.Key_Home, Qt.Key.Key_End}:
            to = 0 if key == Qt.Key.Key_Home else last
        elif by is not None:
            first = 0 if by > 0 else last
            to = first if here is None else min(last, max(0, here + by))
        else:
            return False
        self.give(self.values[to])
        return True

    def redraw(self) -> None:
        """Press the button of the value, and frame those that are right."""
        for button, value in zip(self.buttons, self.values, strict=True):
            button.setChecked(self.value == value)
            right = self.accepted is not None and self.accepted.holds(value)
            if button.property("right") != right:
                button.setProperty("right", right)
                button.style().unpolish(button)
                button.style().polish(button)


def scale_widget(scale: Scale, name: str) -> ScaleWidget:
    """The widget for a study's scale."""
    return ChoiceScale(scale, name) if scale.step else SliderScale(scale, name)
