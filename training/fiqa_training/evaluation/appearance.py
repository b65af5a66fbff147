"""How a clean face is lit and how light its skin looks, measured on the pixels of its crop.

* Luminance: mean relative luminance (Rec. 709) inside the face's outline, in linear light.
* Imbalance: the outline is cut along the line from forehead to chin; the difference of the two
  halves' luminance over their sum, without its sign.
* Skin: the individual typology angle (A. Chardon, I. Cretois, C. Hourseau, "Skin colour typology
  and suntanning pathways", International Journal of Cosmetic Science 13, 1991), from the median
  CIELAB lightness and b* of cheek pixels.

The angle was made for skin under a calibrated instrument. From a photo it mixes the skin with the
light, the exposure and the camera's taste; it groups pictures by how light the skin *looks* in
them, and is nobody's skin colour. Monochrome pictures have no b* and so no angle.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from fiqa_training.data.face_regions import OVAL
from fiqa_training.degradations import ByteImage
from fiqa_training.degradations.registry import FloatImage, to_float

SKIN_CLASSES = ("very light", "light", "intermediate", "tan", "brown", "dark")
MONOCHROME = "monochrome"

_CLASS_EDGES = (55.0, 41.0, 28.0, 10.0, -30.0)
"""Degrees; a face belongs to the first class whose edge it exceeds."""
_CHEEKS = (
    (101, 118, 117, 123, 187, 205, 36),
    (330, 347, 346, 352, 411, 425, 266),
)
"""Outlines of the cheeks in the face mesh: below the eyes, beside the nose, above the mouth."""
_FOREHEAD, _CHIN = 10, 152
_CLIPPED = 250
_LEAST_PIXELS = 50
_LEAST_CHROMA = 3.0


@dataclass(frozen=True)
class Appearance:
    """One clean face.

    Attributes:
        luminance: mean inside the outline, [0, 1], linear light.
        imbalance: of the two halves, [0, 1]; 0 is evenly lit.
        angle: individual typology angle in degrees; NaN for a monochrome picture.
    """

    luminance: float
    imbalance: float
    angle: float

    @property
    def skin(self) -> str:
        """One of `SKIN_CLASSES`, or `MONOCHROME`."""
        return skin_class(self.angle)


def appearance(crop: ByteImage, points: npt.NDArray[np.float32]) -> Appearance | None:
    """Measure a clean crop with its mesh, (468 or more, 2) in its pixels; None without a mesh."""
    if not np.isfinite(points).all():
        return None
    light = luminance(crop)
    face = _inside(crop, [OVAL], points)
    left = face & _left_of(crop, points[_FOREHEAD], points[_CHIN])
    right = face & ~left
    if not (left.any() and right.any()):
        return None
    halves = float(light[left].mean()), float(light[right].mean())
    return Appearance(
        luminance=float(light[face].mean()),
        imbalance=abs(halves[0] - halves[1]) / max(sum(halves), 1e-9),
        angle=_cheek_angle(crop, points),
    )


def luminance(picture: ByteImage) -> FloatImage:
    """(H, W) relative luminance in [0, 1], linear light (IEC 61966-2-1, Rec. 709 primaries)."""
    encoded = to_float(picture)
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear @ np.array([0.2126, 0.7152, 0.0722]), np.float32)


def typology_angle(lightness: float, b: float) -> float:
    """Individual typology angle in degrees, of CIELAB L* (0-100) and b*."""
    return math.degrees(math.atan2(lightness - 50.0, b))


def skin_class(angle: float) -> str:
    """The class of an angle in degrees; `MONOCHROME` for NaN."""
    if math.isnan(angle):
        return MONOCHROME
    for edge, name in zip(_CLASS_EDGES, SKIN_CLASSES, strict=False):
        if angle > edge:
            return name
    return SKIN_CLASSES[-1]


def _cheek_angle(crop: ByteImage, points: npt.NDArray[np.float32]) -> float:
    pixels = crop[_inside(crop, _CHEEKS, points)]
    # Highlights tell of the lamp, not of the skin.
    unclipped = pixels[pixels.max(axis=1) < _CLIPPED] if len(pixels) else pixels
    if len(unclipped) < _LEAST_PIXELS:
        return math.nan
    lab = cv2.cvtColor(to_float(unclipped)[None], cv2.COLOR_RGB2LAB)[0]
    lightness, a, b = (float(value) for value in np.median(lab, axis=0))
    if math.hypot(a, b) < _LEAST_CHROMA:
        return math.nan
    return typology_angle(lightness, b)


def _inside(
    crop: ByteImage,
    outlines: tuple[tuple[int, ...], ...] | list[tuple[int, ...]],
    points: npt.NDArray[np.float32],
) -> npt.NDArray[np.bool_]:
    """(H, W): inside the convex hulls of the outlines' points."""
    mask = np.zeros(crop.shape[:2], np.uint8)
    for outline in outlines:
        hull = cv2.convexHull(np.rint(points[list(outline)]).astype(np.int32))
        cv2.fillConvexPoly(mask, hull, (1,))
    return mask.astype(bool)


def _left_of(
    crop: ByteImage, top: npt.NDArray[np.float32], bottom: npt.NDArray[np.float32]
) -> npt.NDArray[np.bool_]:
    """(H, W): on one side of the line through two points; the side changes no figure."""
    rows, columns = np.indices(crop.shape[:2])
    along = bottom - top
    return np.asarray((columns - top[0]) * along[1] - (rows - top[1]) * along[0] > 0)
