"""Agreement of scores with opinions: PLCC, SRCC, KRCC, RMSE, with bootstrap intervals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from fiqa_training.errors import TrainingError

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Agreement:
    """How well a scorer agrees with labels over n pictures; intervals are 95 % percentile."""

    n: int
    srcc: float
    srcc_ci: tuple[float, float]
    plcc: float
    plcc_ci: tuple[float, float]
    krcc: float
    rmse: float


def srcc(scores: Values, labels: Values) -> float:
    """Spearman's rank order correlation."""
    return plcc(stats.rankdata(scores), stats.rankdata(labels))


def plcc(scores: Values, labels: Values) -> float:
    """Pearson's linear correlation; NaN where either side is constant."""
    a, b = scores - scores.mean(), labels - labels.mean()
    norm = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / norm if norm > 0 else float("nan")


def krcc(scores: Values, labels: Values) -> float:
    """Kendall's rank correlation (tau b)."""
    return float(stats.kendalltau(scores, labels).statistic)


def rmse(scores: Values, labels: Values) -> float:
    """Root mean square difference."""
    return float(np.sqrt(np.mean((scores - labels) ** 2)))


def bootstrap(
    measure: Callable[[Values, Values], float],
    scores: Values,
    labels: Values,
    *,
    draws: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """95 % percentile interval of a measure over resampled pictures."""
    rng = np.random.default_rng(seed)
    picks = rng.integers(len(scores), size=(draws, len(scores)))
    values = np.array([measure(scores[pick], labels[pick]) for pick in picks])
    values = values[np.isfinite(values)]
    if not values.size:
        return float("nan"), float("nan")
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def agreement(scores: npt.ArrayLike, labels: npt.ArrayLike, *, draws: int = 1000) -> Agreement:
    """All the figures at once.

    Raises:
        TrainingError: fewer than three pictures, lengths differ, or a value is not finite.
    """
    a, b = np.asarray(scores, np.float64), np.asarray(labels, np.float64)
    if a.shape != b.shape or a.ndim != 1 or a.size < 3:
        raise TrainingError(
            f"Agreement needs two equal lists of three or more, not {a.shape} {b.shape}."
        )
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise TrainingError("A score or a label is not a finite number.")
    return Agreement(
        n=a.size,
        srcc=srcc(a, b),
        srcc_ci=bootstrap(srcc, a, b, draws=draws),
        plcc=plcc(a, b),
        plcc_ci=bootstrap(plcc, a, b, draws=draws),
        krcc=krcc(a, b),
        rmse=rmse(a, b),
    )
