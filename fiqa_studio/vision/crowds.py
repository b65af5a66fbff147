"""Small faces in large photos: a closer look, where there are people.

The pyramid of `fiqa_studio.vision.tiles` has a bounded number of pixels, so the least face it shows
is a share of the picture. Here some tiles of a closer level are looked at: those that hold most
skin and detail, and those where the pyramid's finest level saw something small. Where one shows a
face its neighbours are looked at too, and so on: a crowd is walked through from face to face, and a
photo without one costs a few tiles (`FIRST_LOOK`). Where the faces are as small as the closer level
shows them, the photo is decoded larger and the walk goes on there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from fiqa_studio.vision.candidates import Candidate, detect
from fiqa_studio.vision.graphs import Detector
from fiqa_studio.vision.photo import DecodedImage
from fiqa_studio.vision.shrink import fit_within, halved_towards
from fiqa_studio.vision.tiles import FLAT, TILE, Tile, finest_factor, starts

Rgb = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Cell = tuple[int, int]
Closer = Callable[[float], DecodedImage]
"""The photo at a scale of at least so many pixels a full-resolution pixel, or at its largest."""

LEAST_HINT = 0.2
"""Detections from here on are hints where to look closer, however faint."""
CLOSE_SCALE = 0.45
"""Pixels a full-resolution pixel: a face of 40 has 18, and the detector finds it."""
FIRST_LOOK = (2, 1)
"""Tiles of two levels, coarse and close, that every large photo pays for, 0.7 ms each."""
MOST_TILES = 900
"""A wall of faces: half a second."""

_ENOUGH = 0.75
"""Of the close scale: where the pyramid reaches this, nothing is gained."""
_LEAST = 0.55
"""Detections below this are not kept: so close, much looks a little like a face."""
_SEEN = 0.75
"""A detection from here on is a reason to look around it."""
_SURE = 0.8
"""A face of the pyramid's from here on is not searched for smaller ones."""
_SMALL = 30.0
"""In a tile's pixels: beside faces this small there may be some that are too small for it."""
_HINT = 32.0
"""In pixels of the pyramid's finest level: what is larger was seen well enough there."""
_MORE = 2
"""How many more of the most promising tiles a tile with a face brings with it."""


def is_worth_it(image: DecodedImage) -> bool:
    """Whether the pyramid is too coarse for the least faces of this photo."""
    coarse = finest_factor(image.rgb, image.scale) * image.scale
    return coarse <= _ENOUGH * CLOSE_SCALE


def closer_look(
    image: DecodedImage, detector: Detector, known: Sequence[Candidate], closer: Closer | None
) -> tuple[DecodedImage, list[Candidate]] | None:
    """Faces that the pyramid is too coarse for.

    Args:
        image: The photo as the pyramid saw it.
        detector: Shared with it.
        known: The pyramid's candidates.
        closer: Decodes the photo larger; None where that cannot be.

    Returns:
        The image that was looked at (decoded anew where that was worth it), and candidates in its
        pixels; None where nobody was seen.
    """
    if not is_worth_it(image):
        return None
    coarse = finest_factor(image.rgb, image.scale) * image.scale
    near = min(CLOSE_SCALE, image.scale)
    # A level sees faces of a seventh to all of a tile: one between leaves no gap and covers more.
    between = _Search(image, math.sqrt(coarse * near) / image.scale, detector)
    close = _Search(image, near / image.scale, detector)
    small = _small(known, coarse, image)
    worth = _promise(image.rgb)
    hints = [c for c in known if c.box.width * coarse / image.scale < _HINT]
    found = between.walk(between.first(FIRST_LOOK[0], worth, known, hints) + between.around(small))
    small = [c for c in found if c.score >= _SEEN and c.box.width * between.factor < _SMALL]
    found += close.walk(close.first(FIRST_LOOK[1], worth, known, hints) + close.around(small))
    if near > _ENOUGH * CLOSE_SCALE or closer is None:
        return (image, found) if found else None
    small = [c for c in found if c.score >= _SEEN and c.box.width * close.factor < _SMALL]
    larger = closer(CLOSE_SCALE) if small else image
    if larger.scale <= image.scale:
        return (image, found) if found else None
    grown = larger.scale / image.scale
    shift = _shift(image, larger)
    moved = [candidate.scaled(grown, shift) for candidate in found]
    closest = _Search(larger, min(CLOSE_SCALE / larger.scale, 1.0), detector)
    seeds = closest.around([candidate.scaled(grown, shift) for candidate in small])
    return larger, moved + closest.walk(seeds)


def _shift(image: DecodedImage, larger: DecodedImage) -> tuple[float, float]:
    """By how many of its pixels the larger image's corner lies further out."""
    return (
        (image.offset[0] - larger.offset[0]) * larger.scale,
        (image.offset[1] - larger.offset[1]) * larger.scale,
    )


def _small(known: Sequence[Candidate], coarse: float, image: DecodedImage) -> list[Candidate]:
    """What the pyramid saw about as small as it can: there may be more, and smaller."""
    most = _SMALL / 1.5 * image.scale / coarse
    return [c for c in known if c.score >= _SEEN and c.box.width < most]


class _Search:
    """One level of an image in tiles, each looked at once at most."""

    def __init__(self, image: DecodedImage, factor: float, detector: Detector) -> None:
        self.factor = factor
        self._image = image
        self._detector = detector
        height, width = image.rgb.shape[:2]
        self._size = (max(round(width * factor), 1), max(round(height * factor), 1))
        self._xs, self._ys = starts(self._size[0]), starts(self._size[1])
        self._seen: set[Cell] = set()
        self._order: list[Cell] = []

    def first(
        self, count: int, worth: Floats, known: Sequence[Candidate], hints: Sequence[Candidate]
    ) -> list[Cell]:
        """The tiles to begin with: where the pyramid had faint hints, and the most promising.

        Those inside a face that is known already are left out.
        """
        sums = cv2.integral(worth)
        down, across = worth.shape[0] / self._size[1], worth.shape[1] / self._size[0]
        ys, xs = np.array(self._ys), np.array(self._xs)
        top, bottom = _edges(ys, down, worth.shape[0])
        left, right = _edges(xs, across, worth.shape[1])
        totals = sums[bottom][:, right] - sums[top][:, right]
        totals = totals - sums[bottom][:, left] + sums[top][:, left]
        hinted = np.zeros(totals.shape)
        for candidate in hints:
            x, y = (value * self.factor for value in candidate.box.center)
            near_y, near_x = np.abs(ys + TILE / 2 - y), np.abs(xs + TILE / 2 - x)
            hinted[np.ix_(near_y < TILE / 2, near_x < TILE / 2)] += candidate.score
        for candidate in known:
            if candidate.score >= _SURE and candidate.box.width * self.factor > TILE:
                inside = np.ix_(
                    *(
                        (starts * 1.0 + TILE / 2 > low * self.factor)
                        & (starts + TILE / 2 < high * self.factor)
                        for starts, low, high in (
                            (ys, candidate.box.y, candidate.box.bottom),
                            (xs, candidate.box.x, candidate.box.right),
                        )
                    )
                )
                totals[inside] = hinted[inside] = 0
        self._order = self._apart(_ordered(totals))
        best = self._apart(_ordered(hinted))[: math.ceil(count / 2)]
        return [*best, *(c for c in self._order if c not in best)][:count]

    def around(self, candidates: Sequence[Candidate]) -> list[Cell]:
        """The tiles that hold these candidates' middles, and their neighbours."""
        cells: dict[Cell, None] = {}
        for candidate in candidates:
            x, y = (value * self.factor for value in candidate.box.center)
            for row, top in enumerate(self._ys):
                for column, left in enumerate(self._xs):
                    if abs(x - left - TILE / 2) < TILE and abs(y - top - TILE / 2) < TILE:
                        cells[row, column] = None
        return list(cells)

    def walk(self, begin: Sequence[Cell]) -> list[Candidate]:
        """Look at some tiles, and from each that shows a face at those around it."""
        found: list[Candidate] = []
        waiting = list(begin)
        while waiting and len(self._seen) < MOST_TILES:
            wave = [c for c in dict.fromkeys(waiting) if c not in self._seen]
            wave = wave[: MOST_TILES - len(self._seen)]
            self._seen.update(wave)
            waiting = []
            shown = [(cell, tile) for cell in wave if (tile := self._tile(cell)) is not None]
            answers = detect(self._detector, [tile for _, tile in shown])
            for (cell, _), candidates in zip(shown, answers, strict=True):
                found += [c for c in candidates if c.score >= _LEAST]
                if any(c.score >= _SEEN for c in candidates):
                    waiting += self._neighbours(cell)
                    waiting += self._next_promising()
        return found

    def _next_promising(self) -> list[Cell]:
        fresh = [cell for cell in self._order if cell not in self._seen][:_MORE]
        self._order = [cell for cell in self._order if cell not in fresh]
        return fresh

    def _neighbours(self, cell: Cell) -> Iterator[Cell]:
        row, column = cell
        for y in range(max(row - 1, 0), min(row + 2, len(self._ys))):
            for x in range(max(column - 1, 0), min(column + 2, len(self._xs))):
                if (y, x) != cell:
                    yield y, x

    def _apart(self, cells: list[Cell]) -> list[Cell]:
        """The same with those first that do not touch a better one: they say more."""
        first: list[Cell] = []
        rest: list[Cell] = []
        taken: set[Cell] = set()
        for cell in cells:
            (rest if cell in taken else first).append(cell)
            if cell not in taken:
                taken.update(self._neighbours(cell))
        return first + rest

    def _tile(self, cell: Cell) -> Tile | None:
        """A tile cut from the image and shrunk by itself: few of a level are looked at."""
        side = TILE / self.factor
        x, y = self._xs[cell[1]] / self.factor, self._ys[cell[0]] / self.factor
        left, top = round(x), round(y)
        part = self._image.rgb[top : round(y + side), left : round(x + side)]
        size = (
            max(round(part.shape[1] * self.factor), 1),
            max(round(part.shape[0] * self.factor), 1),
        )
        part, _ = halved_towards(part, self.factor)
        how = cv2.INTER_LINEAR_EXACT
        pixels = np.asarray(cv2.resize(part, size, interpolation=how), np.uint8)[:TILE, :TILE]
        if float(cv2.meanStdDev(pixels)[1].max()) < FLAT:
            return None
        if pixels.shape[:2] != (TILE, TILE):
            padded = np.zeros((TILE, TILE, 3), np.uint8)
            padded[: pixels.shape[0], : pixels.shape[1]] = pixels
            pixels = padded
        return Tile(np.ascontiguousarray(pixels), float(left), float(top), side)


def _ordered(worth: npt.NDArray[np.float64]) -> list[Cell]:
    """The cells of a table, most first, without those that are worth nothing."""
    order = np.argsort(-worth, axis=None, kind="stable")
    rows, columns = np.unravel_index(order[: np.count_nonzero(worth > 0)], worth.shape)
    return list(zip(rows.tolist(), columns.tolist(), strict=True))


def _edges(
    begins: npt.NDArray[np.int_], factor: float, most: int
) -> tuple[npt.NDArray[np.int_], npt.NDArray[np.int_]]:
    """Where the tiles of one side lie in the small copy."""
    ends = np.minimum(np.ceil((begins + TILE) * factor).astype(int), most)
    return (begins * factor).astype(int), ends


_PROMISE_SIDE = 128


def _promise(rgb: Rgb) -> Floats:
    """How much each place of a small copy looks like skin with detail, or like detail alone."""
    step = max(max(rgb.shape[:2]) // (2 * _PROMISE_SIDE), 1)
    some = np.ascontiguousarray(rgb[::step, ::step])
    small = fit_within(some, _PROMISE_SIDE)
    colours = cv2.cvtColor(small, cv2.COLOR_RGB2YCrCb).astype(np.float32)
    light, red, blue = colours[..., 0], colours[..., 1], colours[..., 2]
    # Skin of all shades lies in one part of the plane of colours.
    skin = (red > 132) & (red < 178) & (blue > 85) & (blue < 132) & (light > 25)
    detail = np.abs(cv2.Laplacian(light, cv2.CV_32F, ksize=3))
    detail = np.minimum(cv2.blur(detail, (3, 3)), 60)
    return np.asarray(detail * (0.15 + skin), np.float32)
