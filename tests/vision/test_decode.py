"""Every format, upright, at the scale asked for; and what cannot be decoded says why."""

from __future__ import annotations

import io
import os
import socket
import struct
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from fiqa_studio.domain.errors import PhotoError
from fiqa_studio.vision.decode import decode, open_photo
from fiqa_studio.vision.orientation import turned

COLOURS = np.array([[[220, 40, 30], [30, 200, 60]], [[20, 60, 210], [230, 220, 40]]], np.uint8)


@pytest.fixture(scope="session")
def scene() -> np.ndarray:
    """A smooth 201 x 301 picture without any symmetry."""
    rng = np.random.default_rng(1)
    small = rng.integers(0, 255, (9, 12, 3)).astype(np.uint8)
    return cv2.resize(small, (301, 201), interpolation=cv2.INTER_CUBIC)


def jpeg_bytes(picture: np.ndarray, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", **{"quality": 95, "subsampling": 0, **options})
    return buffer.getvalue()


def stored_as(picture: np.ndarray, orientation: int) -> bytes:
    """A JPEG whose pixels are turned such that EXIF orientation brings them upright."""
    turn = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[orientation]
    image = Image.fromarray(picture)
    if turn is not None:
        image = image.transpose(Image.Transpose(turn))
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=95, subsampling=0, exif=exif)
    return buffer.getvalue()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("reduction", [1, 2, 4])
def test_every_orientation_gives_the_same_upright_picture(
    scene: np.ndarray, orientation: int, reduction: int
) -> None:
    image = open_photo(stored_as(scene, orientation)).decode(reduction)
    assert (image.full_width, image.full_height) == (301, 201)
    # What the pixels should be, given where they say they lie.
    matrix = np.array([[1 / reduction, 0, 0], [0, 1 / reduction, 0]])
    matrix[:, 2] = (0.5 - np.array(image.offset)) / reduction - 0.5
    height, width = image.rgb.shape[:2]
    blurred = cv2.blur(scene, (reduction, reduction), anchor=(0, 0)) if reduction > 1 else scene
    matrix[:, 2] += (reduction - 1) / 2 / reduction
    wanted = cv2.warpAffine(blurred, matrix, (width, height), flags=cv2.INTER_LINEAR)
    inner = np.s_[4:-4, 4:-4]
    assert np.abs(image.rgb[inner].astype(int) - wanted[inner]).mean() < 4


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turning_agrees_with_pillow(scene: np.ndarray, orientation: int) -> None:
    data = stored_as(scene, orientation)
    stored = Image.open(io.BytesIO(data))
    wanted = np.asarray(ImageOps.exif_transpose(stored))
    assert (turned(np.asarray(stored), orientation) == wanted).all()


@pytest.mark.shared
@pytest.mark.parametrize("kind", ["Landscape", "Portrait"])
def test_the_albums_orientations_look_the_same(shared: Path, kind: str) -> None:
    folder = shared / "album/orientation"
    first = decode(folder / f"{kind}_1.jpg")
    for number in range(9):
        image = decode(folder / f"{kind}_{number}.jpg")
        assert image.rgb.shape == first.rgb.shape
        difference = np.abs(image.rgb.astype(int) - first.rgb).mean(axis=2)
        # Each picture has its number written in the middle; the rest is the same photo.
        assert np.percentile(difference, 95) < 12, number


@pytest.mark.parametrize("max_side", [40, 75, 150, 299, 301, 5000])
def test_the_longest_side_is_kept_within_what_is_asked(scene: np.ndarray, tmp_path: Path,
                                                        max_side: int) -> None:  # fmt: skip
    path = tmp_path / "photo.jpg"
    path.write_bytes(jpeg_bytes(scene))
    image = decode(path, max_side=max_side)
    assert max(image.rgb.shape[:2]) == min(max_side, 301)
    assert (image.full_width, image.full_height) == (301, 201)


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "kind", "size"),
    [
        ("cheers_1440x960.heic", "HEIF", (1440, 960)),
        ("IMG_2927.HEIC", "HEIF", (3024, 4032)),
        ("IMG_1034.heic", "HEIF", (4032, 3024)),
        ("Issue 487.heic", "HEIF", (3024, 4032)),
        ("Issue 649.avif", "AVIF", (5472, 3648)),
        ("32Bit-72dpi-sRGB-800x600.avif", "AVIF", (800, 600)),
        ("Issue 247-1.nef", "JPEG", (2000, 3008)),  # a JPEG by its content
        ("webpvp8x.webp", "WebP", (1440, 900)),
        ("Animation Lossy.webp", "WebP", (320, 240)),
        ("Epson PerfectionV800.tiff", "TIFF", (425, 640)),
        ("BigTIFF.tif", "TIFF", (64, 64)),
    ],
)
def test_formats_of_the_album(shared: Path, name: str, kind: str, size: tuple[int, int]) -> None:
    image = decode(shared / "album/formats" / name, max_side=256)
    assert image.format == kind
    assert (image.full_width, image.full_height) == size
    assert image.rgb.dtype == np.uint8


def test_a_wrong_extension_is_decoded_and_noted(scene: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    Image.fromarray(scene).save(path, "PNG")
    image = decode(path)
    assert (image.rgb == scene).all()
    assert image.notes == ("The file is named .jpg, but it is a PNG file.",)


@pytest.mark.parametrize("suffix", ["png", "tiff", "bmp", "webp"])
def test_lossless_formats_keep_every_pixel(scene: np.ndarray, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"photo.{suffix}"
    Image.fromarray(scene).save(path, **({"lossless": True} if suffix == "webp" else {}))
    image = decode(path)
    assert (image.rgb == scene).all()
    assert image.notes == ()


def test_transparent_pixels_are_laid_on_white(tmp_path: Path) -> None:
    path = tmp_path / "clear.png"
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[:4] = (10, 20, 30, 255)
    Image.fromarray(pixels).save(path)
    rgb = decode(path).rgb
    assert rgb[0, 0].tolist() == [10, 20, 30]
    assert rgb[7, 7].tolist() == [255, 255, 255]


def test_palette_with_transparency(tmp_path: Path) -> None:
    path = tmp_path / "palette.gif"
    image = Image.new("P", (2, 2))
    image.putpalette([200, 0, 0, 0, 0, 200] + [0] * 762)
    image.putpixel((1, 0), 1)
    image.save(path, transparency=0)
    rgb = decode(path).rgb
    assert rgb[0, 0].tolist() == [255, 255, 255]
    assert rgb[0, 1].tolist() == [0, 0, 200]


def test_sixteen_bits_keep_their_upper_byte(tmp_path: Path) -> None:
    path = tmp_path / "deep.png"
    ramp = np.linspace(0, 65535, 256).astype(np.uint16)[None, :].repeat(4, axis=0)
    Image.fromarray(ramp).save(path)
    assert np.abs(decode(path).rgb[0, :, 0].astype(int) - np.arange(256)).max() <= 1


@pytest.mark.parametrize("top", [1.0, 5000.0])
def test_floating_point_pixels(tmp_path: Path, top: float) -> None:
    path = tmp_path / "float.tif"
    ramp = np.linspace(0, top, 256, dtype=np.float32)[None, :].repeat(4, axis=0)
    Image.fromarray(ramp).save(path)
    assert np.abs(decode(path).rgb[0, :, 0].astype(int) - np.arange(256)).max() <= 1


@pytest.mark.parametrize("suffix", ["jpg", "tif"])
def test_cmyk(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"print.{suffix}"
    Image.new("RGB", (32, 32), (200, 30, 40)).convert("CMYK").save(path)
    rgb = decode(path).rgb
    assert np.abs(rgb[16, 16].astype(int) - (200, 30, 40)).max() < 12


def test_the_first_frame_of_an_animation_is_taken(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")]
    for suffix in ("gif", "webp"):
        path = tmp_path / f"moving.{suffix}"
        frames[0].save(path, save_all=True, append_images=frames[1:])
        assert np.abs(decode(path).rgb[8, 8].astype(int) - (255, 0, 0)).max() < 8


def test_a_jpeg_cut_short_is_used_where_most_of_it_is_there(
    scene: np.ndarray, tmp_path: Path
) -> None:
    path = tmp_path / "cut.jpg"
    data = jpeg_bytes(cv2.resize(scene, (1204, 804)))
    path.write_bytes(data[: int(len(data) * 0.8)])
    image = decode(path)
    assert image.rgb.shape == (804, 1204, 3)
    assert image.notes[0].startswith("The file is cut short: the last ")
    path.write_bytes(data[: int(len(data) * 0.2)])
    with pytest.raises(PhotoError, match=r"only .*% of the picture is there") as caught:
        decode(path)
    assert caught.value.code == "photo.truncated"


def test_a_progressive_jpeg_cut_short_is_coarse(scene: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "cut.jpg"
    data = jpeg_bytes(cv2.resize(scene, (1204, 804)), progressive=True)
    path.write_bytes(data[: int(len(data) * 0.6)])
    image = decode(path)
    assert image.notes == (
        "The file is cut short: the picture is coarse or its last part is missing.",
    )


def test_a_png_cut_short(scene: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "cut.png"
    Image.fromarray(cv2.resize(scene, (1204, 804))).save(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * 0.8)])
    assert "cut short" in decode(path).notes[0]
    path.write_bytes(data[: int(len(data) * 0.1)])
    with pytest.raises(PhotoError) as caught:
        decode(path)
    assert caught.value.code == "photo.truncated"


@pytest.mark.parametrize("lost", [0.35, 0.75])
@pytest.mark.parametrize("restarts", [{}, {"restart_marker_rows": 2}])
def test_a_jpeg_damaged_inside_is_noted_or_fails(
    scene: np.ndarray, tmp_path: Path, lost: float, restarts: dict[str, int]
) -> None:
    data = jpeg_bytes(cv2.resize(scene, (1204, 804)), **restarts)
    scan = data.index(b"\xff\xda")
    at = scan + int((len(data) - scan) * lost)
    path = tmp_path / "damaged.jpg"
    path.write_bytes(data[:at] + data[-2:])  # the rest is gone, the end mark is there
    if lost < 0.5:
        with pytest.raises(PhotoError, match=r"only .*% of the picture can be decoded") as caught:
            decode(path)
        assert caught.value.code == "photo.truncated"
    else:
        assert decode(path).notes == (
            "The file is damaged inside: parts of the picture may be wrong.",
        )
    noise = bytes(np.random.default_rng(1).integers(0, 250, 900, dtype=np.uint8))
    path.write_bytes(data[:at] + noise + data[at + 900 :])
    assert decode(path, max_side=300).notes == (
        "The file is damaged inside: parts of the picture may be wrong.",
    )


def test_stray_bytes_before_the_end_mark_are_no_damage(scene: np.ndarray, tmp_path: Path) -> None:
    data = jpeg_bytes(scene)
    path = tmp_path / "padded.jpg"
    path.write_bytes(data[:-2] + bytes(40) + data[-2:])
    assert decode(path).notes == ()


def test_the_same_file_gives_the_same_pixels(scene: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(jpeg_bytes(scene))
    assert (decode(path).rgb == decode(path).rgb).all()


def huge_png(side: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 1_000_000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def huge_jpeg(side: int) -> bytes:
    data = bytearray(jpeg_bytes(COLOURS))
    at = data.index(b"\xff\xc0")
    struct.pack_into(">HH", data, at + 5, side, side)
    return bytes(data)


@pytest.mark.parametrize("data", [huge_png(60_000), huge_jpeg(60_000)], ids=["PNG", "JPEG"])
def test_a_decompression_bomb_is_refused_by_its_header(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(data)
    with pytest.raises(PhotoError, match="60000 x 60000 is 3,600 megapixels") as caught:
        decode(path)
    assert caught.value.code == "photo.too-large"
    assert caught.value.remedy


def test_a_pixel_limit_can_be_given(scene: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    Image.fromarray(scene).save(path)
    with pytest.raises(PhotoError, match="too large"):
        decode(path, pixel_limit=1000)


def test_the_limit_can_be_set_for_the_whole_program(
    scene: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = cv2.resize(scene, (1600, 1200))
    for suffix in ("png", "jpg"):
        Image.fromarray(large).save(tmp_path / f"photo.{suffix}")
    monkeypatch.setenv("FIQA_MEGAPIXELS", "1")
    with pytest.raises(PhotoError, match="2 megapixels, and the limit is 1") as caught:
        decode(tmp_path / "photo.png")
    assert "FIQA_MEGAPIXELS" in caught.value.remedy
    assert decode(tmp_path / "photo.jpg").rgb.shape == (600, 800, 3)  # read at half size
    for other in ("2", "nonsense", "-5", "1e99"):
        monkeypatch.setenv("FIQA_MEGAPIXELS", other)
        assert decode(tmp_path / "photo.png").rgb.shape == (1200, 1600, 3)


def test_what_is_too_large_to_unpack_is_read_smaller(
    scene: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = open_photo(jpeg_bytes(cv2.resize(scene, (1600, 1200))))
    assert photo.reductions == (1, 2, 4, 8)
    monkeypatch.setenv("FIQA_MEGAPIXELS", "1")
    photo = open_photo(jpeg_bytes(cv2.resize(scene, (1600, 1200))))
    assert photo.reductions == (2, 4, 8)


class TestNotAPhoto:
    """Things in a folder that are no photo are refused at once, each with its own reason."""

    def code(self, path: Path) -> str:
        with pytest.raises(PhotoError) as caught:
            decode(path)
        assert caught.value.message.endswith(".")
        return caught.value.code

    def test_empty(self, tmp_path: Path) -> None:
        (tmp_path / "a.jpg").touch()
        assert self.code(tmp_path / "a.jpg") == "photo.empty"

    def test_zeros(self, tmp_path: Path) -> None:
        (tmp_path / "a.jpg").write_bytes(bytes(5000))
        assert self.code(tmp_path / "a.jpg") == "photo.empty"

    def test_text(self, tmp_path: Path) -> None:
        (tmp_path / "a.jpg").write_text("no photo")
        assert self.code(tmp_path / "a.jpg") == "photo.unsupported"

    def test_folder(self, tmp_path: Path) -> None:
        assert self.code(tmp_path) == "photo.unsupported"

    def test_missing(self, tmp_path: Path) -> None:
        assert self.code(tmp_path / "gone.jpg") == "photo.gone"

    def test_link_in_a_circle(self, tmp_path: Path) -> None:
        (tmp_path / "loop.jpg").symlink_to(tmp_path / "loop.jpg")
        assert self.code(tmp_path / "loop.jpg") == "photo.unreadable"

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
    def test_pipe_does_not_block(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe.jpg")
        assert self.code(tmp_path / "pipe.jpg") == "photo.unsupported"

    @pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no such sockets here")
    def test_socket(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)  # socket paths may not be long
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("s.jpg")
            assert self.code(tmp_path / "s.jpg") == "photo.unsupported"

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads all")
    def test_permission(self, tmp_path: Path) -> None:
        path = tmp_path / "a.jpg"
        path.write_bytes(b"x")
        path.chmod(0)
        assert self.code(path) == "photo.permission"


@pytest.mark.shared
@pytest.mark.parametrize(
    ("module", "name", "package"),
    [("pillow_heif", "cheers_1440x960.heic", "pillow-heif")],
)
def test_an_absent_decoder_is_named(
    shared: Path, monkeypatch: pytest.MonkeyPatch, module: str, name: str, package: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(PhotoError, match=f"need the package {package}") as caught:
        decode(shared / "album/formats" / name)
    assert caught.value.code == "photo.unsupported"
    assert package in caught.value.remedy


def raw_tiff() -> bytes:
    """The start of a TIFF file with a maker and a sub-directory, as camera raw has."""
    entries = [(271, 2, 4, 0x41424344), (330, 4, 1, 8)]
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + body + bytes(400)


def test_an_absent_raw_decoder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rawpy", None)
    path = tmp_path / "photo.nef"
    path.write_bytes(raw_tiff())
    with pytest.raises(PhotoError, match=r"NEF files \(camera raw\) need the package rawpy"):
        decode(path)


def test_a_damaged_raw_file_has_a_reason(tmp_path: Path) -> None:
    pytest.importorskip("rawpy")
    path = tmp_path / "photo.nef"
    path.write_bytes(raw_tiff())
    with pytest.raises(PhotoError, match="NEF file is damaged"):
        decode(path)


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("kind", [{}, {"progressive": True}, {"restart_marker_rows": 1}])
def test_the_first_rows_alone_are_the_same_bits(subsampling: int, kind: dict[str, object]) -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (40, 60, 3), dtype=np.uint8)
    image = Image.fromarray(pixels).resize((901, 1203), Image.Resampling.BICUBIC)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=90, subsampling=subsampling, **kind)
    photo = open_photo(file.getvalue())
    for reduction in (1, 2, 4, 8):
        whole = photo.decode(reduction).rgb
        for rows in (1, 64, 333, 1100, 2000):
            part = photo.decode(reduction, rows).rgb
            assert part.shape[0] >= min(rows // reduction, whole.shape[0])
            assert (part == whole[: part.shape[0]]).all()
            if "progressive" not in kind and rows < 1000:
                assert part.shape[0] < whole.shape[0]
