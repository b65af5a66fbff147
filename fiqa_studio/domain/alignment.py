"""Where the aligned crop lies in its photo: one formula for the scorer and for the screen.

GFIQA-20k, section III.A: the eyes are level, the side of the crop is four times the distance
between the eyes, its centre is the mid-point between them, and it is resized to 512 x 512.

Coordinates here are continuous: the pixel in column ``i`` covers ``[i, i + 1)`` and its centre is
at ``i + 0.5``, as in Qt and in MediaPipe's landmarks times the image's size. OpenCV puts the
centre of that pixel at ``i``: shift by half a pixel on both sides before ``warpAffine``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

CROP_SIDE = 512
"""Pixels a side of the aligned crop."""
CROP_EYE_DISTANCES = 4.0
"""Side of the crop, in distances between the eyes."""

LEFT_EYE_CORNERS = (33, 133)
"""Corners of the eye that lies left in the crop (the person's right eye)."""
RIGHT_EYE_CORNERS = (362, 263)
"""Corners of the eye that lies right in the crop (the person's left eye)."""

Points = npt.NDArray[np.float32] | npt.NDArray[np.float64]
"""Points as ``(..., 2)``, x then y."""
Affine = npt.NDArray[np.float64]
"""A ``(2, 3)`` matrix that takes ``(x, y, 1)`` to ``(x', y')``."""


def eye_centres(
    landmarks: Points,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The centres of the left and right eye (as they lie in the crop) of a ``(478, 2)`` mesh.

    They are the mid-points of the eyes' corners, which move neither with the lids nor with the
    gaze, so a blink does not shift the crop.
    """
    mesh = np.asarray(landmarks, dtype=np.float64)
    return mesh[list(LEFT_EYE_CORNERS)].mean(axis=0), mesh[list(RIGHT_EYE_CORNERS)].mean(axis=0)


def eye_distance(landmarks: Points) -> float:
    """The distance between the two eye centres, in the landmarks' unit."""
    left, right = eye_centres(landmarks)
    return float(np.hypot(*(right - left)))


def crop_transform(left_eye: Points, right_eye: Points) -> Affine:
    """The matrix from photo to crop, both in continuous coordinates.

    Raises:
        ValueError: The two eyes coincide, so there is no direction to level.
    """
    left = np.asarray(left_eye, dtype=np.float64)
    right = np.asarray(right_eye, dtype=np.float64)
    across = right - left
    distance = float(np.hypot(*across))
    if not np.isfinite(distance) or distance < 1e-6:
        raise ValueError("the two eyes coincide: there is no crop")
    scale = CROP_SIDE / (CROP_EYE_DISTANCES * distance)
    cosine, sine = across / distance * scale
    rotation = np.array([[cosine, sine], [-sine, cosine]])
    offset = CROP_SIDE / 2 - rotation @ ((left + right) / 2)
    return np.column_stack([rotation, offset])


def inverted(transform: Affine) -> Affine:
    """The inverse of an affine ``(2, 3)`` matrix, such as from crop back to photo."""
    linear = np.linalg.inv(transform[:, :2])
    return np.column_stack([linear, -linear @ transform[:, 2]])


def applied(transform: Affine, points: Points) -> npt.NDArray[np.float64]:
    """``(..., 2)`` points taken through an affine ``(2, 3)`` matrix."""
    moved = np.asarray(points, dtype=np.float64) @ transform[:, :2].T + transform[:, 2]
    return np.asarray(moved, dtype=np.float64)
