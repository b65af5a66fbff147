"""Opening each format: its header, and a function that loads its pixels as they are stored."""

from __future__ import annotations

import io

import cv2
import numpy as np
from PIL import Image, features

from fiqa_studio.domain.containers import boxes, png
from fiqa_studio.domain.errors import PhotoError
from fiqa_studio.domain.photos import Exif
from fiqa_studio.vision import jpeg
from fiqa_studio.vision.colour.convert import Stored, hdr_points, is_plain, looks_around
from fiqa_studio.vision.colour.meaning import CodePoints, Meaning
from fiqa_studio.vision.exif import read_block, read_blocks
from fiqa_studio.vision.guard import decoding
from fiqa_studio.vision.orientation import of_raw_preview
from fiqa_studio.vision.photo import OpenPhoto
from fiqa_studio.vision.pillow_pixels import to_stored
from fiqa_studio.vision.quiet import quiet_stderr

LEAST_REAL = 0.5
"""A picture cut short or damaged is used where at least this part of its rows is there."""

_BROKEN_PROFILE = "Its colour profile is damaged and was passed over."
_DAMAGED = "The file is damaged inside: parts of the picture may be wrong."


def open_jpeg(data: bytes) -> OpenPhoto:
    """A JPEG by its own bytes, or the preview of a raw file."""
    header = jpeg.read_header(data)
    block = read_blocks(header.exif)
    meaning = Meaning(icc=header.icc, adobe_rgb=block.adobe_rgb, measured_peak=False)
    notes = [_BROKEN_PROFILE] if header.broken_profile else []
    # A part must have the same pixels as the whole, to its last row.
    in_parts = not looks_around(meaning)

    def load(reduction: int, rows: int) -> Stored:
        if header.complete and rows and in_parts:
            part = jpeg.decode_top(data, header, reduction, rows)
            if part is not None:
                return part
        if header.complete:
            whole = _whole_jpeg(data, header, reduction, notes)
            if whole is not None:
                return whole
        stored, real = jpeg.decode_partial(data, header, reduction)
        if not header.complete:
            note_missing(notes, real)
        return stored

    return OpenPhoto(
        format="JPEG",
        stored_width=header.width,
        stored_height=header.height,
        orientation=block.orientation or 1,
        exif=block.exif,
        reductions=jpeg.REDUCTIONS,
        load=load,
        meaning=meaning,
        grey=header.components == 1,
        notes=notes,
    )


def _whole_jpeg(
    data: bytes, header: jpeg.JpegHeader, reduction: int, notes: list[str]
) -> Stored | None:
    with quiet_stderr() as said:
        pixels = jpeg.decode_whole(data, header, reduction)
        damaged = jpeg.is_damage(said.text())
    if pixels is None or not damaged:
        return pixels
    real = jpeg.real_rows(pixels)
    if real < LEAST_REAL:
        raise PhotoError(
            f"The file is damaged inside: only {real:.0%} of the picture can be decoded.",
            remedy="Copy it again from the camera or the backup.",
            code="photo.truncated",
        )
    notes.append(_DAMAGED)
    return pixels


def note_missing(notes: list[str], real: float) -> None:
    """Say what part of a picture cut short is missing.

    Raises:
        PhotoError: It is too much.
    """
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


def open_pillow(data: bytes, name: str) -> OpenPhoto:
    """WebP, GIF, BMP: what Pillow makes of it."""
    formats = [name.upper()]
    with decoding(name):
        image = Image.open(io.BytesIO(data), formats=formats)
        # For most formats Pillow's getexif() unpacks the whole picture in search of a block at
        # its end: a bomb would go off before its size was looked at.
        block = read_block(image.info.get("exif", b""))
        icc = image.info.get("icc_profile") or b""
    notes: list[str] = []
    return OpenPhoto(
        format=name,
        stored_width=image.width,
        stored_height=image.height,
        orientation=block.orientation or 1,
        exif=block.exif,
        load=lambda _reduction, _rows: load_pillow(data, formats, name, notes),
        meaning=Meaning(icc=icc, adobe_rgb=block.adobe_rgb),
        notes=notes,
    )


def load_pillow(data: bytes, formats: list[str], name: str, notes: list[str]) -> Stored:
    """The pixels of a file, whole, or as far as it goes."""
    # Opened anew each time: a Pillow image is spent by loading, and stays damaged by failing.
    with decoding(name):
        image = Image.open(io.BytesIO(data), formats=formats)
        # Pillow would turn a TIFF by XMP's copy of the orientation.
        image.info.pop("xmp", None)
        try:
            image.load()
        except OSError:
            with jpeg.truncation_allowed():
                image = Image.open(io.BytesIO(data), formats=formats)
                image.info.pop("xmp", None)
                image.load()
            note_missing(notes, jpeg.real_rows(np.asarray(image)))
        return to_stored(image)


def open_png(data: bytes) -> OpenPhoto:
    """A PNG with all its ways to say what its numbers mean."""
    facts = png.read_facts(data)
    block = read_block(facts.exif)
    points = None
    if facts.cicp is not None:
        points = CodePoints(facts.cicp[0], facts.cicp[1])
    said = points is not None or facts.icc or facts.srgb
    meaning = Meaning(
        # By the specification, code points count before the profile, and sRGB before gamma.
        icc=facts.icc if points is None else b"",
        code_points=points,
        gamma=0.0 if said else facts.gamma,
        chromaticities=() if said else facts.chromaticities,
        adobe_rgb=block.adobe_rgb and not said,
    )
    plain = png.picture_alone(data)
    with decoding("PNG"):
        image = Image.open(io.BytesIO(plain), formats=["PNG"])
    notes = [_BROKEN_PROFILE] if facts.broken_profile else []
    deep = facts.bits == 16 and not is_plain(meaning)

    def load(_reduction: int, _rows: int) -> Stored:
        stored = _deep_png(plain) if deep else None
        return load_pillow(plain, ["PNG"], "PNG", notes) if stored is None else stored

    return OpenPhoto(
        format="PNG",
        stored_width=image.width,
        stored_height=image.height,
        orientation=block.orientation or 1,
        exif=block.exif,
        load=load,
        meaning=meaning,
        grey=image.mode in ("1", "L", "LA", "I", "I;16", "I;16B"),
        notes=notes,
    )


def _deep_png(data: bytes) -> Stored | None:
    """16 bits a channel, which Pillow cannot give; None where it will not decode."""
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return None
    if pixels is None or pixels.dtype != np.uint16:
        return None
    if pixels.ndim == 2:
        return np.repeat(pixels[:, :, None], 3, axis=2)
    if pixels.shape[2] == 4:
        share = pixels[:, :, 3:].astype(np.float32) / 65535
        laid = pixels[:, :, :3] * share + (1 - share) * 65535
        pixels = np.rint(laid).astype(np.uint16)
    return np.ascontiguousarray(pixels[:, :, ::-1])


def open_avif(data: bytes) -> OpenPhoto:
    """An AVIF; Pillow turns its own rotation into an EXIF orientation."""
    if not features.check("avif"):
        raise PhotoError(
            "AVIF files need Pillow 11.3 or newer.",
            remedy="Install it with: pip install --upgrade pillow",
            code="photo.unsupported",
        )
    photo = open_pillow(data, "AVIF")
    photo.meaning = _boxed_meaning(data, photo.meaning.icc, deep=True)
    return photo


def _boxed_meaning(data: bytes, icc: bytes, *, deep: bool) -> Meaning:
    """By the boxes; beside a profile, code points count for 10 bits of a high range alone."""
    nclx = boxes.read_boxes(data).nclx
    points = CodePoints(nclx[0], nclx[1]) if nclx else None
    if icc and points is not None and not (points.is_hdr and deep):
        points = None
    return Meaning(icc=icc, code_points=points)


def open_heif(data: bytes) -> OpenPhoto:
    """A HEIC; libheif applies its rotation, and its EXIF copy must not do so again."""
    try:
        import pillow_heif  # noqa: PLC0415 - optional, and slow to import
    except ImportError as error:
        raise PhotoError(
            "HEIC files need the package pillow-heif.",
            remedy="Install it with: pip install pillow-heif",
            code="photo.unsupported",
        ) from error

    with decoding("HEIF"):
        image = pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=True)
        block = read_block(image.info.get("exif") or b"")
        deep = int(image.info.get("bit_depth", 8)) > 8
        meaning = _boxed_meaning(data, image.info.get("icc_profile") or b"", deep=deep)
        width, height = image.size
        grey = image.mode in ("L", "LA")
    wide = deep and hdr_points(meaning) is not None

    def load(_reduction: int, _rows: int) -> Stored:
        with decoding("HEIF"):
            return _heif_pixels(
                pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=not wide)
            )

    return OpenPhoto(
        format="HEIF",
        stored_width=width,
        stored_height=height,
        exif=block.exif,
        load=load,
        meaning=meaning,
        grey=grey,
    )


def _heif_pixels(image: object) -> Stored:
    pixels = np.asarray(image)
    if pixels.ndim == 2:
        return np.repeat(pixels[:, :, None], 3, axis=2)
    if pixels.shape[2] in (2, 4):
        most = np.float32(np.iinfo(pixels.dtype).max)
        share = pixels[:, :, -1:].astype(np.float32) / most
        laid = pixels[:, :, :-1] * share + (1 - share) * most
        pixels = np.rint(laid).astype(pixels.dtype)
        if pixels.shape[2] == 1:
            pixels = np.repeat(pixels, 3, axis=2)
    return np.ascontiguousarray(pixels)


def open_raw(data: bytes, name: str) -> OpenPhoto:
    """A camera raw file, shown by its preview."""
    from fiqa_studio.vision.raw import embedded_preview  # noqa: PLC0415 - optional, slow to import

    preview = embedded_preview(data, name)
    own = 0
    if isinstance(preview.picture, bytes):
        photo = open_jpeg(preview.picture)
        own = read_blocks(jpeg.read_header(preview.picture).exif).orientation
    else:
        pixels = preview.picture
        photo = OpenPhoto(
            format=name,
            stored_width=pixels.shape[1],
            stored_height=pixels.shape[0],
            exif=Exif(),
            load=lambda _reduction, _rows: pixels,
        )
    photo.format = name
    photo.exif = preview.exif if preview.exif != Exif() else photo.exif
    photo.orientation = of_raw_preview(
        own, preview.flip, (photo.stored_width, photo.stored_height), preview.sensor
    )
    photo.notes.append("Shown by the preview that the camera stored in the raw file.")
    return photo
