"""From a file's bytes to upright RGB, whatever the format, at the scale that is needed.

What is done to pictures that are not plain 8-bit RGB: transparent pixels are laid on white; 16-bit
values keep their upper byte; floating-point values from 0 to 1 are taken as they are, others
stretched from their lowest to their highest; CMYK is converted without a colour profile; of
several pages or frames the first is taken.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, features

from fiqa_studio.domain.errors import PhotoError
from fiqa_studio.domain.photos import Exif
from fiqa_studio.vision import jpeg
from fiqa_studio.vision.exif import parse_exif, read_exif
from fiqa_studio.vision.formats import RAW_FORMATS, misnamed, sniff
from fiqa_studio.vision.guard import decoding
from fiqa_studio.vision.pillow_pixels import to_rgb
from fiqa_studio.vision.quiet import quiet_stderr
from fiqa_studio.vision.source import read_source

Rgb = npt.NDArray[np.uint8]

PIXEL_LIMIT = 400_000_000
"""Most pixels a photo may have. The size is read from the header, before anything is unpacked."""

DECODED_LIMIT = 150_000_000
"""Most pixels that are unpacked at once (450 MB). A larger JPEG is read at half size or less,
other formats cannot be and are refused."""

LEAST_REAL = 0.5
"""A picture cut short is used where at least this part of its rows is there."""

# Pillow's own guard warns at a quarter of our limit; the size is checked here instead.
Image.MAX_IMAGE_PIXELS = None

_TURNS: dict[int, Callable[[Rgb], cv2.typing.MatLike]] = {
    2: lambda stored: cv2.flip(stored, 1),
    3: lambda stored: cv2.rotate(stored, cv2.ROTATE_180),
    4: lambda stored: cv2.flip(stored, 0),
    5: cv2.transpose,
    6: lambda stored: cv2.rotate(stored, cv2.ROTATE_90_CLOCKWISE),
    7: lambda stored: cv2.flip(cv2.transpose(stored), -1),
    8: lambda stored: cv2.rotate(stored, cv2.ROTATE_90_COUNTERCLOCKWISE),
}

_FIRST_ROW_FIRST = (1, 2, 5, 8)

_PILLOW_FORMATS = {"PNG": "PNG", "WebP": "WEBP", "TIFF": "TIFF", "BMP": "BMP", "GIF": "GIF"}


@dataclass(frozen=True, slots=True)
class DecodedImage:
    """Upright pixels, and where they lie in the full-resolution photo.

    Attributes:
        rgb: ``(H, W, 3)`` uint8.
        full_width: Upright full-resolution width in pixels.
        full_height: Upright full-resolution height in pixels.
        scale: Pixels of ``rgb`` a full-resolution pixel, at most 1.
        offset: Full-resolution position of the top left corner of ``rgb``. Not quite (0, 0) where
            the stored picture's size is no multiple of the reduction and it was turned.
        format: As decoded, such as ``JPEG`` or ``NEF``.
        exif: What the camera wrote.
        notes: Sentences worth showing.
    """

    rgb: Rgb
    full_width: int
    full_height: int
    scale: float
    offset: tuple[float, float]
    format: str
    exif: Exif
    notes: tuple[str, ...]


@dataclass(slots=True)
class OpenPhoto:
    """A photo whose header was read; `decode` gives its pixels at one of `reductions`.

    ``load`` gives the stored picture (not turned) shrunk by a reduction, and adds to ``notes``. Its
    second argument says how many full-size rows are needed, 0 for all; it may give more.
    """

    format: str
    stored_width: int
    stored_height: int
    orientation: int
    exif: Exif
    reductions: tuple[int, ...]
    load: Callable[[int, int], Rgb]
    notes: list[str]

    @property
    def width(self) -> int:
        """Upright full-resolution width in pixels."""
        return self.stored_height if self.orientation >= 5 else self.stored_width

    @property
    def height(self) -> int:
        """Upright full-resolution height in pixels."""
        return self.stored_width if self.orientation >= 5 else self.stored_height

    def decode(self, reduction: int = 1, rows: int = 0) -> DecodedImage:
        """The upright pixels, shrunk by ``reduction`` (one of ``reductions``).

        Args:
            reduction: By which factor.
            rows: How many of the *stored* picture's rows are needed, in full-size pixels; 0 for
                all. Where it saves time the rest is left out; every pixel that is there has the
                same value and place as in the whole.

        Raises:
            PhotoError: The pixels cannot be decoded, or too few of them.
        """
        with quiet_stderr():
            # With its first row turned to the right or the bottom, a part would lie elsewhere.
            stored = self.load(reduction, rows if self.orientation in _FIRST_ROW_FIRST else 0)
        # The last row and column may be made of fewer source pixels; without them every pixel
        # stands for the same square, and the scale is exact.
        stored = stored[
            : max(self.stored_height // reduction, 1), : max(self.stored_width // reduction, 1)
        ]
        left_over = (
            max(self.stored_width - stored.shape[1] * reduction, 0),
            max(self.stored_height - stored.shape[0] * reduction, 0),
        )
        return DecodedImage(
            rgb=upright(stored, self.orientation),
            full_width=self.width,
            full_height=self.height,
            scale=1 / reduction,
            offset=_upright_offset(left_over, self.orientation),
            format=self.format,
            exif=self.exif,
            notes=tuple(dict.fromkeys(self.notes)),
        )

    def reduction_for(self, needed_scale: float) -> int:
        """The strongest reduction that keeps at least ``needed_scale``, else the weakest."""
        fitting = [r for r in self.reductions if 1 / r >= needed_scale]
        return max(fitting) if fitting else min(self.reductions)


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
    height, width = image.rgb.shape[:2]
    if not max_side or max(width, height) <= max_side:
        return image
    factor = max_side / max(width, height)
    size = (max(round(width * factor), 1), max(round(height * factor), 1))
    small = np.asarray(cv2.resize(image.rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    return DecodedImage(
        rgb=small,
        full_width=image.full_width,
        full_height=image.full_height,
        scale=image.scale * size[0] / width,
        offset=image.offset,
        format=image.format,
        exif=image.exif,
        notes=image.notes,
    )


def open_photo(data: bytes, path: bytes = b"", *, pixel_limit: int = PIXEL_LIMIT) -> OpenPhoto:
    """Read a photo's header. The path only serves notes and the naming of raw formats.

    Raises:
        PhotoError: It is no photo we know, its header is damaged, or it is too large.
    """
    name = sniff(data, path)
    if name == "JPEG":
        photo = _open_jpeg(data)
    elif name in RAW_FORMATS:
        photo = _open_raw(data, name)
    elif name == "HEIF":
        photo = _open_heif(data)
    elif name == "AVIF":
        photo = _open_avif(data)
    elif name:
        photo = _open_pillow(data, name, [_PILLOW_FORMATS[name]])
    else:
        raise _unknown(data)
    if note := misnamed(name, path):
        photo.notes.append(note)
    _check_size(photo, pixel_limit)
    return photo


def upright(stored: Rgb, orientation: int) -> Rgb:
    """The stored picture turned and mirrored as EXIF orientation 1 to 8 says."""
    turn = _TURNS.get(orientation)
    # OpenCV turns four times as fast as NumPy copies a turned view.
    return np.ascontiguousarray(stored) if turn is None else np.asarray(turn(stored), np.uint8)


def _upright_offset(left_over: tuple[int, int], orientation: int) -> tuple[float, float]:
    """Where the first pixel lies when the remainder moved to the left or the top by turning."""
    x, y = (left_over[1], left_over[0]) if orientation >= 5 else left_over
    from_right = orientation in (2, 3, 6, 7)
    from_bottom = orientation in (3, 4, 7, 8)
    return (float(x) if from_right else 0.0, float(y) if from_bottom else 0.0)


def _check_size(photo: OpenPhoto, pixel_limit: int) -> None:
    width, height = photo.stored_width, photo.stored_height
    if width < 1 or height < 1:
        raise PhotoError("The photo has no pixels.", code="photo.unreadable")
    pixels = width * height
    if photo.format == "JPEG":
        photo.reductions = tuple(r for r in photo.reductions if pixels / r**2 <= DECODED_LIMIT) or (
            8,
        )
    else:
        pixel_limit = min(pixel_limit, DECODED_LIMIT)
    if pixels > pixel_limit:
        raise PhotoError(
            f"The photo is too large: {width} x {height} is {pixels / 1e6:,.0f} megapixels, "
            f"and the limit is {pixel_limit / 1e6:,.0f}.",
            remedy="Save a smaller copy of it.",
            code="photo.too-large",
        )


def _open_jpeg(data: bytes) -> OpenPhoto:
    header = jpeg.read_header(data)
    exif = parse_exif(header.exif)
    notes: list[str] = []

    def load(reduction: int, rows: int) -> Rgb:
        if header.complete:
            pixels = jpeg.decode_top(data, header, reduction, rows) if rows else None
            if pixels is not None:
                return pixels
            pixels = jpeg.decode_whole(data, header, reduction)
            if pixels is not None:
                return pixels
        pixels, real = jpeg.decode_partial(data, header, reduction)
        if not header.complete:
            _note_missing(notes, real)
        return pixels

    return OpenPhoto(
        format="JPEG",
        stored_width=header.width,
        stored_height=header.height,
        orientation=exif.orientation,
        exif=exif,
        reductions=jpeg.REDUCTIONS,
        load=load,
        notes=notes,
    )


def _note_missing(notes: list[str], real: float) -> None:
    if real < LEAST_REAL:
        raise PhotoError(
            f"The file is cut short: only {real:.0%} of the picture is there.",
            remedy="Copy it again from the camera or the backup.",
            code="photo.truncated",
        )
    notes.append(
        "The file is cut short: the picture is coarse or its last part is missing."
        if real > 0.995
        else f"The file is cut short: the last {1 - real:.0%} of the picture is missing."
    )


def _open_pillow(
    data: bytes, name: str, formats: list[str], *, orientation: int | None = None
) -> OpenPhoto:
    with decoding(name):
        image = Image.open(io.BytesIO(data), formats=formats)
        # For most formats Pillow's getexif() unpacks the whole picture in search of a block at
        # its end: a bomb would go off before its size was looked at.
        block = image.info.get("exif", b"")
        exif = read_exif(image.getexif()) if name == "TIFF" else parse_exif(block)
    notes: list[str] = []

    def load(_reduction: int, _rows: int) -> Rgb:
        # Opened anew each time: a Pillow image is spent by loading, and stays damaged by failing.
        with decoding(name):
            return to_rgb(_load(data, formats, notes))

    return OpenPhoto(
        format=name,
        stored_width=image.width,
        stored_height=image.height,
        orientation=exif.orientation if orientation is None else orientation,
        exif=exif,
        reductions=(1,),
        load=load,
        notes=notes,
    )


def _load(data: bytes, formats: list[str], notes: list[str]) -> Image.Image:
    image = Image.open(io.BytesIO(data), formats=formats)
    try:
        image.load()
    except OSError:
        with jpeg.truncation_allowed():
            image = Image.open(io.BytesIO(data), formats=formats)
            image.load()
        _note_missing(notes, jpeg.real_rows(np.asarray(image)))
    return image


def _open_avif(data: bytes) -> OpenPhoto:
    if not features.check("avif"):
        raise PhotoError(
            "AVIF files need Pillow 11.3 or newer.",
            remedy="Install it with: pip install --upgrade pillow",
            code="photo.unsupported",
        )
    # Pillow turns AVIF's own rotation into an EXIF orientation.
    return _open_pillow(data, "AVIF", ["AVIF"])


def _open_heif(data: bytes) -> OpenPhoto:
    try:
        import pillow_heif  # noqa: PLC0415 - optional, and slow to import
    except ImportError as error:
        raise PhotoError(
            "HEIC files need the package pillow-heif.",
            remedy="Install it with: pip install pillow-heif",
            code="photo.unsupported",
        ) from error
    pillow_heif.register_heif_opener()
    # libheif has applied the picture's rotation already; its EXIF copy must not do so again.
    return _open_pillow(data, "HEIF", ["HEIF"], orientation=1)


def _open_raw(data: bytes, name: str) -> OpenPhoto:
    from fiqa_studio.vision.raw import embedded_preview  # noqa: PLC0415 - optional, slow to import

    preview = embedded_preview(data, name)
    if isinstance(preview.picture, bytes):
        photo = _open_jpeg(preview.picture)
    else:
        pixels = preview.picture
        photo = OpenPhoto(
            format=name,
            stored_width=pixels.shape[1],
            stored_height=pixels.shape[0],
            orientation=1,
            exif=Exif(),
            reductions=(1,),
            load=lambda _reduction, _rows: pixels,
            notes=[],
        )
    own = photo.exif
    photo.format = name
    photo.exif = preview.exif if preview.exif != Exif() else own
    # Some previews carry their own orientation, most rely on the raw file's.
    photo.orientation = own.orientation if own.orientation != 1 else preview.orientation
    photo.notes.append("Shown by the preview that the camera stored in the raw file.")
    return photo


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
