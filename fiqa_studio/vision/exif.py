"""What the camera wrote, read so that nothing a file claims can stop us."""

from __future__ import annotations

import contextlib
import math
import warnings
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from PIL import Image

from fiqa_studio.domain.photos import Exif

_MAKE, _MODEL, _ORIENTATION, _DATETIME = 0x010F, 0x0110, 0x0112, 0x0132
_EXIF_IFD, _GPS_IFD = 0x8769, 0x8825
_EXPOSURE, _F_NUMBER, _ISO, _TAKEN, _DIGITIZED, _FOCAL_LENGTH, _LENS = (
    0x829A, 0x829D, 0x8827, 0x9003, 0x9004, 0x920A, 0xA434,
)  # fmt: skip
_GPS_LATITUDE, _GPS_LONGITUDE = 2, 4
_TEXT_LIMIT = 120
_EXIF_LIMIT = 1 << 20
"""Bytes of EXIF that are looked at when it lies in a block of its own."""


def parse_exif(block: bytes) -> Exif:
    """The values of an EXIF block, with or without its ``Exif`` mark; empty where damaged."""
    if not block:
        return Exif()
    exif = Image.Exif()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exif.load(block[:_EXIF_LIMIT])
    except Exception:  # noqa: BLE001 - hostile bytes raise nearly anything in a parser of formats
        return Exif()
    return read_exif(exif)


def read_exif(exif: Image.Exif) -> Exif:
    """The values of an opened EXIF directory; what is absent or damaged is left out."""
    main: Mapping[int, Any] = exif
    detail = _directory(exif, _EXIF_IFD)
    gps = _directory(exif, _GPS_IFD)
    return Exif(
        taken_at=_time(_get(detail, _TAKEN))
        or _time(_get(detail, _DIGITIZED))
        or _time(_get(main, _DATETIME)),
        camera=_camera(_text(_get(main, _MAKE)), _text(_get(main, _MODEL))),
        lens=_text(_get(detail, _LENS)),
        exposure_seconds=_number(_get(detail, _EXPOSURE), 0, 1e6),
        f_number=_number(_get(detail, _F_NUMBER), 0, 1000),
        iso=_iso(_get(detail, _ISO)),
        focal_length_mm=_number(_get(detail, _FOCAL_LENGTH), 0, 1e5),
        has_gps=_get(gps, _GPS_LATITUDE) is not None and _get(gps, _GPS_LONGITUDE) is not None,
        orientation=_orientation(_get(main, _ORIENTATION)),
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
    return number if isinstance(number, int) and 1 <= number <= 8 else 1


def _time(value: object) -> datetime | None:
    text = _text(value)
    for pattern in ("%Y:%m:%d %H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y:%m:%d %H:%M"):
        with contextlib.suppress(ValueError):
            # The camera's local time: EXIF has no zone, and guessing one would be worse.
            return datetime.strptime(text[:19], pattern)  # noqa: DTZ007
    return None
