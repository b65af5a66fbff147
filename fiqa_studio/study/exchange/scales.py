"""On which scale a table's ratings were given, where nobody says.

A rating that is dropped for no reason changes a MOS silently, and one that is kept for no reason
does too. So the guess is careful: the smallest usual scale that holds all ratings, unless a few of
them stand apart from it as typing errors do, and then it says which.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from fiqa_studio.study.errors import StudyError
from fiqa_studio.study.matrix import Floats, Mask

USUAL = (
    *((1.0, 5.0), (0.0, 1.0), (1.0, 7.0), (1.0, 9.0), (1.0, 10.0), (1.0, 11.0), (1.0, 100.0)),
    *((0.0, 5.0), (0.0, 4.0), (0.0, 10.0), (0.0, 100.0), (-2.0, 2.0), (-3.0, 3.0), (-1.0, 1.0)),
    *((-5.0, 5.0), (-10.0, 10.0), (-50.0, 50.0), (-100.0, 100.0)),
)
"""Scales that people use; of those that hold all ratings the shortest is taken."""

_FEW = 0.01
_SLIDER = 20.0
_RARE = 0.005
_SHARP = 10
_TEXT = re.compile(
    r"\s*([+\-\u2212]?\d+(?:[.,]\d+)?)\s*(?:\.\.+|to|bis|:|;|–|—|-|\s)\s*"
    r"([+\-\u2212]?\d+(?:[.,]\d+)?)\s*"
)


@dataclass(frozen=True, slots=True)
class Guess:
    """A scale.

    Attributes:
        low: Its lower end.
        high: Its upper end.
        said: How it was found, a sentence.
    """

    low: float
    high: float
    said: str

    def outside(self, values: Floats) -> Mask:
        """(N,) which values are not on it; the last bit of a decimal is forgiven."""
        edge = 1e-9 * (self.high - self.low)
        beyond: Mask = (values < self.low - edge) | (values > self.high + edge)
        return beyond


def parse_scale(text: str) -> Guess:
    """A scale that somebody gave, such as ``1..5``, ``0-100`` or ``-3..3``.

    Raises:
        StudyError: ``table.scale``: it is none.
    """
    found = _TEXT.fullmatch(text)
    if found:
        low, high = (float(end.replace(",", ".").replace("\u2212", "-")) for end in found.groups())
        if low < high:
            return Guess(low, high, f"scale {low:g} to {high:g}, as given")
    raise StudyError(
        f"“{text}” is no scale.", remedy="Give two numbers, such as 1..5.", code="table.scale"
    )


def guess_scale(values: Floats, hint: tuple[float, float] | None = None) -> Guess:
    """The scale of (N,) ratings; at least one.

    Args:
        values: Every rating that could be read.
        hint: What the header says; believed where nearly all ratings are on it.
    """
    if hint is not None:
        low, high = hint
        inside = np.mean((values >= low) & (values <= high))
        if inside >= 1 - 5 * _FEW or (len(values) < 100 and inside >= 0.9):
            return Guess(low, high, f"scale {low:g} to {high:g}, from the header")
    whole = _shortest(values)
    main = _shortest(values, spare=max(1, int(_FEW * len(values))))
    if main is None:
        low, high = float(values.min()), float(values.max())
        if low == high:
            low, high = low - 0.5, high + 0.5
        return Guess(low, high, f"no usual scale: the ratings go from {low:g} to {high:g}")
    if main != whole and _are_errors(values, main, whole):
        low, high = main
        return Guess(low, high, f"scale {low:g} to {high:g}, which nearly all ratings are on")
    if whole is None:
        low, high = float(values.min()), float(values.max())
        return Guess(low, high, f"no usual scale: the ratings go from {low:g} to {high:g}")
    return Guess(*whole, f"scale {whole[0]:g} to {whole[1]:g}, the shortest usual one for them")


def _shortest(values: Floats, spare: int = 0) -> tuple[float, float] | None:
    """The shortest usual scale that holds all values but ``spare``; among equals the first."""
    holding = [
        (low, high)
        for low, high in USUAL
        if np.count_nonzero((values < low) | (values > high)) <= spare
        and (spare == 0 or len(values) > 3 * spare)
        and (low >= 0 or (values < 0).any())
        and ((low, high) != (0.0, 1.0) or (values < 1).any())
    ]
    return min(holding, key=lambda scale: scale[1] - scale[0], default=None)


def _are_errors(
    values: Floats, main: tuple[float, float], whole: tuple[float, float] | None
) -> bool:
    """Whether the few values beyond a scale are mistakes rather than a longer scale's ends."""
    low, high = main
    inside = values[(values >= low) & (values <= high)]
    beyond = values[(values < low) | (values > high)]
    width = high - low
    if whole is not None and whole[1] - whole[0] <= 1.1 * width:
        return False  # 0 beside 1 to 100
    if whole is None:
        # Beyond any usual scale: z-scores have long tails, categories and percents have not.
        return low >= 0 or _whole(inside)
    if width >= _SLIDER:
        return low >= 0  # nobody's slider goes from -100 to 100 and is used on one side
    if not (_whole(inside) and _whole(beyond)):
        return bool(low >= 0 and np.all((beyond < low - width) | (beyond > high + width)))
    if not {low, high} <= set(inside.tolist()):
        return False  # the ends are not in use: nothing says that this is the scale
    if np.all((beyond < low - width) | (beyond > high + width)):
        return True  # 55 for 5, 999 for nothing
    if _drops(values, main, whole):
        return True
    reached = set(beyond.tolist()) & set(whole)
    gap = min(float(np.abs(beyond - low).min()), float(np.abs(beyond - high).min())) > 1
    return not reached or gap


def _drops(values: Floats, main: tuple[float, float], whole: tuple[float, float]) -> bool:
    """Whether a scale's end is in full use and what lies beyond it is hardly ever said."""
    low, high = main
    below, above = np.count_nonzero(values < low), np.count_nonzero(values > high)
    at_low, at_high = np.count_nonzero(values == low), np.count_nonzero(values == high)
    return bool(
        below + above <= _RARE * len(values)
        and (not below or at_low >= _SHARP * below)
        and (not above or at_high >= _SHARP * above)
        and whole != main
    )


def code_for_nothing(values: Floats) -> float | None:
    """A value that stands for "not rated" in a table that has no empty cells: -1, 99, often 0.

    It lies apart from all others, and is no rare slip: those `guess_scale` tells. A 0 beside
    categories from 1 is one where it is more than a third of the table and 1 is rare beside it.
    """
    levels, counts = np.unique(values, return_counts=True)
    if len(levels) < 3 or not _whole(values):
        return None
    for place, inner in ((0, 1), (-1, -2)):
        code, next_to_it = float(levels[place]), float(levels[inner])
        share = counts[place] / len(values)
        rest = values[values != code]
        scale = _shortest(rest)
        if scale is None or scale[0] <= code <= scale[1] or share <= _FEW:
            continue
        width = scale[1] - scale[0]
        if code < 0 <= scale[0] or abs(code - next_to_it) > width:
            return code
        if code == 0 and scale[0] == 1 and share > 1 / 3 and counts[place] > 5 * counts[inner]:
            return code
    return None


def _whole(values: Floats) -> bool:
    return bool(np.mean(np.abs(values * 4 - np.round(values * 4)) < 1e-9) > 0.99)
