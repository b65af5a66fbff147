"""Blur: Gaussian, motion and defocus. Widths are for a face of 512 x 512."""

from __future__ import annotations

import cv2
import numpy as np

from fiqa_training.degradations.registry import FloatImage, register, to_display, to_linear


def gaussian_filter(image: FloatImage, sigma: float) -> FloatImage:
    """Gaussian blur with mirrored borders (no dark frame)."""
    if sigma <= 0.0:
        return image
    blurred = cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(blurred, np.float32)


def line_kernel(length: float, angle: float) -> FloatImage:
    """An antialiased line of `length` pixels at `angle` radians, summing to one."""
    half = max(1, int(np.ceil(length / 2)) + 1)
    grid = np.arange(-half, half + 1, dtype=np.float32)
    x, y = np.meshgrid(grid, grid)
    along = x * np.cos(angle) + y * np.sin(angle)
    across = -x * np.sin(angle) + y * np.cos(angle)
    kernel = np.clip(length / 2 + 0.5 - np.abs(along), 0, 1) * np.clip(1 - np.abs(across), 0, 1)
    return np.asarray(kernel / kernel.sum(), np.float32)


def disc_kernel(radius: float) -> FloatImage:
    """An antialiased disc, summing to one."""
    half = max(1, int(np.ceil(radius)) + 1)
    grid = np.arange(-half, half + 1, dtype=np.float32)
    distance = np.hypot(grid[:, None], grid[None, :])
    kernel = np.clip(radius + 0.5 - distance, 0, 1)
    return np.asarray(kernel / kernel.sum(), np.float32)


def convolve(image: FloatImage, kernel: FloatImage) -> FloatImage:
    """Filter every channel by `kernel`, borders mirrored."""
    return np.asarray(
        cv2.filter2D(image, -1, kernel, borderType=cv2.BORDER_REFLECT_101), np.float32
    )


@register("gaussian_blur", "blur", "Gaussian blur")
def gaussian_blur(image: FloatImage, severity: float, _rng: np.random.Generator) -> FloatImage:
    """Gaussian blur up to a standard deviation of 10 pixels."""
    return gaussian_filter(image, 10.0 * severity**1.5)


@register("motion_blur", "blur", "Motion blur")
def motion_blur(image: FloatImage, severity: float, rng: np.random.Generator) -> FloatImage:
    """Straight camera shake up to 45 pixels, integrated in linear light as a sensor does."""
    angle = rng.uniform(0.0, np.pi)
    kernel = line_kernel(1.0 + 44.0 * severity**1.4, angle)
    return to_display(convolve(to_linear(image), kernel))


@register("defocus_blur", "blur", "Out of focus")
def defocus_blur(image: FloatImage, severity: float, _rng: np.random.Generator) -> FloatImage:
    """A disc of confusion up to a radius of 13 pixels, in linear light."""
    return to_display(convolve(to_linear(image), disc_kernel(13.0 * severity**1.5)))
