"""Making pictures smaller, by averaging, at little cost."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Rgb = npt.NDArray[np.uint8]


def halved_towards(image: Rgb, factor: float) -> tuple[Rgb, float]:
    """Halve an image as often as it stays at least ``factor`` times its size, with its new factor.

    Averaging two by two is the one reduction that OpenCV does at the speed of memory.
    """
    done = 1.0
    while factor <= done / 2 and min(image.shape[:2]) >= 2:
        height, width = image.shape[0] // 2, image.shape[1] // 2
        image = np.asarray(
            cv2.resize(
                image[: height * 2, : width * 2], (width, height), interpolation=cv2.INTER_AREA
            ),
            np.uint8,
        )
        done /= 2
    return image, done


def fit_within(image: Rgb, side: int) -> Rgb:
    """At most ``side`` pixels a side, never enlarged."""
    factor = side / max(image.shape[:2])
    if factor >= 1:
        return image
    size = (max(round(image.shape[1] * factor), 1), max(round(image.shape[0] * factor), 1))
    image, _ = halved_towards(image, factor)
    # Less than half is left to go: two by two pixels are enough to average.
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR_EXACT), np.uint8)
