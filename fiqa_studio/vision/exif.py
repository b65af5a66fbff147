"""What the camera wrote, read so that nothing a file claims can stop us."""

from __future__ import annotations

import contextlib
import io
import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from PIL import Image

from fiqa_studio.domain.photos import Exif
from fiqa_studio.vision.exif_time import read_time

_MAKE, _MODEL, _ORIENTATION, _DATETIME = 0x010F, 0x0110, 0x0112, 0x0132
_EXIF_IFD, _GPS_IFD = 0x8769, 0x8825
_INTEROPERABILITY_IFD, _COLOUR_SPACE = 0xA005, 0xA001
_EXPOSURE, _F_NUMBER, _ISO, _FOCAL_LENGTH, _LENS = 0x829A, 0x829D, 0x8827, 0x920A, 0xA434
_TAKEN, _DIGITIZED = (0x9003, 0x9291, 0x9011), (0x9004, 0x9292, 0x9012)
_CHANGED = (_DATETIME, 0x9290, 0x9010)
"""Tags of a time, of the part of its second, and of its offset from UTC."""
_ADOBE_RGB = 2
_GPS_LATITUDE, _GPS_LONGITUDE = 2, 4
_TEXT_LIMIT = 120
_EXIF_LIMIT = 1 << 20
"""Bytes of EXIF that are looked at when it lies in a block of its own."""
_MOST_BLOCKS = 8


@dataclass(frozen=True, slots=True)
class ExifBlock:
    """An EXIF block that was read.

    Attributes:
        exif: What a person wants to know.
        orientation: 1 to 8; 0 where it says none.
        adobe_rgb: Whether the camera says that its numbers are Adobe RGB.
    """

    exif: Exif = field(default_factory=Exif)
    orientation: int = 0
    adobe_rgb: bool = False


def parse_exif(block: bytes) -> Exif:
    """The values of an EXIF block, with or without its ``Exif`` mark; empty where damaged."""
    return read_block(block).exif


def read_block(block: bytes) -> ExifBlock:
    """An EXIF block, with or without its ``Exif`` mark; empty where damaged."""
    if not block:
        return ExifBlock()
    exif = Image.Exif()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exif.load(block[:_EXIF_LIMIT])
    except Exception:  # noqa: BLE001 - hostile bytes raise nearly anything in a parser of formats
        return ExifBlock()
    return read_opened(exif)


def read_tiff(data: bytes) -> ExifBlock:
    """The first directory of a TIFF or of a camera raw file like it; empty where damaged."""
    exif = Image.Exif()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if data[2:4] in (b"+\0", b"\0+"):
                exif = Image.open(io.BytesIO(data), formats=["TIFF"]).getexif()
            else:
                exif.load_from_fp(io.BytesIO(data))
            return read_opened(exif)
    except Exception:  # noqa: BLE001 - as above
        return ExifBlock()


def read_opened(exif: Image.Exif) -> ExifBlock:
    """An EXIF directory that Pillow has opened."""
    orientation = _orientation(_get(exif, _ORIENTATION))
    return ExifBlock(read_exif(exif), orientation, _says_adobe_rgb(exif))


def read_blocks(blocks: Sequence[bytes]) -> ExifBlock:
    """Several blocks of one file: each value from the first that has it."""
    read = [read_block(block) for block in blocks[:_MOST_BLOCKS]]
    if len(read) == 1:
        return read[0]
    empty = Exif()
    values: dict[str, Any] = {}
    for each in read:
        for name in (f.name for f in fields(Exif)):
            value = getattr(each.exif, name)
            if name != "orientation" and name not in values and value != getattr(empty, name):
                values[name] = value
    orientation = next((each.orientation for each in read if each.orientation), 0)
    return ExifBlock(
        Exif(**values, orientation=orientation or 1),
        orientation,
        any(each.adobe_rgb for each in read),
    )


def read_exif(exif: Image.Exif) -> Exif:
    """The values of an opened EXIF directory; what is absent or damaged is left out."""
    main: Mapping[int, Any] = exif
    detail = _directory(exif, _EXIF_IFD)
    gps = _directory(exif, _GPS_IFD)
    taken_at, offset = (
        _time(detail, detail, _TAKEN)
        or _time(detail, detail, _DIGITIZED)
        or _time(main, detail, _CHANGED)
        or (None, None)
    )
    return Exif(
        taken_at=taken_at,
        utc_offset_minutes=offset,
        camera=_camera(_text(_get(main, _MAKE)), _text(_get(main, _MODEL))),
        lens=_text(_get(detail, _LENS)),
        exposure_seconds=_number(_get(detail, _EXPOSURE), 0, 1e6),
        f_number=_number(_get(detail, _F_NUMBER), 0, 1000),
        iso=_iso(_get(detail, _ISO)),
        focal_length_mm=_number(_get(detail, _FOCAL_LENGTH), 0, 1e5),
        has_gps=_get(gps, _GPS_LATITUDE) is not None and _get(gps, _GPS_LONGITUDE) is not None,
        orientation=_orientation(_get(main, _ORIENTATION)) or 1,
    )


def _directory(exif: Image.Exif, tag: int) -> Mapping[int, Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return exif.get_ifd(tag)
    except Exception:  # noqa: BLE001 - as above
        return {}


def _get(directory: Mapping[int, Any], tag: int) -> object:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return directory.get(tag)
    except Exception:  # noqa: BLE001 - values are decoded when they are asked for
        return None


def _first(value: object) -> object:
    return value[0] if isinstance(value, tuple | list) and value else value


def _text(value: object) -> str:
    value = _first(value)
    if isinstance(value, bytes):
        value = value.decode("utf-8", errors="replace")
    if not isinstance(value, str):
        return ""
    text = value.split("\0")[0]
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:_TEXT_LIMIT]


def _camera(make: str, model: str) -> str:
    """Maker and model without saying the maker twice ("Canon Canon EOS 1000D")."""
    if not make or not model:
        return make or model
    return (
        model if model.lower().startswith(make.split(maxsplit=1)[0].lower()) else f"{make} {model}"
    )


def _number(value: object, low: float, high: float) -> float | None:
    with contextlib.suppress(TypeError, ValueError, ZeroDivisionError, OverflowError):
        number = float(_first(value))  # type: ignore[arg-type]  # what is no number raises
        if math.isfinite(number) and low < number <= high:
            return number
    return None


def _iso(value: object) -> int | None:
    number = _number(value, 0, 1e8)
    return None if number is None else round(number)


def _orientation(value: object) -> int:
    number = _first(value)
    return number if isinstance(number, int) and 1 <= number <= 8 else 0


def _says_adobe_rgb(exif: Image.Exif) -> bool:
    """By the file name option of DCF 2.0 ("R03"), or by the value that some cameras write."""
    detail = _directory(exif, _EXIF_IFD)
    if _first(_get(detail, _COLOUR_SPACE)) == _ADOBE_RGB:
        return True
    if _INTEROPERABILITY_IFD not in detail:
        return False
    return _text(_get(_directory(exif, _INTEROPERABILITY_IFD), 1)).startswith("R03")


def _time(
    own: Mapping[int, Any], detail: Mapping[int, Any], tags: tuple[int, int, int]
) -> tuple[datetime, int | None] | None:
    time, part, offset = tags
    return read_time(_text(_get(own, time)), _text(_get(detail, part)), _text(_get(detail, offset)))
