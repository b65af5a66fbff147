"""Figures of a scorer by group of people: is one group scored worse, or lower for nothing?

A person's pictures are alike, so people, not pictures, are drawn for every interval (95 %,
percentile bootstrap). A slice of fewer than ten people gets means alone: no SRCC, no interval.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fiqa_training.data.samples import Sample
from fiqa_training.evaluation.metrics import Values, srcc

FEWEST = 10
"""People below which a slice is too small for a correlation."""

THIRDS = ("lowest third", "middle third", "highest third")
_DRAWS, _SHUFFLES = 1000, 2000


@dataclass(frozen=True)
class Person:
    """One person's pictures.

    Attributes:
        scores: (N,) in [0, 1], the clean picture first.
        labels: (N,) pseudo-MOS in [0, 1].
        falling: steps of growing severity in which the score fell.
        steps: all such steps.
    """

    scores: Values
    labels: Values
    falling: int
    steps: int

    @property
    def clean_error(self) -> float:
        """Score less label of the clean picture."""
        return float(self.scores[0] - self.labels[0])


@dataclass(frozen=True)
class Slice:
    """A group of people.

    Attributes:
        name: what they share.
        members: their places in the list of people.
        extent: least and greatest measured value, where the group is a range.
    """

    name: str
    members: tuple[int, ...]
    extent: tuple[float, float] | None = None


def person(samples: Sequence[Sample], scores: Values, labels: Values) -> Person:
    """Bundle a person's pictures; steps run from the clean picture through each growing series.

    Args:
        samples: the clean one first; those of one kind and seed are one scene growing worse.
        scores: of the pictures, in their order.
        labels: likewise.
    """
    series: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for sample, score in zip(samples[1:], scores[1:], strict=True):
        series.setdefault((sample.kind, sample.seed), []).append((sample.severity, float(score)))
    falling = steps = 0
    for each in series.values():
        path = [float(scores[0]), *(score for _, score in sorted(each))]
        falling += sum(after < before for before, after in itertools.pairwise(path))
        steps += len(path) - 1
    return Person(np.asarray(scores), np.asarray(labels), falling, steps)


def thirds(values: Sequence[float]) -> list[Slice]:
    """People in three equal parts by a measured value; those without one (NaN) are left out."""
    known = [index for index, value in enumerate(values) if math.isfinite(value)]
    if len(known) < len(THIRDS):
        return []
    order = sorted(known, key=lambda index: values[index])
    parts = np.array_split(np.array(order), len(THIRDS))
    return [
        Slice(name, tuple(map(int, part)), (float(values[part[0]]), float(values[part[-1]])))
        for name, part in zip(THIRDS, parts, strict=True)
    ]


def by_name(names: Sequence[str], order: Sequence[str] = ()) -> list[Slice]:
    """People by a name that they carry, in the given or alphabetical order; "" is left out."""
    found = sorted(set(names) - {""}, key=lambda name: (order.index(name) if order else 0, name))
    return [
        Slice(name, tuple(index for index, own in enumerate(names) if own == name))
        for name in found
    ]


def interval(
    measure: Callable[[Sequence[Person]], float], people: Sequence[Person]
) -> tuple[float, float] | None:
    """95 % interval of a measure over drawn people; None where there are too few."""
    if len(people) < FEWEST:
        return None
    picks = np.random.default_rng(0).integers(len(people), size=(_DRAWS, len(people)))
    values = np.array([measure([people[index] for index in pick]) for pick in picks])
    values = values[np.isfinite(values)]
    if not values.size:
        return None
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def pooled_srcc(people: Sequence[Person]) -> float:
    """SRCC over all pictures of the people; NaN where a side is constant."""
    return srcc(
        np.concatenate([each.scores for each in people]),
        np.concatenate([each.labels for each in people]),
    )


def mean_error(people: Sequence[Person]) -> float:
    """Mean of score less label over all pictures."""
    return float(np.mean(np.concatenate([each.scores - each.labels for each in people])))


def mean_clean_error(people: Sequence[Person]) -> float:
    """Mean of score less label over the clean pictures."""
    return float(np.mean([each.clean_error for each in people]))


def figures(people: Sequence[Person]) -> dict[str, Any]:
    """All figures of one slice, ready for JSON; scores and errors are in score units, [0, 1]."""
    correlation = pooled_srcc(people) if len(people) >= FEWEST else math.nan
    steps = sum(each.steps for each in people)
    return {
        "n": len(people),
        "few": len(people) < FEWEST,
        "pictures": sum(len(each.scores) for each in people),
        "srcc": correlation if math.isfinite(correlation) else None,
        "srcc_ci": interval(pooled_srcc, people),
        "clean_score": float(np.mean([each.scores[0] for each in people])),
        "clean_label": float(np.mean([each.labels[0] for each in people])),
        "clean_error": mean_clean_error(people),
        "clean_error_ci": interval(mean_clean_error, people),
        "error": mean_error(people),
        "error_ci": interval(mean_error, people),
        "falling": sum(each.falling for each in people) / steps if steps else None,
        "steps": steps,
    }


def slice_figures(people: Sequence[Person], slices: Sequence[Slice]) -> dict[str, Any]:
    """Figures of every slice of one kind, and the gap between them."""
    groups = {each.name: [people[index] for index in each.members] for each in slices}
    return {
        "slices": [
            {"name": each.name, "range": each.extent, **figures(groups[each.name])}
            for each in slices
        ],
        "clean_gap": clean_gap(groups),
    }


def clean_gap(groups: dict[str, list[Person]]) -> dict[str, Any] | None:
    """How far apart the groups' clean pictures are scored, their labels taken off.

    Groups of fewer than ten people are left out; None where fewer than two remain. ``p`` is the
    share of random divisions of the same people into groups of these sizes whose gap is at least
    as wide (a permutation test): near 0 the gap is hardly chance.
    """
    large = {name: members for name, members in groups.items() if len(members) >= FEWEST}
    if len(large) < 2:
        return None
    values = np.array([each.clean_error for members in large.values() for each in members])
    ends = np.cumsum([len(members) for members in large.values()])[:-1]

    def means(order: Values) -> list[float]:
        return [float(part.mean()) for part in np.split(order, ends)]

    found = dict(zip(large, means(values), strict=True))
    gap = max(found.values()) - min(found.values())
    rng = np.random.default_rng(0)
    # Rounding must not make an equal division look narrower.
    wider = sum(
        max(drawn) - min(drawn) >= gap - 1e-12
        for drawn in (means(rng.permutation(values)) for _ in range(_SHUFFLES))
    )
    return {
        "lowest": min(found, key=found.__getitem__),
        "highest": max(found, key=found.__getitem__),
        "difference": gap,
        "p": (wider + 1) / (_SHUFFLES + 1),
    }
