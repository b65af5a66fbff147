"""The checks of a rater's set-up, one page each."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QSlider, QSpinBox, QWidget

from fiqa_studio.study.sitting.checks import CARD_MM
from fiqa_studio.study.sitting.steps import AskCheck
from fiqa_studio.ui.study import look
from fiqa_studio.ui.study.pages import TextPage

_CARD_WIDEST = 1_200


class Plate(QWidget):
    """A plate that a check draws, at the size it names."""

    def __init__(self, svg: str) -> None:
        super().__init__()
        self._drawing = QSvgRenderer(QByteArray(svg.encode()), self)
        self.setFixedSize(self._drawing.defaultSize())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The plate."""
        painter = QPainter(self)
        self._drawing.render(painter, QRectF(self.rect()))


class CardFrame(QWidget):
    """A frame of a bank card's shape; ``wide`` is its width in logical pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.wide = 324
        self.setMinimumHeight(120)

    def set_wide(self, wide: int) -> None:
        """Another width."""
        self.wide = wide
        self.setMinimumHeight(round(wide * CARD_MM[1] / CARD_MM[0]) + 4)
        self.update()

    def sizeHint(self) -> QSize:
        """The frame."""
        return QSize(self.wide + 4, round(self.wide * CARD_MM[1] / CARD_MM[0]) + 4)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The frame, its outer edge as wide as said."""
        painter = QPainter(self)
        painter.setPen(QPen(QColor(look.TEXT), 2))
        painter.setBrush(QColor("#c8c8c8"))
        height = self.wide * CARD_MM[1] / CARD_MM[0]
        painter.drawRect(QRectF(2, 2, self.wide - 2, height - 2))


def check_page(
    step: AskCheck,
    answer: Callable[[str], object],
    leave_out: Callable[[], object],
    measured: Callable[[float, float], object],
) -> TextPage:
    """The page of a check.

    Args:
        step: What is asked.
        answer: Takes what was answered.
        leave_out: Goes on without, where that is allowed.
        measured: Takes device pixels a millimetre and the distance in centimetres (0: not said).
    """
    check = step.check
    page = TextPage(f"{check.title} ({step.number} of {step.count})")
    page.add_text(check.asks)
    if step.failed:
        page.add_text(f"That was not right. {check.remedy}", "title")
    skip = [] if step.required else [("Go on without", leave_out)]
    if check.svg:
        page.column.addWidget(Plate(check.svg), 0, Qt.AlignmentFlag.AlignHCenter)
    if check.name == "card":
        _card(page, answer, measured, skip)
    elif check.choices:
        row = QHBoxLayout()
        for choice in check.choices:
            button = QPushButton(choice.capitalize())
            button.clicked.connect(lambda _checked=False, choice=choice: answer(choice))
            row.addWidget(button)
        row.addStretch(1)
        page.column.addLayout(row)
        page.finish(quiet=skip)
        row.itemAt(0).widget().setFocus()
    else:
        field = QLineEdit()
        field.setMaximumWidth(160)
        field.setAccessibleName(check.asks)
        page.column.addWidget(field)
        page.finish(("Next", lambda: answer(field.text())), quiet=skip)
    return page


def _card(
    page: TextPage,
    answer: Callable[[str], object],
    measured: Callable[[float, float], object],
    skip: list[tuple[str, Callable[[], object]]],
) -> None:
    frame, size = CardFrame(), QSlider(Qt.Orientation.Horizontal)
    size.setRange(120, _CARD_WIDEST)
    size.setValue(frame.wide)
    size.setAccessibleName("Width of the frame")
    size.valueChanged.connect(frame.set_wide)
    distance = QSpinBox()
    distance.setRange(0, 300)
    distance.setSpecialValueText("not measured")
    distance.setSuffix(" cm")
    distance.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
    distance.setMaximumWidth(180)
    distance.setAccessibleName("Distance from your eyes to the screen")
    page.column.addWidget(frame)
    page.column.addWidget(size)
    page.add_text("How far are your eyes from the screen?")
    page.column.addWidget(distance)

    def give() -> None:
        pixels = frame.wide * frame.devicePixelRatioF() / CARD_MM[0]
        measured(pixels, float(distance.value()))
        answer(f"{pixels:.3f}")

    page.finish(("It is as wide as the card", give), quiet=skip)
