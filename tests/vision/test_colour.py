"""Whatever a file's numbers mean, what is shown and scored is sRGB."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from fiqa_studio.vision.colour.convert import is_plain, to_srgb
from fiqa_studio.vision.colour.hdr import bt2390, hlg_to_scene, nits_to_pq, pq_to_nits, tone_mapped
from fiqa_studio.vision.colour.light import PRIMARIES, matrix_to_srgb
from fiqa_studio.vision.colour.meaning import HLG, PQ, CodePoints, Meaning
from fiqa_studio.vision.colour.profile import BrokenProfileError, curves_and_matrix, read_profile
from fiqa_studio.vision.decode import decode, open_photo
from tests.vision import profiles
from tests.vision.profiles import (
    ADOBE,
    DISPLAY_P3,
    SRGB,
    WIDE,
    encoded,
    gamma_curve,
    grey_profile,
    in_primaries,
    matrix_profile,
    srgb_curve,
    table_profile,
)

SPACES = {
    "Display P3": (DISPLAY_P3, 2.2, matrix_profile(DISPLAY_P3, gamma_curve(2.2))),
    "Adobe RGB": (ADOBE, 2.2, matrix_profile(ADOBE, gamma_curve(2.2))),
    "wide": (WIDE, 1.8, matrix_profile(WIDE, gamma_curve(1.8))),
    "tables": (DISPLAY_P3, 2.2, table_profile(DISPLAY_P3, 2.2)),
    "exchanged": ((*DISPLAY_P3[2:], *DISPLAY_P3[:2]), 2.2,
                  matrix_profile((*DISPLAY_P3[2:], *DISPLAY_P3[:2]), gamma_curve(2.2))),
}  # fmt: skip


@pytest.fixture(scope="module")
def scene() -> np.ndarray:
    """Soft colours of all hues, from dark to bright, that every space here holds."""
    rng = np.random.default_rng(4)
    small = rng.integers(30, 225, (6, 8, 3)).astype(np.uint8)
    return cv2.resize(small, (320, 240), interpolation=cv2.INTER_CUBIC)


def stored_in(scene: np.ndarray, name: str) -> np.ndarray:
    primaries, gamma, _ = SPACES[name]
    pixels = encoded(in_primaries(scene, primaries), gamma)
    # The tables take blue first.
    return np.ascontiguousarray(pixels[..., [2, 0, 1]]) if name == "tables" else pixels


def difference(path: Path, scene: np.ndarray) -> float:
    return float(np.abs(decode(path).rgb.astype(int) - scene).mean())


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp", "avif", "heic"])
def test_a_profile_is_converted_in_every_format(
    scene: np.ndarray, tmp_path: Path, name: str, suffix: str
) -> None:
    if suffix == "heic":
        pillow_heif = pytest.importorskip("pillow_heif")
        pillow_heif.register_heif_opener()
    path = tmp_path / f"photo.{suffix}"
    options = {"jpg": {"quality": 98, "subsampling": 0}, "webp": {"lossless": True},
               "avif": {"quality": 100, "subsampling": "4:4:4"},
               "heic": {"quality": 98, "chroma": 444}}  # fmt: skip
    image = Image.fromarray(stored_in(scene, name))
    image.save(path, icc_profile=SPACES[name][2], **options.get(suffix, {}))
    assert difference(path, scene) < 2
    assert decode(path).notes == ()
    # Not trivially: without the profile it is another picture.
    assert np.abs(np.asarray(image).astype(int) - scene).mean() > 3


def test_srgb_is_passed_on_untouched(scene: np.ndarray, tmp_path: Path) -> None:
    own = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for number, icc in enumerate([own, matrix_profile(SRGB, srgb_curve()), b""]):
        path = tmp_path / f"{number}.png"
        Image.fromarray(scene).save(path, icc_profile=icc)
        assert (decode(path).rgb == scene).all()
        assert is_plain(Meaning(icc=icc))
        same = to_srgb(scene, Meaning(icc=icc), [])
        assert np.shares_memory(same, scene)


def test_linear_light_keeps_its_shadows_in_sixteen_bits(tmp_path: Path) -> None:
    dark = np.tile(np.linspace(2, 40, 256).round().astype(np.uint8)[None, :, None], (16, 1, 3))
    icc = matrix_profile(SRGB, gamma_curve(1.0))
    deep = encoded(profiles.light_of(dark), 1.0, 65535)
    path = tmp_path / "linear.png"
    path.write_bytes(with_chunks(png16(deep), (b"iCCP", b"p\0\0" + zlib.compress(icc))))
    assert np.abs(decode(path).rgb.astype(int) - dark).max() <= 1


def test_a_linear_jpeg_is_the_same_in_parts(scene: np.ndarray) -> None:
    icc = matrix_profile(SRGB, gamma_curve(1.0))
    pixels = encoded(profiles.light_of(cv2.resize(scene, (640, 960))), 1.0)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=95, icc_profile=icc)
    photo = open_photo(file.getvalue())
    whole = photo.decode(1).rgb
    part = photo.decode(1, 100).rgb
    assert (part == whole[: part.shape[0]]).all()


def test_grey_with_a_profile(tmp_path: Path) -> None:
    ramp = np.tile(np.arange(256, dtype=np.uint8), (8, 1))
    for suffix in ("png", "tif", "jpg"):
        path = tmp_path / f"grey.{suffix}"
        Image.fromarray(ramp).save(path, icc_profile=grey_profile(1.8),
                                   **({"quality": 100} if suffix == "jpg" else {}))  # fmt: skip
        rgb = decode(path).rgb
        wanted = 255 * np.clip(1.055 * (128 / 255) ** (1.8 / 2.4) - 0.055, 0, 1)
        assert rgb[0, 128].tolist() == pytest.approx([wanted] * 3, abs=2)
        assert (rgb[..., 0] == rgb[..., 2]).all()


def test_a_camera_that_says_adobe_rgb_by_exif_alone(scene: np.ndarray, tmp_path: Path) -> None:
    exif = Image.Exif()
    detail = exif.get_ifd(0x8769)
    detail[0xA001] = 0xFFFF
    detail[0xA005] = {1: "R03"}
    path = tmp_path / "_DSC0001.jpg"
    pixels = encoded(in_primaries(scene, ADOBE), 563 / 256)
    Image.fromarray(pixels).save(path, quality=98, subsampling=0, exif=exif)
    assert difference(path, scene) < 2


class TestProfilesThatCannotBeUsed:
    """They are passed over with a note; the picture is shown as sRGB."""

    good = matrix_profile(DISPLAY_P3, gamma_curve(2.2))

    @pytest.mark.parametrize(
        ("icc", "said"),
        [
            (good[:200], "is cut short"),
            (good[:60], "is damaged"),
            (struct.pack(">I", 1 << 30) + good[4:], "is cut short"),
            (good[:36] + b"nope" + good[40:], "is damaged"),
            (good[:128] + struct.pack(">I", 0xFFFFFF) + good[132:], "is damaged"),
            (good[:140] + b"\xff\xff\xff\xff" + good[144:], "is damaged"),
            (grey_profile(2.2), "is for pictures of another kind"),
            (good[:16] + b"Lab " + good[20:], "is of a kind that no photo has"),
            (profiles.build(b"RGB ", {}), "is damaged"),
        ],
    )
    def test_notes(self, scene: np.ndarray, tmp_path: Path, icc: bytes, said: str) -> None:
        path = tmp_path / "photo.png"
        Image.fromarray(scene).save(path, icc_profile=icc)
        image = decode(path)
        assert image.notes == (f"Its colour profile {said} and was passed over.",)
        assert (image.rgb == scene).all()

    def test_one_that_unpacks_without_end(self, scene: np.ndarray, tmp_path: Path) -> None:
        bomb = b"bomb\0\0" + zlib.compress(bytes(64 << 20), 9)
        path = tmp_path / "photo.png"
        path.write_bytes(with_chunks(png8(scene), (b"iCCP", bomb)))
        image = decode(path)
        assert image.notes == ("Its colour profile is damaged and was passed over.",)
        assert (image.rgb == scene).all()

    def test_a_far_too_large_one(self) -> None:
        with pytest.raises(BrokenProfileError, match="far too large"):
            read_profile(self.good + bytes(20 << 20))

    def test_a_jpeg_that_lacks_a_part_of_it(self, scene: np.ndarray, tmp_path: Path) -> None:
        file = io.BytesIO()
        Image.fromarray(scene).save(file, "JPEG", quality=98, icc_profile=self.good)
        data = bytearray(file.getvalue())
        data[data.index(b"ICC_PROFILE\0") + 13] = 3  # of three parts, two are not there
        path = tmp_path / "photo.jpg"
        path.write_bytes(bytes(data))
        assert decode(path).notes == ("Its colour profile is damaged and was passed over.",)

    def test_hostile_bytes(self, scene: np.ndarray) -> None:
        rng = np.random.default_rng(2)
        small = np.ascontiguousarray(scene[:8, :8])
        for _ in range(300):
            icc = bytearray(self.good)
            for place in rng.integers(0, len(icc), rng.integers(1, 6)):
                icc[place] = rng.integers(0, 256)
            assert to_srgb(small, Meaning(icc=bytes(icc)), []).shape == small.shape


class TestPng:
    """Its chunks, in the order that the specification gives them."""

    def test_gamma_of_linear_light(self, scene: np.ndarray, tmp_path: Path) -> None:
        path = tmp_path / "photo.png"
        deep = encoded(profiles.light_of(scene), 1.0, 65535)
        path.write_bytes(with_chunks(png16(deep), (b"gAMA", struct.pack(">I", 100_000))))
        assert difference(path, scene) < 1

    def test_usual_gamma_changes_nothing(self, scene: np.ndarray, tmp_path: Path) -> None:
        path = tmp_path / "photo.png"
        chromaticities = struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
        path.write_bytes(with_chunks(png8(scene), (b"gAMA", struct.pack(">I", 45455)),
                                     (b"cHRM", chromaticities)))  # fmt: skip
        assert (decode(path).rgb == scene).all()

    def test_chromaticities(self, scene: np.ndarray, tmp_path: Path) -> None:
        path = tmp_path / "photo.png"
        numbers = [0.3127, 0.3290, *DISPLAY_P3]
        content = struct.pack(">8I", *(round(v * 100_000) for v in numbers))
        pixels = encoded(in_primaries(scene, DISPLAY_P3), 1.8)
        path.write_bytes(with_chunks(png8(pixels), (b"gAMA", struct.pack(">I", 55_556)),
                                     (b"cHRM", content)))  # fmt: skip
        assert difference(path, scene) < 1

    @pytest.mark.parametrize(
        "chunk",
        [
            (b"gAMA", struct.pack(">I", 1)),
            (b"gAMA", struct.pack(">I", 0xFFFFFFFF)),
            (b"cHRM", bytes(32)),
            (b"cHRM", b"\xff" * 32),
            (b"cICP", b"\xc8\xc8\0\1"),
        ],
    )
    def test_nonsense_is_passed_over_with_a_note(
        self, scene: np.ndarray, tmp_path: Path, chunk: tuple[bytes, bytes]
    ) -> None:
        path = tmp_path / "photo.png"
        path.write_bytes(with_chunks(png8(scene), chunk))
        image = decode(path)
        assert (image.rgb == scene).all()
        assert len(image.notes) == 1

    def test_code_points_come_before_the_profile(self, scene: np.ndarray, tmp_path: Path) -> None:
        path = tmp_path / "photo.png"
        misleading = (b"iCCP", b"p\0\0" + zlib.compress(matrix_profile(WIDE, gamma_curve(1.0))))
        linear_p3 = encoded(in_primaries(scene, DISPLAY_P3), 1.0, 65535)
        path.write_bytes(with_chunks(png16(linear_p3), (b"cICP", bytes([12, 8, 0, 1])), misleading))
        assert difference(path, scene) < 1


class TestHighDynamicRange:
    """PQ and HLG, brought to the range of a screen whose white is 203 cd/m2."""

    def test_pq_there_and_back(self) -> None:
        nits = np.array([0.005, 1, 100, 203, 1000, 10_000])
        assert pq_to_nits(nits_to_pq(nits)) == pytest.approx(nits, rel=1e-6)
        assert float(nits_to_pq(np.array(100.0))) == pytest.approx(0.5081, abs=1e-4)  # BT.2408

    def test_hlg_reference_white(self) -> None:
        # 75 % is 203 cd/m2 on a screen of 1,000 (BT.2408).
        assert float(hlg_to_scene(np.array(0.75))) ** 1.2 * 1000 == pytest.approx(203, abs=2)

    def test_the_curve_keeps_the_dark_and_never_turns(self) -> None:
        nits = np.linspace(0, 1000, 500)
        shown = bt2390(nits, 1000)
        assert (np.diff(shown) >= 0).all()
        assert shown[-1] == pytest.approx(203, rel=1e-3)
        assert bt2390(np.array([1.0, 10.0]), 1000) == pytest.approx([1, 10], rel=1e-6)

    @pytest.mark.parametrize("transfer", [PQ, HLG])
    @pytest.mark.parametrize("kind", [np.uint8, np.uint16])
    def test_a_normal_picture_stored_so_looks_as_it_did(
        self, scene: np.ndarray, transfer: int, kind: type
    ) -> None:
        pixels = hdr_codes(scene, transfer, np.iinfo(kind).max).astype(kind)
        shown = tone_mapped(pixels, CodePoints(9, transfer), measured=True)
        assert np.abs(shown.astype(int) - scene).mean() < (4 if kind is np.uint8 else 1.5)

    def test_sparks_do_not_darken_the_rest(self, scene: np.ndarray) -> None:
        pixels = hdr_codes(scene, PQ, 65535).astype(np.uint16)
        pixels[0, :8] = 65535
        shown = tone_mapped(pixels, CodePoints(9, PQ), measured=True)
        assert np.abs(shown[8:].astype(int) - scene[8:]).mean() < 1.5
        assert shown[0, 0].tolist() == [255, 255, 255]

    def test_bright_light_keeps_white_bright_and_has_detail(self) -> None:
        nits = np.tile(np.linspace(0, 1000, 256)[None, :, None], (64, 1, 3))
        pixels = np.rint(nits_to_pq(nits) * 65535).astype(np.uint16)
        grey = tone_mapped(pixels, CodePoints(9, PQ), measured=True)[0, :, 0].astype(int)
        assert (np.diff(grey) >= 0).all()
        white = int(np.argmin(np.abs(nits[0, :, 0] - 203)))
        assert 200 < grey[white] < 250 < grey[-1]

    def test_png(self, scene: np.ndarray, tmp_path: Path) -> None:
        path = tmp_path / "photo.png"
        pixels = hdr_codes(scene, PQ, 65535).astype(np.uint16)
        path.write_bytes(with_chunks(png16(pixels), (b"cICP", bytes([9, 16, 0, 1]))))
        assert difference(path, scene) < 1.5
        assert decode(path).notes == (
            "A picture of high dynamic range (PQ), shown in the normal range.",
        )

    @pytest.mark.parametrize("transfer", [PQ, HLG])
    def test_heic_of_ten_bits(self, scene: np.ndarray, tmp_path: Path, transfer: int) -> None:
        pillow_heif = pytest.importorskip("pillow_heif")
        pixels = hdr_codes(scene, transfer, 65535).astype(np.uint16)
        image = pillow_heif.from_bytes(mode="RGB;16", size=scene.shape[1::-1],
                                       data=pixels.tobytes())  # fmt: skip
        path = tmp_path / "photo.heic"
        image.save(path, quality=98, chroma=444, color_primaries=9,
                   transfer_characteristics=transfer, matrix_coefficients=9,
                   full_range_flag=1)  # fmt: skip
        assert difference(path, scene) < 2.5
        assert len(decode(path).notes) == 1

    def test_a_jpeg_whose_profile_says_pq(self, scene: np.ndarray, tmp_path: Path) -> None:
        part = b"cicp\0\0\0\0" + bytes([9, PQ, 0, 1])
        icc = matrix_profile(WIDE, gamma_curve(2.2), cicp=part)
        path = tmp_path / "photo.jpg"
        pixels = hdr_codes(scene, PQ, 255).astype(np.uint8)
        Image.fromarray(pixels).save(path, quality=99, subsampling=0, icc_profile=icc)
        image = decode(path)
        assert "(PQ)" in image.notes[0]
        # Its brightest is not measured, so that each reduction shows the same light.
        half = open_photo(path.read_bytes()).decode(2).rgb
        whole = cv2.resize(image.rgb, half.shape[1::-1], interpolation=cv2.INTER_AREA)
        assert np.abs(half.astype(int) - whole).mean() < 4

    def test_eight_bits_that_contradict_their_profile(self, scene: np.ndarray) -> None:
        """Beside a profile, a HEIC of 8 bits that claims PQ is what the profile says."""
        pillow_heif = pytest.importorskip("pillow_heif")
        pillow_heif.register_heif_opener()
        file = io.BytesIO()
        icc = matrix_profile(SRGB, srgb_curve())
        Image.fromarray(scene).save(file, "HEIF", quality=98, chroma=444, icc_profile=icc)
        assert np.abs(open_photo(file.getvalue()).decode().rgb.astype(int) - scene).mean() < 2


@pytest.mark.parametrize("points", [(12, 13), (9, 1), (1, 8), (6, 6), (22, 13)])
def test_code_points_of_a_normal_range(scene: np.ndarray, points: tuple[int, int]) -> None:
    primaries, transfer = points
    light = profiles.light_of(scene) @ np.linalg.inv(matrix_to_srgb(PRIMARIES[primaries])).T
    gamma = 1.0 if transfer == 8 else 0.0
    codes = np.clip(light, 0, 1)
    if not gamma:
        codes = np.where(codes <= 0.0031308, 12.92 * codes, 1.055 * codes ** (1 / 2.4) - 0.055)
    pixels = np.rint(codes * 65535).astype(np.uint16)
    shown = to_srgb(pixels, Meaning(code_points=CodePoints(*points)), [])
    assert np.abs(shown.astype(int) - scene).mean() < 1


def test_sixteen_bits_go_by_the_profiles_own_curves(scene: np.ndarray) -> None:
    icc = matrix_profile(DISPLAY_P3, gamma_curve(2.2))
    assert curves_and_matrix(icc) is not None
    assert curves_and_matrix(table_profile(DISPLAY_P3, 2.2)) is None
    pixels = encoded(in_primaries(scene, DISPLAY_P3), 2.2 / 1.0, 65535)
    shown = to_srgb(pixels, Meaning(icc=icc), [])
    assert np.abs(shown.astype(int) - scene).mean() < 0.7


def hdr_codes(scene: np.ndarray, transfer: int, most: int) -> np.ndarray:
    """A normal picture's light, its white at 203 cd/m2, as PQ or HLG numbers of BT.2020."""
    nits = in_primaries(scene, WIDE) * 203
    if transfer == PQ:
        return np.rint(nits_to_pq(nits) * most)
    luminance = nits @ np.array([0.2627, 0.6780, 0.0593])
    linear = nits / 1000 * ((luminance / 1000) ** (-1 / 6))[..., None]
    linear = np.clip(linear, 0, 1)
    codes = np.where(
        linear <= 1 / 12,
        np.sqrt(3 * linear),
        0.17883277 * np.log(np.maximum(12 * linear - 0.28466892, 1e-9)) + 0.55991073,
    )
    return np.rint(np.clip(codes, 0, 1) * most)


def png8(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def png16(pixels: np.ndarray) -> bytes:
    return cv2.imencode(".png", pixels[..., ::-1])[1].tobytes()


def with_chunks(data: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG with more chunks behind its header."""
    made = b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )
    return data[:33] + made + data[33:]
