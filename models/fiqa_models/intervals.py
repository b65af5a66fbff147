"""Calibrated intervals around a score: where the label of a picture like this one lies.

Split conformal prediction (Lei, G'Sell, Rinaldo, Tibshirani and Wasserman, 2018): on pictures
that took no part in training, the distances between score and label are put in order, and the
k-th smallest of n, k = ceil((n + 1) * coverage), is the half width. A new picture drawn like them
has its label within that distance of its score with at least the probability ``coverage``,
whatever the network and whatever the distribution of its errors.

The Mondrian form (Vovk, Gammerman and Shafer, 2005, section 4.5) does this apart for each range of
the score, so that the promise holds in each range and not only on average: errors are larger in
the middle of the scale than at its ends. A range with too few pictures takes the half width of
all of them together; the promise there holds on average only.

Pictures unlike those it was calibrated on are not covered. Standard library only: the window reads
intervals, and loads no torch.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from fiqa_models.errors import ModelError
from fiqa_models.manifest import Manifest

FIGURE = "interval"
"""Name of the interval among a manifest's figures."""

_MOST_BINS = 100


@dataclass(frozen=True, slots=True)
class Interval:
    """Half widths by range of the score; all values are in score units, [0, 1].

    Attributes:
        coverage: Share of labels that lie within, in (0, 1).
        edges: Where one range of the score ends and the next begins, rising, within (0, 1); a
            score on an edge belongs to the range above it.
        half_widths: One for each range: one more than there are edges.
        calibrated_on: On which pictures, in words.

    Raises:
        ValueError: The values are not such an interval.
    """

    coverage: float
    edges: tuple[float, ...]
    half_widths: tuple[float, ...]
    calibrated_on: str = ""

    def __post_init__(self) -> None:
        if not 0 < self.coverage < 1:
            raise ValueError(f"a coverage lies between 0 and 1, not at {self.coverage}")
        places = (0.0, *self.edges, 1.0)
        if not all(low < high for low, high in pairwise(places)):
            raise ValueError(f"edges rise within (0, 1), unlike {list(self.edges)}")
        if len(self.half_widths) != len(self.edges) + 1:
            raise ValueError(
                f"{len(self.edges)} edges make {len(self.edges) + 1} ranges, "
                f"not {len(self.half_widths)}"
            )
        if not all(0 <= width <= 1 for width in self.half_widths):
            raise ValueError(f"half widths lie in [0, 1], unlike {list(self.half_widths)}")

    def around(self, score: float) -> tuple[float, float]:
        """Lower and upper end for a score in [0, 1]; both are in [0, 1]."""
        half = self.half_widths[bisect_right(self.edges, score)]
        return max(0.0, score - half), min(1.0, score + half)

    def as_figure(self) -> dict[str, Any]:
        """As it stands in a manifest, under `FIGURE`."""
        return {
            "coverage": self.coverage,
            "edges": list(self.edges),
            "half_widths": list(self.half_widths),
            "calibrated_on": self.calibrated_on,
        }


def from_manifest(manifest: Manifest) -> Interval | None:
    """The interval of a scorer; None where it was never calibrated.

    Raises:
        ModelError: What stands there is no interval.
    """
    figure = manifest.figures.get(FIGURE)
    if figure is None:
        return None
    try:
        return from_figure(figure)
    except (TypeError, ValueError) as error:
        raise ModelError(
            f"The interval of the scorer “{manifest.name}” cannot be used.",
            f"Its manifest is wrong: {error}.",
            "Its scores are shown without a range.",
        ) from error


def from_figure(figure: object) -> Interval:
    """An interval from what `Interval.as_figure` gave, read back from JSON.

    Raises:
        TypeError: A part of it is of the wrong kind; says which.
        ValueError: Its numbers make no interval; says why.
    """
    if not isinstance(figure, Mapping):
        raise TypeError(f"an interval is an object, not {type(figure).__name__}")
    calibrated_on = figure.get("calibrated_on", "")
    if not isinstance(calibrated_on, str):
        raise TypeError("calibrated_on is no text")
    return Interval(
        coverage=_number(figure.get("coverage"), "coverage"),
        edges=_numbers(figure.get("edges"), "edges"),
        half_widths=_numbers(figure.get("half_widths"), "half_widths"),
        calibrated_on=calibrated_on,
    )


def fit(
    scores: Sequence[float],
    labels: Sequence[float],
    coverage: float = 0.9,
    edges: Sequence[float] = (),
    *,
    calibrated_on: str = "",
) -> Interval:
    """Calibrate on pictures that took no part in training.

    Args:
        scores: What the scorer says of them, in [0, 1].
        labels: What they are, in [0, 1], in the same order.
        coverage: Share of labels that is to lie within, in (0, 1).
        edges: Of the ranges of the score, see `Interval`.
        calibrated_on: Which pictures these are, in words.

    Raises:
        ValueError: The values are not in [0, 1] or not pairs, or there are too few for this
            coverage (nine for 0.9).
    """
    if len(scores) != len(labels):
        raise ValueError(f"{len(scores)} scores and {len(labels)} labels make no pairs")
    pairs = [(float(score), float(label)) for score, label in zip(scores, labels, strict=True)]
    if not all(0 <= value <= 1 for pair in pairs for value in pair):
        raise ValueError("scores and labels lie in [0, 1]")
    ranges: list[list[float]] = [[] for _ in range(len(edges) + 1)]
    for score, label in pairs:
        ranges[bisect_right(edges, score)].append(abs(score - label))
    pooled = _conformal([residual for part in ranges for residual in part], coverage)
    if pooled is None:
        raise ValueError(f"{len(pairs)} pictures are too few for a coverage of {coverage}")
    widths = []
    for part in ranges:
        own = _conformal(part, coverage)
        widths.append(pooled if own is None else own)
    return Interval(float(coverage), tuple(map(float, edges)), tuple(widths), calibrated_on)


def _conformal(residuals: Sequence[float], coverage: float) -> float | None:
    """The k-th smallest residual, k = ceil((n + 1) * coverage); None where k exceeds n."""
    if not 0 < coverage < 1:
        raise ValueError(f"a coverage lies between 0 and 1, not at {coverage}")
    # Rounded first: 100 * 0.55 is a little more than 55 in binary, and must not become 56.
    rank = math.ceil(round((len(residuals) + 1) * coverage, 9))
    return sorted(residuals)[rank - 1] if rank <= len(residuals) else None


def _number(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} holds {type(value).__name__} where a number belongs")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"{name} holds a number that is not finite")
    return number


def _numbers(values: object, name: str) -> tuple[float, ...]:
    if not isinstance(values, list | tuple):
        raise TypeError(f"{name} is no list")
    if len(values) > _MOST_BINS:
        raise ValueError(f"{name} holds {len(values)} numbers, more than {_MOST_BINS}")
    return tuple(_number(value, name) for value in values)
