"""The one place where a picture's stored numbers become sRGB."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from fiqa_studio.vision.colour.hdr import tone_mapped
from fiqa_studio.vision.colour.light import (
    ADOBE_GAMMA,
    ADOBE_PRIMARIES,
    PRIMARIES,
    SRGB_PRIMARIES,
    Floats,
    convert,
    gamma_of,
    is_srgb_curve,
    matrix_to_srgb,
    srgb_to_light,
)
from fiqa_studio.vision.colour.meaning import HLG, CodePoints, Meaning
from fiqa_studio.vision.colour.profile import BrokenProfileError, curves_and_matrix, transform_of

Rgb = npt.NDArray[np.uint8]
Stored = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
"""``(H, W, 3)`` of 8 or 16 bits (grey three times), or ``(H, W, 4)`` of 8 bits: CMYK."""

_USUAL_GAMMA = 1 / 2.2
_LEAST_GAMMA, _MOST_GAMMA = 0.1, 2.0
_STEP = 257
"""Of 16 bits: one of 8."""
_STEEP = 0.0024
"""Light of the first step above black: linear light has 0.0039, gamma 1.8 has 0.00005."""
_KNOWN_CURVES = frozenset([1, 2, 4, 5, 6, 7, 8, 13, 14, 15, 16, 17, 18])


def hdr_points(meaning: Meaning) -> CodePoints | None:
    """The code points of a high dynamic range picture; None for any other."""
    if meaning.code_points is not None and meaning.code_points.is_hdr:
        return meaning.code_points
    if meaning.icc:
        try:
            points = transform_of(meaning.icc)[0].code_points
        except BrokenProfileError:
            return None
        if points is not None and points.is_hdr:
            return points
    return None


def is_plain(meaning: Meaning) -> bool:
    """Whether pixels of 8 bits are sRGB as they are."""
    if hdr_points(meaning) is not None:
        return False
    if meaning.icc:
        try:
            return transform_of(meaning.icc)[1] is None
        except BrokenProfileError:
            pass
    return _numbers(meaning, []) is None


def to_srgb(pixels: Stored, meaning: Meaning, notes: list[str], *, grey: bool = False) -> Rgb:
    """Stored pixels as 8-bit sRGB; what is sRGB already is given back as it is.

    Args:
        pixels: As the decoder gave them.
        meaning: What the file says of them.
        notes: Sentences are added: a profile that was passed over, a range that was brought down.
        grey: Whether the file holds grey alone.
    """
    if (points := hdr_points(meaning)) is not None and pixels.shape[2] == 3:
        curve = "HLG" if points.transfer == HLG else "PQ"
        notes.append(f"A picture of high dynamic range ({curve}), shown in the normal range.")
        return tone_mapped(pixels, points, measured=meaning.measured_peak)
    if meaning.icc:
        try:
            return _by_profile(pixels, meaning.icc, grey=grey)
        except BrokenProfileError as error:
            notes.append(f"Its colour profile {error} and was passed over.")
    if pixels.shape[2] == 4:
        return np.asarray(Image.fromarray(_eight(pixels), "CMYK").convert("RGB"), np.uint8)
    numbers = _numbers(meaning, notes)
    if numbers is None:
        return _eight(pixels)
    gamma, primaries = numbers
    steps = np.linspace(0, 1, 256 if pixels.dtype == np.uint8 else 65536)
    light = srgb_to_light(steps) if gamma == 0 else steps**gamma
    curves = np.repeat(light.astype(np.float32)[:, None], 3, axis=1)
    return convert(pixels, curves, matrix_to_srgb(primaries))


def _by_profile(pixels: Stored, icc: bytes, *, grey: bool) -> Rgb:
    profile, transform = transform_of(icc)
    channels = {"RGB": 3, "L": 3, "CMYK": 4}[profile.mode]
    if channels != pixels.shape[2] or (profile.mode == "L" and not grey):
        raise BrokenProfileError("is for pictures of another kind")
    if transform is None:
        return _eight(pixels)
    exact = curves_and_matrix(icc)
    if exact is not None and pixels.dtype == np.uint8 and _is_steep(exact[0]):
        pixels = _between_steps(_eight(pixels))
    if exact is not None and pixels.dtype == np.uint16:
        return convert(pixels, *exact)
    eight = _eight(pixels)
    return transform(np.ascontiguousarray(eight[:, :, 0]) if profile.mode == "L" else eight)


def looks_around(meaning: Meaning) -> bool:
    """Whether converting 8-bit pixels looks at their neighbours (`_between_steps`)."""
    try:
        exact = curves_and_matrix(meaning.icc) if meaning.icc else None
    except BrokenProfileError:
        return False
    return exact is not None and _is_steep(exact[0])


def _is_steep(curves: Floats) -> bool:
    """Whether one step of 8 bits is many steps of sRGB in the dark, as in linear light."""
    return bool(curves[_STEP].min() > _STEEP)


def _between_steps(pixels: Rgb) -> npt.NDArray[np.uint16]:
    """8 bits as 16, smoothed within one step: else dark parts fall into bands."""
    wide = pixels.astype(np.uint16) * _STEP
    smooth = cv2.GaussianBlur(wide, (3, 3), 0)
    low = np.where(wide > _STEP, wide - _STEP, 0)
    high = np.where(wide < 65535 - _STEP, wide + _STEP, 65535)
    return np.asarray(np.clip(smooth, low, high), np.uint16)


def _numbers(meaning: Meaning, notes: list[str]) -> tuple[float, tuple[float, ...]] | None:
    """Exponent from number to light (0 for sRGB's curve) and primaries; None for sRGB."""
    points = meaning.code_points
    if points is not None:
        if points.transfer not in _KNOWN_CURVES or points.primaries not in PRIMARIES:
            notes.append("Its colours are of a kind that is not known here; taken as sRGB.")
            return None
        gamma, primaries = gamma_of(points.transfer), PRIMARIES[points.primaries]
        if is_srgb_curve(points.transfer) and primaries == SRGB_PRIMARIES:
            return None
        return gamma, primaries
    if meaning.adobe_rgb:
        return 1 / ADOBE_GAMMA, ADOBE_PRIMARIES
    if not meaning.gamma and not meaning.chromaticities:
        return None
    gamma = 0.0
    if meaning.gamma and abs(meaning.gamma / _USUAL_GAMMA - 1) > 0.05:
        if not _LEAST_GAMMA <= meaning.gamma <= _MOST_GAMMA:
            notes.append("Its gamma makes no sense and was passed over.")
        else:
            gamma = 1 / meaning.gamma
    primaries = meaning.chromaticities or SRGB_PRIMARIES
    if not _make_sense(primaries):
        notes.append("Its chromaticities make no sense and were passed over.")
        primaries = SRGB_PRIMARIES
    if np.abs(np.array(primaries) - SRGB_PRIMARIES).max() < 0.005:
        primaries = SRGB_PRIMARIES
    return None if gamma == 0 and primaries == SRGB_PRIMARIES else (gamma, primaries)


def _make_sense(primaries: tuple[float, ...]) -> bool:
    """Whether red, green and blue span a triangle of real colours with the white inside."""
    if len(primaries) != 8 or not all(-0.1 <= v <= 1.0 for v in primaries):
        return False
    if min(primaries[1::2]) <= 0.001:
        return False
    triangle = np.array(primaries[2:], np.float32).reshape(3, 2)
    area = abs(float(cv2.contourArea(triangle)))
    return area > 0.01 and cv2.pointPolygonTest(triangle, primaries[:2], False) > 0


def _eight(pixels: Stored) -> Rgb:
    if pixels.dtype == np.uint8:
        return np.asarray(pixels, np.uint8)
    return np.asarray((pixels.astype(np.uint32) * 255 + 32767) // 65535, np.uint8)
