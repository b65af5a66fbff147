"""The aligned crop: geometry of GFIQA-20k, and resampling that neither shifts nor aliases."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from fiqa_studio.domain import alignment
from fiqa_studio.vision import align


@pytest.mark.parametrize("roll", [-170, -30, 0, 12, 90])
@pytest.mark.parametrize("distance", [20.0, 128.0, 400.0])
def test_eyes_come_level_a_quarter_apart_around_the_middle(roll: float, distance: float) -> None:
    middle = np.array([700.0, 500.0])
    along = np.array([np.cos(np.radians(roll)), np.sin(np.radians(roll))]) * distance / 2
    eyes = np.array([middle - along, middle + along])
    matrix = alignment.crop_transform(*eyes)
    assert align.transform_points(matrix, eyes) == pytest.approx(
        np.array([[192, 256], [320, 256]]), abs=1e-3
    )


def test_eyes_in_one_point_have_no_crop() -> None:
    with pytest.raises(ValueError, match="coincide"):
        alignment.crop_transform((5, 5), (5, 5))


def test_pixels_land_where_points_do() -> None:
    """A dot's centre of gravity after the warp is where the transform puts its centre."""
    for distance in (40, 100, 128, 200, 330):
        image = np.zeros((1500, 2000, 3), np.uint8)
        dot = (1011, 742)
        size = max(round(distance / 20), 3)
        image[dot[1] - size : dot[1] + size, dot[0] - size : dot[0] + size] = 255
        matrix = alignment.crop_transform((1000 - distance / 2, 740), (1000 + distance / 2, 760))
        crop = align.warp(image, matrix)[:, :, 0].astype(float)
        ys, xs = np.mgrid[:512, :512] + 0.5
        seen = (xs * crop).sum() / crop.sum(), (ys * crop).sum() / crop.sum()
        wanted = align.transform_points(matrix, np.array([dot], float))[0]
        assert seen == pytest.approx(tuple(wanted), abs=0.15), distance


@pytest.mark.parametrize("shrink", [1.3, 2.0, 3.7, 8.0])
def test_shrinking_averages(shrink: float) -> None:
    """A fine chessboard becomes grey instead of some other pattern."""
    board = (np.indices((3000, 3000)).sum(axis=0) % 2 * 255).astype(np.uint8)
    image = np.repeat(board[:, :, None], 3, axis=2)
    half = 64 * shrink
    matrix = alignment.crop_transform((1500 - half, 1500), (1500 + half, 1510))
    crop = align.warp(image, matrix)
    assert abs(crop.mean() - 127.5) < 2
    assert crop.std() < (20 if shrink < 2 else 4)


def test_the_border_is_mirrored_not_black() -> None:
    image = np.full((400, 400, 3), 90, np.uint8)
    crop = align.warp(image, alignment.crop_transform((20, 20), (140, 20)))
    assert (crop == 90).all()


def test_share_outside_the_photo() -> None:
    inside = alignment.crop_transform((450, 500), (550, 500))
    assert align.outside_share(inside, 1000, 1000) == pytest.approx(0, abs=1e-4)
    corner = alignment.crop_transform((-50, 0), (50, 0))
    assert align.outside_share(corner, 1000, 1000) == pytest.approx(0.75, abs=1e-3)
    beyond = alignment.crop_transform((-5000, 0), (-4900, 0))
    assert align.outside_share(beyond, 1000, 1000) == 1


def test_a_reduced_photo_gives_the_same_view() -> None:
    rng = np.random.default_rng(2)
    image = cv2.resize(rng.integers(0, 255, (40, 50, 3)).astype(np.uint8), (2000, 1600))
    matrix = alignment.crop_transform((700, 800), (1300, 830))
    whole = align.warp(image, matrix)
    half = cv2.resize(image, (1000, 800), interpolation=cv2.INTER_AREA)
    scaled = matrix.copy()
    scaled[:, :2] *= 2
    assert np.abs(align.warp(half, scaled).astype(int) - whole).mean() < 1.5
