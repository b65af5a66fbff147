"""A classical scorer: how much fine detail the face shows. A check and a fallback.

The gradient energy of the face (Tenengrad; Krotkov 1988) after a light and after a strong
smoothing: a sharp picture loses much between the two, a blurred one has nothing to lose (the
re-blur idea of Crete et al. 2007). The ratio depends neither on contrast nor on how much the
face is made of edges. It sees blur and low resolution, but not noise, compression or darkness.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from fiqa_models.manifest import identity
from fiqa_models.scoring import Crops, FaceScore, Landmarks, check_crops

_GRID = 32
_LIGHT, _STRONG = 1.0, 4.0
"""Sigmas in pixels of the two smoothings; the light one keeps noise from counting as detail."""
_BLURRED, _SHARP = 0.05, 1.80
"""Logarithm of the ratio that gets 0 and 1: measured on portraits, blurred with a sigma of 8
pixels (0.15 to 0.2) and as they are (1.1 to 1.7)."""
_NO_DETAIL = 1e-6


class SharpnessScorer:
    """`Scorer` without a network; needs nothing but OpenCV."""

    name = "sharpness"
    title = "Sharpness (classical)"
    summary = "Fine detail of the face: sees blur and low resolution, little else."
    kind = "classical"
    device = "cpu"
    precision = "float32"
    parallel = True
    hash = identity({"scorer": "sharpness", "revision": 2})

    def score(self, crops: Crops, landmarks: Landmarks) -> list[FaceScore]:
        """Score B faces; the landmarks are not used."""
        check_crops(crops, landmarks)
        return [_score(crop) for crop in crops]


def _score(crop: npt.NDArray[np.uint8]) -> FaceScore:
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255.0
    fine, coarse = _gradient_energy(grey, _LIGHT), _gradient_energy(grey, _STRONG)
    weight = _ellipse()
    quarters = [
        _quality((fine * weight)[rows, columns].sum(), (coarse * weight)[rows, columns].sum())
        for rows in (slice(0, _GRID // 2), slice(_GRID // 2, _GRID))
        for columns in (slice(0, _GRID // 2), slice(_GRID // 2, _GRID))
    ]
    around = [cv2.GaussianBlur(energy, (0, 0), 1.0) for energy in (fine, coarse)]
    return FaceScore(
        value=float(_quality((fine * weight).sum(), (coarse * weight).sum())),
        spread=float(np.std(quarters)),
        quality_map=_quality(*around).astype(np.float16),
        confidence_map=weight.astype(np.float16),
        embedding=np.empty(0, np.float32),
    )


def _gradient_energy(grey: npt.NDArray[np.float32], sigma: float) -> npt.NDArray[np.float32]:
    """Mean squared gradient in each cell of the map."""
    smooth = cv2.GaussianBlur(grey, (0, 0), sigma)
    across = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, ksize=3)
    down = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, ksize=3)
    cells = cv2.resize(across**2 + down**2, (_GRID, _GRID), interpolation=cv2.INTER_AREA)
    return np.asarray(cells, np.float32)


def _quality(fine: Any, coarse: Any) -> npt.NDArray[np.float64]:
    """Energies to [0, 1]; where there is no detail at all the quality is 0."""
    ratio = np.log((np.asarray(fine) + _NO_DETAIL) / (np.asarray(coarse) + _NO_DETAIL))
    return np.asarray(np.clip((ratio - _BLURRED) / (_SHARP - _BLURRED), 0.0, 1.0), np.float64)


def _ellipse() -> npt.NDArray[np.float32]:
    """Weight of each cell: 1 over the face, falling softly to 0 at the crop's corners."""
    y, x = (np.mgrid[0:_GRID, 0:_GRID].astype(np.float32) + 0.5) / _GRID
    # In an aligned crop the eyes lie in the middle and the chin near the bottom.
    distance = ((x - 0.5) / 0.30) ** 2 + ((y - 0.60) / 0.36) ** 2
    return np.asarray(1.0 / (1.0 + np.exp(6.0 * (distance - 1.0))), np.float32)
