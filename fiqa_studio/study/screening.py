"""Which ratings and which raters an analysis leaves out, and why.

Every rule takes ``copies``, how often each rater counts: 1 for the study as it is, the number of
times he was drawn in a bootstrap. So the screening is part of what is drawn anew.

Sources: window: GFIQA-20k (IEEE TMM 2023), section III.C; subject rejection: ITU-R BT.500,
section A1-2.3.1 (annex 1), with the bias taken off first: ITU-T P.913, section 12.4.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from fiqa_studio.study.matrix import Floats, Mask, Ratings
from fiqa_studio.study.numeric import FEWEST_PAIRS, divided, mean_by, spread_by, sum_by

LOO_THRESHOLD = 0.75
"""A rater whose ratings go with those of the others less than this is left out by `by_others`."""

_TOLERANCE = 1e-9
"""Of the scale: a rating on the edge of an interval is inside it, whatever the last bit says."""


@dataclass(frozen=True, eq=False)
class Screened:
    """What a rule keeps.

    Attributes:
        ratings: (N,) which ratings make the MOS.
        raters: (S,) which raters do.
        why: (S,) a sentence for each rater who lost something, empty for the others.
    """

    ratings: Mask
    raters: Mask
    why: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Outlying:
    """How often each rater stands apart from the others, as BT.500 counts it.

    Attributes:
        above: (S,) P: ratings at or above the upper limit.
        below: (S,) Q: ratings at or below the lower limit.
        count: (S,) ratings that the rater gave.
        rejected: (S,) (P + Q) / presentations > 5 % and |P - Q| / (P + Q) < 30 %.
    """

    above: Floats
    below: Floats
    count: Floats
    rejected: Mask = field(repr=False)


def everybody(ratings: Ratings) -> Screened:
    """No screening."""
    people = len(ratings.raters)
    return Screened(np.ones(len(ratings), bool), np.ones(people, bool), ("",) * people)


def window(ratings: Ratings, copies: Floats | None = None) -> Screened:
    """The paper's rule: ratings within the mean +- 1 SD (n - 1) of their stimulus, ends included.

    "The length of the interval is two times the standard deviation of all ratings from an image."
    Of honest Gaussian ratings it drops about a third, so it is for comparison with the paper.
    """
    weight = None if copies is None else copies[ratings.rater]
    size = len(ratings.stimuli)
    mean = mean_by(ratings.stimulus, ratings.value, size, weight)
    spread = spread_by(ratings.stimulus, ratings.value, size, ddof=1, weight=weight)
    away = np.abs(ratings.value - mean[ratings.stimulus])
    limit = np.nan_to_num(spread, nan=0.0)[ratings.stimulus]
    kept = away <= limit + _TOLERANCE * ratings.width
    count, left = ratings.by_rater(), ratings.by_rater(kept.astype(np.float64))
    why = tuple(
        f"{n - m:.0f} of {n:.0f} ratings outside the mean ± 1 SD of their picture" if m < n else ""
        for n, m in zip(count, left, strict=True)
    )
    return Screened(kept, left > 0, why)


def outlying(ratings: Ratings, value: Floats, copies: Floats | None = None) -> Outlying:
    """BT.500's counts for ``value`` (N,): the ratings, or the ratings with the bias taken off.

    The limits are 2 SD where the kurtosis of a stimulus says that its ratings are normal (2 to
    4), and sqrt(20) SD elsewhere. A rater's share is of all presentations of the test, as BT.500
    and sureal have it; one who saw less than half of them (a design in batches, where that share
    would reject nobody) is measured by his own. A stimulus on which all agree counts for nobody,
    where sureal counts everybody twice and divides 0 by 0.
    """
    weight = None if copies is None else copies[ratings.rater]
    size, people = len(ratings.stimuli), len(ratings.raters)
    away: Floats = value - mean_by(ratings.stimulus, value, size, weight)[ratings.stimulus]
    square: Floats = away * away
    second = mean_by(ratings.stimulus, square, size, weight)
    fourth = mean_by(ratings.stimulus, square * square, size, weight)
    spread = np.sqrt(second)
    differs = spread > _TOLERANCE * ratings.width
    kurtosis = np.where(differs, divided(fourth, np.where(differs, second**2, 0.0)), np.nan)
    normal = (kurtosis >= 2.0) & (kurtosis <= 4.0)
    limit = (np.where(normal, 2.0, np.sqrt(20.0)) * spread)[ratings.stimulus]
    counts = differs[ratings.stimulus]
    above = sum_by(ratings.rater, (counts & (away >= limit)).astype(np.float64), people)
    below = sum_by(ratings.rater, (counts & (away <= -limit)).astype(np.float64), people)
    both, count = above + below, ratings.by_rater()
    presentations = float(size * (int(ratings.repetition.max(initial=0)) + 1))
    divisor = np.where(count >= presentations / 2, presentations, count)
    lopsided = np.abs(above - below) >= 0.3 * both
    rejected = (both > 0.05 * divisor) & ~lopsided
    if rejected[count > 0].all():
        rejected = np.zeros(people, bool)  # as in sureal: a rule that leaves nobody says nothing
    return Outlying(above, below, count, rejected)


def rejection(ratings: Ratings, value: Floats, copies: Floats | None = None) -> Screened:
    """Raters whom BT.500 leaves out, see `outlying`."""
    found = outlying(ratings, value, copies)
    why = tuple(
        f"BT.500: {p + q:.0f} of {n:.0f} ratings are outlying, {p:.0f} above and {q:.0f} below"
        if rejected
        else ""
        for p, q, n, rejected in zip(
            found.above, found.below, found.count, found.rejected, strict=True
        )
    )
    used = ~found.rejected
    return Screened(used[ratings.rater], used, why)


def by_others(
    ratings: Ratings, threshold: float = LOO_THRESHOLD, copies: Floats | None = None
) -> Screened:
    """Leaves out raters whose ratings do not go with the mean of the others'.

    The worst rater below the threshold goes first, then the correlations are taken anew without
    him: one who rates at random must not cost his honest neighbours. A rater who never varies
    has no correlation and goes too; one with too few ratings to tell stays. Two raters always
    stay: of two who disagree nobody can say who is wrong.
    """
    used = ratings.by_rater() > 0
    if copies is not None:
        used &= copies > 0
    why = [""] * len(ratings.raters)
    while used.sum() > 2:
        correlation, pairs = correlations_with_others(ratings, used=used, copies=copies)
        judged = used & (pairs >= FEWEST_PAIRS)
        score = np.where(np.isnan(correlation), -np.inf, correlation)
        score[~judged] = np.inf
        worst = int(np.argmin(score))
        if not score[worst] < threshold:
            break
        used[worst] = False
        why[worst] = (
            f"goes with the others by {score[worst]:.2f} only, less than {threshold:g}"
            if np.isfinite(score[worst])
            else "gave one and the same rating throughout"
        )
    used |= ratings.by_rater() == 0
    return Screened(used[ratings.rater], used, tuple(why))


def correlations_with_others(
    ratings: Ratings, *, used: Mask | None = None, copies: Floats | None = None
) -> tuple[Floats, Floats]:
    """Pearson correlation of each rater with the mean of all *other* raters' ratings.

    A rater's repetitions are averaged first; stimuli that nobody else rated do not count. Copies
    of a rater are not "others".

    Returns:
        (S,) correlations, NaN where they are undefined, and (S,) the number of stimuli.
    """
    people, size = len(ratings.raters), len(ratings.stimuli)
    weight = np.ones(people) if copies is None else copies.astype(np.float64)
    if used is not None:
        weight = np.where(used, weight, 0.0)
    each = weight[ratings.rater]
    cell = ratings.stimulus * people + ratings.rater
    cells, place = np.unique(cell, return_inverse=True)
    place = place.reshape(-1)
    own_count = sum_by(place, None, len(cells))
    own_total = sum_by(place, ratings.value, len(cells))
    stimulus, rater = cells // people, cells % people
    total = sum_by(ratings.stimulus, each * ratings.value, size)[stimulus]
    count = sum_by(ratings.stimulus, each, size)[stimulus]
    total -= weight[rater] * own_total
    count -= weight[rater] * own_count
    shared = count > 0.5  # numbers of copies are whole
    x = (own_total / own_count)[shared]
    y = total[shared] / count[shared]
    who = rater[shared]
    pairs = sum_by(who, None, people)
    dx = x - mean_by(who, x, people)[who]
    dy = y - mean_by(who, y, people)[who]
    xx = sum_by(who, dx * dx, people)
    yy = sum_by(who, dy * dy, people)
    xy = sum_by(who, dx * dy, people)
    floor = (_TOLERANCE * ratings.width) ** 2 * pairs
    defined = (pairs >= FEWEST_PAIRS) & (xx > floor) & (yy > floor)
    correlation = np.full(people, np.nan)
    np.divide(xy, np.sqrt(xx * yy), out=correlation, where=defined)
    return np.clip(correlation, -1.0, 1.0), pairs
