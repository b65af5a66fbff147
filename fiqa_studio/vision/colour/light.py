"""Curves and primaries: from numbers to light, from any light to sRGB.

All tables and matrices are of ITU-T H.273, IEC 61966-2-1 and SMPTE ST 2084.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Matrix = npt.NDArray[np.float64]
Rgb = npt.NDArray[np.uint8]

_D65 = (0.3127, 0.3290)
SRGB_PRIMARIES = (*_D65, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
ADOBE_PRIMARIES = (*_D65, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)
ADOBE_GAMMA = 256 / 563

PRIMARIES: dict[int, tuple[float, ...]] = {
    1: SRGB_PRIMARIES,
    2: SRGB_PRIMARIES,
    4: (0.310, 0.316, 0.67, 0.33, 0.21, 0.71, 0.14, 0.08),
    5: (*_D65, 0.64, 0.33, 0.29, 0.60, 0.15, 0.06),
    6: (*_D65, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070),
    7: (*_D65, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070),
    8: (0.310, 0.316, 0.681, 0.319, 0.243, 0.692, 0.145, 0.049),
    9: (*_D65, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046),
    11: (0.314, 0.351, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
    12: (*_D65, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
    22: (*_D65, 0.630, 0.340, 0.295, 0.605, 0.155, 0.077),
}
"""White, red, green and blue as x, y."""

_GAMMAS = {4: 2.2, 5: 2.8, 8: 1.0, 17: 2.6}
_AS_SRGB = frozenset([1, 2, 6, 7, 13, 14, 15])
"""Video's curves are shown as sRGB by every browser, and so they are meant in pictures."""

_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
_CODES = 4096


def is_srgb_curve(transfer: int) -> bool:
    """Whether a transfer characteristic is sRGB's, or is shown as such."""
    return transfer in _AS_SRGB


def gamma_of(transfer: int) -> float:
    """The exponent from number to light of a transfer characteristic; 0 where it has none."""
    return _GAMMAS.get(transfer, 0.0)


@lru_cache(maxsize=16)
def matrix_to_srgb(primaries: tuple[float, ...]) -> Matrix:
    """From linear light of these primaries to that of sRGB, white to white (Bradford)."""
    return np.asarray(np.linalg.inv(_to_xyz(SRGB_PRIMARIES)) @ _to_xyz(primaries), np.float64)


def _to_xyz(primaries: tuple[float, ...]) -> Matrix:
    """From linear light to XYZ under D65."""
    columns = [np.array([x / y, 1.0, (1 - x - y) / y])
               for x, y in zip(primaries[2::2], primaries[3::2], strict=True)]  # fmt: skip
    matrix = np.column_stack(columns)
    white, ours = (_xyz(primaries[0], primaries[1]), _xyz(*_D65))
    matrix = matrix * np.linalg.solve(matrix, white)
    cones = (_BRADFORD @ ours) / (_BRADFORD @ white)
    return np.asarray(np.linalg.inv(_BRADFORD) @ np.diag(cones) @ _BRADFORD @ matrix, np.float64)


def _xyz(x: float, y: float) -> Matrix:
    return np.array([x / y, 1.0, (1 - x - y) / y])


def srgb_to_light(codes: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
    """SRGB numbers in [0, 1] to light in [0, 1]."""
    codes = np.asarray(codes, np.float64)
    return np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4)


@lru_cache(maxsize=1)
def _srgb_table() -> Rgb:
    """Square root of light, in 4096 steps, to sRGB numbers: even the darkest differ."""
    light = (np.arange(_CODES) / (_CODES - 1)) ** 2
    codes = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(np.clip(codes, 0, 1) * 255), np.uint8)


def light_to_srgb(light: Floats) -> Rgb:
    """Linear light of sRGB's primaries, 1 is white, to 8-bit numbers. Overwrites ``light``."""
    np.clip(light, 0, 1, out=light)
    cv2.sqrt(light, light)
    light *= _CODES - 1
    light += 0.5
    return _srgb_table()[light.astype(np.uint16)]


def in_rows(pixels: npt.NDArray[np.generic], rows_of: int = 1 << 20) -> list[slice]:
    """Slices of whole rows, about so many pixels each, so that floats never fill the memory."""
    step = max(rows_of // max(pixels.shape[1], 1), 1)
    return [slice(y, y + step) for y in range(0, pixels.shape[0], step)]


def convert(
    pixels: npt.NDArray[np.uint8] | npt.NDArray[np.uint16],
    curves: Floats,
    matrix: Matrix,
) -> Rgb:
    """Pixels ``(H, W, 3)`` through one curve a channel and a matrix to sRGB.

    Args:
        pixels: 8 or 16 bits.
        curves: ``(256 or 65536, 3)``: light for each number.
        matrix: From that light to light of sRGB's primaries.
    """
    result = np.empty(pixels.shape, np.uint8)
    exact = matrix.astype(np.float32)
    for rows in in_rows(pixels):
        light = np.stack([curves[:, i][pixels[rows, :, i]] for i in range(3)], axis=2)
        result[rows] = light_to_srgb(np.asarray(cv2.transform(light, exact), np.float32))
    return result
