"""How well a model's scores agree with people's MOS, by ITU-T P.1401, and where they do not.

A model's scale is its own, so its scores are first laid onto the MOS by the cubic polynomial of
least squares that does not fall within their range (P.1401, clause 7.3). Ranks need no mapping.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fiqa_studio.study.errors import StudyError
from fiqa_studio.study.matrix import Floats
from fiqa_studio.study.numeric import (
    f_tail,
    normal_quantile,
    normal_two_sided,
    pearson,
    spearman,
)

_DEGREES = 4
"""Coefficients of the mapping: what it takes from the degrees of freedom."""

_FEWEST = 6
_STEPS = 400


@dataclass(frozen=True, eq=False)
class Mapping:
    """A cubic polynomial of a score, rising over the scores that it was fitted to.

    Attributes:
        low: The lowest of those scores.
        high: The highest.
        coefficients: (4,) of 1, t, t^2, t^3, with t = (score - low) / (high - low).
    """

    low: float
    high: float
    coefficients: Floats

    def __call__(self, score: Floats) -> Floats:
        """Scores on the scale of the MOS; beyond the fitted range it stays at its ends."""
        t = np.clip((score - self.low) / (self.high - self.low), 0.0, 1.0)
        mapped: Floats = _powers(t) @ self.coefficients
        return mapped


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """A model against a MOS.

    Attributes:
        n: Stimuli with both.
        srcc: Spearman's correlation; None where one side does not vary.
        plcc: Pearson's correlation after the mapping.
        plcc_ci95: Its 95 % interval, by Fisher's z.
        rmse: Root mean square error after the mapping, over n - 4; units of the MOS.
        rmse_epsilon: The same of the errors beyond the MOS' own intervals (RMSE*).
        outlier_ratio: Share of errors beyond the MOS' own intervals.
        outlier_error: Standard error of that share.
        mapping: What the scores were laid onto the MOS by.
    """

    n: int
    srcc: float | None
    plcc: float | None
    plcc_ci95: tuple[float, float] | None
    rmse: float
    rmse_epsilon: float | None
    outlier_ratio: float | None
    outlier_error: float | None
    mapping: Mapping


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Whether two models on the same stimuli differ: two-sided p-values of P.1401's tests."""

    plcc: float | None
    rmse: float
    outlier_ratio: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """A stimulus on which model and people differ; units of the MOS.

    Attributes:
        name: The stimulus.
        mos: What people say.
        predicted: What the model says, on their scale.
        difference: ``predicted - mos``.
        beyond: How far the two intervals lie apart; 0 where they meet.
    """

    name: str
    mos: float
    predicted: float
    difference: float
    beyond: float


def compare(score: Floats, mos: Floats, half_width: Floats | None = None) -> Agreement:
    """Compare a model's scores with a MOS.

    Args:
        score: (E,) the model's, NaN where it has none; higher is better.
        mos: (E,) people's, NaN where there is none.
        half_width: (E,) of the 95 % interval of the MOS; NaN where unknown.

    Raises:
        StudyError: ``compare.few``: fewer than six stimuli have both, or the scores do not vary.
    """
    both = np.isfinite(score) & np.isfinite(mos)
    x, y = score[both], mos[both]
    mapping = fit_mapping(x, y)
    error = np.abs(mapping(x) - y)
    plcc = pearson(mapping(x), y)
    degrees = len(x) - _DEGREES
    known = np.zeros(len(x), dtype=bool) if half_width is None else np.isfinite(half_width[both])
    epsilon = ratio = deviation = None
    if half_width is not None and known.sum() > _DEGREES:
        beyond = np.maximum(error[known] - half_width[both][known], 0.0)
        epsilon = float(np.sqrt((beyond**2).sum() / (known.sum() - _DEGREES)))
        ratio = float(np.mean(beyond > 0))
        deviation = float(np.sqrt(ratio * (1 - ratio) / known.sum()))
    return Agreement(
        n=len(x),
        srcc=spearman(x, y),
        plcc=plcc,
        plcc_ci95=None if plcc is None else _fisher(plcc, len(x)),
        rmse=float(np.sqrt((error**2).sum() / degrees)),
        rmse_epsilon=epsilon,
        outlier_ratio=ratio,
        outlier_error=deviation,
        mapping=mapping,
    )


def differ(first: Agreement, second: Agreement) -> Difference:
    """Test two models that were compared with the MOS of the same stimuli (P.1401, clause 7.6).

    The recommendation's tests take the two as independent, which models on the same stimuli are
    not: a difference that they find is one, and one that they miss may be one all the same.

    Raises:
        StudyError: ``compare.stimuli``: they were compared on different numbers of stimuli.
    """
    if first.n != second.n:
        raise StudyError(
            "The two models were not compared on the same stimuli.", code="compare.stimuli"
        )
    n = first.n
    plcc = None
    if first.plcc is not None and second.plcc is not None:
        edge = 1 - 1e-15
        z = [np.arctanh(np.clip(r, -edge, edge)) for r in (first.plcc, second.plcc)]
        plcc = normal_two_sided(float(z[0] - z[1]) / np.sqrt(2.0 / (n - 3)))
    worse, better = sorted((first.rmse, second.rmse), reverse=True)
    rmse = 1.0
    if worse > 0:
        f = (worse / better) ** 2 if better > 0 else np.inf
        rmse = min(1.0, 2.0 * f_tail(f, n - _DEGREES, n - _DEGREES)) if np.isfinite(f) else 0.0
    ratio = None
    if first.outlier_ratio is not None and second.outlier_ratio is not None:
        mean = (first.outlier_ratio + second.outlier_ratio) / 2
        error = np.sqrt(mean * (1 - mean) * 2.0 / n)
        gap = first.outlier_ratio - second.outlier_ratio
        ratio = normal_two_sided(gap / error) if error > 0 else 1.0
    return Difference(plcc=plcc, rmse=rmse, outlier_ratio=ratio)


def disagreements(
    names: Sequence[str],
    score: Floats,
    mos: Floats,
    *,
    half_width: Floats,
    spread: Floats | None = None,
    mapping: Mapping | None = None,
) -> list[Disagreement]:
    """Stimuli by how far model and people are apart, beyond both intervals; the farthest first.

    Args:
        names: E names.
        score: (E,) the model's, NaN where it has none.
        mos: (E,) people's.
        half_width: (E,) of the interval of the MOS, NaN where unknown (then 0 is taken).
        spread: (E,) half width of the interval of the score, in the model's units; None: none.
        mapping: Onto the scale of the MOS; None: the scores are on it.
    """
    known = np.flatnonzero(np.isfinite(score) & np.isfinite(mos))
    own = np.zeros(len(score)) if spread is None else np.nan_to_num(spread)
    place = mapping if mapping is not None else _unchanged
    predicted, below, above = place(score), place(score - own), place(score + own)
    half = np.nan_to_num(half_width)
    apart = np.maximum(below - (mos + half), (mos - half) - above)
    found = [
        Disagreement(
            name=names[i],
            mos=float(mos[i]),
            predicted=float(predicted[i]),
            difference=float(predicted[i] - mos[i]),
            beyond=float(max(0.0, apart[i])),
        )
        for i in known
    ]
    return sorted(found, key=lambda one: (-one.beyond, -abs(one.difference), one.name))


# --- the mapping ----------------------------------------------------------------------------


def fit_mapping(score: Floats, mos: Floats) -> Mapping:
    """The cubic of least squares among those that do not fall between the scores' ends.

    Its slope is a quadratic that must not be negative on [0, 1]. Either the free optimum has such
    a slope, or the best one is on the edge of what is allowed: the slope is 0 at an end, at both,
    or touches 0 within as c (t - t0)^2. Each case is a linear problem (the last one for each t0).

    Raises:
        StudyError: ``compare.few``.
    """
    if len(score) < _FEWEST or not np.ptp(score) > 0:
        raise StudyError(
            f"A comparison takes at least {_FEWEST} stimuli with a MOS and different scores.",
            cause=f"There are {len(score)}.",
            code="compare.few",
        )
    low, high = float(score.min()), float(score.max())
    powers = _powers((score - low) / (high - low))
    free = _solve(powers, np.eye(4), mos)
    if _rises(free):
        return Mapping(low, high, free)
    one, t, square, cube = np.eye(4)
    cases = [
        np.stack([one, square, cube]),  # flat at the lower end
        np.stack([one, t - cube / 3, square - cube * 2 / 3]),  # flat at the upper end
        np.stack([one, 3 * square - 2 * cube]),  # flat at both
        np.stack([one]),
    ]
    cases += [_touching(t0) for t0 in np.linspace(0.0, 1.0, _STEPS + 1)]
    best = _best(powers, cases, mos)
    # The touching point once more, finely, around the best one.
    slope = _slope(best)
    if slope[2] > 0:
        t0 = -slope[1] / (2 * slope[2])
        near = np.linspace(max(0.0, t0 - 1 / _STEPS), min(1.0, t0 + 1 / _STEPS), _STEPS + 1)
        best = _best(powers, [*cases[:4], *map(_touching, near)], mos)
    return Mapping(low, high, best)


def _touching(t0: float) -> Floats:
    """1 and the integral of (t - t0)^2, as coefficients of the powers."""
    return np.array([[1.0, 0, 0, 0], [0.0, t0 * t0, -t0, 1.0 / 3.0]])


def _best(powers: Floats, cases: Sequence[Floats], mos: Floats) -> Floats:
    best, least = np.array([mos.mean(), 0.0, 0.0, 0.0]), float(((mos - mos.mean()) ** 2).sum())
    for basis in cases:
        found = _solve(powers, basis, mos)
        error = float(((powers @ found - mos) ** 2).sum())
        if error < least and _rises(found):
            best, least = found, error
    return best


def _solve(powers: Floats, basis: Floats, mos: Floats) -> Floats:
    weights = np.linalg.lstsq(powers @ basis.T, mos, rcond=None)[0]
    return np.asarray(weights @ basis, dtype=np.float64)


def _rises(coefficients: Floats) -> bool:
    """Whether the slope is nowhere negative on [0, 1]: at its ends, and where it is least."""
    slope = _slope(coefficients)
    places = [0.0, 1.0]
    if slope[2] > 0:
        places.append(float(np.clip(-slope[1] / (2 * slope[2]), 0.0, 1.0)))
    size = float(np.abs(slope).max())
    return all(slope[0] + slope[1] * t + slope[2] * t * t >= -1e-9 * size for t in places)


def _slope(coefficients: Floats) -> Floats:
    slope: Floats = coefficients[1:] * np.array([1.0, 2.0, 3.0])
    return slope


def _powers(t: Floats) -> Floats:
    return np.stack([np.ones_like(t), t, t * t, t * t * t], axis=-1)


def _unchanged(score: Floats) -> Floats:
    return score


def _fisher(plcc: float, n: int) -> tuple[float, float]:
    z = np.arctanh(np.clip(plcc, -1 + 1e-15, 1 - 1e-15))
    half = normal_quantile(0.975) / np.sqrt(n - 3)
    return float(np.tanh(z - half)), float(np.tanh(z + half))
