"""The study's own perceptual hash beside the one that the library's crops have."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter
from skimage import data

from fiqa_studio.study.likeness import bits_apart, likeness
from fiqa_studio.vision.perceptual import perceptual_hash


def views() -> list[Image.Image]:
    photo = Image.fromarray(data.astronaut())
    crops = [photo.crop((x, y, x + 256, y + 256)) for x in (0, 100, 256) for y in (0, 128, 256)]
    return [crop.resize((512, 512)) for crop in crops]


def test_it_is_the_hash_of_the_crops_but_for_rounding() -> None:
    for view in views():
        theirs = perceptual_hash(np.asarray(view))
        assert bits_apart(likeness(view), np.array([theirs], np.uint64))[0] <= 2


def test_other_pictures_are_far_and_blurred_ones_near() -> None:
    all_views = views()
    hashes = np.array([likeness(view) for view in all_views], np.uint64)
    for i, view in enumerate(all_views):
        apart = bits_apart(likeness(view.filter(ImageFilter.GaussianBlur(2))), hashes)
        assert apart[i] <= 4
        assert np.delete(apart, i).min() >= 10


def test_bits_are_counted() -> None:
    others = np.array([0b1011, 0, 2**64 - 1], np.uint64)
    np.testing.assert_array_equal(bits_apart(0b1000, others), [2, 1, 63])
