"""The aligned face crop of GFIQA-20k (section III.A).

Eyes level, centred on the mid-point between the eyes, side = 4 x the distance between them,
resized to 512 x 512.

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

Rgb = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float32]
Matrix = npt.NDArray[np.float64]

CROP_SIZE = 512
CROP_EYE_DISTANCES = 4.0
"""Side of the crop in eye distances."""

RIGHT_EYE_CORNERS = (33, 133)
LEFT_EYE_CORNERS = (263, 362)
"""Outer and inner corner of the subject's eyes in the face mesh. The corners stay where they are
when the eye closes or looks aside; the iris does not."""


def eye_centers(landmarks: npt.NDArray[np.floating[Any]]) -> tuple[Matrix, Matrix]:
    """Centres of the two eyes of a mesh, ``(478, 2)``: first the one on the crop's left."""
    points = np.asarray(landmarks, np.float64)
    return points[list(RIGHT_EYE_CORNERS)].mean(axis=0), points[list(LEFT_EYE_CORNERS)].mean(axis=0)


def eye_distance(landmarks: npt.NDArray[np.floating[Any]]) -> float:
    """Distance between the two eye centres, in the mesh's pixels."""
    left, right = eye_centers(landmarks)
    return float(math.hypot(right[0] - left[0], right[1] - left[1]))


def crop_transform(
    left_eye: npt.ArrayLike, right_eye: npt.ArrayLike, *, size: int = CROP_SIZE
) -> Matrix:
    """The similarity from photo to crop, ``(2, 3)``, in continuous coordinates.

    Args:
        left_eye: Centre of the eye that comes to lie on the left, (x, y) in the photo.
        right_eye: Centre of the other eye.
        size: Side of the crop in its own pixels.

    Raises:
        ValueError: The two eyes are one point.
    """
    left = np.asarray(left_eye, np.float64)
    right = np.asarray(right_eye, np.float64)
    along = right - left
    distance = math.hypot(along[0], along[1])
    if distance <= 0:
        raise ValueError("the two eyes are one point")
    cosine, sine = along / distance * (size / (CROP_EYE_DISTANCES * distance))
    rotation = np.array([[cosine, sine], [-sine, cosine]])
    middle = rotation @ ((left + right) / 2)
    return np.column_stack([rotation, size / 2 - middle])


def transform_points(matrix: Matrix, points: npt.NDArray[np.floating[Any]]) -> Points:
    """Points ``(N, 2)`` through a ``(2, 3)`` transform."""
    moved: Matrix = np.asarray(points, np.float64) @ matrix[:, :2].T + matrix[:, 2]
    return moved.astype(np.float32)


def warp(image: Rgb, matrix: Matrix, size: int = CROP_SIZE, *, fine: bool = True) -> Rgb:
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


def crop_corners(matrix: Matrix, size: int = CROP_SIZE) -> Points:
    """Where the crop's corners lie in the photo, ``(4, 2)``."""
    corners = np.array([[0, 0], [size, 0], [size, size], [0, size]], np.float64)
    return transform_points(_inverse(matrix), corners)


def outside_share(matrix: Matrix, width: int, height: int, size: int = CROP_SIZE) -> float:
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
