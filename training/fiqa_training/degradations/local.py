"""Local degradations: only part of the picture suffers."""

from __future__ import annotations

import cv2
import numpy as np

from fiqa_training.degradations.blur import gaussian_filter, motion_blur
from fiqa_training.degradations.registry import FloatImage, mix, register, to_display, to_linear


def face_mask(height: int, width: int) -> FloatImage:
    """A soft ellipse where an aligned crop holds the face (eyes at the centre)."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    distance = ((x / width - 0.5) / 0.27) ** 2 + ((y / height - 0.58) / 0.36) ** 2
    return np.asarray(np.clip(1.6 - distance, 0.0, 1.0), np.float32)


@register("face_motion", "local", "Motion of the face only")
def face_motion(image: FloatImage, severity: float, rng: np.random.Generator) -> FloatImage:
    """The head moved, the background did not."""
    return mix(image, motion_blur(image, severity, rng), face_mask(*image.shape[:2]))


@register("shadow", "local", "Shadow across the face")
def shadow(image: FloatImage, severity: float, rng: np.random.Generator) -> FloatImage:
    """A half plane in shadow, up to five stops."""
    height, width = image.shape[:2]
    angle, offset = rng.uniform(0.0, 2.0 * np.pi), rng.uniform(-0.08, 0.08)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    side = (x / width - 0.5) * np.cos(angle) + (y / height - 0.55) * np.sin(angle) - offset
    mask = np.clip(side * 18.0 + 0.5, 0.0, 1.0).astype(np.float32)
    light = np.exp2(-5.5 * severity * mask)[..., None].astype(np.float32)
    return to_display(to_linear(image) * light)


@register("occluder", "local", "Something in front")
def occluder(image: FloatImage, severity: float, rng: np.random.Generator) -> FloatImage:
    """An out-of-focus thing of one colour that covers more and more of the face."""
    height, width = image.shape[:2]
    colour = rng.uniform(0.05, 0.9, 3).astype(np.float32)
    centre = np.array([width * rng.uniform(0.4, 0.6), height * rng.uniform(0.45, 0.7)])
    axes = np.array([rng.uniform(0.25, 0.45), rng.uniform(0.25, 0.45)]) * severity**0.7
    mask = np.zeros((height, width), np.float32)
    size = (max(1, int(axes[0] * width)), max(1, int(axes[1] * height)))
    centre_px = (int(centre[0]), int(centre[1]))
    cv2.ellipse(mask, centre_px, size, float(rng.uniform(0, 180)), 0, 360, (1.0,), -1)
    soft = gaussian_filter(mask, 4.0)
    return mix(image, np.broadcast_to(colour, image.shape).astype(np.float32), soft)
