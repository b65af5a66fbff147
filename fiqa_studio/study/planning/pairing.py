"""Pair comparison: which pairs to show next, and whether all stimuli are connected.

Strengths follow the Bradley-Terry model with a weak normal prior, so that they are finite for any
outcome; "no difference" is half a win for each. The next pairs are those whose outcome is least
known: p(1-p) times the variance of the difference, the information that the answer brings.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fiqa_studio.study.planning.chance import Chance

_PRIOR_VARIANCE = 4.0
_MOST_STEPS = 100


@dataclass(frozen=True, slots=True)
class Compared:
    """One comparison: 1 ``first`` is better, -1 ``second``, 0 no difference."""

    first: int
    second: int
    value: float


@dataclass(frozen=True, slots=True)
class Strengths:
    """Where the stimuli stand.

    Attributes:
        mean: (n,) log-strengths, with mean 0.
        covariance: (n, n) of the normal approximation.
    """

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]


def fit(count: int, compared: Iterable[Compared]) -> Strengths:
    """Bradley-Terry by Newton's method; unique, since the prior makes it strictly concave."""
    wins = np.zeros((count, count))
    for one in compared:
        wins[one.first, one.second] += (1.0 + one.value) / 2.0
        wins[one.second, one.first] += (1.0 - one.value) / 2.0
    total = wins + wins.T
    mean = np.zeros(count)
    precision = np.eye(count) / _PRIOR_VARIANCE
    information = precision
    for _ in range(_MOST_STEPS):
        chance = 1.0 / (1.0 + np.exp(-(mean[:, None] - mean[None, :])))
        slope = (wins - total * chance).sum(axis=1) - mean / _PRIOR_VARIANCE
        weight = total * chance * (1.0 - chance)
        information = np.diag(weight.sum(axis=1)) - weight + precision
        step = np.linalg.solve(information, slope)
        # A long step of Newton's may overshoot where all outcomes are one-sided.
        step *= min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-12))
        mean = mean + step
        if float(np.abs(step).max()) < 1e-9:
            break
    return Strengths(mean - mean.mean(), np.linalg.inv(information))


def parts(count: int, pairs: Iterable[tuple[int, int]]) -> list[int]:
    """For each stimulus the smallest one that comparisons connect it with."""
    part = list(range(count))

    def root(i: int) -> int:
        while part[i] != i:
            part[i] = part[part[i]]
            i = part[i]
        return i

    for first, second in pairs:
        low, high = sorted((root(first), root(second)))
        part[high] = low
    return [root(i) for i in range(count)]


def connected(count: int, compared: Iterable[Compared]) -> bool:
    """Whether every stimulus can be ranked against every other."""
    return len(set(parts(count, [(c.first, c.second) for c in compared]))) <= 1


def next_pairs(
    count: int,
    wanted: int,
    compared: Sequence[Compared],
    chance: Chance,
    *,
    seen: Iterable[tuple[int, int]] = (),
    apart: Iterable[tuple[int, int]] = (),
) -> list[tuple[int, int]]:
    """The pairs of one round for one rater: first what connects, then what is least known.

    Args:
        count: Number of stimuli.
        wanted: Number of pairs; fewer come where this rater has seen nearly all.
        compared: All comparisons so far, of all raters.
        chance: Breaks ties, and decides which of a pair comes first.
        seen: Pairs that this rater has seen.
        apart: Pairs that are never shown.
    """
    fixed = fit(count, compared)
    taken = {(min(pair), max(pair)) for pair in [*seen, *apart]}
    linked = [(c.first, c.second) for c in compared]
    used = np.zeros(count)
    for one in compared:
        used[[one.first, one.second]] += 1
    gain = _gain(fixed)
    chosen: list[tuple[int, int]] = []
    here = np.zeros(count)
    jitter = np.array([[chance.unit() for _ in range(count)] for _ in range(count)]) * 1e-3
    while len(chosen) < wanted:
        part = np.array(parts(count, [*linked, *chosen]))
        # A stimulus in every pair of a round would bore the rater and starve the others.
        worth = (gain + jitter) / (1.0 + here[:, None] + here[None, :])
        if len(set(part.tolist())) > 1:
            worth = worth + np.where(part[:, None] != part[None, :], 1e3, 0.0)
            worth = worth - 1e-2 * (used[:, None] + used[None, :])
        worth[np.tril_indices(count)] = -np.inf
        for low, high in [*taken, *chosen]:
            worth[low, high] = -np.inf
        best = int(np.argmax(worth))
        first, second = divmod(best, count)
        if worth[first, second] == -np.inf:
            break
        chosen.append((first, second))
        here[[first, second]] += 1
    return [pair if chance.below(2) else (pair[1], pair[0]) for pair in chosen]


def _gain(strengths: Strengths) -> NDArray[np.float64]:
    difference = strengths.mean[:, None] - strengths.mean[None, :]
    chance = 1.0 / (1.0 + np.exp(-difference))
    spread = np.diag(strengths.covariance)
    variance = spread[:, None] + spread[None, :] - 2.0 * strengths.covariance
    gain: NDArray[np.float64] = chance * (1.0 - chance) * np.maximum(variance, 0.0)
    return gain
