"""Ratings as arrays: stimuli x raters x repetitions, kept as the ratings that there are.

A study with many raters is sparse (each sees a few batches), so the cube is never stored: three
index arrays and the values are, and every sum is a `numpy.bincount`. `Ratings.cube` gives the
cube with NaN for what is missing, for small studies, files and tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from fiqa_studio.study.rows import RATED, RatingRow

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False, kw_only=True)
class Ratings:
    """N ratings of E stimuli by S raters; all values are finite.

    Attributes:
        stimuli: E names, in the order of the results.
        raters: S names.
        stimulus: (N,) index of the stimulus.
        rater: (N,) index of the rater.
        repetition: (N,) 0 for a rater's first rating of a stimulus, 1 for the second, …
        value: (N,) the rating in the units of the scale.
        low: The scale's lower end.
        high: The scale's upper end.
    """

    stimuli: tuple[str, ...]
    raters: tuple[str, ...]
    stimulus: Ints
    rater: Ints
    repetition: Ints
    value: Floats
    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"a scale rises, unlike {self.low} to {self.high}")
        if not np.isfinite(self.value).all():
            raise ValueError("a missing rating is left out, not NaN")

    def __len__(self) -> int:
        return len(self.value)

    @property
    def width(self) -> float:
        """Length of the scale, in its units."""
        return self.high - self.low

    def percent(self, value: float) -> float:
        """A value on the paper's 1-100 %: y = (share of the scale) x 0.99 + 0.01."""
        return 100.0 * ((value - self.low) / self.width * 0.99 + 0.01)

    def by_stimulus(self, weights: Floats | None = None) -> Floats:
        """(E,) number of ratings a stimulus, or the sum of ``weights`` (N,) over them."""
        return np.bincount(self.stimulus, weights, len(self.stimuli)).astype(np.float64)

    def by_rater(self, weights: Floats | None = None) -> Floats:
        """(S,) number of ratings a rater, or the sum of ``weights`` (N,) over them."""
        return np.bincount(self.rater, weights, len(self.raters)).astype(np.float64)

    def keep(self, mask: Mask) -> Ratings:
        """Only the ratings of ``mask`` (N,); stimuli and raters stay, if without ratings."""
        return replace(
            self,
            stimulus=self.stimulus[mask],
            rater=self.rater[mask],
            repetition=self.repetition[mask],
            value=self.value[mask],
        )

    def of_raters(self, used: Mask) -> Ratings:
        """Only the raters of ``used`` (S,), with their ratings; every stimulus stays."""
        kept = self.keep(used[self.rater])
        renumbered = np.cumsum(used) - 1
        return replace(
            kept,
            raters=tuple(name for name, yes in zip(self.raters, used, strict=True) if yes),
            rater=renumbered[kept.rater].astype(np.int64),
        )

    def cube(self) -> Floats:
        """(E, S, R) with NaN for what is missing; R is at least 1."""
        most = int(self.repetition.max(initial=0)) + 1
        cube = np.full((len(self.stimuli), len(self.raters), most), np.nan)
        cube[self.stimulus, self.rater, self.repetition] = self.value
        return cube

    def table(self) -> Floats:
        """(E, S) the mean of a rater's ratings of a stimulus, NaN where there is none."""
        cell = self.stimulus * len(self.raters) + self.rater
        size = len(self.stimuli) * len(self.raters)
        count = np.bincount(cell, minlength=size)
        total = np.bincount(cell, self.value, size)
        mean = np.full(size, np.nan)
        np.divide(total, count, out=mean, where=count > 0)
        return mean.reshape(len(self.stimuli), len(self.raters))


def from_cube(
    cube: npt.ArrayLike,
    *,
    stimuli: Sequence[str] = (),
    raters: Sequence[str] = (),
    low: float = 1.0,
    high: float = 100.0,
) -> Ratings:
    """Ratings of an (E, S) or (E, S, R) array with NaN for what is missing.

    Args:
        cube: The values; gaps among repetitions are closed.
        stimuli: E names; without them ``1`` … ``E``.
        raters: S names; without them ``1`` … ``S``.
        low: The scale's lower end.
        high: The scale's upper end.

    Raises:
        ValueError: The names do not fit, or the scale does not rise.
    """
    values = np.asarray(cube, dtype=np.float64)
    if values.ndim == 2:
        values = values[:, :, None]
    if values.ndim != 3:
        raise ValueError(f"ratings have two or three dimensions, not {values.ndim}")
    names = tuple(stimuli) or tuple(str(i + 1) for i in range(values.shape[0]))
    people = tuple(raters) or tuple(str(i + 1) for i in range(values.shape[1]))
    if (len(names), len(people)) != values.shape[:2]:
        raise ValueError(f"{len(names)} x {len(people)} names do not fit {values.shape[:2]}")
    stimulus, rater, repetition = np.nonzero(np.isfinite(values))
    return Ratings(
        stimuli=names,
        raters=people,
        stimulus=stimulus.astype(np.int64),
        rater=rater.astype(np.int64),
        repetition=_counted_up(stimulus.astype(np.int64), rater.astype(np.int64), len(people)),
        value=values[stimulus, rater, repetition],
        low=low,
        high=high,
    )


def from_rows(
    rows: Iterable[RatingRow],
    *,
    low: float,
    high: float,
    kinds: Iterable[str] = RATED,
    attribute: str | None = None,
    stimuli: Iterable[str] = (),
) -> Ratings:
    """Ratings of rows, in the order in which stimuli and raters first appear.

    Args:
        rows: The answers; a rater's rows of one stimulus are his repetitions, in this order.
        low: The scale's lower end.
        high: The scale's upper end.
        kinds: Which kinds of trial count.
        attribute: Only this one; None: whatever stands there.
        stimuli: Those which are there whether anybody rated them or not, in their order.
    """
    wanted = frozenset(kinds)
    places = {name: i for i, name in enumerate(stimuli)}
    raters: dict[str, int] = {}
    stimulus, rater, value = [], [], []
    for row in rows:
        if row.kind in wanted and attribute in (None, row.attribute):
            stimulus.append(places.setdefault(row.stimulus, len(places)))
            rater.append(raters.setdefault(row.rater, len(raters)))
            value.append(row.value)
    of_stimulus, of_rater = np.array(stimulus, dtype=np.int64), np.array(rater, dtype=np.int64)
    return Ratings(
        stimuli=tuple(places),
        raters=tuple(raters),
        stimulus=of_stimulus,
        rater=of_rater,
        repetition=_counted_up(of_stimulus, of_rater, len(raters)),
        value=np.array(value, dtype=np.float64),
        low=low,
        high=high,
    )


def _counted_up(stimulus: Ints, rater: Ints, raters: int) -> Ints:
    """How many ratings of the same stimulus by the same rater stand before each one."""
    cell = stimulus * max(raters, 1) + rater
    order = np.argsort(cell, kind="stable")
    ordered = cell[order]
    first = np.r_[True, ordered[1:] != ordered[:-1]] if len(ordered) else np.zeros(0, bool)
    start = np.maximum.accumulate(np.where(first, np.arange(len(ordered)), 0))
    count = np.empty(len(cell), dtype=np.int64)
    count[order] = np.arange(len(ordered)) - start
    return count
