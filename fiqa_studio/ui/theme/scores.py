"""The colour of a score: vermilion over amber to green, even to the eye.

Interpolated in OKLab, so that equal steps of score look like equal steps of colour. On dark
ground lightness rises with the score as well, which keeps the order readable without red-green
vision. Plain arithmetic: numpy would be the slowest import before the first paint.
"""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtGui import QColor

from fiqa_studio.ui.theme.manager import manager
from fiqa_studio.ui.theme.tokens import DARK, Palette

_Triple = tuple[float, float, float]
_Matrix = tuple[_Triple, _Triple, _Triple]

# Björn Ottosson, "A perceptual color space for image processing" (2020).
_RGB_TO_LMS: _Matrix = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
_LMS_TO_LAB: _Matrix = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)
_LAB_TO_LMS: _Matrix = (
    (1.0, 0.3963377774, 0.2158037573),
    (1.0, -0.1055613458, -0.0638541728),
    (1.0, -0.0894841775, -1.2914855480),
)
_LMS_TO_RGB: _Matrix = (
    (4.0767416621, -3.3077115913, 0.2309699292),
    (-1.2684380046, 2.6097574011, -0.3413193965),
    (-0.0041960863, -0.7034186147, 1.7076147010),
)
_STEPS = 128


def score_colour(score: float | None, palette: Palette | None = None) -> QColor:
    """The colour of a score in [0, 1], as text and marks on panels of the current theme."""
    palette = palette or manager.palette
    if score is None:
        return QColor(palette.text_muted)
    # A copy: the caller may set its alpha.
    return QColor(_ramp(palette.ramp)[round(min(max(score, 0.0), 1.0) * _STEPS)])


def badge_colour(score: float) -> QColor:
    """The colour of a score on a badge over a photo, the same in both themes."""
    return score_colour(score, DARK)


@lru_cache(maxsize=4)
def _ramp(stops: tuple[str, ...]) -> list[QColor]:
    anchors = [_to_oklab(stop) for stop in stops]
    colours = []
    for step in range(_STEPS + 1):
        at = step / _STEPS * (len(anchors) - 1)
        index = min(int(at), len(anchors) - 2)
        part = at - index
        low, high = anchors[index], anchors[index + 1]
        lab = (
            low[0] + (high[0] - low[0]) * part,
            low[1] + (high[1] - low[1]) * part,
            low[2] + (high[2] - low[2]) * part,
        )
        colours.append(_from_oklab(lab))
    return colours


def _times(matrix: _Matrix, vector: _Triple) -> _Triple:
    a, b, c = (sum(m * v for m, v in zip(row, vector, strict=True)) for row in matrix)
    return a, b, c


def _to_oklab(colour: str) -> _Triple:
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    )
    long, medium, short = (c ** (1 / 3) for c in _times(_RGB_TO_LMS, (red, green, blue)))
    return _times(_LMS_TO_LAB, (long, medium, short))


def _from_oklab(lab: _Triple) -> QColor:
    long, medium, short = (c**3 for c in _times(_LAB_TO_LMS, lab))
    linear = (min(max(c, 0.0), 1.0) for c in _times(_LMS_TO_RGB, (long, medium, short)))
    return QColor.fromRgbF(
        *(c * 12.92 if c <= 0.0031308 else 1.055 * c ** (1 / 2.4) - 0.055 for c in linear)
    )
