"""TIFF pictures whose samples are not 8 bits: 10 to 64 bits, floating point, CMYK with alpha.

Pillow knows few of them. Each strip or tile is unpacked by zlib, or by libtiff told of plain bytes,
and what the bytes mean is worked out here (TIFF 6.0; Adobe's technical note 3 for floating-point
predictors).
"""

from __future__ import annotations

import io
import math
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from fiqa_studio.domain.containers import tiff
from fiqa_studio.domain.containers.tiff import Page, TiffFile
from fiqa_studio.domain.errors import PhotoError
from fiqa_studio.vision.colour.convert import Stored

Samples = npt.NDArray[Any]

_UINT, _INT, _FLOAT, _VOID = 1, 2, 3, 4
_NONE, _DEFLATE = 1, (8, 32946)
_BY_LIBTIFF = frozenset([5, 32773, 34925, 50000])
"""LZW, PackBits, LZMA and Zstandard."""
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK = 0, 1, 2, 3, 5
_COLOURS = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _RGB: 3, _CMYK: 4}
_FLOATS = {16: np.float16, 32: np.float32, 64: np.float64}
_BRIGHT_SHARE = 0.99
"""Of floating-point values within 0 to 1: the rest is light brighter than white."""


def can_read(page: Page) -> bool:
    """Whether the samples of a page are of a kind that is read here."""
    bits = set(tiff.bits_of(page))
    compression = page.first(tiff.COMPRESSION, _NONE)
    format_ = set(page.values.get(tiff.SAMPLE_FORMAT, (_UINT,)))
    colours = _COLOURS.get(page.first(tiff.PHOTOMETRIC))
    if len(bits) != 1 or len(format_) != 1 or colours is None:
        return False
    if page.first(tiff.SAMPLES, 1) < colours:
        return False
    known = compression == _NONE or compression in _DEFLATE or compression in _BY_LIBTIFF
    (width,), (kind,) = bits, format_
    if kind == _FLOAT:
        return known and width in _FLOATS
    return known and kind in (_UINT, _INT, _VOID) and 1 <= width <= 32


def is_unusual(page: Page) -> bool:
    """Whether Pillow would refuse the page, or show its values wrongly."""
    colour, samples = page.first(tiff.PHOTOMETRIC), page.first(tiff.SAMPLES, 1)
    return (
        max(tiff.bits_of(page), default=1) > 8
        or page.first(tiff.SAMPLE_FORMAT, _UINT) not in (_UINT, _VOID)
        or (colour in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _CMYK) and samples > _COLOURS[colour])
    )


def read_samples(data: bytes, file: TiffFile, page: Page) -> Stored:
    """The picture as stored, not turned: RGB of 8 or 16 bits (grey three times), or CMYK.

    Transparent pixels are laid on white.

    Raises:
        PhotoError: A strip is missing or damaged.
    """
    values = _gathered(data, file, page)
    colours = _COLOURS[page.first(tiff.PHOTOMETRIC)]
    alpha = _alpha(page, colours)
    bits = tiff.bits_of(page)[0]
    scaled = _scaled(values[..., :colours], bits, page.first(tiff.SAMPLE_FORMAT, _UINT))
    if page.first(tiff.PHOTOMETRIC) == _WHITE_IS_ZERO:
        scaled = _kept(np.iinfo(scaled.dtype).max - scaled)
    if colours == 4:
        return _kept(scaled if scaled.dtype == np.uint8 else scaled >> 8, np.uint8)
    if colours == 1:
        scaled = _kept(np.repeat(scaled, 3, axis=2))
    if alpha is not None:
        cover = _scaled(values[..., alpha : alpha + 1], bits, page.first(tiff.SAMPLE_FORMAT, _UINT))
        scaled = _on_white(scaled, cover, premultiplied=_extra(page, alpha - colours) == 1)
    return _kept(scaled)


def _kept(values: Samples, kind: npt.DTypeLike = None) -> Stored:
    result: Stored = np.ascontiguousarray(values, kind or values.dtype)
    return result


def _alpha(page: Page, colours: int) -> int | None:
    """Which sample is the transparency; None without."""
    extra = page.values.get(tiff.EXTRA_SAMPLES, ())
    return next((colours + i for i, kind in enumerate(extra) if kind in (1, 2)), None)


def _extra(page: Page, index: int) -> int:
    return page.values.get(tiff.EXTRA_SAMPLES, ())[index]


def _on_white(colour: Stored, cover: Stored, *, premultiplied: bool) -> Stored:
    most = np.float32(np.iinfo(colour.dtype).max)
    share = cover.astype(np.float32) / most
    own = colour if premultiplied else colour * share
    return _kept(np.clip(np.rint(own + (1 - share) * most), 0, most), colour.dtype)


def _scaled(values: Samples, bits: int, kind: int) -> Stored:
    """Samples from black to white as 8 bits where they have so many at most, else 16."""
    if kind == _FLOAT:
        return _from_floats(values)
    if kind == _INT:
        low, top = float(values.min(initial=0)), float((1 << (bits - 1)) - 1)
        if low < 0:
            return _stretched(values, low, float(values.max()))
    else:
        top = float((1 << bits) - 1)
    most = float(values.max(initial=0))
    # Whole numbers of 8 or 16 bits are often kept in wider samples as they are.
    if bits > 16 and most <= 65535:
        top = 65535.0
    if bits > 8 and most <= 255:
        top = 255.0
    if top <= 255 and bits <= 8:
        return np.asarray(np.rint(values * np.float32(255 / top)), np.uint8)
    if top == 65535 and values.dtype == np.uint16:
        return _kept(values)
    return np.asarray(np.rint(values.astype(np.float64) * (65535 / top)), np.uint16)


def _from_floats(values: Samples) -> Stored:
    """From 0 to 1 as it is, brighter light cut off; other ranges from lowest to highest."""
    wide = np.nan_to_num(values.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(wide.min(initial=0)), float(wide.max(initial=0))
    if low >= 0 and (high <= 1 or float(np.mean(wide <= 1)) >= _BRIGHT_SHARE):
        return np.asarray(np.rint(np.clip(wide, 0, 1) * 65535), np.uint16)
    return _stretched(wide, low, high)


def _stretched(values: Samples, low: float, high: float) -> Stored:
    reach = high - low
    share = (values.astype(np.float64) - low) / reach if reach > 0 else np.zeros(values.shape)
    return np.asarray(np.rint(share * 65535), np.uint16)


def _gathered(data: bytes, file: TiffFile, page: Page) -> Samples:
    """All samples, ``(H, W, samples)``, as the file has them."""
    width, height = page.first(tiff.WIDTH), page.first(tiff.HEIGHT)
    samples, bits = page.first(tiff.SAMPLES, 1), tiff.bits_of(page)[0]
    planes = samples if page.first(tiff.PLANAR, 1) == 2 else 1
    whole = np.zeros((height, width, samples), _kept_type(page, bits))
    piece_width, piece_height = tiff.rows_of_piece(page)
    if piece_width < 1 or piece_height < 1:
        raise _damaged()
    tiled = bool(page.values.get(tiff.TILES))
    for plane, x, y, packed in _pieces(data, page, planes):
        rows = piece_height if tiled else min(piece_height, height - y)
        values = _unpacked(packed, file.order, page, rows, piece_width, samples // planes)
        part = values[: height - y, : width - x]
        where = np.s_[y : y + part.shape[0], x : x + part.shape[1]]
        if planes == 1:
            whole[where] = part
        else:
            whole[*where, plane] = part[..., 0]
    return whole


def _kept_type(page: Page, bits: int) -> npt.DTypeLike:
    kind = page.first(tiff.SAMPLE_FORMAT, _UINT)
    if kind == _FLOAT:
        return _FLOATS[bits] if bits < 64 else np.float32
    wide = 8 if bits <= 8 else 16 if bits <= 16 else 32
    return np.dtype(f"{'i' if kind == _INT else 'u'}{wide // 8}")


def _pieces(data: bytes, page: Page, planes: int) -> Iterator[tuple[int, int, int, bytes]]:
    """Plane, left and top edge, and packed bytes of each strip or tile."""
    tiled = bool(page.values.get(tiff.TILES))
    offsets = page.values.get(tiff.TILES if tiled else tiff.STRIPS, ())
    lengths = page.values.get(tiff.TILE_BYTES if tiled else tiff.STRIP_BYTES, ())
    across, down = tiff.pieces_across(page)
    width, height = tiff.rows_of_piece(page)
    if len(offsets) < across * down * planes:
        raise _damaged()
    for i in range(across * down * planes):
        plane, place = divmod(i, across * down)
        # Old writers leave out how long the only strip is.
        length = lengths[i] if i < len(lengths) else len(data) - offsets[i]
        y, x = divmod(place, across)
        yield plane, x * width, y * height, data[offsets[i] : offsets[i] + length]


def _unpacked(
    packed: bytes, order: str, page: Page, rows: int, width: int, samples: int
) -> Samples:
    """One strip or tile as ``(rows, width, samples)``; what is missing at its end is black."""
    bits = tiff.bits_of(page)[0]
    row_bytes = math.ceil(width * samples * bits / 8)
    compression = page.first(tiff.COMPRESSION, _NONE)
    if compression == _NONE:
        plain = packed
    elif compression in _DEFLATE:
        try:
            plain = zlib.decompressobj().decompress(packed, rows * row_bytes)
        except zlib.error as error:
            raise _damaged() from error
    else:
        plain = _by_libtiff(packed, compression, row_bytes, rows)
    plain = plain[: rows * row_bytes].ljust(rows * row_bytes, b"\0")
    if page.first(tiff.FILL_ORDER, 1) == 2 and compression == _NONE:
        plain = _mirrored_bits(plain)
    table = np.frombuffer(plain, np.uint8).reshape(rows, row_bytes)
    return _valued(table, order, page, width, samples)


def _valued(
    table: npt.NDArray[np.uint8], order: str, page: Page, width: int, samples: int
) -> Samples:
    bits, predictor = tiff.bits_of(page)[0], page.first(tiff.PREDICTOR, 1)
    kind = page.first(tiff.SAMPLE_FORMAT, _UINT)
    rows = len(table)
    if kind == _FLOAT and predictor == 3:
        # The bytes of a row's values lie in planes, highest first, each the step from the last.
        steps = np.cumsum(table.reshape(rows, -1, samples), axis=1, dtype=np.uint8)
        planes = steps.reshape(rows, bits // 8, width * samples)
        plain = np.ascontiguousarray(planes.transpose(0, 2, 1))
        values = plain.view(f">f{bits // 8}")
        return np.asarray(values.reshape(rows, width, samples))
    code = {_FLOAT: "f", _INT: "i"}.get(kind, "u")
    if bits in (8, 16, 32, 64):
        values = np.ascontiguousarray(table).view(f"{order}{code}{bits // 8}")
    else:
        values = _odd_bits(table, bits, width * samples, signed=kind == _INT)
    values = values.reshape(rows, width, samples)
    if predictor == 2 and code != "f":
        whole = values.astype(values.dtype.newbyteorder("="))
        return np.asarray(np.cumsum(whole, axis=1, dtype=whole.dtype))
    return values


def _odd_bits(table: npt.NDArray[np.uint8], bits: int, count: int, *, signed: bool) -> Samples:
    """Samples that are no whole bytes, most significant bit first."""
    each = np.unpackbits(table, axis=1)[:, : count * bits].reshape(len(table), count, bits)
    values = np.zeros((len(table), count), np.int64)
    for bit in range(bits):
        values = (values << 1) | each[:, :, bit]
    if signed:
        values = np.where(values >> (bits - 1), values - (1 << bits), values)
    return values.astype(np.int32 if signed else np.uint32)


def _by_libtiff(packed: bytes, compression: int, row_bytes: int, rows: int) -> bytes:
    """Unpack by telling libtiff of a picture of plain grey bytes."""
    entries = [
        (256, row_bytes), (257, rows), (258, 8), (259, compression), (262, 1), (273, 122),
        (277, 1), (278, rows), (279, len(packed)),
    ]  # fmt: skip
    directory = struct.pack("<H", len(entries)) + b"".join(
        struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries
    )
    head = (b"II*\0" + struct.pack("<I", 8) + directory + bytes(4)).ljust(122, b"\0")
    image = Image.open(io.BytesIO(head + packed), formats=["TIFF"])
    return image.tobytes()


def _mirrored_bits(plain: bytes) -> bytes:
    table = bytes(int(f"{i:08b}"[::-1], 2) for i in range(256))
    return plain.translate(table)


def _damaged() -> PhotoError:
    return PhotoError(
        "The TIFF file is damaged: a part of its picture is missing.",
        remedy="Copy it again from the camera or the backup.",
        code="photo.unreadable",
    )
