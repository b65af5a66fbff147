"""The score, large, with its place among the library's faces."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from fiqa_studio.domain.scores import quality_word, shown_score
from fiqa_studio.ui import theme
from fiqa_studio.ui.theme import Space, Type

BINS = 50
"""Of the histogram behind the strip."""
_NUMBER = 44


class ScoreBlock(QWidget):
    """``71  Good (60–82)``, below it ``± 4 over the face``.

    The number in its colour, the word of the ACR scale, the calibrated range where the scorer has
    one, and the spread over the patches of this face.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._number = "–"
        self._word = ""
        self._range = ""
        self._note = ""
        self._score: float | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.manager.changed.connect(self.update)

    @property
    def text(self) -> str:
        """Everything it says."""
        parts = (self._number, self._word, self._range, self._note)
        return " ".join(part for part in parts if part)

    def show_score(self, score: float, spread: float | None) -> None:
        """A face's score and its spread, both in [0, 1]."""
        note = "" if spread is None else f"± {round(99 * spread)} over the face"
        self._say(str(shown_score(score)), quality_word(score).value, note, score)

    def show_range(self, low: int, high: int, meaning: str) -> None:
        """The calibrated range of the score that is shown, 1-100, and what it means."""
        self._range = f"({low}–{high})"
        self._tell(meaning)

    def show_words(self, number: str, word: str, note: str, score: float | None = None) -> None:
        """A summary, or why there is no score."""
        self._say(number, word, note, score)

    def _say(self, number: str, word: str, note: str, score: float | None) -> None:
        self._number, self._word, self._note, self._score = number, word, note, score
        self._range = ""
        self._tell("")

    def _tell(self, meaning: str) -> None:
        self.setToolTip(meaning)
        self.setAccessibleName(f"Score {self.text}")
        self.setAccessibleDescription(meaning)
        self.update()

    def sizeHint(self) -> QSize:
        """One large line."""
        return QSize(200, _NUMBER + 8)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The number stands left, word and spread beside it."""
        painter = QPainter(self)
        palette = theme.manager.palette
        font = theme.font(_NUMBER, bold=True)
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        colour = QColor(palette.text_muted)
        if self._score is not None:
            colour = theme.score_colour(self._score)
        painter.setPen(colour)
        width = metrics.horizontalAdvance(self._number)
        whole = QRectF(self.rect())
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(whole, flags, self._number)
        left = width + Space.M
        painter.setPen(QColor(palette.text))
        painter.setFont(theme.font(Type.TITLE, bold=True))
        middle = self.height() / 2
        top = QRectF(left, 0, self.width() - left, middle + (1 if self._note else middle))
        bottom_or_middle = Qt.AlignmentFlag.AlignBottom if self._note else flags
        at = Qt.AlignmentFlag.AlignLeft | bottom_or_middle
        taken = painter.boundingRect(top, at, self._word).width() + Space.S
        painter.drawText(top, at, self._word)
        painter.setPen(QColor(palette.text_muted))
        painter.setFont(theme.font(Type.TITLE))
        note = self._note
        if painter.fontMetrics().horizontalAdvance(self._range) <= top.width() - taken:
            painter.drawText(top.adjusted(taken, 0, 0, 0), at, self._range)
        else:  # beside a long word in a narrow panel
            note = f"{self._range}  {note}"
        painter.setFont(theme.font(Type.BODY))
        below = QRectF(left, middle + 2, self.width() - left, middle)
        mode = Qt.TextElideMode.ElideRight
        note = painter.fontMetrics().elidedText(note, mode, int(below.width()))
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, note)


class Standing(QWidget):
    """A strip: the library's scores as a small histogram, with marks for those looked at."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._counts: npt.NDArray[np.int64] = np.zeros(BINS, dtype=np.int64)
        self._scores: list[float] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Place among the scores of the library")
        theme.manager.changed.connect(self.update)

    def set_counts(self, counts: npt.NDArray[np.int64]) -> None:
        """How many faces have a score in each bin over [0, 1]."""
        self._counts = counts
        self.update()

    def set_scores(self, scores: list[float]) -> None:
        """The scores to mark, in [0, 1]."""
        self._scores = scores
        self.update()

    def sizeHint(self) -> QSize:
        """Low, and as wide as the panel."""
        return QSize(200, 40)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Bars in the colours of their scores, muted; the marks at full strength."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = theme.manager.palette
        base = self.height() - 4.0
        highest = max(int(self._counts.max(initial=0)), 1)
        step = self.width() / len(self._counts)
        for place, count in enumerate(self._counts.tolist()):
            if count:
                # The square root keeps a lone face visible beside a heap of ten thousand.
                height = max((base - 4) * (count / highest) ** 0.5, 2.0)
                colour = theme.score_colour((place + 0.5) / len(self._counts))
                colour.setAlpha(120)
                bar = QRectF(place * step, base - height, max(step - 1, 1), height)
                painter.fillRect(bar, colour)
        painter.fillRect(QRectF(0, base, self.width(), 1), QColor(palette.edge))
        lone = len(self._scores) == 1
        mark = QColor(palette.text)
        mark.setAlpha(255 if lone else 150)
        half = 1.25 if lone else 0.75
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(mark)
        for score in self._scores:
            x = min(max(score * self.width(), half), self.width() - half)
            top = 0.0 if lone else base - 10
            painter.drawRoundedRect(QRectF(x - half, top, 2 * half, base + 3 - top), half, half)
