"""A study's own pictures as perceptual hashes: to find the faces of a library that they show.

The same 64 bits as `fiqa_studio.vision.perceptual` makes, without OpenCV, which has no place in the
window's process; the two may differ by a bit or two where a pixel is rounded otherwise.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

_SIDE = 32
_LOWEST = slice(1, 9)


def likeness(picture: Image.Image) -> int:
    """The perceptual hash of a picture, as an integer of 64 bits."""
    grey = picture.convert("L").resize((_SIDE, _SIDE), Image.Resampling.BOX)
    values = np.asarray(grey, dtype=np.float64)
    k = np.arange(_SIDE)
    transform = np.cos(np.pi * (2 * k[None, :] + 1) * k[:, None] / (2 * _SIDE))
    transform *= np.sqrt(np.where(k == 0, 1.0, 2.0) / _SIDE)[:, None]
    low = (transform @ values @ transform.T)[_LOWEST, _LOWEST]
    bits = np.round(low, 2) > np.round(np.median(low), 2)
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def bits_apart(one: int, others: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """(N,) in how many bits others differ from one."""
    different = np.bitwise_xor(others, np.uint64(one))
    bits = np.unpackbits(different.view(np.uint8).reshape(-1, 8), axis=1)
    count: npt.NDArray[np.int64] = bits.sum(axis=1).astype(np.int64)
    return count
