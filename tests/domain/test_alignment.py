from __future__ import annotations

import numpy as np
import pytest

from fiqa_studio.domain.alignment import (
    CROP_SIDE,
    LEFT_EYE_CORNERS,
    RIGHT_EYE_CORNERS,
    applied,
    crop_transform,
    eye_centres,
    eye_distance,
    inverted,
)


@pytest.mark.parametrize("degrees", [0, 30, 90, 135, 180, 270, 359])
def test_eyes_are_level_a_quarter_side_apart_and_centred(degrees: float) -> None:
    turn = np.deg2rad(degrees)
    across = 40 * np.array([np.cos(turn), np.sin(turn)])
    middle = np.array([310.0, 205.0])
    to_crop = crop_transform(middle - across / 2, middle + across / 2)

    eyes = applied(to_crop, np.stack([middle - across / 2, middle + across / 2]))

    quarter = CROP_SIDE / 4
    assert eyes == pytest.approx(
        np.array([[1.5 * quarter, 2 * quarter], [2.5 * quarter, 2 * quarter]])
    )


def test_the_transform_keeps_handedness_and_inverts() -> None:
    to_crop = crop_transform(np.array([10.0, 60.0]), np.array([70.0, 20.0]))

    assert np.linalg.det(to_crop[:, :2]) > 0
    points = np.random.default_rng(0).uniform(0, 500, (20, 2))
    assert applied(inverted(to_crop), applied(to_crop, points)) == pytest.approx(points)


def test_eye_centres_are_between_the_corners() -> None:
    mesh = np.zeros((478, 2), dtype=np.float32)
    mesh[list(LEFT_EYE_CORNERS)] = [[10, 20], [30, 20]]
    mesh[list(RIGHT_EYE_CORNERS)] = [[50, 24], [70, 26]]

    left, right = eye_centres(mesh)

    assert left.tolist() == [20, 20]
    assert right.tolist() == [60, 25]
    assert eye_distance(mesh) == pytest.approx(np.hypot(40, 5))


def test_coinciding_eyes_are_refused() -> None:
    with pytest.raises(ValueError, match="coincide"):
        crop_transform(np.array([5.0, 5.0]), np.array([5.0, 5.0]))
