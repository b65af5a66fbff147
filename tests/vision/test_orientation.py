"""Every format, every orientation, every way to say it: upright exactly once."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from fiqa_studio.vision.decode import decode
from fiqa_studio.vision.orientation import of_raw_preview

TURNS = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}


@pytest.fixture(scope="module")
def scene() -> np.ndarray:
    """A 144 x 96 picture without any symmetry."""
    rng = np.random.default_rng(8)
    small = rng.integers(0, 255, (6, 9, 3)).astype(np.uint8)
    return cv2.resize(small, (144, 96), interpolation=cv2.INTER_CUBIC)


def stored(scene: np.ndarray, orientation: int) -> Image.Image:
    image = Image.fromarray(scene)
    turn = TURNS[orientation]
    return image if turn is None else image.transpose(Image.Transpose(turn))


def exif_of(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def is_upright(path: Path, scene: np.ndarray, within: float = 0.0) -> None:
    image = decode(path)
    assert (image.full_width, image.full_height) == (144, 96)
    assert np.abs(image.rgb.astype(int) - scene).mean() <= within


@pytest.mark.parametrize("orientation", range(1, 9))
class TestAnOrientation:
    @pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"])
    @pytest.mark.parametrize("pages", [1, 3])
    def test_tiff(
        self, scene: np.ndarray, tmp_path: Path, orientation: int, compression: str, pages: int
    ) -> None:
        path = tmp_path / "scan.tif"
        image = stored(scene, orientation)
        image.save(path, compression=compression, tiffinfo={274: orientation}, save_all=pages > 1,
                   append_images=[Image.new("RGB", (20, 30))] * (pages - 1))  # fmt: skip
        is_upright(path, scene)

    def test_deep_tiff(self, scene: np.ndarray, tmp_path: Path, orientation: int) -> None:
        tifffile = pytest.importorskip("tifffile")
        deep = np.asarray(stored(scene, orientation)).astype(np.uint16) * 257
        path = tmp_path / "scan.tif"
        tifffile.imwrite(path, deep, photometric="rgb", extratags=[(274, "H", 1, orientation)])
        is_upright(path, scene)

    def test_tiff_whose_xmp_says_another(
        self, scene: np.ndarray, tmp_path: Path, orientation: int
    ) -> None:
        xmp = b'<x:xmpmeta xmlns:tiff="t"><r tiff:Orientation="6"/></x:xmpmeta>'
        path = tmp_path / "scan.tif"
        info = {700: xmp} if orientation == 1 else {700: xmp, 274: orientation}
        stored(scene, orientation).save(path, tiffinfo=info)
        is_upright(path, scene)

    @pytest.mark.parametrize("suffix", ["png", "webp"])
    def test_png_and_webp(
        self, scene: np.ndarray, tmp_path: Path, orientation: int, suffix: str
    ) -> None:
        path = tmp_path / f"photo.{suffix}"
        stored(scene, orientation).save(path, exif=exif_of(orientation), lossless=True)
        is_upright(path, scene)

    @pytest.mark.parametrize("packed", [True, False])
    def test_png_with_imagemagicks_text(
        self, scene: np.ndarray, tmp_path: Path, orientation: int, packed: bool
    ) -> None:
        block = b"Exif\0\0" + exif_of(orientation).tobytes()[6:]
        text = b"\nexif\n%8d\n" % len(block) + block.hex().encode() + b"\n"
        content = b"Raw profile type exif\0" + (b"\0" + zlib.compress(text) if packed else text)
        kind = b"zTXt" if packed else b"tEXt"
        file = io.BytesIO()
        stored(scene, orientation).save(file, "PNG")
        data = file.getvalue()
        chunk = struct.pack(">I", len(content)) + kind + content
        chunk += struct.pack(">I", zlib.crc32(kind + content))
        path = tmp_path / "photo.png"
        path.write_bytes(data[:33] + chunk + data[33:])
        is_upright(path, scene)

    @pytest.mark.parametrize("first", [b"Exif\0\0", b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0"])
    def test_jpeg_whose_second_block_says_it(
        self, scene: np.ndarray, tmp_path: Path, orientation: int, first: bytes
    ) -> None:
        file = io.BytesIO()
        stored(scene, orientation).save(file, "JPEG", quality=97, subsampling=0)
        blocks = [first, exif_of(orientation).tobytes()]
        head = b"".join(b"\xff\xe1" + struct.pack(">H", len(b) + 2) + b for b in blocks)
        path = tmp_path / "photo.jpg"
        path.write_bytes(b"\xff\xd8" + head + file.getvalue()[2:])
        is_upright(path, scene, within=4)

    def test_the_first_of_two_blocks_that_say_it_counts(
        self, scene: np.ndarray, tmp_path: Path, orientation: int
    ) -> None:
        file = io.BytesIO()
        stored(scene, orientation).save(file, "JPEG", quality=97, subsampling=0)
        blocks = [exif_of(orientation).tobytes(), exif_of(orientation % 8 + 1).tobytes()]
        head = b"".join(b"\xff\xe1" + struct.pack(">H", len(b) + 2) + b for b in blocks)
        path = tmp_path / "photo.jpg"
        path.write_bytes(b"\xff\xd8" + head + file.getvalue()[2:])
        is_upright(path, scene, within=4)

    def test_avif(self, scene: np.ndarray, tmp_path: Path, orientation: int) -> None:
        path = tmp_path / "photo.avif"
        stored(scene, orientation).save(path, exif=exif_of(orientation), quality=95)
        is_upright(path, scene, within=6)

    def test_heic(self, scene: np.ndarray, tmp_path: Path, orientation: int) -> None:
        pillow_heif = pytest.importorskip("pillow_heif")
        pillow_heif.register_heif_opener()
        path = tmp_path / "photo.heic"
        image = stored(scene, orientation)
        image.info["exif"] = exif_of(orientation).tobytes()  # becomes a rotation of the file's own
        image.save(path, quality=95)
        is_upright(path, scene, within=6)

    def test_heic_that_was_turned_and_kept_its_exif(
        self, scene: np.ndarray, tmp_path: Path, orientation: int
    ) -> None:
        pillow_heif = pytest.importorskip("pillow_heif")
        pillow_heif.register_heif_opener()
        path = tmp_path / "photo.heic"
        Image.fromarray(scene).save(path, exif=exif_of(orientation), quality=95)
        is_upright(path, scene, within=6)

    def test_raw_whose_preview_is_as_the_sensor_saw_it(
        self, scene: np.ndarray, tmp_path: Path, orientation: int
    ) -> None:
        path = tmp_path / "photo.dng"
        image = stored(scene, orientation)
        path.write_bytes(dng(image, image.size, orientation))
        is_raw_upright(path, scene)

    def test_raw_whose_preview_has_its_own(
        self, scene: np.ndarray, tmp_path: Path, orientation: int
    ) -> None:
        path = tmp_path / "photo.dng"
        image = stored(scene, orientation)
        path.write_bytes(dng(image, image.size, orientation, exif_of(orientation)))
        is_raw_upright(path, scene)


@pytest.mark.parametrize("orientation", [6, 8])
def test_raw_whose_preview_is_upright_already(
    scene: np.ndarray, tmp_path: Path, orientation: int
) -> None:
    path = tmp_path / "photo.dng"
    path.write_bytes(dng(Image.fromarray(scene), (96, 144), orientation))
    is_raw_upright(path, scene)


def test_rules_for_raw_previews() -> None:
    landscape, portrait = (6000, 4000), (4000, 6000)
    assert of_raw_preview(0, 6, landscape, landscape) == 6
    assert of_raw_preview(0, 5, (1620, 1080), landscape) == 8
    assert of_raw_preview(0, 6, portrait, landscape) == 1
    assert of_raw_preview(6, 6, landscape, landscape) == 6
    assert of_raw_preview(1, 6, portrait, landscape) == 1
    assert of_raw_preview(1, 6, landscape, landscape) == 6  # its EXIF was not kept up
    assert of_raw_preview(0, 3, landscape, landscape) == 3
    assert of_raw_preview(0, 0, landscape, landscape) == 1
    assert of_raw_preview(0, 6, (500, 500), landscape) == 6


def is_raw_upright(path: Path, scene: np.ndarray) -> None:
    pytest.importorskip("rawpy")
    image = decode(path)
    assert image.format == "DNG"
    assert (image.full_width, image.full_height) == (144, 96)
    assert np.abs(image.rgb.astype(int) - scene).mean() < 5


def dng(
    preview: Image.Image,
    sensor: tuple[int, int],
    orientation: int,
    exif: Image.Exif | None = None,
) -> bytes:
    """A raw file of a sensor with a JPEG preview, as a converter writes it."""
    file = io.BytesIO()
    preview.save(file, "JPEG", quality=97, subsampling=0, exif=exif or Image.Exif())
    picture, (width, height) = file.getvalue(), sensor
    mosaic = np.full((height, width), 4000, "<u2").tobytes()
    rational = struct.pack("<6i", 1, 1, 1, 1, 1, 1)
    matrix = struct.pack("<18i", *(v for e in (1, 0, 0, 0, 1, 0, 0, 0, 1) for v in (e, 1)))
    head, sub = 8, 8 + 2 + 12 * 18 + 4
    extra = sub + 2 + 12 * 14 + 4
    at = {}
    blob = b""
    for name, content in {"bits": struct.pack("<3H", 8, 8, 8), "make": b"Canon\0",
                          "model": b"Canon EOS R6\0", "matrix": matrix, "neutral": rational,
                          "picture": picture, "mosaic": mosaic}.items():  # fmt: skip
        blob += bytes(-len(blob) % 4)
        at[name] = extra + len(blob)
        blob += content
    first = [
        (254, 4, 1, 1), (256, 4, 1, preview.width), (257, 4, 1, preview.height),
        (258, 3, 3, at["bits"]), (259, 3, 1, 7), (262, 3, 1, 6), (271, 2, 6, at["make"]),
        (272, 2, 13, at["model"]), (273, 4, 1, at["picture"]), (274, 3, 1, orientation),
        (277, 3, 1, 3), (278, 4, 1, preview.height), (279, 4, 1, len(picture)), (330, 4, 1, sub),
        (50706, 1, 4, 0x00000401), (50708, 2, 13, at["model"]), (50721, 10, 9, at["matrix"]),
        (50728, 5, 3, at["neutral"]),
    ]  # fmt: skip
    second = [
        (254, 4, 1, 0), (256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 16), (259, 3, 1, 1),
        (262, 3, 1, 32803), (273, 4, 1, at["mosaic"]), (277, 3, 1, 1), (278, 4, 1, height),
        (279, 4, 1, len(mosaic)), (33421, 3, 2, 0x00020002), (33422, 1, 4, 0x02010100),
        (50714, 4, 1, 512), (50717, 4, 1, 16383),
    ]  # fmt: skip

    def directory(entries: list[tuple[int, int, int, int]]) -> bytes:
        body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
        return struct.pack("<H", len(entries)) + body + bytes(4)

    made = b"II*\0" + struct.pack("<I", head) + directory(first) + directory(second)
    return made + blob
