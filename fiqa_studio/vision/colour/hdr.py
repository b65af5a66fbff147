"""High dynamic range (PQ, HLG) to the range of a normal screen.

Light is brought to the screen's peak by the curve of report ITU-R BT.2390 (section 5.4.1), as the
brightest of the three channels asks, so that hues stay. Reference white is 203 cd/m2 (BT.2408).
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from fiqa_studio.vision.colour.light import PRIMARIES, in_rows, light_to_srgb, matrix_to_srgb
from fiqa_studio.vision.colour.meaning import HLG, CodePoints

Rgb = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Wide = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]

WHITE_NITS = 203.0
_USUAL_PEAK = 1000.0
_MOST_NITS = 10_000.0
_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
_STEPS = 65536
_BRIGHTEST_SHARE = 1e-3
"""Of the pixels: fewer than this are sparks, and do not decide how bright the rest is."""


def pq_to_nits(codes: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """PQ numbers in [0, 1] to cd/m2 (SMPTE ST 2084)."""
    power = np.asarray(codes, np.float64) ** (1 / _M2)
    light = np.maximum(power - _C1, 0) / (_C2 - _C3 * power)
    return np.asarray(light ** (1 / _M1) * _MOST_NITS, np.float64)


def nits_to_pq(nits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Light in cd/m2 to PQ numbers in [0, 1]."""
    power = (np.asarray(nits, np.float64) / _MOST_NITS) ** _M1
    return np.asarray(((_C1 + _C2 * power) / (1 + _C3 * power)) ** _M2, np.float64)


def hlg_to_scene(codes: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """HLG numbers in [0, 1] to light of the scene in [0, 1] (BT.2100)."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    codes = np.asarray(codes, np.float64)
    return np.where(codes <= 0.5, codes**2 / 3, (np.exp((codes - c) / a) + b) / 12)


def bt2390(nits: npt.NDArray[np.float64], peak: float) -> npt.NDArray[np.float64]:
    """Light of a picture whose brightest is ``peak``, for a screen of `WHITE_NITS` (cd/m2)."""
    nits = np.asarray(nits, np.float64)
    if peak <= WHITE_NITS:
        return np.minimum(nits, WHITE_NITS)
    top = float(nits_to_pq(np.array(peak)))
    most = float(nits_to_pq(np.array(WHITE_NITS))) / top
    knee = 1.5 * most - 0.5
    codes = np.minimum(nits_to_pq(nits) / top, 1.0)
    t = np.maximum(codes - knee, 0) / (1 - knee)
    spline = (
        (2 * t**3 - 3 * t**2 + 1) * knee
        + (t**3 - 2 * t**2 + t) * (1 - knee)
        + (-2 * t**3 + 3 * t**2) * most
    )
    return pq_to_nits(np.where(codes < knee, codes, spline) * top)


def tone_mapped(pixels: Wide, points: CodePoints, *, measured: bool) -> Rgb:
    """An HDR picture ``(H, W, 3)`` as sRGB.

    Args:
        pixels: 8 or 16 bits, the full range.
        points: Which curve and primaries.
        measured: Whether its brightest light is taken from its pixels; else the usual peak.
    """
    primaries = PRIMARIES.get(points.primaries, PRIMARIES[9])
    matrix = (matrix_to_srgb(primaries) / WHITE_NITS).astype(np.float32)
    curve = _curve(points.transfer, 256 if pixels.dtype == np.uint8 else 65536)
    # Luminance in the picture's own primaries, for HLG's rendering.
    weights = _luminance(primaries)
    peak = _peak(pixels, curve, weights, points.transfer) if measured else _USUAL_PEAK
    gains = _gains(round(peak))
    result = np.empty(pixels.shape, np.uint8)
    for rows in in_rows(pixels):
        light = _light(pixels[rows], curve, weights, points.transfer)
        light *= _gain(light, gains)[:, :, None]
        result[rows] = light_to_srgb(np.asarray(cv2.transform(light, matrix), np.float32))
    return result


@lru_cache(maxsize=4)
def _curve(transfer: int, steps: int) -> Floats:
    codes = np.linspace(0, 1, steps)
    light = hlg_to_scene(codes) if transfer == HLG else pq_to_nits(codes)
    return np.asarray(light, np.float32)


@lru_cache(maxsize=8)
def _gains(peak: int) -> Floats:
    """Factor for each step of the fourth root of light."""
    nits = (np.arange(_STEPS) / (_STEPS - 1)) ** 4 * _MOST_NITS
    return np.asarray(bt2390(nits, peak) / np.maximum(nits, 1e-9), np.float32)


def _gain(light: Floats, gains: Floats) -> Floats:
    brightest = light.max(axis=2)
    steps = np.sqrt(np.sqrt(np.clip(brightest / np.float32(_MOST_NITS), 0, 1)))
    result = gains[np.rint(steps * (_STEPS - 1)).astype(np.uint16)]
    # The table's first steps stand for no light at all.
    return np.where(brightest < 0.01, np.float32(1), result)


def _light(pixels: Wide, curve: Floats, weights: Floats, transfer: int) -> Floats:
    """In cd/m2 on the screen that the picture was made for."""
    light = curve[pixels]
    if transfer == HLG:
        luminance = light @ weights
        # A screen of 1,000 cd/m2 renders with a system gamma of 1.2.
        light *= (np.maximum(luminance, 1e-6) ** np.float32(0.2) * np.float32(1000))[:, :, None]
    return light


def _peak(pixels: Wide, curve: Floats, weights: Floats, transfer: int) -> float:
    """The brightest light but for sparks, from every fourth pixel."""
    some = np.ascontiguousarray(pixels[::4, ::4])
    brightest = _light(some, curve, weights, transfer).max(axis=2)
    return float(np.clip(np.quantile(brightest, 1 - _BRIGHTEST_SHARE), WHITE_NITS, _MOST_NITS))


def _luminance(primaries: tuple[float, ...]) -> Floats:
    srgb = np.array([0.2126, 0.7152, 0.0722])
    return np.asarray(srgb @ matrix_to_srgb(primaries), np.float32)
