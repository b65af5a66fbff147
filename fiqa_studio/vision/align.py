"""Cuts the aligned face crop of GFIQA-20k (section III.A) out of a photo.

Where it lies is `fiqa_studio.domain.alignment`, which the window reads too; this module resamples.

Coordinates are continuous: pixel (i, j) covers [i, i + 1) x [j, j + 1), so an image scaled by s has
its coordinates multiplied by s exactly, at any scale. OpenCV's own warps put pixel *centres* at
integers; the half-pixel shift is made here and nowhere else.
"""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from fiqa_studio.domain.alignment import CROP_SIDE

Rgb = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float32]
Matrix = npt.NDArray[np.float64]


def transform_points(matrix: Matrix, points: npt.NDArray[np.floating[Any]]) -> Points:
    """Points ``(N, 2)`` through a ``(2, 3)`` transform."""
    moved: Matrix = np.asarray(points, np.float64) @ matrix[:, :2].T + matrix[:, 2]
    return moved.astype(np.float32)


def warp(image: Rgb, matrix: Matrix, size: int = CROP_SIDE, *, fine: bool = True) -> Rgb:
    """Resample ``image`` by a similarity to ``(size, size, 3)``, averaging areas when it shrinks.

    ``fine=False`` is three times faster and averages in whole steps only: good enough to look at.

    Beyond its border the image is mirrored, as in the faces that scorers are trained on: black
    would be scored as bad light, and repeated pixels as blur.
    """
    factor = math.hypot(matrix[0, 0], matrix[0, 1])  # crop pixels per image pixel
    if factor >= 1:
        return _warp(image, matrix, size)
    image, matrix = _region(image, matrix, size)
    step = int(1 / factor + 1e-9)
    if step > 1:
        height, width = (image.shape[0] // step) * step, (image.shape[1] // step) * step
        if height and width:
            image = cv2.resize(
                image[:height, :width],
                (width // step, height // step),
                interpolation=cv2.INTER_AREA,
            ).astype(np.uint8, copy=False)
            matrix = matrix @ np.diag([step, step, 1.0])
    if not fine:
        return _warp(image, matrix, size)
    # At most two image pixels fall on one crop pixel now: sample twice as finely, then average.
    twice = _warp(image, matrix * 2, size * 2)
    return cv2.resize(twice, (size, size), interpolation=cv2.INTER_AREA).astype(
        np.uint8, copy=False
    )


def crop_corners(matrix: Matrix, size: int = CROP_SIDE) -> Points:
    """Where the crop's corners lie in the photo, ``(4, 2)``."""
    corners = np.array([[0, 0], [size, 0], [size, size], [0, size]], np.float64)
    return transform_points(_inverse(matrix), corners)


def outside_share(matrix: Matrix, width: int, height: int, size: int = CROP_SIDE) -> float:
    """Which part of the crop lies outside a photo of this size, in [0, 1]."""
    square = crop_corners(matrix, size)
    photo = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    inside, _ = cv2.intersectConvexConvex(square, photo)
    area = cv2.contourArea(square)
    return float(min(max(1 - inside / area, 0.0), 1.0)) if area > 0 else 1.0


def _region(image: Rgb, matrix: Matrix, size: int) -> tuple[Rgb, Matrix]:
    """The part of the image that the crop can see, so that averaging does not touch the rest."""
    square = crop_corners(matrix, size)
    margin = 4 / math.hypot(matrix[0, 0], matrix[0, 1])
    x0, y0 = np.floor(square.min(axis=0) - margin).astype(int)
    x1, y1 = np.ceil(square.max(axis=0) + margin).astype(int)
    height, width = image.shape[:2]
    x0, y0 = min(max(int(x0), 0), width - 1), min(max(int(y0), 0), height - 1)
    x1, y1 = min(max(int(x1), x0 + 1), width), min(max(int(y1), y0 + 1), height)
    moved = matrix.copy()
    moved[:, 2] += matrix[:, :2] @ np.array([x0, y0])
    return image[y0:y1, x0:x1], moved


def _inverse(matrix: Matrix) -> Matrix:
    return np.asarray(cv2.invertAffineTransform(matrix), np.float64)


def _warp(image: Rgb, matrix: Matrix, size: int) -> Rgb:
    centred = matrix.copy()
    centred[:, 2] += matrix[:, :2] @ np.array([0.5, 0.5]) - 0.5
    warped = cv2.warpAffine(
        image, centred, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )
    return warped.astype(np.uint8, copy=False)
