"""Where the detector looks: a pyramid of overlapping tiles over the whole photo.

The detector sees 128 x 128 pixels and finds faces from about 14 of them up. The finest level has
a fixed number of pixels, so the time a photo is bounded: faces of 40 pixels are found in photos up
to about 1,500 pixels a side (31 tiles, 0.7 milliseconds each). In photos of more than
`LARGE_PHOTO` pixels 25 tiles have to do, since those take long enough to decode: there it is faces
of a thirty-fifth of the long side, 115 pixels in a photo of 4000 x 3000, and smaller ones are for
`fiqa_studio.vision.crowds`. Each level above has half the pixels a side; the last is the whole
photo in one tile. Tiles overlap by twice the smallest
face: what is too large to lie whole in one of them is found a level higher.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from fiqa_studio.vision.shrink import halved_towards

Rgb = npt.NDArray[np.uint8]

TILE = 128
OVERLAP = 28
WORKING_PIXELS = 572 * 428
"""Six by four tiles of a photo in 4:3 or 3:2, then three by two, then the whole."""

LARGE_PHOTO = 4_000_000
LARGE_WORKING_PIXELS = 472 * 354
"""Five by four, two by two, the whole."""

WHOLE = 1.25
"""A level whose long side is at most this many tiles becomes the whole photo in one."""
FLAT = 3.0
"""Standard deviation, of 255, below which a tile is sky, wall or night: not even a dark face."""

FINEST_SCALE = 0.6
"""In small photos: looking closer than this finds faces too small to judge."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One square for the detector, and where it lies.

    Attributes:
        pixels: ``(128, 128, 3)``.
        x: Left edge in the pixels of the image that was tiled.
        y: Top edge.
        side: In the same pixels; the tile may reach past the right and bottom edges.
    """

    pixels: Rgb
    x: float
    y: float
    side: float


def finest_factor(image: Rgb, scale: float) -> float:
    """Pixels of the pyramid's finest level a pixel of ``image``.

    Args:
        image: The decoded photo.
        scale: Its pixels a full-resolution pixel.
    """
    height, width = image.shape[:2]
    large = width * height / scale**2 > LARGE_PHOTO
    pixels = LARGE_WORKING_PIXELS if large else WORKING_PIXELS
    return min(FINEST_SCALE / scale, math.sqrt(pixels / (width * height)), 1.0)


def levels(image: Rgb, scale: float) -> Iterator[tuple[Rgb, float]]:
    """The pyramid from fine to coarse: each level with its pixels a pixel of ``image``.

    Args:
        image: The decoded photo.
        scale: Its pixels a full-resolution pixel.
    """
    height, width = image.shape[:2]
    factor = finest_factor(image, scale)
    while True:
        size = (max(round(width * factor), 1), max(round(height * factor), 1))
        image, _ = halved_towards(image, size[0] / image.shape[1])
        # Less than half is left to go: two by two pixels are enough to average.
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR_EXACT), np.uint8)
        yield image, size[0] / width
        if max(size) <= TILE:
            return
        factor = factor / 2 if max(size) / 2 > WHOLE * TILE else TILE / max(width, height)


def tiles(image: Rgb, scale: float) -> list[Tile]:
    """All tiles of the pyramid, fine to coarse, without those that show nothing."""
    found = []
    for level, factor in levels(image, scale):
        height, width = level.shape[:2]
        for y in starts(height):
            for x in starts(width):
                pixels = level[y : y + TILE, x : x + TILE]
                if float(cv2.meanStdDev(pixels)[1].max()) < FLAT:
                    continue
                if pixels.shape[:2] != (TILE, TILE):
                    padded = np.zeros((TILE, TILE, 3), np.uint8)
                    padded[: pixels.shape[0], : pixels.shape[1]] = pixels
                    pixels = padded
                found.append(
                    Tile(np.ascontiguousarray(pixels), x / factor, y / factor, TILE / factor)
                )
    return found


def starts(length: int) -> list[int]:
    """First pixels of the tiles along one side, evenly spread, overlapping enough."""
    if length <= TILE:
        return [0]
    # A tenth of a tile less overlap is no reason for one more.
    count = max(math.ceil((length - OVERLAP) / (TILE - OVERLAP) - 0.1), 2)
    return [round(i * (length - TILE) / (count - 1)) for i in range(count)]
