"""The directories of a TIFF file: which pages it has and how their samples are stored.

Only what decides how a picture is read is looked at; a few dozen directories are enough to find it,
however many a file claims to have.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

NEW_SUBFILE, OLD_SUBFILE = 254, 255
WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, FILL_ORDER = 256, 257, 258, 259, 262, 266
MAKE, STRIPS, ORIENTATION, SAMPLES, ROWS_PER_STRIP, STRIP_BYTES = 271, 273, 274, 277, 278, 279
PLANAR, PREDICTOR, TILE_WIDTH, TILE_HEIGHT, TILES, TILE_BYTES = 284, 317, 322, 323, 324, 325
SUB_DIRECTORIES, EXTRA_SAMPLES, SAMPLE_FORMAT, ICC, DNG_VERSION = 330, 338, 339, 34675, 50706

SENSOR_PHOTOMETRIC = frozenset([32803, 34892])
"""Colour filter array and LinearRaw: the sensor's data, which only a raw developer can show."""
SENSOR_COMPRESSION = frozenset([32767, 32769, 32770, 34713, 65000, 65535])
"""Sony, Epson, Samsung, Nikon, Kodak and Pentax compress their sensors' data so."""

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8,
          13: 4, 16: 8, 17: 8, 18: 8}  # fmt: skip
_NUMBERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
_MOST_PAGES = 100
_MOST_ENTRIES = 512
_MOST_VALUES = 1 << 20
_READ = frozenset(
    [NEW_SUBFILE, OLD_SUBFILE, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, FILL_ORDER, MAKE,
     STRIPS, ORIENTATION, SAMPLES, ROWS_PER_STRIP, STRIP_BYTES, PLANAR, PREDICTOR, TILE_WIDTH,
     TILE_HEIGHT, TILES, TILE_BYTES, SUB_DIRECTORIES, EXTRA_SAMPLES, SAMPLE_FORMAT, DNG_VERSION]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Page:
    """One directory.

    Attributes:
        at: Where it lies in the file.
        values: Of the tags that matter here: whole numbers, and an empty tuple for other kinds.
        icc: Where the colour profile lies, as (offset, length); (0, 0) without.
    """

    at: int
    values: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    icc: tuple[int, int] = (0, 0)

    def first(self, tag: int, default: int = 0) -> int:
        """The first value of a tag."""
        values = self.values.get(tag)
        return values[0] if values else default

    @property
    def pixels(self) -> int:
        """Width by height."""
        return self.first(WIDTH) * self.first(HEIGHT)

    @property
    def is_copy(self) -> bool:
        """Whether it is marked as a reduced copy or a mask of another page."""
        return bool(self.first(NEW_SUBFILE) & 5) or self.first(OLD_SUBFILE, 1) == 2

    @property
    def is_sensor_data(self) -> bool:
        """Whether only a raw developer can show it."""
        return (
            self.first(PHOTOMETRIC) in SENSOR_PHOTOMETRIC
            or self.first(COMPRESSION) in SENSOR_COMPRESSION
        )


@dataclass(frozen=True, slots=True)
class TiffFile:
    """The byte order (``<`` or ``>``), whether offsets have 64 bits, and the pages."""

    order: str
    big: bool
    pages: tuple[Page, ...]


def is_tiff(data: bytes) -> bool:
    """Whether a file begins like a TIFF, also one of the variants that cameras write."""
    return data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def read_directories(data: bytes) -> TiffFile:
    """The pages in their order; those that are damaged, and what follows them, are left out."""
    order = "<" if data[:2] == b"II" else ">"
    big = data[2:4] in (b"+\0", b"\0+")
    pages: list[Page] = []
    at = _offset(data, order, 8 if big else 4, big)
    while at and len(pages) < _MOST_PAGES and all(page.at != at for page in pages):
        page, following = _page(data, order, at, big)
        if page is None:
            break
        pages.append(page)
        at = following
    return TiffFile(order, big, tuple(pages))


def sub_directories(data: bytes, file: TiffFile, page: Page) -> Iterator[Page]:
    """The pages below a page."""
    for at in page.values.get(SUB_DIRECTORIES, ())[:16]:
        below, _ = _page(data, file.order, at, file.big)
        if below is not None:
            yield below


def picture_page(pages: tuple[Page, ...]) -> Page | None:
    """The page that is the picture: the first that is no reduced copy, else the largest."""
    own = next((page for page in pages if not page.is_copy and page.pixels), None)
    return own or max(pages, key=lambda page: page.pixels, default=None)


def begin_with(data: bytes, file: TiffFile, page: Page) -> bytes:
    """The file with another page as its first."""
    if file.big:
        return b"".join([data[:8], struct.pack(file.order + "Q", page.at), data[16:]])
    return b"".join([data[:4], struct.pack(file.order + "I", page.at), data[8:]])


def is_camera_raw(data: bytes) -> bool:
    """Whether the largest picture in a TIFF structure is a sensor's data.

    A DNG or a maker's file keeps its sensor's data in one of its pages or in a page below. A TIFF
    that was developed from it often keeps the tags (maker, DNG version), but not the data.
    """
    file = read_directories(data)
    pages = [*file.pages]
    for page in file.pages[:4]:
        pages += sub_directories(data, file, page)
    return any(page.is_sensor_data for page in pages)


def _offset(data: bytes, order: str, at: int, big: bool) -> int:
    try:
        (offset,) = struct.unpack_from(order + ("Q" if big else "I"), data, at)
    except struct.error:
        return 0
    return int(offset) if offset < len(data) else 0


def _page(data: bytes, order: str, at: int, big: bool) -> tuple[Page | None, int]:
    entry_size, count_size = (20, 8) if big else (12, 2)
    try:
        (count,) = struct.unpack_from(order + ("Q" if big else "H"), data, at)
    except struct.error:
        return None, 0
    if not 0 < count <= _MOST_ENTRIES:
        return None, 0
    values: dict[int, tuple[int, ...]] = {}
    icc = (0, 0)
    budget = _MOST_VALUES
    for i in range(count):
        entry = at + count_size + i * entry_size
        try:
            tag, kind, number = struct.unpack_from(order + ("HHQ" if big else "HHI"), data, entry)
            place, length = _place(data, order, entry, big, _SIZES.get(kind, 0) * number)
        except struct.error:
            break
        if tag == ICC and place + length <= len(data):
            icc = (place, length)
        elif tag in _READ and 0 < number <= budget:
            budget -= number
            values[tag] = _values(data, order, kind, number, place)
    return Page(at, values, icc), _offset(data, order, at + count_size + count * entry_size, big)


def _place(data: bytes, order: str, entry: int, big: bool, length: int) -> tuple[int, int]:
    """Where the values of an entry lie: in it, where they fit, else where it points."""
    inline = entry + (12 if big else 8)
    if length <= (8 if big else 4):
        return inline, length
    (place,) = struct.unpack_from(order + ("Q" if big else "I"), data, inline)
    return int(place), length


def _values(data: bytes, order: str, kind: int, number: int, place: int) -> tuple[int, ...]:
    code = _NUMBERS.get(kind)
    if code is None:
        return ()
    try:
        return struct.unpack_from(f"{order}{number}{code}", data, place)
    except struct.error:
        return ()


def bits_of(page: Page) -> tuple[int, ...]:
    """Bits of each sample of a pixel."""
    samples = page.first(SAMPLES, 1)
    bits = page.values.get(BITS) or (1,)
    return bits * samples if len(bits) == 1 and samples > 1 else bits[: max(samples, 1)]


def rows_of_piece(page: Page) -> tuple[int, int]:
    """Width and height in pixels of a strip or tile."""
    if page.values.get(TILES):
        return page.first(TILE_WIDTH), page.first(TILE_HEIGHT)
    return page.first(WIDTH), min(page.first(ROWS_PER_STRIP, 1 << 31), page.first(HEIGHT))


def pieces_across(page: Page) -> tuple[int, int]:
    """How many strips or tiles there are along a row and down a column."""
    width, height = rows_of_piece(page)
    return math.ceil(page.first(WIDTH) / width), math.ceil(page.first(HEIGHT) / height)
