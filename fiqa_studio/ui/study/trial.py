"""The page on which a picture is judged."""

from __future__ import annotations

import time
from collections.abc import Mapping

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QImage, QKeyEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from fiqa_studio.study.scale import Scale
from fiqa_studio.study.sitting.steps import Trial
from fiqa_studio.study.values import Method, Study
from fiqa_studio.ui import theme
from fiqa_studio.ui.study.desk import Answer
from fiqa_studio.ui.study.scales import ScaleWidget, scale_widget
from fiqa_studio.ui.study.stage import Stage
from fiqa_studio.ui.widgets.small import label

_QUESTIONS = {
    Method.PAIRS: "Which picture is of better quality?",
    Method.DCR: "How much worse is the picture on the right?",
    Method.CCR: "How is the second picture, compared with the first?",
}
_CAPTIONS = {
    Method.PAIRS: ("First", "Second"),
    Method.DCR: ("Original", "Judge this one"),
    Method.CCR: ("First", "Second"),
}
_MOVE = "Outside the range. Please move your answer into the part that is marked."
BESIDE_WIDTH = 440
"""Of the controls where they stand beside the picture."""
_UNDER_WIDEST = 1_100
"""Of the controls under the picture: on a wide screen the hand should not have to travel."""


class TrialPage(QWidget):
    """A picture, a scale for each attribute, and Next.

    Signals:
        answered: An `Answer` is given.
        seen: The pictures of the trial are on the screen.
        back: The rater wants to change the last answer.
        paused: The rater wants to leave.
    """

    answered = Signal(object)
    seen = Signal(object)
    back = Signal()
    paused = Signal()

    def __init__(self, study: Study, scale: Scale) -> None:
        super().__init__()
        self._study = study
        self._trial: Trial | None = None
        self._seen_at: float | None = None
        self._waits = False
        self.stage = Stage()
        self.stage.painted.connect(self._on_painted)
        self.scales: dict[str, ScaleWidget] = {
            name: scale_widget(scale, name) for name in study.attributes
        }
        self.hint = label("")
        self.hint.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.notice = label("")
        self.notice.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.notice.hide()
        self.place = QLabel()
        self.back_button = _button("Back", "Change the last answer (Backspace)", quiet=True)
        self.back_button.clicked.connect(self.back)
        self.pause_button = _button("Pause", "Leave and go on later (Esc)", quiet=True)
        self.pause_button.clicked.connect(self.paused)
        self.next_button = _button("Next", "Commit the rating (Enter)")
        self.next_button.clicked.connect(self._give)
        self._viewing = QTimer(self, singleShot=True)
        self._viewing.setTimerType(Qt.TimerType.PreciseTimer)
        self._viewing.timeout.connect(self._update)
        self._lay_out()
        for widget in self.scales.values():
            widget.changed.connect(self._update)

    @property
    def trial(self) -> Trial | None:
        """What is being judged."""
        return self._trial

    @property
    def is_seen(self) -> bool:
        """Whether the pictures of the trial are on the screen."""
        return self._seen_at is not None

    def show_trial(
        self, trial: Trial, images: Mapping[str, QImage], kept: Mapping[str, float], notice: str
    ) -> None:
        """Show a trial; ``kept`` are values that stay, after a wrong answer in training."""
        self._trial = trial
        self._seen_at, self._waits = None, False
        for number, (name, widget) in enumerate(self.scales.items()):
            widget.put(kept.get(name), trial.accepted if number == 0 else None)
        self.hint.setText(_MOVE if trial.accepted else self._question())
        self.say(notice)
        self.place.setText(f"{'Training ' if trial.training else ''}{trial.number} / {trial.count}")
        self.back_button.setVisible(trial.can_go_back)
        captions = _CAPTIONS.get(self._study.method, ()) if len(trial.pictures) > 1 else ()
        self.stage.show_images([images[digest] for digest in trial.pictures], captions)
        next(iter(self.scales.values())).setFocus()
        self._update()

    def say(self, text: str) -> None:
        """Say what became of the last answer, where it was not counted."""
        self.notice.setText(text)
        self.notice.setVisible(bool(text))

    def release(self) -> None:
        """The answer was not taken: it can be given again."""
        self._waits = False
        self._update()

    def arrange(self, *, beside: bool) -> None:
        """Controls under the picture, or at its right where the screen is low."""
        way = QBoxLayout.Direction.LeftToRight if beside else QBoxLayout.Direction.TopToBottom
        self._box.setDirection(way)
        self.controls.setMaximumWidth(BESIDE_WIDTH if beside else _UNDER_WIDEST)
        self.controls.setMinimumWidth(BESIDE_WIDTH if beside else 0)

    def _lay_out(self) -> None:
        self.controls = QWidget()
        column = QVBoxLayout(self.controls)
        column.setContentsMargins(theme.Space.L, theme.Space.S, theme.Space.L, theme.Space.S)
        column.setSpacing(theme.Space.XS)
        column.addStretch(1)
        column.addWidget(self.notice)
        column.addWidget(self.hint)
        for name, widget in self.scales.items():
            if len(self.scales) > 1:
                column.addWidget(label(name.capitalize(), "title"))
            column.addWidget(widget)
        bar = QHBoxLayout()
        bar.setSpacing(theme.Space.S)
        bar.addWidget(self.place)
        bar.addStretch(1)
        for button in (self.back_button, self.pause_button, self.next_button):
            bar.addWidget(button)
        column.addLayout(bar)
        column.addStretch(1)
        self._box = QBoxLayout(QBoxLayout.Direction.TopToBottom, self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(0)
        self._box.addWidget(self.stage, 1)
        self._box.addWidget(self.controls)

    def _question(self) -> str:
        return _QUESTIONS.get(self._study.method, "How good is the quality of this picture?")

    def _on_painted(self) -> None:
        if self._trial is None:
            return
        self._seen_at = time.perf_counter()
        self._viewing.start(self._study.rules.minimum_viewing_ms)
        self.seen.emit(self._trial)

    def _looked_ms(self) -> float:
        return 0.0 if self._seen_at is None else 1000 * (time.perf_counter() - self._seen_at)

    def _ready(self) -> bool:
        return (
            not self._waits
            and self._seen_at is not None
            and self._looked_ms() >= self._study.rules.minimum_viewing_ms
            and all(widget.value is not None for widget in self.scales.values())
        )

    def _update(self) -> None:
        self.next_button.setEnabled(self._ready())

    def _give(self) -> None:
        if not self._ready() or self._trial is None:
            return
        values = {name: w.value for name, w in self.scales.items() if w.value is not None}
        self._waits = True
        self._update()
        self.answered.emit(
            Answer(
                trial=self._trial,
                values=values,
                slider_start=next(iter(self.scales.values())).start,
                reaction_ms=self._looked_ms(),
            )
        )

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter gives the answer, Escape pauses, Backspace goes back; the rest is the scale's."""
        key, focus = event.key(), self.focusWidget()
        if key in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_N}:
            if event.isAutoRepeat():
                return
            if isinstance(focus, QPushButton) and focus is not self.next_button:
                focus.click()
            elif not self._to_unrated():
                self._give()
        elif key == Qt.Key.Key_Escape:
            self.paused.emit()
        elif key == Qt.Key.Key_Backspace and self.back_button.isVisible():
            self.back.emit()
        elif not isinstance(focus, ScaleWidget):
            next(iter(self.scales.values())).keyPressEvent(event)
        else:
            event.ignore()

    def _to_unrated(self) -> bool:
        """Whether there is an attribute without a value; it gets the keyboard."""
        for widget in self.scales.values():
            if widget.value is None:
                widget.setFocus()
                return True
        return False


def _button(text: str, tip: str, *, quiet: bool = False) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    if quiet:
        theme.set_role(button, "quiet")
    return button
