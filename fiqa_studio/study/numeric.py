"""The few formulas that every statistic of a study stands on.

Quantiles come from `scipy.special`, which is loaded when the first one is asked for: the window
shows before that.
"""

from __future__ import annotations

import numpy as np

from fiqa_studio.study.matrix import Floats, Ints

FEWEST_PAIRS = 3
"""Two points always lie on a line: no correlation of fewer."""

_FLAT = 1e-9
"""A spread below this share of the values' size is a rounding error, not a spread."""


def pearson(x: Floats, y: Floats) -> float | None:
    """Linear correlation of two (n,) arrays; None where it is undefined.

    Undefined: fewer than `FEWEST_PAIRS` values, or one side does not vary.
    """
    if len(x) < FEWEST_PAIRS:
        return None
    dx, dy = x - x.mean(), y - y.mean()
    sx, sy = float(np.sqrt((dx**2).sum())), float(np.sqrt((dy**2).sum()))
    if sx <= _FLAT * _size(x) or sy <= _FLAT * _size(y):
        return None
    return float(np.clip((dx * dy).sum() / sx / sy, -1.0, 1.0))


def spearman(x: Floats, y: Floats) -> float | None:
    """Rank correlation of two (n,) arrays, ties at their mean rank; None as `pearson`."""
    return pearson(ranks(x), ranks(y))


def ranks(x: Floats) -> Floats:
    """Ranks from 1, equal values at their mean rank."""
    _, place, count = np.unique(x, return_inverse=True, return_counts=True)
    last = np.cumsum(count).astype(np.float64)
    mean: Floats = (last - (count - 1) / 2.0)[place.reshape(-1)]
    return mean


def sum_by(index: Ints, value: Floats | None, size: int) -> Floats:
    """(size,) sum of the values of each index; without values, their number."""
    return np.bincount(index, value, size).astype(np.float64)


def mean_by(index: Ints, value: Floats, size: int, weight: Floats | None = None) -> Floats:
    """(size,) weighted mean of the values of each index; NaN where there is none."""
    weighed = value if weight is None else value * weight
    return divided(sum_by(index, weighed, size), sum_by(index, weight, size))


def spread_by(
    index: Ints, value: Floats, size: int, *, ddof: int, weight: Floats | None = None
) -> Floats:
    """(size,) standard deviation of the values of each index.

    NaN where there are no more than ``ddof`` values. Weights are numbers of copies.
    """
    away: Floats = value - mean_by(index, value, size, weight)[index]
    square: Floats = away * away
    weighed = square if weight is None else weight * square
    total, count = sum_by(index, weighed, size), sum_by(index, weight, size)
    spread: Floats = np.sqrt(divided(total, count - ddof))
    return spread


def divided(total: Floats, count: Floats) -> Floats:
    """``total / count``, NaN where the count is not above zero."""
    result = np.full(np.shape(total), np.nan)
    np.divide(total, count, out=result, where=count > 0)
    return result


def finite(value: float) -> float | None:
    """A number for JSON and tables: None where it is undefined."""
    return float(value) if np.isfinite(value) else None


def t_quantile(share: float, degrees: Floats | float) -> Floats:
    """Student's t below which ``share`` lies; NaN without a degree of freedom."""
    from scipy.special import stdtrit  # noqa: PLC0415 - see above

    given = np.asarray(degrees, dtype=np.float64)
    result = np.full(given.shape, np.nan)
    some = given > 0
    result[some] = stdtrit(given[some], share)
    return result


def normal_quantile(share: float) -> float:
    """The standard normal value below which ``share`` lies."""
    from scipy.special import ndtri  # noqa: PLC0415 - see above

    return float(ndtri(share))


def normal_two_sided(z: float) -> float:
    """Probability of a standard normal value at least as far from 0 as ``z``."""
    from scipy.special import ndtr  # noqa: PLC0415 - see above

    return float(2.0 * ndtr(-abs(z)))


def f_quantile(share: float, numerator: float, denominator: float) -> float:
    """Fisher's F below which ``share`` lies."""
    from scipy.special import fdtri  # noqa: PLC0415 - see above

    return float(fdtri(numerator, denominator, share))


def f_tail(f: float, numerator: float, denominator: float) -> float:
    """Probability of an F above ``f``."""
    from scipy.special import fdtrc  # noqa: PLC0415 - see above

    return float(fdtrc(numerator, denominator, f))


def _size(x: Floats) -> float:
    return float(np.sqrt((x**2).sum()))
