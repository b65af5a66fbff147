"""Perceptually uniform colours for the maps: equal steps of value look like equal steps.

Two maps, so that nobody takes one for the other at a glance: *viridis* for quality, *magma* for
confidence (both by Stéfan van der Walt and Nathaniel Smith, CC0). They are kept as 18 stops each;
between the stops the exact tables are nowhere more than 5 of 255 away.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache

import numpy as np
import numpy.typing as npt

FloatMap = npt.NDArray[np.float16] | npt.NDArray[np.float32]
"""A map as stored or as enlarged, ``(H, W)``."""

_STOPS = {
    "viridis": (
        "440154 481769 472a7a 433d84 3d4e8a 355e8d 2e6d8e 297b8e 23898e "
        "1f978b 21a585 2eb37c 46c06f 65cb5e 89d548 b0dd2f d8e219 fde725"
    ),
    "magma": (
        "000004 090720 1a1042 311165 4a1079 621980 792282 912b81 aa337d "
        "c23b75 d9466b ec5860 f7725c fc8e64 feaa74 fec68a fde2a3 fcfdbf"
    ),
}


class MapKind(StrEnum):
    """Which of the two regional outputs is drawn."""

    NONE = "none"
    QUALITY = "quality"
    CONFIDENCE = "confidence"


@cache
def lut(kind: MapKind) -> npt.NDArray[np.uint8]:
    """The ``(256, 3)`` RGB table of one kind of map."""
    stops = _STOPS["magma" if kind is MapKind.CONFIDENCE else "viridis"].split()
    anchors = np.array([list(bytes.fromhex(stop)) for stop in stops], dtype=np.float64)
    places = np.round(np.linspace(0, 255, len(stops)))
    columns = [np.interp(np.arange(256), places, anchors[:, channel]) for channel in range(3)]
    table: npt.NDArray[np.uint8] = np.round(np.stack(columns, axis=1)).astype(np.uint8)
    table.flags.writeable = False
    return table


def coloured(
    values: FloatMap,
    kind: MapKind,
    low: float = 0.0,
    high: float = 1.0,
) -> npt.NDArray[np.uint8]:
    """``(H, W)`` values as ``(H, W, 4)`` opaque RGBA; ``low`` and ``high`` take the end colours.

    Values that are not numbers become transparent.
    """
    span = max(high - low, 1e-6)
    plain = np.asarray(values, dtype=np.float32)
    known = np.isfinite(plain)
    steps = np.clip((np.where(known, plain, low) - low) / span * 255 + 0.5, 0, 255)
    rgba = np.empty((*plain.shape, 4), dtype=np.uint8)
    rgba[..., :3] = lut(kind)[steps.astype(np.uint8)]
    rgba[..., 3] = np.where(known, 255, 0)
    return rgba


def enlarged(values: FloatMap, side: int) -> npt.NDArray[np.float32]:
    """A small map made at least ``side`` pixels wide and high by bilinear interpolation.

    Interpolating the values, not the colours, keeps every drawn colour one of the scale.
    """
    plain = np.asarray(values, dtype=np.float32)
    for axis in (0, 1):
        count = plain.shape[axis]
        if count >= side or count == 0:
            continue
        # Pixel centres: output pixel i covers the same place as input at (i + 0.5) / zoom - 0.5.
        at = np.clip((np.arange(side) + 0.5) * count / side - 0.5, 0, count - 1)
        below = np.floor(at).astype(np.intp)
        above = np.minimum(below + 1, count - 1)
        share = (at - below).astype(np.float32)
        share = share[:, None] if axis == 0 else share[None, :]
        plain = plain.take(below, axis) * (1 - share) + plain.take(above, axis) * share
    return plain
