"""What of a file is its picture, apart from what programs write into it.

Lightroom, digiKam and exiftool keep ratings and keywords inside JPEG, TIFF, HEIC, PNG and DNG
files. A photo is known by the hash of its coded picture and of what decides how that is shown
(orientation, colour profile), so that such a rating does not make it another photo.

| format | the picture |
|---|---|
| JPEG | all segments but APPn and COM up to the end mark, with all scans |
| PNG, WebP | the chunks with pixels, palette, transparency and frames |
| TIFF, DNG and raw files like them | the strips and tiles of all pages |
| HEIC, AVIF | the coded items and their properties, not Exif and XMP |
| CR3 | the media data |
| others, and what cannot be taken apart | the whole file |
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from fiqa_studio.domain.containers import boxes, png, tiff

Span = tuple[int, int]
"""First byte, and the one behind the last."""

_VERSION = b"fiqa-picture-1"
_TIFF_LIKE = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"IIRO", b"IIRS", b"MMOR", b"IIU\0")
_PNG_PICTURE = frozenset([b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"acTL", b"fcTL", b"fdAT"])
_PNG_LOOK = frozenset([b"iCCP", b"gAMA", b"cHRM", b"sRGB", b"cICP"])
_WEBP_PICTURE = frozenset([b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF"])
_TEXT_ITEMS = frozenset([b"Exif", b"mime", b"uri "])
_PAGE_LOOK = (
    *(tiff.WIDTH, tiff.HEIGHT, tiff.BITS, tiff.COMPRESSION, tiff.PHOTOMETRIC, tiff.SAMPLES),
    *(tiff.PREDICTOR, tiff.PLANAR, tiff.EXTRA_SAMPLES, tiff.SAMPLE_FORMAT),
)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a file is known by, 32 hex digits each.

    Attributes:
        picture: The same as long as the picture looks the same, whatever else is written in it.
        file: Another one whenever anything in the file changes.
    """

    picture: str
    file: str


@dataclass(slots=True)
class _Parts:
    spans: list[Span] = field(default_factory=list)
    look: list[bytes] = field(default_factory=list)


def fingerprint(data: bytes | memoryview) -> Fingerprint:
    """The hashes of a file, each byte read once (BLAKE2b-128, about a gigabyte a second)."""
    data = bytes(data)
    parts = _Parts()
    try:
        _take_apart(data, parts)
    except (struct.error, IndexError, ValueError):
        parts = _Parts()
    # The picture's own order, not the file's: programs move its parts about.
    spans = list(dict.fromkeys(parts.spans))
    if not spans or any(not 0 <= start <= end <= len(data) for start, end in spans):
        spans = [(0, len(data))]
    view = memoryview(data)
    picture = hashlib.blake2b(_VERSION, digest_size=16)
    for each in parts.look:
        picture.update(struct.pack(">I", len(each)) + each)
    for start, end in spans:
        picture.update(view[start:end])
    digest = picture.digest()
    rest = hashlib.blake2b(digest, digest_size=16)
    at = 0
    for start, end in [*sorted(spans), (len(data), len(data))]:
        rest.update(view[at : max(start, at)])
        at = max(end, at)
    return Fingerprint(digest.hex(), rest.hexdigest())


def _take_apart(data: bytes, parts: _Parts) -> None:
    if data.startswith(b"\xff\xd8"):
        _jpeg(data, parts)
    elif data.startswith(png.SIGNATURE):
        _png(data, parts)
    elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        _webp(data, parts)
    elif data[4:8] == b"ftyp":
        _boxed(data, parts)
    elif data.startswith(_TIFF_LIKE):
        _tiff(data, parts)


def _jpeg(data: bytes, parts: _Parts) -> None:
    at, orientation = 2, 0
    while at + 4 <= len(data):
        if data[at] != 0xFF or data[at + 1] in {0xFF, 0x00}:
            at += 1
            continue
        marker = data[at + 1]
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:
            at += 2
            continue
        if marker in (0xD9, 0xDA):
            break
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        body = data[at + 4 : end]
        if marker == 0xE1 and body.startswith(b"Exif\0\0"):
            orientation = orientation or _orientation(body[6:])
        elif (marker == 0xE2 and body.startswith(b"ICC_PROFILE\0")) or marker == 0xEE:
            parts.look.append(body)
        elif not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            parts.spans.append((at, end))
        at = max(end, at + 2)
    stop = data.find(b"\xff\xd9", at)
    parts.spans.append((at, stop if stop >= 0 else len(data)))
    parts.look.append(bytes([orientation or 1]))


def _orientation(block: bytes) -> int:
    if block[:4] not in (b"II*\0", b"MM\0*"):
        return 0
    pages = tiff.read_directories(block).pages
    number = pages[0].first(tiff.ORIENTATION) if pages else 0
    return number if 1 <= number <= 8 else 0


def _png(data: bytes, parts: _Parts) -> None:
    end = len(png.SIGNATURE)
    for kind, at, length in png.chunks(data):
        end = at + length + 4
        if kind in _PNG_PICTURE:
            parts.spans.append((at - 4, at + length))
        elif kind in _PNG_LOOK:
            parts.look.append(kind + data[at : at + length])
    if data[end - 8 : end - 4] != b"IEND":
        parts.spans.append((end, len(data)))  # cut short: what is left of its pixels
    block = png.read_facts(data).exif.removeprefix(b"Exif\0\0")
    parts.look.append(bytes([_orientation(block) or 1]))


def _webp(data: bytes, parts: _Parts) -> None:
    at, orientation = 12, 1
    while at + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        body = (at + 8, min(at + 8 + length, len(data)))
        if kind in _WEBP_PICTURE:
            parts.spans.append((at, body[1]))
        elif kind == b"ICCP":
            parts.look.append(data[slice(*body)])
        elif kind == b"EXIF":
            orientation = _orientation(data[slice(*body)].removeprefix(b"Exif\0\0")) or 1
        at += 8 + length + length % 2
    parts.look.append(bytes([orientation]))


def _tiff(data: bytes, parts: _Parts) -> None:
    file = tiff.read_directories(data)
    pages = [*file.pages]
    for page in file.pages[:4]:
        pages += tiff.sub_directories(data, file, page)
    for page in pages:
        pieces = []
        for offsets, lengths in ((tiff.STRIPS, tiff.STRIP_BYTES), (tiff.TILES, tiff.TILE_BYTES)):
            for at, length in zip(
                page.values.get(offsets, ()), page.values.get(lengths, ()), strict=False
            ):
                pieces.append((at, at + length))
        if not pieces:
            continue
        parts.spans += pieces
        look = ",".join(str(page.values.get(tag, ())) for tag in _PAGE_LOOK)
        # Left out and 1 are the same orientation, and a sub-directory's means nothing.
        parts.look += [look.encode(), data[page.icc[0] : sum(page.icc)]]
    if file.pages:
        parts.look.append(bytes([_page_orientation(file.pages)]))


def _page_orientation(pages: Sequence[tiff.Page]) -> int:
    page = tiff.picture_page(tuple(pages))
    number = page.first(tiff.ORIENTATION, 1) if page is not None else 1
    return number if 1 <= number <= 8 else 1


def _boxed(data: bytes, parts: _Parts) -> None:
    found = boxes.read_boxes(data)
    for number, item in sorted(found.items.items()):
        if item.kind in _TEXT_ITEMS:
            continue
        parts.spans += [(start, start + length) for start, length in item.extents]
        parts.look.append(b"%d" % number + item.kind)
    parts.look.append(found.properties)
    if not found.items:
        parts.look.clear()
        parts.spans = [(start, end) for kind, start, end in boxes.top(data) if kind == b"mdat"]
