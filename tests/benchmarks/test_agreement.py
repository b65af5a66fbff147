"""The agreement benchmark's arithmetic, on made scores: what it says must follow from them."""

from __future__ import annotations

import numpy as np
import pytest

from tests.benchmarks.full_network import PATCHES, report
from tests.benchmarks.ranking_start import frequency_groups

FACES = 60


def _rounds(noise: float, patches: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores around true qualities, the default grid first; and those qualities."""
    rng = np.random.default_rng(7)
    quality = np.linspace(0.1, 0.9, FACES)
    scores = quality + noise * rng.standard_normal((1 + patches, FACES))
    return np.stack([scores, np.full_like(scores, 0.1)], 2), quality


def test_patches_that_agree_give_full_marks() -> None:
    rounds, quality = _rounds(0.0, PATCHES)
    found = report(rounds, quality)
    assert found["srcc"] == found["srcc_with_mean_of_draws"] == 1.0
    assert found["srcc_between_draws"] == [1.0, 1.0]
    assert found["srcc_with_labels"] == {"default": 1.0, "published": 1.0}


def test_a_wandering_default_patch_agrees_less_than_draws_do() -> None:
    rounds, quality = _rounds(0.15, PATCHES)
    found = report(rounds, quality)
    low, high = found["interval"]
    assert low < found["srcc"] < high
    assert found["srcc"] < min(found["srcc_between_draws"])
    # One patch wanders as the default one does; two together do so less.
    assert found["srcc_of_one_random_patch"][0] < found["srcc_of_two_patches"] < 1.0


def test_no_draws_of_twenty_are_claimed_from_fewer() -> None:
    found = report(*_rounds(0.05, PATCHES - 1))
    assert "srcc_between_draws" not in found
    assert found["random_patches_a_face"] == PATCHES - 1


@pytest.mark.parametrize(("counts", "start"), [((96, 32, 32), 380), ((64, 16, 16), 0)])
def test_each_coefficient_is_in_one_group(counts: tuple[int, int, int], start: int) -> None:
    groups = frequency_groups(counts, start)
    assert len(groups) == sum(counts)
    assert sorted(channel for group in groups for channel in group) == list(
        range(start, start + 380)
    )
