"""Rating scales: their range, their marks, what is a valid value, and percent.

Values are stored in the units of the scale: percent for the slider, categories for ACR and DCR,
-3..3 for CCR, -1, 0 or 1 for pairs. `Scale.percent` puts all of them on the paper's 1-100.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from fiqa_studio.study.errors import AnswerError
from fiqa_studio.study.values import Method, Study

_ACR = ("Bad", "Poor", "Fair", "Good", "Excellent")
_IMPAIRMENT = ("Very annoying", "Annoying", "Slightly annoying", "Perceptible", "Imperceptible")
_COMPARISON = (
    "Much worse", "Worse", "Slightly worse", "About the same",
    "Slightly better", "Better", "Much better",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mark:
    """A word beside the scale, at a value."""

    value: float
    word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """What a rater can answer.

    Attributes:
        step: Distance of two possible values; 0: continuous.
        keyboard_step: What an arrow key moves by.
    """

    method: Method
    low: float
    high: float
    step: float
    keyboard_step: float
    marks: tuple[Mark, ...]

    def percent(self, value: float) -> float:
        """``value`` on 1-100 %, linearly: `acr_to_unit` for every scale's range."""
        return 100.0 * unit((value - self.low) / (self.high - self.low))

    def from_percent(self, percent: float) -> float:
        """The inverse of `percent`; not rounded to a category."""
        return self.low + (percent / 100.0 - 0.01) / 0.99 * (self.high - self.low)

    def checked(self, value: object) -> float:
        """``value`` if it can be answered on this scale.

        Raises:
            AnswerError: ``answer.value``: no number, out of range, or between two categories.
        """
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _refused(self, value)
        number = float(value)
        if not math.isfinite(number) or not self.low - 1e-9 <= number <= self.high + 1e-9:
            raise _refused(self, value)
        steps = (number - self.low) / self.step if self.step else 0.0
        if abs(steps - round(steps)) > 1e-9:
            raise _refused(self, value)
        return min(max(number, self.low), self.high)


def unit(share: float) -> float:
    """A share of the scale in [0, 1] as the paper's [0.01, 1] (GFIQA-20k, section III.B)."""
    return share * 0.99 + 0.01


def acr_to_unit(category: float) -> float:
    """Y = (x - 1)/4 x 0.99 + 0.01: a category of the five-point ACR on [0.01, 1]."""
    return unit((category - 1.0) / 4.0)


def scale_of(method: Method, *, no_difference: bool = True) -> Scale:
    """The scale of a method."""
    match method:
        case Method.SLIDER:
            return _continuous(method, 1.0, 100.0)
        case Method.ACR5 | Method.ACR_HR:
            return _categories(method, 1, _ACR)
        case Method.ACR9:
            # Nine points, the odd ones named (ITU-T P.910, annex B).
            marks = tuple(Mark(2.0 * i + 1.0, word) for i, word in enumerate(_ACR))
            return Scale(method=method, low=1.0, high=9.0, step=1.0, keyboard_step=1.0, marks=marks)
        case Method.DCR:
            return _categories(method, 1, _IMPAIRMENT)
        case Method.CCR:
            return _categories(method, -3, _COMPARISON)
        case Method.IMPORTED:
            raise ValueError("an imported study names its own range")
        case Method.PAIRS:
            marks = (Mark(1.0, "First"), Mark(0.0, "No difference"), Mark(-1.0, "Second"))
            if not no_difference:
                marks = (marks[0], marks[2])
            return Scale(
                method=method,
                low=-1.0,
                high=1.0,
                step=1.0 if no_difference else 2.0,
                keyboard_step=1.0,
                marks=marks,
            )


def scale_for(study: Study) -> Scale:
    """The scale of a study; of an imported one, the range its file names."""
    if study.method is not Method.IMPORTED:
        return scale_of(study.method, no_difference=study.rules.no_difference)
    low = 1.0 if study.scale_low is None else study.scale_low
    high = 100.0 if study.scale_high is None else study.scale_high
    return _continuous(Method.IMPORTED, low, high)


def _continuous(method: Method, low: float, high: float) -> Scale:
    # The five ACR categories are equally far apart: 1, 25.75, 50.5, 75.25, 100 on the slider.
    marks = tuple(Mark(round(low + i / 4 * (high - low), 6), word) for i, word in enumerate(_ACR))
    return Scale(method=method, low=low, high=high, step=0.0, keyboard_step=1.0, marks=marks)


def _categories(method: Method, lowest: int, words: tuple[str, ...]) -> Scale:
    marks = tuple(Mark(float(lowest + i), word) for i, word in enumerate(words))
    return Scale(
        method=method,
        low=float(lowest),
        high=float(lowest + len(words) - 1),
        step=1.0,
        keyboard_step=1.0,
        marks=marks,
    )


def _refused(scale: Scale, value: object) -> AnswerError:
    return AnswerError(
        f"{value!r} cannot be answered on this scale.",
        cause=f"It goes from {scale.low:g} to {scale.high:g}"
        + (f" in steps of {scale.step:g}." if scale.step else "."),
        code="answer.value",
    )
