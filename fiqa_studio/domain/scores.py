"""Scores, scorers and the scale on which people read them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np
import numpy.typing as npt


class QualityWord(StrEnum):
    """The five categories of absolute category rating (ACR)."""

    BAD = "Bad"
    POOR = "Poor"
    FAIR = "Fair"
    GOOD = "Good"
    EXCELLENT = "Excellent"


def shown_score(score: float) -> int:
    """The score in [0, 1] as people see it, 1-100 (GFIQA-20k, section III.B).

    The slider of that study maps the five ACR categories x = 1..5 to
    ``(x - 1) / 4 * 0.99 + 0.01``; a score in [0, 1] is its ``(x - 1) / 4``.
    """
    return round(100 * (0.99 * min(max(score, 0.0), 1.0) + 0.01))


def score_shown_as(shown: int) -> float:
    """The score in [0, 1] in the middle of those that people see as this number."""
    return min(max((shown - 1) / 99, 0.0), 1.0)


def lowest_shown_as(shown: float) -> float:
    """The lowest score in [0, 1] that people see as this number or a higher one."""
    return min(max((shown - 1.5) / 99, 0.0), 1.0)


def highest_shown_as(shown: float) -> float:
    """The highest score in [0, 1] that people see as this number or a lower one."""
    return min(max((shown - 0.5) / 99, 0.0), 1.0)


def quality_word(score: float) -> QualityWord:
    """The ACR category nearest to a score in [0, 1]."""
    words = list(QualityWord)
    return words[min(int(min(max(score, 0.0), 1.0) * 4 + 0.5), 4)]


@dataclass(frozen=True, slots=True)
class ScorerInfo:
    """Which scorer gave a score: network, weights and preprocessing.

    Attributes:
        name: As on the command line, such as ``starter`` or ``sharpness``.
        title: For menus.
        hash: 16 hex digits over the network's configuration, its weights and its
            preprocessing; two scorers with one hash give one score.
        summary: One or two sentences on what it measures and where it comes from.
        kind: ``dsl-fiqa`` or ``classical`` or what a plug-in says.
    """

    name: str
    title: str
    hash: str
    summary: str
    kind: str


@dataclass(frozen=True, slots=True)
class Score:
    """A face's score with its provenance.

    Attributes:
        value: Perceptual quality in [0, 1].
        spread: Standard deviation of the score over patches, in [0, 1].
        precision: ``float32`` or ``bfloat16``.
        device: ``cpu``, ``cuda:0`` and so on.
        scored_at: UTC.
    """

    value: float
    spread: float
    precision: str
    device: str
    scored_at: datetime


@dataclass(frozen=True, slots=True)
class ScoreMaps:
    """The regional outputs, stitched from patches to the crop; row 0 is the crop's top.

    Attributes:
        quality: ``(H, W)`` float16 in [0, 1].
        confidence: ``(H, W)`` float16 in [0, 1], the same shape.
    """

    quality: npt.NDArray[np.float16]
    confidence: npt.NDArray[np.float16]
