"""Atmosphere and lens: haze, rain drops' streaks, dirt on the front glass."""

from __future__ import annotations

import cv2
import numpy as np

from fiqa_training.degradations.blur import convolve, line_kernel
from fiqa_training.degradations.registry import FloatImage, mix, register


def smooth_field(height: int, width: int, cells: int, rng: np.random.Generator) -> FloatImage:
    """A smooth random field in [0, 1] with about `cells` bumps a side."""
    coarse = rng.random((cells, cells), dtype=np.float32)
    field = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(np.asarray(field, np.float32), 0.0, 1.0)


@register("haze", "atmosphere", "Haze")
def haze(image: FloatImage, severity: float, rng: np.random.Generator) -> FloatImage:
    """Scattering: light from the air replaces light from the face, unevenly."""
    height, width = image.shape[:2]
    air = np.float32(rng.uniform(0.75, 0.95))
    density = 0.7 + 0.3 * smooth_field(height, width, 4, rng)
    transmission = np.exp(-2.6 * severity * density).astype(np.float32)
    return mix(image, np.full_like(image, air), 1.0 - transmission)


@register("rain", "lens", "Rain")
def rain(image: FloatImage, severity: float, rng: np.random.Generator) -> FloatImage:
    """Bright streaks of one direction; more and more of them."""
    height, width = image.shape[:2]
    seeds = rng.random((height, width), dtype=np.float32)
    drops = np.where(seeds > 1.0 - 0.035 * severity, np.float32(1.0), np.float32(0.0))
    streaks = convolve(drops, line_kernel(27.0, rng.uniform(1.2, 1.9))) * 14.0
    veil = np.clip(streaks, 0.0, 1.0) * np.float32(0.35 + 0.45 * severity)
    return mix(image, np.full_like(image, 0.85), veil)


@register("lens_dirt", "lens", "Dirt on the lens")
def lens_dirt(image: FloatImage, severity: float, rng: np.random.Generator) -> FloatImage:
    """Out-of-focus smears that veil and blur what is behind them."""
    height, width = image.shape[:2]
    field = 0.6 * smooth_field(height, width, 7, rng) + 0.4 * smooth_field(height, width, 15, rng)
    smear = np.clip((field - (1.0 - severity)) * 3.0 + 0.3, 0.0, 1.0) * np.float32(severity)
    blurred = cv2.GaussianBlur(image, (0, 0), 1.0 + 11.0 * severity)
    veiled = np.asarray(blurred, np.float32) * 0.7 + np.float32(rng.uniform(0.1, 0.25))
    return mix(image, veiled, np.asarray(smear, np.float32))
