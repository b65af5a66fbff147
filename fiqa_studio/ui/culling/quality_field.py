"""One's own word on the quality of a face: a slider from 1 to 100 with the five words over it."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSlider, QVBoxLayout, QWidget

from fiqa_studio.domain.scores import QualityWord, quality_word, score_shown_as, shown_score
from fiqa_studio.ui import theme
from fiqa_studio.ui.theme import Space
from fiqa_studio.ui.widgets.small import ElidedLabel

_REST_MS = 400
"""A slider moved by keys or the wheel is taken at its word when it rests so long."""
_MIDDLE = 50


class QualityField(QWidget):
    """The slider, what it says, and a button to withdraw it.

    Attributes:
        slider: In shown values, 1 to 100.

    Signals:
        began: The user begins to give another value: what it is for is to be noted.
        given: A quality in [0, 1].
        withdrawn: The user's own word is to go.
    """

    began = Signal()
    given = Signal(float)
    withdrawn = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(1, 100)
        self.slider.setPageStep(10)
        self.slider.setAccessibleName("Quality as you see it")
        # Gives way in a narrow panel instead of widening it.
        self._words = ElidedLabel()
        self._withdraw = QPushButton("Withdraw")
        theme.set_role(self._withdraw, "quiet")
        self._withdraw.setToolTip("Let the scorer's word count again")
        self._withdraw.clicked.connect(self._on_withdrawn)
        self._moving = False
        self._rest = QTimer(self, singleShot=True, interval=_REST_MS)
        self._rest.timeout.connect(self.flush)
        self.slider.valueChanged.connect(self._on_value)
        self.slider.sliderReleased.connect(self.flush)
        scale = QHBoxLayout()
        scale.setSpacing(0)
        words = list(QualityWord)
        for place, word in enumerate(words):
            shown = QLabel(str(word))
            theme.set_role(shown, "caption")
            if place == len(words) - 1:
                shown.setAlignment(Qt.AlignmentFlag.AlignRight)
            elif place:
                shown.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            scale.addWidget(shown, 1)
        said = QHBoxLayout()
        said.addWidget(self._words, 1)
        said.addWidget(self._withdraw)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.XS)
        column.addLayout(scale)
        column.addWidget(self.slider)
        column.addLayout(said)

    @property
    def text(self) -> str:
        """What it says."""
        return self._words.text()

    def show_quality(self, quality: float | None, score: float | None, *, many: int) -> None:
        """Show one's own word, or where the scorer's stands; for ``many`` faces at once."""
        if self._moving:
            return
        stands = quality if quality is not None else score
        with QSignalBlocker(self.slider):
            self.slider.setValue(_MIDDLE if stands is None else shown_score(stands))
        if quality is not None:
            self._say(quality, "your word")
        elif many > 1:
            self._words.setText(f"For {many:,} faces at once")
        elif many == 1:
            self._words.setText("Move it to say how good the face looks")
        else:
            self._words.setText("No face is selected")
        self._withdraw.setEnabled(quality is not None or many > 1)

    def set_writable(self, writable: bool) -> None:
        """Whether a word can be given now."""
        self.slider.setEnabled(writable)
        if not writable:
            self._withdraw.setEnabled(False)

    def flush(self) -> None:
        """What the slider says now is meant."""
        self._rest.stop()
        if self._moving:
            self._moving = False
            self.given.emit(score_shown_as(self.slider.value()))

    def _on_value(self, value: int) -> None:
        if not self._moving:
            self._moving = True
            self.began.emit()
        self._say(score_shown_as(value), "")
        if not self.slider.isSliderDown():
            self._rest.start()

    def _on_withdrawn(self) -> None:
        self._rest.stop()
        self._moving = False
        self.withdrawn.emit()

    def _say(self, quality: float, whose: str) -> None:
        words = f"{quality_word(quality)}, {shown_score(quality)}"
        self._words.setText(f"{words} ({whose})" if whose else words)
