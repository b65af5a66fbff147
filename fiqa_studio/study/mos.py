"""Mean opinion scores: ITU-T P.910 Annex E by default, and the rules to compare it with.

* ``p910``: each rating is the stimulus' quality plus the rater's bias plus noise of the rater's
  own size; a rater counts by the inverse of his variance (Li, Bampis, Krasula, Janowski and
  Katsavounidis, 2020; ITU-T P.910, annex E). Nobody is removed: who rates at random hardly counts.
  Equal to `sureal` (Netflix, Apache-2.0), which is an oracle of the tests: as a dependency it
  would bring matplotlib, pandas and a build tool into the program for these few lines.
* ``mos``: the mean of all ratings.
* ``gfiqa``, ``bt500``, ``p913``, ``loo``: the mean of what a rule of
  `fiqa_studio.study.screening` leaves; for ``p913`` each rater's bias is taken off first.
* ``few``: three or four people with repetitions, see `fiqa_studio.study.few`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from fiqa_studio.study import screening
from fiqa_studio.study.errors import StudyError
from fiqa_studio.study.matrix import Floats, Mask, Ratings
from fiqa_studio.study.numeric import mean_by, spread_by
from fiqa_studio.study.screening import LOO_THRESHOLD, Screened

_ITERATIONS = 1000
_SETTLED = 1e-8
_EPSILON = 1e-8
"""As in sureal, so that the results are equal: added to a variance before it divides."""

_FEWEST_FOR_WEIGHT = 3
"""Of one or two ratings, bias and inconsistency explain everything: they would weigh infinitely.
Such a rater takes the pooled inconsistency and no part in the mean bias (sureal follows him)."""

_COLLAPSED = 0.02
"""A rater whose inconsistency is below this share of the usual has taken the estimate over."""


class MosMethod(StrEnum):
    """How ratings become a MOS, see the module's text."""

    P910 = "p910"
    MOS = "mos"
    GFIQA = "gfiqa"
    BT500 = "bt500"
    P913 = "p913"
    LOO = "loo"


@dataclass(frozen=True, eq=False, kw_only=True)
class Estimate:
    """A MOS for each of E stimuli and what was found of S raters; units of the scale.

    Attributes:
        method: How.
        mos: (E,) NaN where no rating is left.
        sd: (E,) standard deviation (n - 1) of the ratings that count, after the bias of their
            raters is taken off where the method does so; NaN for fewer than two.
        n: (E,) ratings that count.
        bias: (S,) mean distance of a rater's ratings from the MOS.
        inconsistency: (S,) standard deviation (n) of those distances.
        used: (S,) whether a rater's ratings count.
        kept: (N,) whether a rating counts.
        why: (S,) what was left out and why; empty where nothing was.
        notes: What the owner should know before he trusts it.
    """

    method: MosMethod
    mos: Floats
    sd: Floats
    n: Floats
    bias: Floats
    inconsistency: Floats
    used: Mask
    kept: Mask
    why: tuple[str, ...]
    notes: tuple[str, ...] = ()


def estimate(
    ratings: Ratings,
    method: MosMethod = MosMethod.P910,
    *,
    loo_threshold: float = LOO_THRESHOLD,
) -> Estimate:
    """The MOS of every stimulus.

    Raises:
        StudyError: There are no ratings.
    """
    if not len(ratings):
        raise StudyError(
            "There are no ratings to analyse.",
            remedy="Import a table, or wait for the first rater.",
            code="study.no-ratings",
        )
    if method is MosMethod.P910:
        return _annex_e(ratings)
    return _screened_mean(ratings, method, loo_threshold)


def mos_only(
    ratings: Ratings,
    method: MosMethod,
    copies: Floats,
    *,
    loo_threshold: float = LOO_THRESHOLD,
) -> Floats:
    """(E,) the MOS with each rater counted ``copies`` (S,) times, screening included.

    For the bootstrap: NaN where nobody who rated a stimulus was drawn.
    """
    weight = copies[ratings.rater]
    size = len(ratings.stimuli)
    if method is MosMethod.P910:
        drawn = weight > 0
        return _iterate(ratings.keep(drawn), copies, tolerance=1e-5 * ratings.width).quality
    if method is MosMethod.P913:
        value = ratings.value - _offset(ratings, copies)[ratings.rater]
    else:
        value = ratings.value
    kept = _screen(ratings, method, value, loo_threshold, copies).ratings
    return mean_by(ratings.stimulus, value, size, weight * kept)


def _screened_mean(ratings: Ratings, method: MosMethod, loo_threshold: float) -> Estimate:
    offset = np.zeros(len(ratings.raters))
    if method is MosMethod.P913:
        offset = np.nan_to_num(_offset(ratings, None))
    value = ratings.value - offset[ratings.rater]
    found = _screen(ratings, method, value, loo_threshold, None)
    kept, size = found.ratings.astype(np.float64), len(ratings.stimuli)
    mos = mean_by(ratings.stimulus, value, size, kept)
    bias, inconsistency = _rater_of(ratings, mos)
    return Estimate(
        method=method,
        mos=mos,
        sd=spread_by(ratings.stimulus, value, size, ddof=1, weight=kept),
        n=ratings.by_stimulus(kept),
        bias=offset if method is MosMethod.P913 else bias,
        inconsistency=inconsistency,
        used=found.raters & (ratings.by_rater() > 0),
        kept=found.ratings,
        why=found.why,
    )


def _screen(
    ratings: Ratings, method: MosMethod, value: Floats, loo_threshold: float, copies: Floats | None
) -> Screened:
    match method:
        case MosMethod.GFIQA:
            return screening.window(ratings, copies)
        case MosMethod.BT500 | MosMethod.P913:
            return screening.rejection(ratings, value, copies)
        case MosMethod.LOO:
            return screening.by_others(ratings, loo_threshold, copies)
        case _:
            return screening.everybody(ratings)


def _offset(ratings: Ratings, copies: Floats | None) -> Floats:
    """(S,) P.913's bias: the mean distance of a rater's ratings from the plain MOS."""
    weight = None if copies is None else copies[ratings.rater]
    mean = mean_by(ratings.stimulus, ratings.value, len(ratings.stimuli), weight)
    away = ratings.value - mean[ratings.stimulus]
    return mean_by(ratings.rater, np.nan_to_num(away), len(ratings.raters))


def _rater_of(ratings: Ratings, mos: Floats) -> tuple[Floats, Floats]:
    """(S,) bias and inconsistency against a MOS; stimuli without one do not count."""
    away = ratings.value - mos[ratings.stimulus]
    known = np.isfinite(away)
    who, away, people = ratings.rater[known], away[known], len(ratings.raters)
    return mean_by(who, away, people), spread_by(who, away, people, ddof=0)


# --- P.910, annex E -------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Solution:
    quality: Floats
    bias: Floats
    inconsistency: Floats
    iterations: int


def _annex_e(ratings: Ratings) -> Estimate:
    found = _iterate(ratings, None, tolerance=_SETTLED)
    corrected = ratings.value - found.bias[ratings.rater]
    size, count = len(ratings.stimuli), ratings.by_rater()
    return Estimate(
        method=MosMethod.P910,
        mos=found.quality,
        sd=spread_by(ratings.stimulus, corrected, size, ddof=1),
        n=ratings.by_stimulus(),
        bias=found.bias,
        inconsistency=found.inconsistency,
        used=count > 0,
        kept=np.ones(len(ratings), bool),
        why=("",) * len(ratings.raters),
        notes=_notes(ratings, found),
    )


def _iterate(ratings: Ratings, copies: Floats | None, *, tolerance: float) -> _Solution:
    """Alternating projections, as in annex E: quality, bias and inconsistency in turn."""
    size, people = len(ratings.stimuli), len(ratings.raters)
    stimulus, rater, value = ratings.stimulus, ratings.rater, ratings.value
    drawn = None if copies is None else copies[rater]
    count = ratings.by_rater()
    few = (count > 0) & (count < _FEWEST_FOR_WEIGHT)
    if few[count > 0].all():
        few[:] = False
    quality = mean_by(stimulus, value, size, drawn)
    bias = mean_by(rater, value - quality[stimulus], people)
    inconsistency = np.full(people, np.nan)
    iterations = 0
    while iterations < _ITERATIONS:
        before = quality
        rest = value - quality[stimulus] - bias[rater]
        inconsistency = spread_by(rater, rest, people, ddof=0)
        if few.any():
            inconsistency[few] = np.sqrt(np.mean(inconsistency[(count > 0) & ~few] ** 2))
        weight = (1.0 / (inconsistency**2 + _EPSILON))[rater]
        if drawn is not None:
            weight = weight * drawn
        quality = mean_by(stimulus, value - bias[rater], size, weight)
        bias = mean_by(rater, value - quality[stimulus], people)
        iterations += 1
        if np.sqrt(np.nansum((before - quality) ** 2)) < tolerance:
            break
    known = np.isfinite(bias) & ~few
    share = known.astype(np.float64) if copies is None else copies * known
    mean_bias = float(np.sum(np.nan_to_num(bias) * share) / share.sum())
    return _Solution(quality + mean_bias, bias - mean_bias, inconsistency, iterations)


def _notes(ratings: Ratings, found: _Solution) -> tuple[str, ...]:
    notes = []
    known = found.inconsistency[np.isfinite(found.inconsistency)]
    usual = float(np.sqrt(np.mean(known**2))) if len(known) else 0.0
    followed = [
        name
        for name, size in zip(ratings.raters, found.inconsistency, strict=True)
        if usual > 1e-6 * ratings.width and size < _COLLAPSED * usual
    ]
    if followed:
        notes.append(
            f"The estimate follows {', '.join(followed)} and hardly anybody else, as P.910 can "
            "with few raters or few ratings: compare it with the plain MOS."
        )
    if found.iterations >= _ITERATIONS:
        notes.append(f"P.910 had not settled after {_ITERATIONS} rounds.")
    return tuple(notes)


def analytic_half_width(ratings: Ratings, result: Estimate) -> Floats:
    """(E,) half width of sureal's own 95 % interval, for comparison; NaN where undefined.

    P.910: 1.96 times the spread (n) of a stimulus' ratings around its quality over sqrt(n);
    the others: with the spread (n - 1). It takes raters as given, so that their common bias is
    not in it: `fiqa_studio.study.bootstrap` draws raters.
    """
    n = result.n
    spread = result.sd
    if result.method is MosMethod.P910:
        rest = ratings.value - result.mos[ratings.stimulus] - result.bias[ratings.rater]
        spread = spread_by(ratings.stimulus, rest, len(ratings.stimuli), ddof=0)
    half: Floats = 1.95996 * spread / np.sqrt(np.where(n > 0, n, np.nan))
    return half
