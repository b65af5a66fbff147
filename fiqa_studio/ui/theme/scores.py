"""The colour of a score: vermilion over amber to green, even to the eye.

Interpolated in OKLab, so that equal steps of score look like equal steps of colour. Lightness
rises with the score as well, which keeps the order readable without red-green vision.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QColor

from fiqa_studio.ui.theme.manager import manager
from fiqa_studio.ui.theme.tokens import DARK, Palette

# Björn Ottosson, "A perceptual color space for image processing" (2020).
_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_STEPS = 128


def score_colour(score: float | None, palette: Palette | None = None) -> QColor:
    """The colour of a score in [0, 1], as text and marks on panels of the current theme."""
    palette = palette or manager.palette
    if score is None:
        return QColor(palette.text_muted)
    return _ramp(palette.ramp)[round(min(max(score, 0.0), 1.0) * _STEPS)]


def badge_colour(score: float) -> QColor:
    """The colour of a score on a badge over a photo, the same in both themes."""
    return score_colour(score, DARK)


@lru_cache(maxsize=4)
def _ramp(stops: tuple[str, ...]) -> list[QColor]:
    anchors = np.array([_to_oklab(stop) for stop in stops])
    positions = np.linspace(0, 1, len(stops))
    at = np.linspace(0, 1, _STEPS + 1)
    lab = np.stack([np.interp(at, positions, anchors[:, i]) for i in range(3)], axis=1)
    rgb = np.clip(_from_oklab(lab), 0, 1)
    return [QColor.fromRgbF(float(r), float(g), float(b)) for r, g, b in rgb]


def _to_oklab(colour: str) -> npt.NDArray[np.float64]:
    srgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    result: npt.NDArray[np.float64] = _TO_LAB @ np.cbrt(_TO_LMS @ linear)
    return result


def _from_oklab(lab: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    lms = (lab @ np.linalg.inv(_TO_LAB).T) ** 3
    linear = lms @ np.linalg.inv(_TO_LMS).T
    linear = np.clip(linear, 0, None)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
