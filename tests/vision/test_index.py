"""What the index learns of a photo, and that a crop is the same whichever way it is made."""

from __future__ import annotations

import os
import random
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from fiqa_studio.domain.alignment import eye_centres
from fiqa_studio.domain.errors import PhotoError
from fiqa_studio.domain.hashing import content_hash
from fiqa_studio.domain.photos import LANDMARK_COUNT, FaceFlag, FoundFace
from fiqa_studio.vision.crops import crop_reduction, load_crops, make_crops
from fiqa_studio.vision.decode import open_photo
from fiqa_studio.vision.faces import FaceFinder
from fiqa_studio.vision.index import index_photo

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def canvas(shared: Path) -> np.ndarray:
    """A 2803 x 1901 photo of three people: one near, one farther off and rolled, one far away."""
    image = np.full((1901, 2803, 3), (120, 140, 160), np.uint8)
    ramp = np.linspace(0, 60, 2803).astype(np.uint8)
    image[:, :, 0] += ramp[None, :]
    portraits = sorted((shared / "faces").glob("portrait_*.jpg"))
    for name, side, x, y, roll in ((5, 1200, 150, 300, 0), (9, 480, 1500, 200, 25),
                                   (20, 180, 2300, 1200, 0)):  # fmt: skip
        face = np.asarray(Image.open(portraits[name]).convert("RGB"))
        face = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)
        turn = cv2.getRotationMatrix2D((side / 2, side / 2), -roll, 1)
        face = cv2.warpAffine(face, turn, (side, side), borderMode=cv2.BORDER_REFLECT)
        image[y : y + side, x : x + side] = face
    return image


def save(picture: np.ndarray, path: Path, orientation: int = 1) -> bytes:
    turn = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[orientation]
    image = Image.fromarray(picture)
    if turn is not None:
        image = image.transpose(Image.Transpose(turn))
    exif = Image.Exif()
    exif[0x0112] = orientation
    image.save(path, "JPEG", quality=95, subsampling=0, exif=exif)
    return os.fsencode(path)


@pytest.fixture(scope="module")
def photo(canvas: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return save(canvas, tmp_path_factory.mktemp("photo") / "three.jpg")


def test_everything_about_a_photo(photo: bytes, finder: FaceFinder) -> None:
    timings: dict[str, float] = {}
    result = index_photo(photo, finder, timings=timings)
    data = Path(os.fsdecode(photo)).read_bytes()
    indexed = result.photo
    assert indexed.content_hash == content_hash(data)
    assert (indexed.width, indexed.height, indexed.format) == (2803, 1901, "JPEG")
    assert result.size == len(data)
    assert result.mtime_ns == Path(os.fsdecode(photo)).stat().st_mtime_ns
    assert len(indexed.faces) == 3
    for face, eyes in zip(indexed.faces, (300, 120, 45), strict=True):
        assert face.eye_distance == pytest.approx(eyes, rel=0.06)
    thumbnail = cv2.imdecode(np.frombuffer(indexed.thumbnail, np.uint8), cv2.IMREAD_COLOR)
    assert thumbnail.shape == (347, 512, 3)
    for face in indexed.face_thumbnails:
        assert cv2.imdecode(np.frombuffer(face, np.uint8), 1).shape == (256, 256, 3)
    assert set(timings) == {"read", "header", "decode", "thumbnail", "detect", "mesh", "crops"}
    for face, crop, marks in zip(indexed.faces, result.crops, result.crop_landmarks, strict=True):
        assert crop.shape == (512, 512, 3)
        assert crop.dtype == np.uint8
        assert face.landmarks.shape == marks.shape == (LANDMARK_COUNT, 2)
        assert face.landmarks.dtype == marks.dtype == np.float32
        assert np.array(eye_centres(marks)) == pytest.approx(
            np.array([[192, 256], [320, 256]]), abs=0.01
        )


def test_flags(photo: bytes, finder: FaceFinder) -> None:
    near, middle, far = index_photo(photo, finder).photo.faces
    assert FaceFlag.UPSCALED not in near.flags
    assert FaceFlag.UPSCALED in middle.flags
    assert FaceFlag.UPSCALED in far.flags
    assert FaceFlag.EYES_CLOSED not in near.flags
    assert middle.pose.roll == pytest.approx(25, abs=5)


def test_a_face_at_the_border_is_flagged_as_padded(
    canvas: np.ndarray, tmp_path: Path, finder: FaceFinder
) -> None:
    path = save(np.ascontiguousarray(canvas[300:1500, 550:1400]), tmp_path / "border.jpg")
    (face,) = index_photo(path, finder).photo.faces
    assert FaceFlag.PADDED in face.flags


def test_crops_are_the_same_bits_whichever_way_they_are_made(
    photo: bytes, finder: FaceFinder
) -> None:
    result = index_photo(photo, finder)
    order = [2, 0, 1]
    again = load_crops(
        photo,
        [result.photo.faces[i].landmarks for i in order],
        result.photo.content_hash,
    )
    alone = [load_crops(photo, [face.landmarks])[0] for face in result.photo.faces]
    for place, i in enumerate(order):
        assert (again[place].rgb == result.crops[i]).all()
        assert (again[place].landmarks == result.crop_landmarks[i]).all()
        assert (alone[i].rgb == result.crops[i]).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_crops_are_the_same_bits_from_a_part_of_the_photo(
    canvas: np.ndarray, tmp_path: Path, finder: FaceFinder, orientation: int
) -> None:
    """Only the rows that the faces need are decoded, where that is possible."""
    path = save(canvas, tmp_path / "turned.jpg", orientation)
    opened = open_photo(Path(os.fsdecode(path)).read_bytes())
    landmarks = [face.landmarks for face in index_photo(path, finder).photo.faces]
    for shift in ((0, 0), (0, -150), (0, -420), (-1500, 0), (300, 500)):
        moved = [points + np.array(shift, np.float32) for points in landmarks]
        whole = {reduction: opened.decode(reduction) for reduction in (1, 2, 4, 8)}
        expected = make_crops(opened, moved, whole)
        for points, crop, alone in zip(moved, make_crops(opened, moved), expected, strict=True):
            assert (crop.rgb == alone.rgb).all()
            assert (make_crops(opened, [points])[0].rgb == alone.rgb).all()


def test_a_near_face_is_cropped_from_a_reduced_photo(photo: bytes, finder: FaceFinder) -> None:
    opened = open_photo(Path(os.fsdecode(photo)).read_bytes())
    reductions = [
        crop_reduction(opened, f.landmarks) for f in index_photo(photo, finder).photo.faces
    ]
    assert reductions == [2, 1, 1]


def test_a_changed_file_is_not_cropped(photo: bytes, finder: FaceFinder, tmp_path: Path) -> None:
    face = index_photo(photo, finder).photo.faces[0]
    with pytest.raises(PhotoError) as caught:
        load_crops(photo, [face.landmarks], "0" * 32)
    assert caught.value.code == "photo.changed"


def test_results_do_not_depend_on_what_came_before(
    photo: bytes, shared: Path, finder: FaceFinder
) -> None:
    """The same bits from a fresh finder and from one that has seen other photos, in any order."""
    others = [os.fsencode(p) for p in sorted((shared / "album/photos").glob("Canon*"))]
    with FaceFinder() as fresh:
        first = index_photo(photo, fresh)
    random.Random(3).shuffle(others)
    for other in others:
        index_photo(other, finder)
    later = index_photo(photo, finder)
    assert first.photo.thumbnail == later.photo.thumbnail
    assert first.photo.face_thumbnails == later.photo.face_thumbnails
    for one, two in zip(first.photo.faces, later.photo.faces, strict=True):
        same(one, two)
    for crop, again in zip(first.crops, later.crops, strict=True):
        assert (crop == again).all()


def same(one: FoundFace, two: FoundFace) -> None:
    assert (one.landmarks == two.landmarks).all()
    assert (one.box, one.pose, one.eye_distance) == (two.box, two.pose, two.eye_distance)
    assert (one.eyes_open, one.confidence, one.flags) == (two.eyes_open, two.confidence, two.flags)


@pytest.mark.parametrize("orientation", range(2, 9))
def test_every_orientation_has_the_same_faces(
    canvas: np.ndarray, photo: bytes, tmp_path: Path, finder: FaceFinder, orientation: int
) -> None:
    turned = save(canvas, tmp_path / "turned.jpg", orientation)
    upright = index_photo(photo, finder).photo
    other = index_photo(turned, finder).photo
    assert (other.width, other.height) == (upright.width, upright.height)
    for one, two in zip(upright.faces, other.faces, strict=True):
        apart = np.abs(np.array(eye_centres(one.landmarks)) - eye_centres(two.landmarks)).max()
        assert apart < 0.06 * one.eye_distance


def test_the_head_turns_the_other_way_in_a_mirror(
    shared: Path, tmp_path: Path, finder: FaceFinder
) -> None:
    path = shared / "album/formats/Epson PerfectionV800.tiff"
    man = index_photo(os.fsencode(path), finder).photo.faces[0]
    mirrored = np.asarray(Image.open(path).convert("RGB"))[:, ::-1]
    Image.fromarray(np.ascontiguousarray(mirrored)).save(tmp_path / "mirror.png")
    other = index_photo(os.fsencode(tmp_path / "mirror.png"), finder).photo.faces[0]
    assert man.pose.yaw > 15  # he looks to the image's right
    assert other.pose.yaw == pytest.approx(-man.pose.yaw, abs=8)


def test_closed_eyes_are_flagged(shared: Path, finder: FaceFinder) -> None:
    (baby,) = index_photo(os.fsencode(shared / "rated/images/533.jpg"), finder).photo.faces
    assert FaceFlag.EYES_CLOSED in baby.flags
    assert baby.eyes_open < 0.2


def test_a_tiny_photo_is_indexed(tmp_path: Path, finder: FaceFinder) -> None:
    for size in ((1, 1), (3, 2000), (17, 9)):
        path = tmp_path / "tiny.jpg"
        Image.new("RGB", size, "grey").save(path)
        photo = index_photo(os.fsencode(path), finder).photo
        assert (photo.width, photo.height) == size
        assert photo.faces == ()
        assert photo.thumbnail
