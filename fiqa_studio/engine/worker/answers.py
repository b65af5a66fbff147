"""What a scorer answers, checked once before anybody believes it.

Scorers may be plug-ins. A score that is missing or not a number would otherwise travel on, and
stop a job in the library's transaction, or leave a photo without any answer for ever.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fiqa_studio.engine.link.protocol import WireScore
from fiqa_studio.engine.link.wire import score_to_wire

if TYPE_CHECKING:
    from fiqa_models.scoring import FaceScore

_LARGEST_MAP = 512
"""Pixels a side: no map can say more than the crop."""
_LONGEST_EMBEDDING = 4096
_LARGEST_HALF = float(np.finfo(np.float16).max)
_ROUNDING = 1e-3
"""How far beyond [0, 1] a value is taken for rounding (bfloat16 has 8 bits) and pulled back."""


class BadAnswerError(Exception):
    """A scorer answered something that is no score; the text says what, for people."""


def check_count(scores: Sequence[object], faces: int) -> None:
    """One score a face.

    Raises:
        BadAnswerError: There are more or fewer.
    """
    if len(scores) != faces:
        raise BadAnswerError(f"it gave {len(scores)} scores for {faces} faces")


def checked_score(score: FaceScore) -> WireScore:
    """One face's score, fit for the library.

    Raises:
        BadAnswerError: A value is not finite or lies outside [0, 1], or a map or the embedding has
            another shape than it should.
    """
    value = _number(score.value, "score")
    spread = _number(score.spread, "spread")
    quality = _map(score.quality_map, "quality map")
    confidence = _map(score.confidence_map, "confidence map")
    if (quality is None) != (confidence is None) or (
        quality is not None and confidence is not None and quality.shape != confidence.shape
    ):
        raise BadAnswerError("its two maps are not of one shape")
    return score_to_wire(value, spread, quality, confidence, _embedding(score.embedding))


def _number(given: Any, what: str) -> float:
    try:
        value = float(given)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadAnswerError(f"its {what} is no number but {type(given).__name__}") from error
    if not math.isfinite(value):
        raise BadAnswerError(f"its {what} is {value}")
    if not -_ROUNDING <= value <= 1 + _ROUNDING:
        raise BadAnswerError(f"its {what} is {value:.6g}, outside [0, 1]")
    return min(max(value, 0.0), 1.0)


def _map(given: Any, what: str) -> npt.NDArray[np.float16] | None:
    """A map as float16; None where the scorer has none (an empty array)."""
    if given is None:
        return None
    try:
        found = np.asarray(given, np.float16)
    except (TypeError, ValueError) as error:
        raise BadAnswerError(f"its {what} is no array of numbers") from error
    if found.size == 0:
        return None
    if found.ndim != 2 or max(found.shape) > _LARGEST_MAP:
        raise BadAnswerError(f"its {what} has the shape {found.shape}")
    if not np.isfinite(found).all():
        raise BadAnswerError(f"its {what} holds values that are not finite")
    if found.min() < -_ROUNDING or found.max() > 1 + _ROUNDING:
        raise BadAnswerError(f"its {what} holds values outside [0, 1]")
    return np.clip(found, np.float16(0), np.float16(1))


def _embedding(given: Any) -> npt.NDArray[np.float16]:
    """An embedding as float16; empty where the scorer has none."""
    if given is None:
        return np.empty(0, np.float16)
    try:
        found = np.asarray(given, np.float32)
    except (TypeError, ValueError) as error:
        raise BadAnswerError("its embedding is no array of numbers") from error
    if found.ndim != 1 or found.size > _LONGEST_EMBEDDING:
        raise BadAnswerError(f"its embedding has the shape {found.shape}")
    if not np.isfinite(found).all():
        raise BadAnswerError("its embedding holds values that are not finite")
    return np.clip(found, -_LARGEST_HALF, _LARGEST_HALF).astype(np.float16)
