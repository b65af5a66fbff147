"""A classical scorer: how much fine detail the face shows. A check and a fallback.

Tenengrad (mean squared Sobel gradient; Krotkov 1988) after a light smoothing that keeps noise
from counting as detail, divided by the contrast at hand so that a bright, hard light is not
rewarded, weighed by an ellipse over the face, and put on [0, 1] by a logistic curve of its
logarithm. It sees blur and low resolution, hardly noise, compression or darkness.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from fiqa_models.manifest import identity
from fiqa_models.scoring import Crops, FaceScore, Landmarks, check_crops

_GRID = 32
_SMOOTHING = 1.2
"""Sigma in pixels of the smoothing before the gradient."""
_MIDDLE = -5.1
_STEEPNESS = 1.1
"""Logistic curve over the logarithm of the relative gradient energy: measured on sharp
portraits (0.8 to 0.95) and on the same ones blurred with a sigma of 4 pixels (below 0.2)."""
_CONTRAST_FLOOR = 0.002


class SharpnessScorer:
    """`Scorer` without a network; needs nothing but OpenCV."""

    name = "sharpness"
    title = "Sharpness (classical)"
    summary = "Gradient energy of the face: sees blur and low resolution, little else."
    kind = "classical"
    device = "cpu"
    precision = "float32"
    hash = identity({"scorer": "sharpness", "revision": 1})

    def score(self, crops: Crops, landmarks: Landmarks) -> list[FaceScore]:
        """Score B faces; the landmarks are not used."""
        check_crops(crops, landmarks)
        return [_score(crop) for crop in crops]


def _score(crop: npt.NDArray[np.uint8]) -> FaceScore:
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255.0
    smooth = cv2.GaussianBlur(grey, (0, 0), _SMOOTHING)
    across = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, ksize=3)
    down = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, ksize=3)
    energy = cv2.resize(across * across + down * down, (_GRID, _GRID), interpolation=cv2.INTER_AREA)
    weight = _ellipse()
    mean = float((_cells(grey) * weight).sum() / weight.sum())
    contrast = float(((_cells((grey - mean) ** 2)) * weight).sum() / weight.sum())
    relative = energy / max(contrast, _CONTRAST_FLOOR)
    quality = _on_scale(cv2.GaussianBlur(relative, (0, 0), 1.0))
    value = _on_scale(np.asarray((relative * weight).sum() / weight.sum()))
    quarters = [
        float(_on_scale(np.asarray((relative * weight)[rows, columns].sum() / part)))
        for rows in (slice(0, 16), slice(16, 32))
        for columns in (slice(0, 16), slice(16, 32))
        if (part := float(weight[rows, columns].sum())) > 0
    ]
    return FaceScore(
        value=float(value),
        spread=float(np.std(quarters)),
        quality_map=quality.astype(np.float16),
        confidence_map=weight.astype(np.float16),
        embedding=np.empty(0, np.float32),
    )


def _cells(grey: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Averages of a ``(512, 512)`` picture over the cells of the map."""
    cells = cv2.resize(grey, (_GRID, _GRID), interpolation=cv2.INTER_AREA)
    return np.asarray(cells, np.float32)


def _on_scale(relative: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    logarithm = np.log(np.maximum(relative, 1e-9))
    return np.asarray(1.0 / (1.0 + np.exp(-_STEEPNESS * (logarithm - _MIDDLE))), np.float64)


def _ellipse() -> npt.NDArray[np.float32]:
    """Weight of each cell: 1 over the face, falling softly to 0 at the crop's corners."""
    y, x = (np.mgrid[0:_GRID, 0:_GRID].astype(np.float32) + 0.5) / _GRID
    # In an aligned crop the eyes lie in the middle and the chin near the bottom.
    distance = ((x - 0.5) / 0.30) ** 2 + ((y - 0.60) / 0.36) ** 2
    return np.asarray(1.0 / (1.0 + np.exp(6.0 * (distance - 1.0))), np.float32)
