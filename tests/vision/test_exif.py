"""EXIF: the values a person wants, from any bytes without harm."""

from __future__ import annotations

import random
from datetime import datetime
from pathlib import Path

import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from fiqa_studio.domain.photos import Exif
from fiqa_studio.vision.decode import decode
from fiqa_studio.vision.exif import parse_exif


def block(**main: object) -> bytes:
    exif = Image.Exif()
    exif[0x010F] = "Canon"
    exif[0x0110] = "Canon EOS 5D"
    exif[0x0112] = 6
    detail = exif.get_ifd(0x8769)
    detail[0x9003] = "2021:05:06 07:08:09"
    detail[0x829A] = IFDRational(1, 250)
    detail[0x829D] = IFDRational(28, 10)
    detail[0x8827] = 400
    detail[0x920A] = IFDRational(85, 1)
    detail[0xA434] = "EF85mm f/1.8"
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2] = "N", (IFDRational(48), IFDRational(8), IFDRational(0))
    gps[3], gps[4] = "E", (IFDRational(11), IFDRational(34), IFDRational(0))
    return exif.tobytes()


def test_values() -> None:
    assert parse_exif(block()) == Exif(
        taken_at=datetime(2021, 5, 6, 7, 8, 9),  # noqa: DTZ001 - EXIF has no zone
        camera="Canon EOS 5D",
        lens="EF85mm f/1.8",
        exposure_seconds=pytest.approx(1 / 250),
        f_number=pytest.approx(2.8),
        iso=400,
        focal_length_mm=85,
        has_gps=True,
        orientation=6,
    )


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2015:08:22 24:08:19", "2015-08-23 00:08:19"),
        ("2004-09-04T23:39:06-08:00", "2004-09-04 23:39:06"),
        ("2012/01/02 03:04:05", "2012-01-02 03:04:05"),
        ("2012.01.02 03.04.05", "2012-01-02 03:04:05"),
        ("2012: 1: 2  3: 4: 5", "2012-01-02 03:04:05"),
        ("  2012:01:02 03:04:05  ", "2012-01-02 03:04:05"),
        ("2016:12:31 23:59:60", "2017-01-01 00:00:00"),
        ("2012:01:02 03:04", "2012-01-02 03:04:00"),
        ("2012:01:02", "2012-01-02 00:00:00"),
        ("20120102T030405", "2012-01-02 03:04:05"),
        ("20120102030405", "2012-01-02 03:04:05"),
        ("2012-01-02T03:04:05.678Z", "2012-01-02 03:04:05.678000"),
        ("2012:01:02 03:04:05 PM", "2012-01-02 15:04:05"),
        ("2012:01:02 12:04:05 am", "2012-01-02 00:04:05"),
        ("2012:01:02 03:04:05\0garbage", "2012-01-02 03:04:05"),
    ],
)
def test_times_in_all_the_ways_they_are_written(text: str, wanted: str) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = text
    assert str(parse_exif(exif.tobytes()).taken_at) == wanted


@pytest.mark.parametrize(
    "text",
    ["0000:00:00 00:00:00", "    :  :     :  :  ", "", "2012:13:01 00:00:00", "2012:02:30 01:02:03",
     "2012:01:02 25:00:00", "2012:01:02 10:60:00", "1601:01:01 00:00:00", "yesterday", "2012"],
)  # fmt: skip
def test_what_is_no_time_is_none(text: str) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = text
    assert parse_exif(exif.tobytes()).taken_at is None


@pytest.mark.parametrize(
    ("part", "offset", "microseconds", "minutes"),
    [
        ("5", "+02:00", 500_000, 120),
        ("05", "-03:30", 50_000, -210),
        ("123456789", "Z", 123_456, 0),
        (" 12 ", "   :  ", 120_000, None),
        ("", "+99:00", 0, None),
    ],
)
def test_parts_of_a_second_and_offsets(
    part: str, offset: str, microseconds: int, minutes: int | None
) -> None:
    exif = Image.Exif()
    detail = exif.get_ifd(0x8769)
    detail[0x9003], detail[0x9291], detail[0x9011] = "2021:05:06 07:08:09", part, offset
    read = parse_exif(exif.tobytes())
    assert read.taken_at == datetime(2021, 5, 6, 7, 8, 9, microseconds)  # noqa: DTZ001 - as above
    assert read.utc_offset_minutes == minutes


def test_each_time_has_its_own_part_of_a_second() -> None:
    """The time of the last change stands in for the original, with its own part of a second."""
    exif = Image.Exif()
    exif[0x0132] = "2021:05:06 07:08:09"
    detail = exif.get_ifd(0x8769)
    detail[0x9003], detail[0x9291], detail[0x9290] = "0000:00:00 00:00:00", "11", "22"
    assert str(parse_exif(exif.tobytes()).taken_at) == "2021-05-06 07:08:09.220000"


def test_nothing_gives_nothing() -> None:
    assert parse_exif(b"") == Exif()
    assert parse_exif(b"Exif\0\0") == Exif()
    assert parse_exif(b"no exif at all, but many bytes of it") == Exif()


@pytest.mark.parametrize("seed", range(6))
def test_hostile_bytes_do_no_harm(seed: int) -> None:
    rng = random.Random(seed)
    whole = block()
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 10)):
            data[rng.randrange(6, len(data))] = rng.randrange(256)
        exif = parse_exif(bytes(data[: rng.randrange(8, len(data) + 1)]))
        assert 1 <= exif.orientation <= 8
        assert exif.camera.isprintable()
        assert exif.lens.isprintable()


def test_values_out_of_reason_are_left_out() -> None:
    exif = Image.Exif()
    exif[0x0112] = 99
    detail = exif.get_ifd(0x8769)
    detail[0x829A] = IFDRational(0, 0)
    detail[0x829D] = IFDRational(1, 0)
    detail[0x9003] = "0000:00:00 00:00:00"
    assert parse_exif(exif.tobytes()) == Exif()


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "camera", "gps"),
    [
        ("photos/Canon EOS 1000D.jpg", "Canon EOS 1000D", False),
        ("photos/Apple iPhone 5.jpg", "Apple iPhone 5", True),
        ("formats/IMG_1034.heic", "Apple iPhone 8", True),
        ("formats/HTC Desire.webp", "HTC Desire", True),
        ("formats/Issue 649.avif", "Canon EOS 70D", False),
        ("formats/Epson PerfectionV800.tiff", "Epson PerfectionV800", False),
    ],
)
def test_cameras_of_the_album(shared: Path, name: str, camera: str, gps: bool) -> None:
    exif = decode(shared / "album" / name, max_side=64).exif
    assert exif.camera == camera
    assert exif.has_gps is gps
