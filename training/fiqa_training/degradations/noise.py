"""Noise: Gaussian, shot (Poisson) and a sensor's, with luma and chroma grain."""

from __future__ import annotations

import cv2
import numpy as np

from fiqa_training.degradations.registry import FloatImage, register, to_display, to_linear


def _normal(shape: tuple[int, ...], rng: np.random.Generator) -> FloatImage:
    return rng.standard_normal(shape, dtype=np.float32)


def sensor_grain(
    linear: FloatImage, shot: float, read: float, rng: np.random.Generator
) -> FloatImage:
    """Add a sensor's noise to linear light.

    Shot noise grows with the root of the signal, read noise does not; what demosaicing leaves
    of both is fine luma grain and coarser chroma blotches.

    Args:
        linear: (H, W, 3) linear light in [0, 1].
        shot: standard deviation of the shot noise at full signal.
        read: standard deviation of the read noise.
        rng: source of the grain.
    """
    height, width = linear.shape[:2]
    luma = _normal((height, width, 1), rng)
    coarse = _normal((max(1, height // 2), max(1, width // 2), 3), rng)
    chroma = np.asarray(
        cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR), np.float32
    )
    grain = 0.8 * luma + 0.8 * chroma
    deviation = np.sqrt(shot**2 * np.clip(linear, 0, 1) + read**2)
    return np.asarray(linear + grain * deviation, np.float32)


@register("gaussian_noise", "noise", "Gaussian noise")
def gaussian_noise(image: FloatImage, severity: float, rng: np.random.Generator) -> FloatImage:
    """White noise up to a standard deviation of 0.28 of the range."""
    return np.asarray(image + 0.28 * severity**1.4 * _normal(image.shape, rng), np.float32)


@register("shot_noise", "noise", "Shot (Poisson) noise")
def shot_noise(image: FloatImage, severity: float, rng: np.random.Generator) -> FloatImage:
    """Signal-dependent noise: the normal approximation of Poisson, so severity is continuous."""
    deviation = 0.36 * severity**1.4 * np.sqrt(image)
    return np.asarray(image + deviation * _normal(image.shape, rng), np.float32)


@register("sensor_noise", "noise", "High ISO")
def sensor_noise(image: FloatImage, severity: float, rng: np.random.Generator) -> FloatImage:
    """Luma and chroma grain of a small sensor at growing ISO, added in linear light."""
    strength = severity**1.4
    return to_display(sensor_grain(to_linear(image), 0.35 * strength, 0.07 * strength, rng))
