"""Resampling: too few true pixels, made large again with one of several kernels."""

from __future__ import annotations

import cv2
import numpy as np

from fiqa_training.degradations.registry import FloatImage, register

_DOWN = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC)
_UP = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)


def resize(image: FloatImage, width: int, height: int, kernel: int) -> FloatImage:
    """Resize and clip what cubic and Lanczos kernels overshoot."""
    resized = cv2.resize(image, (width, height), interpolation=kernel)
    return np.clip(np.asarray(resized, np.float32), 0.0, 1.0)


def shrink(image: FloatImage, factor: float, kernel: int) -> FloatImage:
    """Shrink by `factor` >= 1."""
    height, width = image.shape[:2]
    return resize(image, max(4, round(width / factor)), max(4, round(height / factor)), kernel)


@register("low_resolution", "resampling", "Low resolution")
def low_resolution(image: FloatImage, severity: float, rng: np.random.Generator) -> FloatImage:
    """Down by up to 16 (a face of 32 pixels) and up again, kernels drawn by the seed."""
    down = _DOWN[rng.integers(len(_DOWN))]
    up = _UP[rng.integers(len(_UP))]
    height, width = image.shape[:2]
    factor = 1.0 + 15.0 * severity**1.5
    return resize(shrink(image, factor, down), width, height, up)


@register("mosaic", "artefact", "Mosaic")
def mosaic(image: FloatImage, severity: float, _rng: np.random.Generator) -> FloatImage:
    """Square blocks of up to 28 pixels."""
    height, width = image.shape[:2]
    small = shrink(image, 1.0 + 27.0 * severity**1.3, cv2.INTER_AREA)
    return resize(small, width, height, cv2.INTER_NEAREST)
