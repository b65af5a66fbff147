"""Confidence intervals by drawing raters anew, with the whole analysis on each draw.

The question is what MOS other people of the same kind would have given, so people are drawn, not
ratings: a rater's bias and everything that screening decides vary with him.

Three quarters of the raters are drawn *without* replacement (subsampling; Politis, Romano and
Wolf, 1999; the delete-d jackknife of Shao and Wu, 1989). The usual bootstrap draws some raters
twice, and P.910 takes two equal raters for two who agree: it trusts them without end, and its
intervals come out too wide (measured, see ``docs/studies.md``). The spread over the draws
times sqrt(h / (S - h)), h of S raters being drawn, is the standard error; Student's t of a
stimulus' ratings minus one makes the interval. For the plain MOS of a complete study with all
draws gone through this is exactly the textbook's t SD / sqrt(n).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from math import comb

import numpy as np

from fiqa_studio.study.matrix import Floats, Ints, Ratings
from fiqa_studio.study.mos import Estimate, mos_only
from fiqa_studio.study.numeric import t_quantile
from fiqa_studio.study.screening import LOO_THRESHOLD

SEED = 20_260
"""Fixed, so that the same ratings give the same interval."""

_SHARE = 0.75
_ENOUGH = 1000
_FEWEST = 200
_WORK = 20_000_000
"""Ratings gone through in all draws; a larger study is drawn less often."""


def draws_for(ratings: Ratings) -> int:
    """How often to draw at most: 1000 times, less for large studies, at least 200 times."""
    return int(np.clip(_WORK // max(len(ratings), 1), _FEWEST, _ENOUGH))


def half_widths(
    ratings: Ratings,
    result: Estimate,
    *,
    draws: int | None = None,
    loo_threshold: float = LOO_THRESHOLD,
    seed: int = SEED,
) -> Floats:
    """(E,) half width of the 95 % interval of each MOS, in units of the scale.

    NaN for a stimulus with fewer than two ratings that count.
    """
    error = standard_errors(ratings, result, draws=draws, loo_threshold=loo_threshold, seed=seed)
    half: Floats = t_quantile(0.975, result.n - 1) * error
    return half


def standard_errors(
    ratings: Ratings,
    result: Estimate,
    *,
    draws: int | None = None,
    loo_threshold: float = LOO_THRESHOLD,
    seed: int = SEED,
) -> Floats:
    """(E,) standard error of each MOS over raters; NaN where too few rated.

    All choices of raters are gone through where there are no more than ``draws`` of them (up to
    twelve raters by default); otherwise so many are drawn.
    """
    people = np.flatnonzero(ratings.by_rater() > 0)
    size, most = len(ratings.stimuli), draws_for(ratings) if draws is None else draws
    if len(people) < 2 or most < 1:
        return np.full(size, np.nan)
    some = min(len(people) - 1, max(1, round(_SHARE * len(people))))
    # Around the MOS itself: sums of squares of large numbers would lose the digits.
    count, total, square = np.zeros(size), np.zeros(size), np.zeros(size)
    for chosen in _choices(people, some, most, seed):
        copies = np.zeros(len(ratings.raters))
        copies[chosen] = 1.0
        away = mos_only(ratings, result.method, copies, loo_threshold=loo_threshold) - result.mos
        known = np.isfinite(away)
        away = np.where(known, away, 0.0)
        count += known
        total += away
        square += away * away
    enough = count > 1
    mean = np.divide(total, count, out=np.zeros(size), where=enough)
    variance = np.divide(square, count, out=np.zeros(size), where=enough) - mean * mean
    if comb(len(people), some) > most:
        variance *= count / np.maximum(count - 1, 1)
    scale = some / (len(people) - some)
    error: Floats = np.where(enough, np.sqrt(np.maximum(variance, 0.0) * scale), np.nan)
    return error


def _choices(people: Ints, some: int, most: int, seed: int) -> Iterator[Ints]:
    if comb(len(people), some) <= most:
        for chosen in combinations(people.tolist(), some):
            yield np.array(chosen, dtype=np.int64)
        return
    generator = np.random.default_rng(seed)
    for _ in range(most):
        yield generator.permutation(people)[:some]
