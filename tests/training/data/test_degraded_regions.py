"""Degradations in a part of the crop, and what their labels make of that."""

from __future__ import annotations

import numpy as np
import pytest

from fiqa_training.data.degraded_regions import BACKGROUND, COSTS, FACE, WHOLE
from fiqa_training.data.face_regions import RegionMasks
from fiqa_training.data.samples import Sample, placed, render
from fiqa_training.features.feature_cache import Group
from fiqa_training.starter.validation import face_labels, fit_labels

SAMPLE = Sample("gaussian_blur", 0.9, 5)


@pytest.fixture
def masks() -> RegionMasks:
    background = np.ones((512, 512), np.float32)
    background[128:448, 128:384] = 0
    nothing = np.zeros_like(background)
    return RegionMasks(nothing, 1 - background, background)


@pytest.fixture
def noise() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (512, 512, 3)).astype(np.uint8)


def test_a_place_is_degraded_and_the_rest_is_not(noise: np.ndarray, masks: RegionMasks) -> None:
    behind, ahead = placed(SAMPLE)
    assert (behind.place, ahead.place) == (BACKGROUND, FACE)
    whole, around, face = render(noise, [SAMPLE, behind, ahead], masks)
    inside = np.s_[130:446, 130:382]
    assert np.array_equal(around[inside], noise[inside])
    assert np.array_equal(face[inside], whole[inside])
    assert np.array_equal(face[:100], noise[:100])
    assert np.array_equal(around[:100], whole[:100])
    assert not np.array_equal(whole[inside], noise[inside])


def test_a_place_without_regions_is_an_error(noise: np.ndarray) -> None:
    with pytest.raises(ValueError, match="regions"):
        render(noise, placed(SAMPLE))


def test_labels_take_the_share_of_the_place() -> None:
    rng = np.random.default_rng(1)
    severities = np.array([0.0, 0.3, 0.6, 0.9, 0.9, 0.9])
    measures = np.repeat((1 - 0.5 * severities)[:, None], 3, 1)
    group = Group(
        *(np.zeros((6, 1, 1, 1), np.float16), np.zeros((6, 1, 1, 1), np.float16)),
        *(measures, severities, ("", *["gaussian_blur"] * 5)),
        (WHOLE, WHOLE, WHOLE, WHOLE, BACKGROUND, FACE),
        rng.uniform(0, 512, (478, 2)).astype(np.float32),
        0.9,
    )
    labels = face_labels(group, fit_labels([group]))
    clean, whole, behind, ahead = labels[0], labels[3], labels[4], labels[5]
    assert clean == pytest.approx(0.9)
    assert clean - behind == pytest.approx(COSTS[BACKGROUND] * (clean - whole), abs=1e-6)
    assert clean - ahead == pytest.approx(COSTS[FACE] * (clean - whole), abs=1e-6)
    assert clean > behind > ahead > whole


def test_the_places_share_out_the_cost_of_the_whole() -> None:
    assert COSTS[FACE] + COSTS[BACKGROUND] == pytest.approx(COSTS[WHOLE])
