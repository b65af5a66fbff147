"""A file's picture is told from what programs write around it, in every format."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fiqa_studio.domain.hashing import content_hash, whole_hash
from fiqa_studio.domain.image_data import fingerprint

EXIFTOOL = shutil.which("exiftool")
needs_exiftool = pytest.mark.skipif(EXIFTOOL is None, reason="exiftool is not installed")


@pytest.fixture(scope="module")
def picture() -> Image.Image:
    rng = np.random.default_rng(6)
    return Image.fromarray(rng.integers(0, 255, (60, 90, 3), dtype=np.uint8))


def saved(picture: Image.Image, path: Path) -> Path:
    if path.suffix == ".heic":
        pillow_heif = pytest.importorskip("pillow_heif")
        pillow_heif.register_heif_opener()
    picture.save(path)
    return path


def written(path: Path, *tags: str) -> None:
    """Write metadata as photographers' programs do."""
    done = subprocess.run(
        [str(EXIFTOOL), "-q", "-q", "-overwrite_original", *tags, str(path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@needs_exiftool
@pytest.mark.parametrize("suffix", ["jpg", "tif", "png", "webp", "heic", "avif"])
def test_a_rating_and_keywords_leave_the_picture(
    picture: Image.Image, tmp_path: Path, suffix: str
) -> None:
    path = saved(picture, tmp_path / f"photo.{suffix}")
    before = fingerprint(path.read_bytes())
    written(path, "-XMP:Rating=4", "-XMP:Subject=holiday", "-EXIF:Artist=Somebody")
    after = fingerprint(path.read_bytes())
    assert after.picture == before.picture
    assert after.file != before.file


@needs_exiftool
@pytest.mark.shared
def test_a_raw_file(shared: Path, tmp_path: Path) -> None:
    path = tmp_path / "photo.dng"
    shutil.copy(shared / "cases/10_raw_preview/preview_a.dng", path)
    before = fingerprint(path.read_bytes())
    written(path, "-XMP:Rating=4", "-EXIF:Artist=Somebody")
    assert fingerprint(path.read_bytes()).picture == before.picture


@needs_exiftool
@pytest.mark.parametrize("suffix", ["jpg", "tif", "png", "webp"])
def test_another_orientation_is_another_picture(
    picture: Image.Image, tmp_path: Path, suffix: str
) -> None:
    path = saved(picture, tmp_path / f"photo.{suffix}")
    before = content_hash(path.read_bytes())
    written(path, "-n", "-EXIF:Orientation=1")
    assert content_hash(path.read_bytes()) == before
    written(path, "-n", "-EXIF:Orientation=6")
    assert content_hash(path.read_bytes()) != before


@pytest.mark.parametrize("suffix", ["jpg", "tif", "png", "webp", "heic", "avif", "gif", "bmp"])
def test_other_pixels_are_another_picture(
    picture: Image.Image, tmp_path: Path, suffix: str
) -> None:
    path = saved(picture, tmp_path / f"photo.{suffix}")
    other = picture.copy()
    other.paste((0, 0, 0), (0, 0, 40, 40))
    assert content_hash(path.read_bytes()) != content_hash(
        saved(other, tmp_path / f"other.{suffix}").read_bytes()
    )
    data = bytearray(path.read_bytes())
    before = fingerprint(bytes(data))
    data[len(data) // 2] ^= 0x55
    assert fingerprint(bytes(data)).file != before.file


def test_a_profile_is_part_of_the_picture(picture: Image.Image) -> None:
    hashes = set()
    for profile in (b"", b"x" * 200, b"y" * 200):
        file = io.BytesIO()
        picture.save(file, "JPEG", icc_profile=profile)
        hashes.add(content_hash(file.getvalue()))
    assert len(hashes) == 3


def test_a_text_in_a_png_is_not(picture: Image.Image) -> None:
    file = io.BytesIO()
    picture.save(file, "PNG")
    data, body = file.getvalue(), b"Comment\0hello"
    chunk = struct.pack(">I", len(body)) + b"tEXt" + body
    chunk += struct.pack(">I", zlib.crc32(b"tEXt" + body))
    other = data[:33] + chunk + data[33:]
    assert content_hash(other) == content_hash(data)


def test_what_cannot_be_taken_apart_is_its_whole_file() -> None:
    for data in (b"", b"no photo", b"\xff\xd8", b"II*\0\xff\xff\xff\xff", b"RIFF\0\0\0\0WEBP"):
        assert len(content_hash(data)) == 32
        assert content_hash(data) != content_hash(data + b"x")
        assert content_hash(data) != whole_hash(data)


@pytest.mark.parametrize("suffix", ["jpg", "tif", "png", "webp", "heic", "avif"])
def test_damaged_bytes_do_no_harm(picture: Image.Image, tmp_path: Path, suffix: str) -> None:
    whole = saved(picture, tmp_path / f"photo.{suffix}").read_bytes()
    rng = np.random.default_rng(1)
    for _ in range(200):
        data = bytearray(whole[: rng.integers(1, len(whole) + 1)])
        for place in rng.integers(0, len(data), 5):
            data[place] = rng.integers(0, 256)
        assert len(fingerprint(bytes(data)).picture) == 32
