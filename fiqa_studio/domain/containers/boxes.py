"""The boxes of HEIF and AVIF files (ISO base media): colour of the picture, and where it lies."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

_MOST_BOXES = 5000
_MOST_ITEMS = 5000


@dataclass(frozen=True, slots=True)
class Item:
    """A part of the file: a picture, a tile of one, or what is said of one.

    Attributes:
        kind: Four letters such as ``hvc1``, ``av01``, ``grid``, ``Exif``.
        extents: Offset and length of its pieces in the file.
    """

    kind: bytes
    extents: tuple[tuple[int, int], ...]


@dataclass(slots=True)
class Boxes:
    """What the boxes say.

    Attributes:
        primary: The picture's item.
        items: Each item by its number.
        tiles: For an item that is made of others, their numbers in order.
        nclx: Primaries, transfer, matrix, full range of the primary item; None without.
        properties: The box of all properties (size, colour, rotation) as it is.
    """

    primary: int = 0
    items: dict[int, Item] = field(default_factory=dict)
    tiles: dict[int, tuple[int, ...]] = field(default_factory=dict)
    nclx: tuple[int, int, int, int] | None = None
    properties: bytes = b""


def read_boxes(data: bytes) -> Boxes:
    """The picture's boxes; what is damaged is left out."""
    found = Boxes()
    try:
        for kind, start, end in _boxes(data, 0, len(data)):
            if kind == b"meta":
                _read_meta(data, start + 4, end, found)
                break
    except (struct.error, IndexError):
        pass
    return found


def top(data: bytes) -> list[tuple[bytes, int, int]]:
    """Kind and content (first byte, and the one behind the last) of the outermost boxes."""
    return list(_boxes(data, 0, len(data)))


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind and content of each box from ``start`` to ``end``."""
    for _ in range(_MOST_BOXES):
        if start + 8 > end:
            return
        size, kind = struct.unpack_from(">I4s", data, start)
        header = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, start + 8)
            header = 16
        elif size == 0:
            size = end - start
        if size < header or start + size > end:
            return
        yield kind, start + header, start + size
        start += size


def _read_meta(data: bytes, start: int, end: int, found: Boxes) -> None:
    places: dict[int, tuple[tuple[int, int], ...]] = {}
    kinds: dict[int, bytes] = {}
    properties: tuple[int, int] | None = None
    stored = 0
    parts = list(_boxes(data, start, end))
    for kind, at, _ in parts:
        if kind == b"idat":
            stored = at
    for kind, at, stop in parts:
        if kind == b"pitm":
            wide = data[at] > 0
            (found.primary,) = struct.unpack_from(">I" if wide else ">H", data, at + 4)
        elif kind == b"iinf":
            kinds = dict(_kinds(data, at, stop))
        elif kind == b"iloc":
            places = dict(_places(data, at, stop, stored))
        elif kind == b"iref":
            found.tiles = dict(_tiles(data, at, stop))
        elif kind == b"iprp":
            properties = (at, stop)
    found.items = {number: Item(kinds.get(number, b""), e) for number, e in places.items()}
    if properties is not None:
        found.nclx = _nclx(data, *properties, found.primary)
        found.properties = data[slice(*properties)]


def _kinds(data: bytes, at: int, stop: int) -> Iterator[tuple[int, bytes]]:
    start = at + (8 if data[at] else 6)
    for kind, entry, _ in _boxes(data, start, stop):
        if kind != b"infe" or data[entry] < 2:
            continue
        wide = data[entry] > 2
        (number,) = struct.unpack_from(">I" if wide else ">H", data, entry + 4)
        name = entry + (10 if wide else 8)
        yield number, data[name : name + 4]


def _places(
    data: bytes, at: int, stop: int, stored: int
) -> Iterator[tuple[int, tuple[tuple[int, int], ...]]]:
    version = data[at]
    sizes = struct.unpack_from(">H", data, at + 4)[0]
    offset_size, length_size = sizes >> 12, sizes >> 8 & 15
    base_size, index_size = sizes >> 4 & 15, sizes & 15 if version else 0
    wide = version == 2
    (count,) = struct.unpack_from(">I" if wide else ">H", data, at + 6)
    at += 10 if wide else 8
    for _ in range(min(count, _MOST_ITEMS)):
        if at >= stop:
            return
        (number,) = struct.unpack_from(">I" if wide else ">H", data, at)
        at += 4 if wide else 2
        method = 0
        if version:
            method = data[at + 1] & 15
            at += 2
        at += 2  # where the data lies: always this file here
        base = int.from_bytes(data[at : at + base_size], "big")
        at += base_size
        (pieces,) = struct.unpack_from(">H", data, at)
        at += 2
        extents = []
        for _ in range(min(pieces, _MOST_ITEMS)):
            at += index_size
            offset = int.from_bytes(data[at : at + offset_size], "big")
            length = int.from_bytes(data[at + offset_size : at + offset_size + length_size], "big")
            at += offset_size + length_size
            extents.append((base + offset + (stored if method == 1 else 0), length))
        if method < 2:
            yield number, tuple(extents)


def _tiles(data: bytes, at: int, stop: int) -> Iterator[tuple[int, tuple[int, ...]]]:
    wide = data[at] > 0
    code, size = ("I", 4) if wide else ("H", 2)
    for kind, entry, _ in _boxes(data, at + 4, stop):
        if kind != b"dimg":
            continue
        (number,) = struct.unpack_from(">" + code, data, entry)
        (count,) = struct.unpack_from(">H", data, entry + size)
        yield number, struct.unpack_from(f">{count}{code}", data, entry + size + 2)


def _nclx(data: bytes, at: int, stop: int, primary: int) -> tuple[int, int, int, int] | None:
    kept: list[tuple[bytes, int, int]] = []
    own: list[int] = []
    for kind, start, end in _boxes(data, at, stop):
        if kind == b"ipco":
            kept = list(_boxes(data, start, end))
        elif kind == b"ipma":
            own += _own_properties(data, start, end, primary)
    for index in own:
        if not 0 < index <= len(kept):
            continue
        kind, start, end = kept[index - 1]
        if kind == b"colr" and data[start : start + 4] == b"nclx" and end - start >= 11:
            primaries, transfer, matrix, full = struct.unpack_from(">HHHB", data, start + 4)
            return primaries, transfer, matrix, full >> 7
    return None


def _own_properties(data: bytes, at: int, stop: int, primary: int) -> Iterator[int]:
    version = data[at]
    wide = data[at + 3] & 1
    (count,) = struct.unpack_from(">I", data, at + 4)
    at += 8
    for _ in range(min(count, _MOST_ITEMS)):
        if at >= stop:
            return
        (number,) = struct.unpack_from(">I" if version else ">H", data, at)
        at += 4 if version else 2
        links = data[at]
        at += 1
        for _ in range(links):
            index = int.from_bytes(data[at : at + (2 if wide else 1)], "big") & (
                0x7FFF if wide else 0x7F
            )
            at += 2 if wide else 1
            if number == primary:
                yield index
