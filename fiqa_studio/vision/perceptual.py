"""A perceptual hash: 64 bits that hardly change when a picture is scaled, compressed or toned.

The widely used one of the discrete cosine transform (C. Zauner, Implementation and Benchmarking of
Perceptual Image Hash Functions, 2010, section 3.2.1): the picture in grey at 32 x 32, its lowest
frequencies but the very lowest row and column, each above or below their median.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

_SIDE = 32
_LOWEST = slice(1, 9)


def perceptual_hash(rgb: npt.NDArray[np.uint8]) -> int:
    """The hash of a picture ``(H, W, 3)``, as an integer of 64 bits.

    Two pictures look alike where few bits differ: up to 10 as a rule.
    """
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(small)[_LOWEST, _LOWEST]
    # Of a flat picture all are 0 but for rounding, which must not decide.
    bits = np.round(low, 2) > np.round(np.median(low), 2)
    return int.from_bytes(np.packbits(bits).tobytes(), "big")
