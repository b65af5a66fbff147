"""The perceptual hash: like pictures have like bits, unlike ones have not."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from skimage import data

from fiqa_studio.vision.perceptual import perceptual_hash

Rgb = npt.NDArray[np.uint8]
ALIKE, APART = 10, 18


def bits_apart(one: Rgb, other: Rgb) -> int:
    return (perceptual_hash(one) ^ perceptual_hash(other)).bit_count()


@pytest.fixture(scope="module")
def face() -> Rgb:
    found: Rgb = cv2.resize(data.astronaut()[:220, 110:330], (512, 512))
    return found


def compressed(image: Rgb) -> Rgb:
    _, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 20])
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)


def smaller(image: Rgb) -> Rgb:
    return np.asarray(cv2.resize(image, (131, 131), interpolation=cv2.INTER_AREA), np.uint8)


def darker(image: Rgb) -> Rgb:
    return (image * 0.6).astype(np.uint8)


def noisy(image: Rgb) -> Rgb:
    noise = np.random.default_rng(0).normal(0, 12, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("change", [compressed, smaller, darker, noisy])
def test_a_picture_hardly_changes_its_hash(face: Rgb, change: object) -> None:
    assert callable(change)
    assert bits_apart(face, change(face)) <= ALIKE


def test_other_pictures_have_other_hashes(face: Rgb) -> None:
    others = [data.chelsea(), data.coffee(), np.ascontiguousarray(face[:, ::-1]), face[::-1].copy()]
    assert all(bits_apart(face, other) >= APART for other in others)


def test_the_hash_is_64_bits_and_the_same_each_time(face: Rgb) -> None:
    assert 0 < perceptual_hash(face) < 1 << 64
    assert perceptual_hash(face) == perceptual_hash(face.copy())


@pytest.mark.parametrize("shade", [0, 77, 255])
def test_a_flat_picture_has_no_bits(shade: int) -> None:
    assert perceptual_hash(np.full((512, 512, 3), shade, np.uint8)) == 0
