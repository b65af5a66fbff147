"""Pair comparison: qualities from who was preferred to whom (Bradley and Terry, 1952).

P(i over j) = 1 / (1 + exp(q_j - q_i)). "No difference" counts as half a win for each. The
qualities are found by Hunter's MM algorithm (2004); a stimulus that always won would run to
infinity, so each compared pair gets a little of a draw beforehand, as `choix` and others do.
What nobody compared, directly or by way of others, cannot be placed on one scale: the parts are
said, and each is centred on its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from fiqa_studio.study.errors import StudyError
from fiqa_studio.study.matrix import Floats, Ints
from fiqa_studio.study.numeric import normal_quantile

PRIOR = 0.1
"""Draws added to each compared pair."""

_ROUNDS = 10_000
_SETTLED = 1e-10


@dataclass(frozen=True, slots=True)
class Pair:
    """One comparison: ``outcome`` is 1 for the first, -1 for the second, 0 for no difference."""

    first: str
    second: str
    outcome: float
    rater: str = ""


@dataclass(frozen=True, eq=False, kw_only=True)
class PairResult:
    """Qualities of E stimuli, in logits; differences mean something, the zero does not.

    Attributes:
        stimuli: E names.
        quality: (E,) with mean 0 in each part.
        half_width: (E,) of the 95 % interval against the part's mean; NaN for a stimulus alone.
        wins: (E,) comparisons won, a draw as a half.
        compared: (E,) comparisons.
        part: (E,) number of the part that a stimulus is connected to, from 0.
        agreement: Share of the raters' clear answers that the qualities reproduce.
    """

    stimuli: tuple[str, ...]
    quality: Floats
    half_width: Floats
    wins: Floats
    compared: Floats
    part: Ints
    agreement: float | None

    @property
    def connected(self) -> bool:
        """Whether all stimuli are on one scale."""
        return bool((self.part == 0).all())


def bradley_terry(
    pairs: Iterable[Pair], stimuli: Iterable[str] = (), *, prior: float = PRIOR
) -> PairResult:
    """Analyse comparisons.

    Args:
        pairs: The comparisons.
        stimuli: Those which are there whether anybody compared them or not.
        prior: Draws added to each compared pair; 0 only where nobody always won.

    Raises:
        StudyError: ``study.no-ratings``: there are no comparisons.
        ValueError: A stimulus was compared with itself, or an outcome is none of -1, 0, 1.
    """
    places = {name: i for i, name in enumerate(dict.fromkeys(stimuli))}
    found = list(pairs)
    if not found:
        raise StudyError("There are no comparisons to analyse.", code="study.no-ratings")
    for pair in found:
        if pair.first == pair.second or pair.outcome not in {-1, 0, 1}:
            raise ValueError(f"no comparison: {pair}")
        for name in (pair.first, pair.second):
            places.setdefault(name, len(places))
    size = len(places)
    first = np.array([places[pair.first] for pair in found])
    second = np.array([places[pair.second] for pair in found])
    share = np.array([(pair.outcome + 1.0) / 2.0 for pair in found])
    won = np.zeros((size, size))
    np.add.at(won, (first, second), share)
    np.add.at(won, (second, first), 1.0 - share)
    met = won + won.T
    part = _parts(met > 0)
    padded = won + (prior / 2.0) * (met > 0)
    quality = _maximise(padded, part)
    clear = share != 0.5
    right = (quality[first] > quality[second]) == (share > 0.5)
    return PairResult(
        stimuli=tuple(places),
        quality=quality,
        half_width=normal_quantile(0.975) * _errors(padded, quality, part),
        wins=won.sum(axis=1),
        compared=met.sum(axis=1),
        part=part,
        agreement=float(right[clear].mean()) if clear.any() else None,
    )


def _parts(linked: np.ndarray[tuple[int, int], np.dtype[np.bool_]]) -> Ints:
    """(E,) number of the connected part, the first stimulus' being 0."""
    part = np.full(len(linked), -1, dtype=np.int64)
    number = 0
    for start in range(len(linked)):
        if part[start] >= 0:
            continue
        front = np.zeros(len(linked), dtype=bool)
        front[start] = True
        reached = front.copy()
        while front.any():
            front = linked[front].any(axis=0) & ~reached
            reached |= front
        part[reached] = number
        number += 1
    return part


def _maximise(won: Floats, part: Ints) -> Floats:
    met, wins = won + won.T, won.sum(axis=1)
    alone = met.sum(axis=1) == 0
    strength = np.ones(len(won))
    for _ in range(_ROUNDS):
        below = (met / (strength[:, None] + strength[None, :])).sum(axis=1)
        following = np.where(alone, 1.0, wins / np.where(alone, 1.0, below))
        following = np.maximum(following, 1e-300)
        logs = _centred(np.log(following), part)
        moved = np.abs(logs - np.log(strength)).max()
        strength = np.exp(logs)
        if moved < _SETTLED:
            break
    return _centred(np.log(strength), part)


def _centred(quality: Floats, part: Ints) -> Floats:
    mean = np.bincount(part, quality) / np.bincount(part)
    centred: Floats = quality - mean[part]
    return centred


def _errors(won: Floats, quality: Floats, part: Ints) -> Floats:
    """(E,) standard errors against the mean of the part, from the Fisher information."""
    met = won + won.T
    ahead = 1.0 / (1.0 + np.exp(quality[None, :] - quality[:, None]))
    information = -met * ahead * (1.0 - ahead)
    np.fill_diagonal(information, 0.0)
    np.fill_diagonal(information, -information.sum(axis=1))
    errors = np.full(len(quality), np.nan)
    for number in range(int(part.max()) + 1):
        own = np.flatnonzero(part == number)
        if len(own) > 1:
            inverse = np.linalg.pinv(information[np.ix_(own, own)], hermitian=True)
            errors[own] = np.sqrt(np.maximum(np.diag(inverse), 0.0))
    return errors
