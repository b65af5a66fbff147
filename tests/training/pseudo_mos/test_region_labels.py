"""Faces degraded by region, and labels that count the regions as raters would."""

from __future__ import annotations

import numpy as np
import pytest

from fiqa_training.data.degraded_regions import WEIGHTS
from fiqa_training.data.face_regions import RegionMasks, masks_of
from fiqa_training.data.samples import Sample
from fiqa_training.degradations import kind
from fiqa_training.pseudo_mos.region_labels import (
    FAMILIES,
    PLACES,
    calibrate_regions,
    degrade_everywhere,
    draw_region_samples,
    relative_quality,
)
from tests.training.faces import disc_mesh

NOISE = Sample("gaussian_noise", 0.8, 3)


@pytest.fixture(scope="module")
def masks() -> RegionMasks:
    return masks_of(disc_mesh(), soft=6.0)


@pytest.fixture(scope="module")
def crop() -> np.ndarray:
    """A crop with texture everywhere."""
    rng = np.random.default_rng(2)
    return rng.integers(60, 200, (512, 512, 3)).astype(np.uint8)


@pytest.mark.parametrize("soft", [0.0, 6.0])
def test_regions_share_the_crop_out(soft: float) -> None:
    masks = masks_of(disc_mesh(), soft=soft)
    total = masks.features + masks.skin + masks.background
    assert total == pytest.approx(np.ones((512, 512)), abs=1e-5)
    assert min(each.min() for each in (masks.features, masks.skin, masks.background)) >= -1e-6
    levels = np.unique(masks.features)
    assert (len(levels) == 2) == (soft == 0)


def test_a_degradation_stays_in_its_place(crop: np.ndarray, masks: RegionMasks) -> None:
    _, pictures = degrade_everywhere(crop, masks, NOISE)
    assert len(PLACES) == len(pictures) == 7
    changed = {
        place: np.abs(picture.astype(float) - crop).mean(2) for place, picture in pictures.items()
    }
    for region in WEIGHTS:
        inside = getattr(masks, region) > 0.99
        for place, regions in PLACES.items():
            level = changed[place][inside].mean()
            assert (level > 5) if region in regions else (level < 0.5), (region, place)


def test_labels_count_what_suffers_by_the_weights(crop: np.ndarray, masks: RegionMasks) -> None:
    samples = [Sample("gaussian_noise", severity, 3) for severity in (0.3, 0.5, 0.7, 0.9)]
    draws = [degrade_everywhere(crop, masks, sample)[0] for sample in samples]
    links = calibrate_regions(draws)
    for draw in draws:
        lost = {place: 1 - relative_quality(draw, place, links) for place in PLACES}
        for place, regions in PLACES.items():
            assert lost[place] == pytest.approx(sum(lost[region] for region in regions))
        assert 0 < lost["background"] < lost["skin"] < lost["features"] < 1
    growing = [relative_quality(draw, "features", links) for draw in draws]
    assert growing == sorted(growing, reverse=True)
    assert sum(WEIGHTS.values()) == pytest.approx(1)


def test_samples_are_different_kinds_that_show_in_small_regions() -> None:
    samples = draw_region_samples(np.random.default_rng(1), 6)
    assert len({sample.kind for sample in samples}) == 6
    assert {kind(sample.kind).family for sample in samples} <= set(FAMILIES)
    assert min(sample.severity for sample in samples) >= 0.3
    assert samples == draw_region_samples(np.random.default_rng(1), 6)
