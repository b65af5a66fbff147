"""Processing artefacts: over-sharpening, ringing, banding."""

from __future__ import annotations

import numpy as np

from fiqa_training.degradations.blur import convolve, gaussian_filter
from fiqa_training.degradations.registry import FloatImage, register


def sharpen(image: FloatImage, amount: float, sigma: float) -> FloatImage:
    """Unsharp masking."""
    return np.asarray(image + amount * (image - gaussian_filter(image, sigma)), np.float32)


@register("oversharpening", "artefact", "Over-sharpened")
def oversharpening(image: FloatImage, severity: float, _rng: np.random.Generator) -> FloatImage:
    """Unsharp masking far beyond taste: halos and hard grain."""
    return sharpen(image, 9.0 * severity**1.5, 1.5 + severity)


@register("ringing", "artefact", "Ringing")
def ringing(image: FloatImage, severity: float, _rng: np.random.Generator) -> FloatImage:
    """An ideal low-pass (windowed sinc): echoes beside every edge."""
    half = 24
    cutoff = np.pi * (1.0 - severity) ** 1.5 + 0.16
    grid = np.arange(-half, half + 1, dtype=np.float64)
    line = cutoff / np.pi * np.sinc(cutoff * grid / np.pi) * np.hamming(grid.size)
    line /= line.sum()
    kernel = np.outer(line, line).astype(np.float32)
    return convolve(image, kernel)


@register("banding", "artefact", "Banding")
def banding(image: FloatImage, severity: float, _rng: np.random.Generator) -> FloatImage:
    """Fewer and fewer tones: from 48 a channel to three."""
    steps = float(2.0 ** (5.6 - 4.4 * severity**0.8))
    return np.asarray(np.rint(image * steps) / steps, np.float32)
