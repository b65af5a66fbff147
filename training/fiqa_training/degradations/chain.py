"""The realistic imaging chain, and mixtures of kinds.

A photo goes bad in an order: optics, exposure, sampling, sensor noise, denoising, sharpening,
compression, resizing. Networks trained on lone synthetic kinds fail on real photos, because real
noise has been denoised, sharpened and compressed, and real blur was sampled afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from fiqa_training.degradations.artefacts import sharpen
from fiqa_training.degradations.blur import convolve, disc_kernel, gaussian_filter, line_kernel
from fiqa_training.degradations.compression import jpeg_at
from fiqa_training.degradations.noise import sensor_grain
from fiqa_training.degradations.registry import (
    FloatImage,
    degrade_float,
    kinds,
    register,
    to_display,
    to_linear,
)
from fiqa_training.degradations.resampling import resize, shrink


@dataclass(frozen=True)
class _Shot:
    """How one drawn camera fails; every field is a share of the full severity."""

    optics: int
    angle: float
    blur: float
    dark: float
    sampling: float
    grain: float
    denoise: float
    sharpen: float
    compression: float


def _draw(rng: np.random.Generator) -> _Shot:
    # Squared draws: most cameras fail in one or two ways, few in all at once.
    shares = rng.uniform(0.0, 1.0, 7) ** 2
    shares[rng.integers(7)] = 1.0
    return _Shot(int(rng.integers(3)), float(rng.uniform(0, np.pi)), *map(float, shares))


def _optics(linear: FloatImage, shot: _Shot, severity: float) -> FloatImage:
    strength = (shot.blur * severity) ** 1.4
    if shot.optics == 0:
        return gaussian_filter(linear, 6.0 * strength)
    if shot.optics == 1:
        return convolve(linear, disc_kernel(9.0 * strength))
    return convolve(linear, line_kernel(1.0 + 30.0 * strength, shot.angle))


@register("imaging_chain", "chain", "A bad camera, end to end")
def imaging_chain(image: FloatImage, severity: float, rng: np.random.Generator) -> FloatImage:
    """Optics, exposure, sampling, noise, denoising, sharpening, JPEG, resizing, in that order."""
    height, width = image.shape[:2]
    shot = _draw(rng)
    linear = _optics(to_linear(image), shot, severity)
    linear = linear * np.float32(2.0 ** (-4.0 * shot.dark * severity))
    linear = shrink(linear, 1.0 + 5.0 * (shot.sampling * severity) ** 1.3, cv2.INTER_AREA)
    grain = (shot.grain * severity) ** 1.3
    linear = sensor_grain(linear, 0.2 * grain, 0.03 * grain, rng)
    picture = to_display(linear)
    if shot.denoise * severity > 0.05:
        smooth = cv2.bilateralFilter(picture, 5, 0.6 * shot.denoise * severity, 2.0)
        picture = np.asarray(smooth, np.float32)
    picture = np.clip(sharpen(picture, 2.5 * shot.sharpen * severity, 1.2), 0.0, 1.0)
    quality = round(6 + 86 * (1.0 - shot.compression * severity) ** 2)
    picture = jpeg_at(picture.astype(np.float32), quality)
    return resize(picture, width, height, cv2.INTER_CUBIC)


@register("mixture", "chain", "Several kinds at once")
def mixture(image: FloatImage, severity: float, rng: np.random.Generator) -> FloatImage:
    """Two or three drawn kinds, one after the other, each weaker than it would be alone."""
    single = [kind.name for kind in kinds() if kind.family != "chain"]
    names = rng.choice(single, size=int(rng.integers(2, 4)), replace=False)
    shares = rng.uniform(0.3, 0.8, len(names))
    seeds = rng.integers(2**31, size=len(names))
    result = image
    for name, share, seed in zip(names, shares, seeds, strict=True):
        result = degrade_float(result, str(name), float(share) * severity, int(seed))
    return result
