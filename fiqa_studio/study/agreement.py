"""How well a panel agrees as a whole, and how many more raters a wanted interval takes.

Sources: ICC(2,k): Shrout and Fleiss (1979), intervals by McGraw and Wong (1996). Alpha:
Krippendorff, Content Analysis (2004), chapter 11. SOS: Hossfeld, Schatz and Egger (2011).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fiqa_studio.study.matrix import Floats, Ratings
from fiqa_studio.study.mos import Estimate
from fiqa_studio.study.numeric import f_quantile, sum_by, t_quantile

_MOST_LEVELS = 200
"""More different values than this are a continuous scale: ordinal alpha is not asked for."""

_MOST_RATERS = 10_000


@dataclass(frozen=True, kw_only=True)
class Icc:
    """Intraclass correlation, two-way random, absolute agreement.

    Attributes:
        single: ICC(2,1): of one rater.
        average: ICC(2,k): of the mean of k raters, the reliability of the MOS.
        low: Lower end of the 95 % interval of ``average``.
        high: Upper end.
        stimuli: Stimuli that went in: those which all of the k raters rated.
        raters: k.
    """

    single: float
    average: float
    low: float
    high: float
    stimuli: int
    raters: int


@dataclass(frozen=True, kw_only=True)
class Sos:
    """The SOS hypothesis: variance = a x (high - MOS) x (MOS - low).

    Attributes:
        a: 0: all agree; 1: they say the ends only. Studies of pictures lie around 0.04-0.2.
        rmse: How far the variances lie from the curve, in squared units of the scale.
    """

    a: float
    rmse: float


@dataclass(frozen=True, kw_only=True)
class Convergence:
    """The mean half width of the 95 % interval with more and more raters; units of the scale.

    Attributes:
        raters: 2, 3, … as many as there are.
        half_width: Mean over the stimuli, and over random choices of so many raters.
    """

    raters: tuple[int, ...]
    half_width: tuple[float, ...]


def icc(ratings: Ratings) -> Icc | None:
    """ICC(2,1) and ICC(2,k) over the stimuli that all raters rated; None where there are none.

    Repetitions are averaged first. Raters who rated less than half as many stimuli as the most
    diligent one are left out, or one who quit early would leave no complete stimulus.
    """
    table = ratings.table()
    rated = np.isfinite(table).sum(axis=0)
    table = table[:, rated * 2 >= max(int(rated.max(initial=0)), 1)]
    table = table[np.isfinite(table).all(axis=1)]
    n, k = table.shape
    if n < 2 or k < 2:
        return None
    grand = table.mean()
    rows = k * float(((table.mean(axis=1) - grand) ** 2).sum()) / (n - 1)
    columns = n * float(((table.mean(axis=0) - grand) ** 2).sum()) / (k - 1)
    rest = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0, keepdims=True) + grand
    error = float((rest**2).sum()) / ((n - 1) * (k - 1))
    bottom_single = rows + (k - 1) * error + k * (columns - error) / n
    bottom_average = rows + (columns - error) / n
    if min(rows, bottom_single, bottom_average) <= 1e-12 * max(1.0, grand**2):
        return None  # nobody varies: agreement is undefined
    single, average = (rows - error) / bottom_single, (rows - error) / bottom_average
    low, high = _icc_interval(rows, columns, error, single, n, k)
    return Icc(single=single, average=average, low=low, high=high, stimuli=n, raters=k)


def _icc_interval(
    rows: float, columns: float, error: float, single: float, n: int, k: int
) -> tuple[float, float]:
    """95 % interval of ICC(2,k) (McGraw and Wong, table 7; Satterthwaite's degrees of freedom)."""
    if error <= 0:
        return 1.0, 1.0
    ratio = columns / error
    above = (k - 1) * (n - 1) * (k * single * ratio + n * (1 + (k - 1) * single) - k * single) ** 2
    below = (n - 1) * (k * single * ratio) ** 2 + (n * (1 + (k - 1) * single) - k * single) ** 2
    v = above / below
    f_low, f_high = f_quantile(0.975, n - 1, v), f_quantile(0.975, v, n - 1)
    shared = k * columns + (k * n - k - n) * error
    low = n * (rows - f_low * error) / (f_low * shared + n * rows)
    high = n * (f_high * rows - error) / (shared + n * f_high * rows)
    return low * k / (1 + low * (k - 1)), high * k / (1 + high * (k - 1))


def alpha(ratings: Ratings, *, ordinal: bool = False) -> float | None:
    """Krippendorff's alpha, with the interval metric or the ordinal one; missing ratings are fine.

    Repetitions are averaged first: a rater's agreement with himself is none with others.

    Returns:
        At most 1 (all agree); 0 is what chance gives; None where nobody varies, nothing was rated
        by two people, or an ordinal alpha is asked of a continuous scale.
    """
    table = ratings.table()
    table = table[np.isfinite(table).sum(axis=1) >= 2]
    if not table.size:
        return None
    return _ordinal_alpha(table) if ordinal else _interval_alpha(table)


def _interval_alpha(table: Floats) -> float | None:
    present = np.isfinite(table)
    value = np.where(present, table - table[present].mean(), 0.0)
    m = present.sum(axis=1).astype(np.float64)
    total = m.sum()
    # The sum over ordered pairs of (a - b)^2 is 2 (m sum x^2 - (sum x)^2).
    observed = float(
        (2 * (m * (value**2).sum(axis=1) - value.sum(axis=1) ** 2) / (m - 1)).sum() / total
    )
    expected = float(2 * (total * (value**2).sum() - value.sum() ** 2) / (total * (total - 1)))
    if expected <= 1e-12 * max(1.0, float(np.abs(table[present]).max()) ** 2):
        return None
    return 1.0 - observed / expected


def _ordinal_alpha(table: Floats) -> float | None:
    present = np.isfinite(table)
    levels, place = np.unique(table[present], return_inverse=True)
    if not 2 <= len(levels) <= _MOST_LEVELS:
        return None
    counts = np.zeros((len(table), len(levels)))
    np.add.at(counts, (np.nonzero(present)[0], place.reshape(-1)), 1.0)
    m = counts.sum(axis=1)
    weighed = counts / (m - 1)[:, None]
    coincidence = weighed.T @ counts - np.diag(weighed.sum(axis=0))
    margin = coincidence.sum(axis=0)
    middle = np.cumsum(margin) - margin / 2
    distance = (middle[:, None] - middle[None, :]) ** 2
    total = margin.sum()
    observed = float((coincidence * distance).sum() / total)
    expected = float((np.outer(margin, margin) * distance).sum() / (total * (total - 1)))
    return 1.0 - observed / expected


def sos(ratings: Ratings, result: Estimate) -> Sos | None:
    """Least squares fit of the SOS hypothesis; None without two stimuli that have a variance."""
    known = np.isfinite(result.sd) & np.isfinite(result.mos)
    mos, variance = result.mos[known], result.sd[known] ** 2
    curve = (ratings.high - mos) * (mos - ratings.low)
    size = float((curve**2).sum())
    if known.sum() < 2 or size <= 1e-12 * ratings.width**4:
        return None
    a = float((curve * variance).sum()) / size
    return Sos(a=a, rmse=float(np.sqrt(np.mean((variance - a * curve) ** 2))))


def convergence(ratings: Ratings, *, choices: int = 20, seed: int = 0) -> Convergence:
    """The interval of the plain MOS when fewer of these raters had rated."""
    generator = np.random.default_rng(seed)
    table = ratings.table()
    table = table[:, np.isfinite(table).any(axis=0)]
    people = table.shape[1]
    steps, widths = [], []
    for k in range(2, people + 1):
        found = []
        for _ in range(choices if k < people else 1):
            some = table[:, generator.permutation(people)[:k]]
            found.append(_mean_half_width(some))
        known = [width for width in found if np.isfinite(width)]
        if known:
            steps.append(k)
            widths.append(float(np.mean(known)))
    return Convergence(raters=tuple(steps), half_width=tuple(widths))


def _mean_half_width(table: Floats) -> float:
    present = np.isfinite(table)
    n = present.sum(axis=1).astype(np.float64)
    some = n >= 2
    if not some.any():
        return float("nan")
    value, n, present = table[some], n[some], present[some]
    mean = np.where(present, value, 0.0).sum(axis=1) / n
    square = np.where(present, value - mean[:, None], 0.0) ** 2
    spread = np.sqrt(square.sum(axis=1) / (n - 1))
    return float(np.mean(t_quantile(0.975, n - 1) * spread / np.sqrt(n)))


def raters_needed(sd: float, half_width: float) -> int:
    """How many ratings a stimulus needs until its 95 % interval is so narrow.

    Args:
        sd: Standard deviation of the ratings of a stimulus, such as the median over a study.
        half_width: The wanted half width, in the same units.

    Returns:
        At least 2, at most `_MOST_RATERS`.

    Raises:
        ValueError: The half width is not above zero.
    """
    if not half_width > 0:
        raise ValueError("an interval has a width above zero")
    n = np.arange(2, _MOST_RATERS + 1, dtype=np.float64)
    enough = t_quantile(0.975, n - 1) * sd / np.sqrt(n) <= half_width
    return int(n[np.argmax(enough)]) if enough.any() else _MOST_RATERS


def median_sd(result: Estimate) -> float | None:
    """The median standard deviation over the stimuli; None where none has one."""
    known = result.sd[np.isfinite(result.sd)]
    return float(np.median(known)) if len(known) else None


def ratings_per_stimulus(ratings: Ratings) -> tuple[int, float, int]:
    """Fewest, mean and most ratings a stimulus."""
    count = sum_by(ratings.stimulus, None, len(ratings.stimuli))
    return int(count.min()), float(count.mean()), int(count.max())
