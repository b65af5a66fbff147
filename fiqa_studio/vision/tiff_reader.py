"""Opening TIFF files: which page is the picture, and who decodes it."""

from __future__ import annotations

import io

from PIL import Image

from fiqa_studio.domain.containers import tiff
from fiqa_studio.domain.containers.tiff import Page
from fiqa_studio.domain.errors import PhotoError
from fiqa_studio.vision import tiff_samples
from fiqa_studio.vision.colour.convert import Stored
from fiqa_studio.vision.colour.meaning import Meaning
from fiqa_studio.vision.exif import read_tiff
from fiqa_studio.vision.guard import decoding
from fiqa_studio.vision.photo import OpenPhoto
from fiqa_studio.vision.readers import load_pillow

_GREY = (0, 1)


def open_tiff(data: bytes) -> OpenPhoto:
    """A TIFF by the page that is its picture, not a reduced copy of it.

    Raises:
        PhotoError: It is damaged (``photo.unreadable``), or sound but of a kind that is not read
            here (``photo.unsupported``).
    """
    file = tiff.read_directories(data)
    page = tiff.picture_page(file.pages)
    if page is None:
        raise _damaged()
    if page.at != file.pages[0].at:
        data = tiff.begin_with(data, file, page)
    block = read_tiff(data)
    at, length = page.icc
    meaning = Meaning(icc=data[at : at + length], adobe_rgb=block.adobe_rgb)
    width, height = page.first(tiff.WIDTH), page.first(tiff.HEIGHT)
    if not width or not height:
        raise _damaged()
    orientation = page.first(tiff.ORIENTATION, 1)
    orientation = orientation if 1 <= orientation <= 8 else 1
    grey = page.first(tiff.PHOTOMETRIC) in _GREY
    ours = tiff_samples.is_unusual(page) and tiff_samples.can_read(page)
    if not ours and not _pillow_knows(data):
        if not tiff_samples.can_read(page):
            raise _unsupported(page)
        ours = True
    notes: list[str] = []
    if ours:
        return OpenPhoto(
            format="TIFF",
            stored_width=width,
            stored_height=height,
            orientation=orientation,
            exif=block.exif,
            load=lambda _reduction, _rows: _by_samples(data, file, page),
            meaning=meaning,
            grey=grey,
            notes=notes,
        )
    if orientation >= 5:
        width, height = height, width
    return OpenPhoto(
        format="TIFF",
        # Pillow turns a TIFF as it loads it.
        stored_width=width,
        stored_height=height,
        exif=block.exif,
        load=lambda _reduction, _rows: _by_pillow(data, notes, (height, width)),
        meaning=meaning,
        grey=grey,
        notes=notes,
    )


def _by_samples(data: bytes, file: tiff.TiffFile, page: Page) -> Stored:
    with decoding("TIFF"):
        return tiff_samples.read_samples(data, file, page)


def _by_pillow(data: bytes, notes: list[str], shape: tuple[int, int]) -> Stored:
    stored = load_pillow(data, ["TIFF"], "TIFF", notes)
    if stored.shape[:2] != shape:
        raise _damaged()
    return stored


def _pillow_knows(data: bytes) -> bool:
    """Whether Pillow has a way to decode the first page."""
    try:
        with decoding("TIFF"):
            return bool(Image.open(io.BytesIO(data), formats=["TIFF"]).mode)
    except PhotoError:
        return False


def _damaged() -> PhotoError:
    return PhotoError(
        "The TIFF file is damaged and cannot be decoded.",
        remedy="Copy it again from the camera or the backup.",
        code="photo.unreadable",
    )


def _unsupported(page: Page) -> PhotoError:
    bits = ", ".join(str(b) for b in dict.fromkeys(tiff.bits_of(page)))
    return PhotoError(
        "This kind of TIFF is not supported here.",
        cause=f"Its samples have {bits} bits, its colour is kind {page.first(tiff.PHOTOMETRIC)}, "
        f"its compression {page.first(tiff.COMPRESSION, 1)}.",
        remedy="Save it as an 8-bit or 16-bit RGB TIFF, or as PNG.",
        code="photo.unsupported",
    )
