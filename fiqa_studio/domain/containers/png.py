"""The chunks of a PNG file: how its numbers are meant, and its EXIF in all the places it is kept.

Pillow unpacks every text and profile as it opens a file, and refuses the picture where one of them
unpacks to too much. Here each is unpacked to a limit, and the picture is read without them.
"""

from __future__ import annotations

import contextlib
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PICTURE = frozenset([b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"acTL", b"fcTL", b"fdAT"])
_MOST_PROFILE = 16 << 20
_MOST_TEXT = 4 << 20
_MOST_CHUNKS = 10_000
_RAW_PROFILE = re.compile(rb"Raw profile type (exif|APP1)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PngFacts:
    """What a PNG says of itself besides its pixels.

    Attributes:
        bits: Of a sample.
        exif: The EXIF block of ``eXIf``, else of a text that ImageMagick wrote; empty without.
        icc: The colour profile; empty without.
        cicp: Colour primaries, transfer, matrix, full range of ``cICP``; None without.
        srgb: Whether it says that it is sRGB.
        gamma: The ``gAMA`` value (1 is linear light, 0.45455 usual); 0 without.
        chromaticities: White, red, green and blue as x, y of ``cHRM``; empty without.
        broken_profile: Whether there is a profile that does not unpack.
    """

    bits: int = 8
    exif: bytes = b""
    icc: bytes = b""
    cicp: tuple[int, int, int, int] | None = None
    srgb: bool = False
    gamma: float = 0.0
    chromaticities: tuple[float, ...] = ()
    broken_profile: bool = False


def chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Kind, first byte of the content and its length, of each whole chunk up to the end."""
    at = len(SIGNATURE)
    for _ in range(_MOST_CHUNKS):
        if at + 12 > len(data):
            return
        (length,) = struct.unpack_from(">I", data, at)
        kind = data[at + 4 : at + 8]
        if at + 12 + length > len(data):
            return
        yield kind, at + 8, length
        if kind == b"IEND":
            return
        at += 12 + length


def read_facts(data: bytes) -> PngFacts:
    """What the chunks say; a damaged one says nothing."""
    found: dict[bytes, bytes] = {}
    text_exif = b""
    for kind, at, length in chunks(data):
        content = data[at : at + length] if length <= _MOST_PROFILE else b""
        if kind in (b"tEXt", b"zTXt", b"iTXt"):
            text_exif = text_exif or _exif_in_text(kind, content)
        elif kind != b"IDAT":
            found.setdefault(kind, content)
    profile = found.get(b"iCCP", b"")
    icc = _icc(profile)
    return PngFacts(
        bits=found[b"IHDR"][8] if len(found.get(b"IHDR", b"")) > 8 else 8,
        exif=found.get(b"eXIf", b"") or text_exif,
        icc=icc,
        cicp=_cicp(found.get(b"cICP", b"")),
        srgb=b"sRGB" in found,
        gamma=_gamma(found.get(b"gAMA", b"")),
        chromaticities=_chromaticities(found.get(b"cHRM", b"")),
        broken_profile=b"iCCP" in found and not icc,
    )


def picture_alone(data: bytes) -> bytes:
    """The file without what is not needed for its pixels; whole from the first damage on."""
    parts = [SIGNATURE]
    end = len(SIGNATURE)
    for kind, at, length in chunks(data):
        end = at + length + 4
        if kind in _PICTURE:
            parts.append(data[at - 8 : end])
    # A chunk that is cut short is the last of a picture that is.
    parts.append(data[end:])
    return b"".join(parts)


def _icc(content: bytes) -> bytes:
    name, _, rest = content.partition(b"\0")
    if not name or rest[:1] != b"\0":
        return b""
    return _unpacked(rest[1:], _MOST_PROFILE)


def _unpacked(packed: bytes, most: int) -> bytes:
    """What a zlib stream holds; empty where it is damaged or holds more than a limit."""
    unpack = zlib.decompressobj()
    with contextlib.suppress(zlib.error):
        content = unpack.decompress(packed, most)
        if not unpack.unconsumed_tail:
            return content
    return b""


def _exif_in_text(kind: bytes, content: bytes) -> bytes:
    key, _, rest = content.partition(b"\0")
    if not _RAW_PROFILE.fullmatch(key):
        return b""
    if kind == b"zTXt":
        rest = _unpacked(rest[1:], _MOST_TEXT)
    elif kind == b"iTXt":
        packed, rest = rest[:1] == b"\1", rest[2:].split(b"\0", 2)[-1]
        rest = _unpacked(rest, _MOST_TEXT) if packed else rest
    # "\nexif\n    1234\n" and then the bytes in hexadecimal, in lines.
    fields = rest.split(None, 2)
    if len(fields) < 3:
        return b""
    with contextlib.suppress(ValueError):
        block = bytes.fromhex(fields[2].decode("ascii", errors="replace"))
        return block if block[:4] in (b"II*\0", b"MM\0*", b"Exif") else b""
    return b""


def _cicp(content: bytes) -> tuple[int, int, int, int] | None:
    return (content[0], content[1], content[2], content[3]) if len(content) == 4 else None


def _gamma(content: bytes) -> float:
    return int.from_bytes(content, "big") / 100_000 if len(content) == 4 else 0.0


def _chromaticities(content: bytes) -> tuple[float, ...]:
    if len(content) != 32:
        return ()
    return tuple(value / 100_000 for value in struct.unpack(">8I", content))
