"""Where in a crop the facial features, the other skin and the background lie, by mesh landmarks.

Figure 5 measures confidence by these regions, and a set of degraded faces can be degraded and
labelled by them (`region_labels`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import cv2
import numpy as np
import numpy.typing as npt

from fiqa_training.data.faces import CROP_SIDE

FEATURES: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        "right eye and brow": (
            *(33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246),
            *(70, 63, 105, 66, 107, 55, 65, 52, 53, 46),
        ),
        "left eye and brow": (
            *(263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466),
            *(300, 293, 334, 296, 336, 285, 295, 282, 283, 276),
        ),
        "nose": (168, 6, 197, 195, 5, 4, 45, 275, 48, 64, 98, 97, 2, 326, 327, 294, 278),
        "mouth": (
            *(61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291),
            *(409, 270, 269, 267, 0, 37, 39, 40, 185),
        ),
    }
)
"""Points of the 468-point face mesh (mediapipe's numbering; left and right are the person's); a
feature is their convex hull. Eyes, brows and lips are mediapipe's own contours; the nose is its
ridge with wings and base."""

OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
"""The outline of the face, likewise."""

Mask = npt.NDArray[np.float32]
"""(512, 512) in [0, 1]: how much of each pixel of a crop belongs to a region."""


@dataclass(frozen=True)
class RegionMasks:
    """Three regions that share a crop out between them: in each pixel they add up to 1.

    Attributes:
        features: eyes with brows, nose and mouth.
        skin: inside the face's outline, but in none of them.
        background: outside the outline: hair, neck, clothes, background.
    """

    features: Mask
    skin: Mask
    background: Mask


def masks_of(points: npt.NDArray[np.float32], soft: float = 0.0) -> RegionMasks:
    """Regions of a crop with mesh landmarks (468 or more, 2) in its pixels.

    Args:
        points: the landmarks.
        soft: standard deviation of the masks' edges in pixels; 0: sharp.
    """
    features = np.zeros((CROP_SIDE, CROP_SIDE), np.float32)
    for indices in FEATURES.values():
        _fill(features, points[list(indices)])
    face = features.copy()
    _fill(face, points[list(OVAL)])
    if soft:
        features, face = (
            np.asarray(cv2.GaussianBlur(each, (0, 0), soft), np.float32)
            for each in (features, face)
        )
    return RegionMasks(features, face - features, 1 - face)


def _fill(mask: Mask, points: npt.NDArray[np.float32]) -> None:
    hull = cv2.convexHull(np.rint(points).astype(np.int32))
    cv2.fillConvexPoly(mask, hull, (1.0,))
