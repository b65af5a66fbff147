"""From a file's bytes to upright sRGB, whatever the format, at the scale that is needed.

What is done to pictures that are not plain 8-bit sRGB: colours are converted from their profile or
code points (`fiqa_studio.vision.colour`), a high dynamic range is brought to the normal one;
transparent pixels are laid on white; 16-bit values keep their upper byte; floating-point values
from 0 to 1 are taken as they are, brighter light is cut off, other ranges are stretched from their
lowest to their highest; of several pages or frames the first that is no reduced copy is taken.
"""

from __future__ import annotations

import contextlib
import os

from PIL import Image

from fiqa_studio.domain.containers.tiff import is_camera_raw, is_tiff
from fiqa_studio.domain.errors import PhotoError
from fiqa_studio.vision.formats import RAW_FORMATS, misnamed, sniff
from fiqa_studio.vision.photo import DecodedImage, OpenPhoto
from fiqa_studio.vision.readers import (
    open_avif,
    open_heif,
    open_jpeg,
    open_pillow,
    open_png,
    open_raw,
)
from fiqa_studio.vision.source import read_source
from fiqa_studio.vision.tiff_reader import open_tiff

__all__ = ["DecodedImage", "OpenPhoto", "decode", "open_photo"]

LIMIT_VARIABLE = "FIQA_MEGAPIXELS"
"""Environment variable: most megapixels that are unpacked at once."""

DECODED_LIMIT = 210_000_000
"""Most pixels that are unpacked at once where the variable says nothing (630 MB): the 200
megapixels of today's phones. A larger JPEG is read at half size or less, other formats cannot be
and are refused."""

PIXEL_LIMIT = 400_000_000
"""Most pixels a JPEG may have, twice `DECODED_LIMIT` at least. The size is read from the header,
before anything is unpacked."""

_LEAST_MEGAPIXELS, _MOST_MEGAPIXELS = 1.0, 2000.0

# Pillow's own guard warns at a quarter of our limit; the size is checked here instead.
Image.MAX_IMAGE_PIXELS = None


def decoded_limit() -> int:
    """Most pixels that are unpacked at once, as the environment says or as usual."""
    with contextlib.suppress(ValueError):
        megapixels = float(os.environ.get(LIMIT_VARIABLE, ""))
        if _LEAST_MEGAPIXELS <= megapixels <= _MOST_MEGAPIXELS:
            return round(megapixels * 1e6)
    return DECODED_LIMIT


def decode(
    path: str | bytes | os.PathLike[str], *, max_side: int = 0, pixel_limit: int = PIXEL_LIMIT
) -> DecodedImage:
    """Read and decode a photo, upright.

    Args:
        path: The file.
        max_side: Longest side wanted, in pixels; 0 gives full resolution. The result is shrunk to
            it by averaging, and never enlarged.
        pixel_limit: Most pixels the photo may have.

    Raises:
        PhotoError: ``photo.empty``, ``photo.gone``, ``photo.permission``, ``photo.too-large``,
            ``photo.truncated``, ``photo.unreadable`` or ``photo.unsupported``.
    """
    source = read_source(path)
    photo = open_photo(source.data, os.fsencode(path), pixel_limit=pixel_limit)
    longest = max(photo.width, photo.height)
    wanted = min(max_side / longest, 1.0) if max_side else 1.0
    image = photo.decode(photo.reduction_for(wanted))
    return image.shrunk_to(max_side) if max_side else image


def open_photo(data: bytes, path: bytes = b"", *, pixel_limit: int = PIXEL_LIMIT) -> OpenPhoto:
    """Read a photo's header. The path only serves notes and the naming of raw formats.

    Raises:
        PhotoError: It is no photo we know, its header is damaged, or it is too large.
    """
    name = sniff(data, path)
    photo = _open(data, name)
    if note := misnamed(photo.format, path):
        photo.notes.append(note)
    _check_size(photo, pixel_limit)
    return photo


def _open(data: bytes, name: str) -> OpenPhoto:
    match name:
        case "JPEG":
            return open_jpeg(data)
        case "PNG":
            return open_png(data)
        case "TIFF":
            return open_tiff(data)
        case "HEIF":
            return open_heif(data)
        case "AVIF":
            return open_avif(data)
        case "":
            raise _unknown(data)
        case _ if name in RAW_FORMATS:
            return _open_raw(data, name)
        case _:
            return open_pillow(data, name)


def _open_raw(data: bytes, name: str) -> OpenPhoto:
    """A raw file; one that no raw decoder knows may be a TIFF that was given a raw file's name."""
    try:
        return open_raw(data, name)
    except PhotoError as error:
        if error.code != "photo.unreadable" or not is_tiff(data) or is_camera_raw(data):
            raise
        try:
            return open_tiff(data)
        except PhotoError:
            raise error from None


def _check_size(photo: OpenPhoto, pixel_limit: int) -> None:
    width, height = photo.stored_width, photo.stored_height
    if width < 1 or height < 1:
        raise PhotoError("The photo has no pixels.", code="photo.unreadable")
    pixels, at_once = width * height, decoded_limit()
    if len(photo.reductions) > 1:
        fitting = tuple(r for r in photo.reductions if pixels / r**2 <= at_once)
        photo.reductions = fitting or (max(photo.reductions),)
        pixel_limit = max(pixel_limit, 2 * at_once) if pixel_limit == PIXEL_LIMIT else pixel_limit
    else:
        pixel_limit = min(pixel_limit, at_once)
    if pixels > pixel_limit:
        raise PhotoError(
            f"The photo is too large: {width} x {height} is {pixels / 1e6:,.0f} megapixels, "
            f"and the limit is {pixel_limit / 1e6:,.0f}.",
            remedy=f"Save a smaller copy of it, or raise the limit ({LIMIT_VARIABLE}; see the "
            "user guide).",
            code="photo.too-large",
        )


def _unknown(data: bytes) -> PhotoError:
    if not data.strip(b"\0"):
        return PhotoError(
            "The file holds nothing but zeros.",
            remedy="Copy it again from the camera or the backup.",
            code="photo.empty",
        )
    return PhotoError(
        "The file is no photo of a kind that is known here.", code="photo.unsupported"
    )
