"""Colour: a cast from wrong white balance, too much or too little saturation."""

from __future__ import annotations

import numpy as np

from fiqa_training.degradations.registry import FloatImage, register, to_display, to_linear

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@register("colour_cast", "colour", "Colour cast")
def colour_cast(image: FloatImage, severity: float, rng: np.random.Generator) -> FloatImage:
    """Channel gains of up to two stops apart in a drawn hue, brightness kept."""
    hue = rng.uniform(0.0, 2.0 * np.pi)
    phases = hue + np.array([0.0, 2.0, 4.0]) * np.pi / 3.0
    gains = np.exp2(1.6 * severity * np.cos(phases)).astype(np.float32)
    gains /= float(gains @ _LUMA)
    return to_display(to_linear(image) * gains)


@register("oversaturation", "colour", "Too saturated")
def oversaturation(image: FloatImage, severity: float, _rng: np.random.Generator) -> FloatImage:
    """Chroma up to five times as strong."""
    grey = (image @ _LUMA)[..., None]
    return np.asarray(grey + (image - grey) * (1.0 + 4.0 * severity**1.3), np.float32)


@register("desaturation", "colour", "Faded colours")
def desaturation(image: FloatImage, severity: float, _rng: np.random.Generator) -> FloatImage:
    """Chroma down to none."""
    grey = (image @ _LUMA)[..., None]
    return np.asarray(grey + (image - grey) * (1.0 - severity), np.float32)
