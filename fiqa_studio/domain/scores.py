"""Scores, scorers and the scale on which people read them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from fiqa_studio.domain.scale import (
    QualityWord,
    highest_shown_as,
    lowest_shown_as,
    quality_word,
    score_shown_as,
    shown_score,
)

__all__ = [
    "QualityWord",
    "Score",
    "ScoreMaps",
    "ScorerInfo",
    "highest_shown_as",
    "lowest_shown_as",
    "quality_word",
    "score_shown_as",
    "shown_score",
]


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
