"""Colour profiles (ICC): whether one can be believed, and what it makes of pixels.

Little CMS converts 8-bit pixels. Pixels of 16 bits go through the same profile's own curves and
matrix where it has those, so that linear light keeps its shadows.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

from fiqa_studio.vision.colour.light import Floats, Matrix
from fiqa_studio.vision.colour.meaning import CodePoints

Rgb = npt.NDArray[np.uint8]

MOST_BYTES = 16 << 20
"""Larger ones are passed over: those of printing presses have two or three megabytes."""

SAME = 3
"""Of 255: a profile that changes no colour by more than this is sRGB, and costs nothing."""

_SPACES = {b"RGB ": "RGB", b"GRAY": "L", b"CMYK": "CMYK"}
_CLASSES = frozenset([b"mntr", b"scnr", b"prtr", b"spac"])
_MOST_TAGS = 200


class BrokenProfileError(Exception):
    """A profile that cannot be used; the message ends a sentence."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile that can be believed.

    Attributes:
        data: Its bytes.
        mode: Pillow's name of the pixels it is for: ``RGB``, ``L`` or ``CMYK``.
        tags: Where each of its parts lies: offset and length.
    """

    data: bytes
    mode: str
    tags: dict[bytes, tuple[int, int]]

    def part(self, name: bytes) -> bytes:
        """The bytes of a part; empty where it is absent."""
        at, length = self.tags.get(name, (0, 0))
        return self.data[at : at + length]

    @property
    def code_points(self) -> CodePoints | None:
        """What its ``cicp`` part says."""
        part = self.part(b"cicp")
        return CodePoints(part[8], part[9]) if len(part) >= 12 else None


def read_profile(data: bytes) -> Profile:
    """Check a profile's header and table of parts.

    Raises:
        BrokenProfileError: It is too large or small, lies about its size, or is of another kind.
    """
    if len(data) > MOST_BYTES:
        raise BrokenProfileError("is far too large")
    if len(data) < 132 or data[36:40] != b"acsp":
        raise BrokenProfileError("is damaged")
    (size,) = struct.unpack_from(">I", data)
    if not 132 <= size <= len(data):
        raise BrokenProfileError("is cut short")
    mode = _SPACES.get(data[16:20])
    if mode is None or data[12:16] not in _CLASSES:
        raise BrokenProfileError("is of a kind that no photo has")
    (count,) = struct.unpack_from(">I", data, 128)
    tags: dict[bytes, tuple[int, int]] = {}
    if count > _MOST_TAGS or 132 + 12 * count > size:
        raise BrokenProfileError("is damaged")
    for i in range(count):
        name, at, length = struct.unpack_from(">4sII", data, 132 + 12 * i)
        if at + length > size:
            raise BrokenProfileError("is damaged")
        tags[name] = (at, length)
    return Profile(data[:size], mode, tags)


class Transform:
    """Little CMS from a profile to sRGB, relative colorimetric with black points matched."""

    def __init__(self, profile: Profile):
        self._mode = profile.mode
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile.data))
            self._transform = ImageCms.buildTransform(
                source,
                ImageCms.createProfile("sRGB"),
                profile.mode,
                "RGB",
                ImageCms.Intent.RELATIVE_COLORIMETRIC,
                ImageCms.Flags.BLACKPOINTCOMPENSATION,
            )
        except (ImageCms.PyCMSError, OSError, TypeError, ValueError) as error:
            raise BrokenProfileError("is damaged") from error

    def __call__(self, pixels: npt.NDArray[np.uint8]) -> Rgb:
        """Pixels ``(H, W)``, ``(H, W, 3)`` or ``(H, W, 4)``, as the profile's mode has them."""
        image = Image.fromarray(pixels, self._mode if self._mode == "CMYK" else None)
        done = ImageCms.applyTransform(image, self._transform)
        return np.asarray(done, np.uint8)

    @property
    def is_srgb(self) -> bool:
        """Whether it changes no colour that anybody could see."""
        if self._mode == "CMYK":
            return False
        if self._mode == "L":
            grey = np.arange(256, dtype=np.uint8)[None]
            return bool(np.abs(self(grey).astype(int) - grey[..., None]).max() <= SAME)
        steps = np.linspace(0, 255, 9).round().astype(np.uint8)
        grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1)
        grid = np.ascontiguousarray(grid.reshape(27, 27, 3))
        return bool(np.abs(self(grid).astype(int) - grid).max() <= SAME)


@lru_cache(maxsize=16)
def transform_of(data: bytes) -> tuple[Profile, Transform | None]:
    """A checked profile, and how it is applied; None where it is sRGB.

    Raises:
        BrokenProfileError: It cannot be used.
    """
    profile = read_profile(data)
    if (points := profile.code_points) is not None and points.is_hdr:
        return profile, None
    transform = Transform(profile)
    return profile, None if transform.is_srgb else transform


@lru_cache(maxsize=8)
def curves_and_matrix(data: bytes) -> tuple[Floats, Matrix] | None:
    """For 16-bit pixels: light for each number a channel, and the matrix to sRGB's light.

    None where the profile is one of tables.

    Raises:
        BrokenProfileError: It cannot be used.
    """
    profile = read_profile(data)
    if profile.mode == "CMYK" or profile.tags.keys() & {b"A2B0", b"A2B1", b"D2B0", b"D2B1"}:
        return None
    names = (b"kTRC",) * 3 if profile.mode == "L" else (b"rTRC", b"gTRC", b"bTRC")
    curves = [_curve(profile.part(name)) for name in names]
    if any(curve is None for curve in curves):
        return None
    stacked = np.stack([c for c in curves if c is not None], axis=1).astype(np.float32)
    if profile.mode == "L":
        return stacked, np.eye(3)
    columns = [_xyz(profile.part(name)) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
    if any(column is None for column in columns):
        return None
    to_d50 = np.column_stack([c for c in columns if c is not None])
    return stacked, np.linalg.inv(_srgb_d50()) @ to_d50


@lru_cache(maxsize=1)
def _srgb_d50() -> Matrix:
    """The colorants of sRGB as profiles have them, adapted to D50."""
    return np.array(
        [[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]]
    )


def _xyz(part: bytes) -> Matrix | None:
    if part[:4] != b"XYZ " or len(part) < 20:
        return None
    return np.array(struct.unpack_from(">3i", part, 8)) / 65536


def _curve(part: bytes) -> npt.NDArray[np.float64] | None:
    """Light for each of 65,536 numbers."""
    codes = np.linspace(0, 1, 65536)
    if part[:4] == b"curv" and len(part) >= 12:
        (count,) = struct.unpack_from(">I", part, 8)
        if count == 0:
            return codes
        if 12 + 2 * count > len(part):
            return None
        values = np.frombuffer(part, ">u2", count, 12).astype(np.float64)
        if count == 1:
            return np.asarray(codes ** (values[0] / 256), np.float64)
        return np.interp(codes, np.linspace(0, 1, count), values / 65535)
    if part[:4] == b"para" and len(part) >= 12:
        return _parametric(codes, part)
    return None


_PARAMETERS = (1, 3, 4, 5, 7)


def _parametric(codes: npt.NDArray[np.float64], part: bytes) -> npt.NDArray[np.float64] | None:
    """``parametricCurveType`` (ICC.1:2022, 10.18)."""
    (kind,) = struct.unpack_from(">H", part, 8)
    if kind >= len(_PARAMETERS) or len(part) < 12 + 4 * _PARAMETERS[kind]:
        return None
    values = [v / 65536 for v in struct.unpack_from(f">{_PARAMETERS[kind]}i", part, 12)]
    g, a, b, c, d, e, f = _named(kind, values)
    above = np.maximum(a * codes + b, 0) ** g + e
    return np.asarray(np.clip(np.where(codes >= d, above, c * codes + f), 0, 1), np.float64)


def _named(kind: int, values: list[float]) -> tuple[float, ...]:
    """g, a, b, c, d, e, f: above d it is (a x + b) ^ g + e, below c x + f."""
    if kind == 0:
        return values[0], 1, 0, 0, -1, 0, 0
    g, a, b = values[:3]
    if kind in (1, 2):
        shift = values[3] if kind == 2 else 0.0
        return g, a, b, 0, -b / a if a else 0, shift, shift
    c, d = values[3:5]
    e, f = values[5:7] if kind == 4 else (0.0, 0.0)
    return g, a, b, c, d, e, f
