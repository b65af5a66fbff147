"""Which way up: decided here for every format, and applied once, in `OpenPhoto.decode`.

| format | what counts |
|---|---|
| JPEG | the first EXIF block that names an orientation, of several |
| PNG | ``eXIf``, else the EXIF that ImageMagick keeps in a text ("Raw profile type exif") |
| WebP | its EXIF |
| TIFF | the tag of the page that is shown; where Pillow decodes it, Pillow has turned it |
| HEIF, AVIF | the file's own rotation and mirroring; the EXIF copy is not applied again |
| camera raw | the preview's own where it has one and gets the shape that the raw file says; |
| | a preview that has that shape as stored is upright already; else the raw file's |

XMP's copy of the orientation is never looked at: it is a copy, and often a stale one.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

Rgb = npt.NDArray[np.uint8]

_TURNS: dict[int, Callable[[Rgb], cv2.typing.MatLike]] = {
    2: lambda stored: cv2.flip(stored, 1),
    3: lambda stored: cv2.rotate(stored, cv2.ROTATE_180),
    4: lambda stored: cv2.flip(stored, 0),
    5: cv2.transpose,
    6: lambda stored: cv2.rotate(stored, cv2.ROTATE_90_CLOCKWISE),
    7: lambda stored: cv2.flip(cv2.transpose(stored), -1),
    8: lambda stored: cv2.rotate(stored, cv2.ROTATE_90_COUNTERCLOCKWISE),
}

_LIBRAW = {0: 1, 1: 2, 2: 4, 3: 3, 4: 5, 5: 8, 6: 6, 7: 7}
"""LibRaw's flip to EXIF orientation."""


def turned(stored: Rgb, orientation: int) -> Rgb:
    """The stored picture turned and mirrored as EXIF orientation 1 to 8 says."""
    turn = _TURNS.get(orientation)
    # OpenCV turns four times as fast as NumPy copies a turned view.
    return np.ascontiguousarray(stored) if turn is None else np.asarray(turn(stored), np.uint8)


def upright_offset(left_over: tuple[int, int], orientation: int) -> tuple[float, float]:
    """Where the first pixel lies when the remainder moved to the left or the top by turning."""
    x, y = (left_over[1], left_over[0]) if orientation >= 5 else left_over
    from_right = orientation in (2, 3, 6, 7)
    from_bottom = orientation in (3, 4, 7, 8)
    return (float(x) if from_right else 0.0, float(y) if from_bottom else 0.0)


def of_raw_preview(own: int, flip: int, stored: tuple[int, int], sensor: tuple[int, int]) -> int:
    """The orientation of a raw file's preview.

    Args:
        own: What the preview's own EXIF says; 0 where it says nothing.
        flip: What LibRaw says of the raw file.
        stored: The preview's width and height as stored.
        sensor: The sensor's, not turned.
    """
    of_file = _LIBRAW.get(flip, 1)
    across = of_file >= 5
    wanted = _shape(*(sensor[::-1] if across else sensor))
    if own and (not wanted or _shape(*(stored[::-1] if own >= 5 else stored)) == wanted):
        return own
    if across and wanted and _shape(*stored) == wanted:
        return 1  # it was turned before it was stored
    return of_file


def _shape(width: int, height: int) -> int:
    """1 for landscape, -1 for portrait, 0 where that says nothing."""
    return (width > height) - (width < height)
