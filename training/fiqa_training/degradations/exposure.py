"""Exposure: too dark, too bright, dark with noise, flat."""

from __future__ import annotations

import numpy as np

from fiqa_training.degradations.noise import sensor_grain
from fiqa_training.degradations.registry import FloatImage, register, to_display, to_linear


@register("underexposure", "exposure", "Too dark")
def underexposure(image: FloatImage, severity: float, _rng: np.random.Generator) -> FloatImage:
    """Up to seven stops less light, without noise."""
    return to_display(to_linear(image) * np.float32(2.0 ** (-7.0 * severity)))


@register("overexposure", "exposure", "Too bright")
def overexposure(image: FloatImage, severity: float, _rng: np.random.Generator) -> FloatImage:
    """Up to three and a half stops more light; highlights clip."""
    return to_display(to_linear(image) * np.float32(2.0 ** (3.5 * severity)))


@register("low_light", "exposure", "Low light")
def low_light(image: FloatImage, severity: float, rng: np.random.Generator) -> FloatImage:
    """Up to six stops less light on a small sensor, whose grain then shows."""
    dark = to_linear(image) * np.float32(2.0 ** (-6.0 * severity))
    return to_display(sensor_grain(dark, 0.06 * severity, 0.02 * severity**2, rng))


@register("low_contrast", "exposure", "Low contrast")
def low_contrast(image: FloatImage, severity: float, rng: np.random.Generator) -> FloatImage:
    """Towards a flat grey near the image's own mean."""
    grey = np.float32(image.mean() + rng.uniform(-0.1, 0.1))
    return np.asarray(grey + (image - grey) * (1.0 - 0.92 * severity), np.float32)
