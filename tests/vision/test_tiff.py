"""TIFF files of every kind: read rightly, or said to be not supported; damaged where damaged."""

from __future__ import annotations

import contextlib
import io
import struct
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
import pytest
from PIL import Image

from fiqa_studio.domain.containers import tiff
from fiqa_studio.domain.errors import PhotoError
from fiqa_studio.vision.decode import decode, open_photo
from fiqa_studio.vision.formats import sniff
from tests.vision.profiles import DISPLAY_P3, encoded, gamma_curve, in_primaries, matrix_profile

tifffile = pytest.importorskip("tifffile")


@pytest.fixture(scope="module")
def scene() -> np.ndarray:
    """Soft colours, 150 x 100."""
    rng = np.random.default_rng(5)
    small = rng.integers(20, 235, (6, 9, 3)).astype(np.uint8)
    return cv2.resize(small, (150, 100), interpolation=cv2.INTER_CUBIC)


@pytest.fixture(scope="module")
def grey(scene: np.ndarray) -> np.ndarray:
    return scene[..., 1]


def read(path: Path) -> np.ndarray:
    image = decode(path)
    assert image.format == "TIFF"
    return image.rgb.astype(int)


def as_kind(values: np.ndarray, kind: str) -> np.ndarray:
    """8-bit values in another sample kind, black to white."""
    dtype = np.dtype(kind)
    if dtype.kind == "f":
        return (values / 255).astype(dtype)
    most = np.iinfo(dtype).max
    return np.rint(values.astype(np.float64) / 255 * most).astype(dtype)


KINDS = ["u1", "u2", "u4", "i1", "i2", "i4", "f2", "f4", "f8"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_colours_of_every_sample_kind(
    scene: np.ndarray, tmp_path: Path, kind: str, order: str, planar: str
) -> None:
    path = tmp_path / "a.tif"
    pixels = as_kind(scene, kind)
    stored = pixels if planar == "contig" else pixels.transpose(2, 0, 1)
    tifffile.imwrite(path, np.ascontiguousarray(stored), photometric="rgb", byteorder=order,
                     planarconfig=planar, rowsperstrip=33)  # fmt: skip
    assert np.abs(read(path) - scene).max() <= 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tile", [None, (64, 48)])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_grey_of_every_sample_kind(
    grey: np.ndarray, tmp_path: Path, kind: str, tile: tuple[int, int] | None,
    compression: str | None,
) -> None:  # fmt: skip
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, as_kind(grey, kind), photometric="minisblack", tile=tile,
                     compression=compression)  # fmt: skip
    assert np.abs(read(path) - grey[..., None]).max() <= 2


@pytest.mark.parametrize("kind", ["u1", "u2", "f4"])
def test_white_is_zero(grey: np.ndarray, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, as_kind(255 - grey, kind), photometric="miniswhite")
    assert np.abs(read(path) - grey[..., None]).max() <= 2


@pytest.mark.parametrize("bits", [10, 12, 14])
@pytest.mark.parametrize("samples", [1, 3])
def test_samples_that_are_no_whole_bytes(
    scene: np.ndarray, tmp_path: Path, bits: int, samples: int
) -> None:
    values = np.rint(scene[..., :samples] / 255 * ((1 << bits) - 1)).astype(np.int64)
    shifts = np.arange(bits - 1, -1, -1)
    each = (values.reshape(len(values), -1, 1) >> shifts) & 1
    packed = np.packbits(each.reshape(len(values), -1).astype(np.uint8), axis=1).tobytes()
    path = tmp_path / "a.tif"
    path.write_bytes(plain_tiff(scene.shape[1], scene.shape[0], samples, bits, packed))
    wanted = scene if samples == 3 else np.repeat(scene[..., :1], 3, axis=2)
    assert np.abs(read(path) - wanted).max() <= 1


@pytest.mark.parametrize("kind", ["u1", "u2", "f4"])
@pytest.mark.parametrize("photometric", ["rgb", "minisblack"])
@pytest.mark.parametrize("extra", ["unassalpha", "assocalpha", "unspecified"])
def test_alpha(scene: np.ndarray, tmp_path: Path, kind: str, photometric: str, extra: str) -> None:
    colour = scene if photometric == "rgb" else scene[..., :1]
    alpha = np.full((*scene.shape[:2], 1), 255, np.uint8)
    alpha[:40] = 0
    stored = colour.copy()
    if extra == "assocalpha":
        stored[:40] = 0
    pixels = as_kind(np.concatenate([stored, alpha], axis=2), kind)
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, pixels, photometric=photometric, extrasamples=[extra])
    shown = read(path)
    full = np.repeat(colour, 3 // colour.shape[2], axis=2)
    assert np.abs(shown[40:] - full[40:]).max() <= 2
    top = full[:40] if extra == "unspecified" else 255
    assert np.abs(shown[:40] - top).max() <= 2


@pytest.mark.parametrize("kind", ["u1", "u2"])
@pytest.mark.parametrize("extra", [(), ("unassalpha",), ("unspecified",)])
def test_cmyk(scene: np.ndarray, tmp_path: Path, kind: str, extra: tuple[str, ...]) -> None:
    inks = np.asarray(Image.fromarray(scene).convert("CMYK"))
    more = [np.full((*scene.shape[:2], 1), 255, np.uint8)] * len(extra)
    pixels = as_kind(np.concatenate([inks, *more], axis=2), kind)
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, pixels, photometric="separated", extrasamples=extra)
    wanted = np.asarray(Image.fromarray(inks, "CMYK").convert("RGB")).astype(int)
    assert np.abs(read(path) - wanted).max() <= 2


@pytest.mark.parametrize("kind", ["u2", "f4"])
def test_lzw_with_a_predictor(scene: np.ndarray, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.tif"
    assert cv2.imwrite(str(path), np.ascontiguousarray(as_kind(scene, kind)[..., ::-1]),
                       [cv2.IMWRITE_TIFF_COMPRESSION, 5,
                        cv2.IMWRITE_TIFF_PREDICTOR, 2 if kind == "u2" else 3])  # fmt: skip
    assert np.abs(read(path) - scene).max() <= 2


@pytest.mark.parametrize("compression", ["tiff_lzw", "packbits", "zstd", "lzma"])
def test_packed_deep_grey(grey: np.ndarray, tmp_path: Path, compression: str) -> None:
    path = tmp_path / "a.tif"
    Image.fromarray(as_kind(grey, "u2")).save(path, compression=compression)
    assert np.abs(read(path) - grey[..., None]).max() <= 2


def test_a_deep_picture_with_a_profile(scene: np.ndarray, tmp_path: Path) -> None:
    icc = matrix_profile(DISPLAY_P3, gamma_curve(1.8))
    pixels = encoded(in_primaries(scene, DISPLAY_P3), 1.8, 65535)
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, pixels, photometric="rgb", iccprofile=icc)
    assert np.abs(read(path) - scene).mean() < 1


def test_eight_bits_in_a_wider_sample(grey: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, grey.astype(np.uint32), photometric="minisblack")
    assert np.abs(read(path) - grey[..., None]).max() <= 1


def test_light_brighter_than_white_is_cut_off(scene: np.ndarray, tmp_path: Path) -> None:
    values = (scene / 255).astype(np.float32)
    values[:1, :10] = 40
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, values, photometric="rgb")
    shown = read(path)
    assert np.abs(shown[1:] - scene[1:]).max() <= 2
    assert shown[0, 0].tolist() == [255, 255, 255]


class TestPages:
    """The picture is the first page that is no reduced copy."""

    def write(self, path: Path, *pages: tuple[int, int], big: bool = False) -> None:
        with tifffile.TiffWriter(path, bigtiff=big) as file:
            for side, subfile in pages:
                file.write(np.full((side, side, 3), side, np.uint8), photometric="rgb",
                           subfiletype=subfile)  # fmt: skip

    @pytest.mark.parametrize("big", [False, True])
    @pytest.mark.parametrize(
        ("pages", "side"),
        [
            ([(40, 1), (160, 0)], 160),
            ([(40, 1), (80, 1), (160, 0)], 160),
            ([(160, 0), (40, 1)], 160),
            ([(100, 0), (200, 0)], 100),
            ([(40, 1), (120, 1)], 120),
        ],
    )
    def test_which(
        self, tmp_path: Path, pages: list[tuple[int, int]], side: int, big: bool
    ) -> None:
        path = tmp_path / "a.tif"
        self.write(path, *pages, big=big)
        image = decode(path)
        assert (image.full_width, image.full_height) == (side, side)
        assert (image.rgb == side).all()

    def test_the_orientation_is_that_of_the_page_shown(self, tmp_path: Path) -> None:
        path = tmp_path / "a.tif"
        with tifffile.TiffWriter(path) as file:
            file.write(np.zeros((10, 20, 3), np.uint8), photometric="rgb", subfiletype=1)
            file.write(np.zeros((100, 200, 3), np.uint8), photometric="rgb",
                       extratags=[(274, "H", 1, 6)])  # fmt: skip
        image = decode(path)
        assert (image.full_width, image.full_height) == (100, 200)

    def test_a_thousand_pages(self, tmp_path: Path) -> None:
        path = tmp_path / "a.tif"
        self.write(path, *[(16, 0)] * 1000)
        assert decode(path).full_width == 16

    def test_pages_in_a_circle(self, tmp_path: Path) -> None:
        path = tmp_path / "a.tif"
        self.write(path, (16, 1), (32, 1))
        data = bytearray(path.read_bytes())
        first, second = (page.at for page in tiff.read_directories(bytes(data)).pages)
        (count,) = struct.unpack_from("<H", data, second)
        struct.pack_into("<I", data, second + 2 + 12 * count, first)
        assert decode_bytes(bytes(data)).full_width == 32


class TestLeftOverTags:
    """What was developed from a raw file is a TIFF, whatever tags it kept."""

    TAGS: ClassVar = {
        "maker": [(271, "s", 0, "Canon")],
        "DNG version": [(271, "s", 0, "Canon"), (50706, "B", 4, (1, 4, 0, 0))],
    }

    @pytest.mark.parametrize("tags", TAGS)
    @pytest.mark.parametrize("name", ["export.tif", "export.TIFF", "export.dng", "export.nef"])
    def test_it_is_read(self, scene: np.ndarray, tmp_path: Path, tags: str, name: str) -> None:
        path = tmp_path / name
        tifffile.imwrite(path, scene, photometric="rgb", extratags=self.TAGS[tags])
        assert (read(path) == scene).all()

    @pytest.mark.parametrize("name", [b"a.tif", b"a.nef"])
    def test_a_sub_directory_that_is_no_sensors(self, name: bytes) -> None:
        """It points back at the first, as it may once the data are gone."""
        photo = open_photo(plain_tiff(64, 48, 3, 8, bytes(64 * 48 * 3)), name)
        assert photo.format == "TIFF"
        assert (photo.decode().rgb == 0).all()

    def test_a_sensors_data_is_a_raw_file(self) -> None:
        mosaic = plain_tiff(64, 48, 1, 16, bytes(64 * 48 * 2), photometric=32803)
        assert sniff(mosaic, "a.tif") == "RAW"
        assert sniff(mosaic, "a.nef") == "NEF"
        linear = plain_tiff(64, 48, 3, 16, bytes(64 * 48 * 6), photometric=34892)
        assert sniff(linear, "a.dng") == "DNG"


class TestNotSupported:
    """A sound file of another kind is never called damaged."""

    @pytest.mark.parametrize(
        "data",
        [
            ("three inks", {"samples": 3, "bits": 8, "photometric": 5}),
            ("unknown colours", {"samples": 3, "bits": 16, "photometric": 32844}),
            (
                "unknown compression",
                {"samples": 3, "bits": 16, "photometric": 2, "compression": 34712},
            ),
            ("complex numbers", {"samples": 1, "bits": 64, "photometric": 1, "sample_format": 6}),
        ],
        ids=lambda each: each[0],
    )
    def test_it_says_so(self, data: tuple[str, dict[str, int]]) -> None:
        with pytest.raises(PhotoError, match="not supported here") as caught:
            decode_bytes(plain_tiff(16, 16, packed=bytes(16 * 16 * 64), **data[1]))
        assert caught.value.code == "photo.unsupported"
        assert caught.value.remedy

    def test_a_strip_that_is_not_there_is_damage(self, scene: np.ndarray, tmp_path: Path) -> None:
        path = tmp_path / "a.tif"
        tifffile.imwrite(path, as_kind(scene, "u2"), photometric="rgb", compression="zlib")
        data = path.read_bytes()
        page = tiff.read_directories(data).pages[0]
        at = page.first(tiff.STRIPS)
        broken = data[:at] + b"\xff" * 40 + data[at + 40 :]
        with pytest.raises(PhotoError) as caught:
            decode_bytes(broken)
        assert caught.value.code == "photo.unreadable"


def test_hostile_directories_do_no_harm(scene: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, as_kind(scene[:20, :20], "u2"), photometric="rgb", compression="zlib")
    whole = path.read_bytes()
    rng = np.random.default_rng(3)
    for _ in range(400):
        data = bytearray(whole)
        for place in rng.integers(4, min(len(data), 330), rng.integers(1, 5)):
            data[place] = rng.integers(0, 256)
        with contextlib.suppress(PhotoError):  # and nothing else
            open_photo(bytes(data), b"a.tif", pixel_limit=10_000_000).decode()


def decode_bytes(data: bytes):
    return open_photo(data, b"a.tif").decode()


def plain_tiff(
    width: int, height: int, samples: int, bits: int, packed: bytes, *, photometric: int = -1,
    compression: int = 1, sample_format: int = 1,
) -> bytes:  # fmt: skip
    """A TIFF of one strip with any tags."""
    if photometric < 0:
        photometric = 2 if samples == 3 else 1
    table = struct.pack(f"<{samples}H", *[bits] * samples)
    at = 8 + 2 + 12 * 13 + 4
    entries = [
        (256, 4, 1, width), (257, 4, 1, height),
        (258, 3, samples, at if samples > 2 else int.from_bytes(table, "little")),
        (259, 3, 1, compression), (262, 3, 1, photometric), (271, 2, 4, 0x00434241),
        (273, 4, 1, at + len(table)), (277, 3, 1, samples), (278, 4, 1, height),
        (279, 4, 1, len(packed)), (284, 3, 1, 1), (330, 4, 1, 8), (339, 3, 1, sample_format),
    ]  # fmt: skip
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    head = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(entries)) + body + bytes(4)
    return head + table + packed


def test_jpeg_in_tiff(scene: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    Image.fromarray(scene).save(path, compression="jpeg", quality=97)
    assert np.abs(read(path) - scene).mean() < 4
    file = io.BytesIO()
    Image.fromarray(scene[..., 0]).save(file, "TIFF", compression="jpeg", quality=97)
    assert decode_bytes(file.getvalue()).full_width == 150
