"""Pair comparison: held equal to choix, and to what the comparisons were made from."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from fiqa_studio.study.errors import StudyError
from fiqa_studio.study.pairs import Pair, bradley_terry

QUALITY = np.linspace(-2, 2, 9)


def compared(count: int, seed: int = 0) -> list[Pair]:
    generator = np.random.default_rng(seed)
    pairs = []
    for _ in range(count):
        i, j = generator.choice(9, 2, replace=False)
        first = generator.random() < 1 / (1 + np.exp(QUALITY[j] - QUALITY[i]))
        pairs.append(Pair(str(i), str(j), 1 if first else -1))
    return pairs


def test_qualities_equal_those_of_choix() -> None:
    choix = importlib.import_module("choix")
    pairs = compared(2000)
    data = [
        (int(p.first), int(p.second)) if p.outcome > 0 else (int(p.second), int(p.first))
        for p in pairs
    ]
    theirs = choix.ilsr_pairwise(9, data, alpha=0.0)
    found = bradley_terry(pairs, map(str, range(9)), prior=0.0)
    np.testing.assert_allclose(found.quality, theirs - theirs.mean(), atol=1e-6)
    assert found.connected
    order = (found.quality[[a for a, _ in data]] > found.quality[[b for _, b in data]]).mean()
    assert found.agreement == pytest.approx(order)


def test_intervals_hold_the_truth_about_nineteen_times_in_twenty() -> None:
    inside = []
    for seed in range(60):
        found = bradley_terry(compared(1500, seed), map(str, range(9)))
        inside.append(np.mean(np.abs(found.quality - QUALITY) <= found.half_width))
    assert 0.92 <= np.mean(inside) <= 0.98


def test_no_difference_is_half_a_win_for_each() -> None:
    pairs = [Pair("a", "b", 0)] * 10 + [Pair("b", "c", 1)] * 6 + [Pair("b", "c", -1)] * 2
    found = bradley_terry(pairs)
    a, b, c = found.quality
    assert a == pytest.approx(b)
    assert b > c
    np.testing.assert_array_equal(found.wins, [5, 11, 2])
    assert found.agreement == pytest.approx(6 / 8)


def test_who_always_wins_stays_finite() -> None:
    found = bradley_terry([Pair("a", "b", 1)] * 50 + [Pair("b", "c", 1)] * 50)
    assert np.isfinite(found.quality).all()
    assert np.isfinite(found.half_width).all()
    assert list(np.argsort(-found.quality)) == [0, 1, 2]


def test_parts_that_never_met_are_said() -> None:
    found = bradley_terry([Pair("a", "b", 1), Pair("c", "d", -1)], ["a", "b", "c", "d", "e"])
    assert list(found.part) == [0, 0, 1, 1, 2]
    assert not found.connected
    assert np.isnan(found.half_width[4])
    assert found.quality[4] == 0.0


def test_no_comparisons_and_impossible_ones() -> None:
    with pytest.raises(StudyError, match="no comparisons"):
        bradley_terry([])
    with pytest.raises(ValueError, match="no comparison"):
        bradley_terry([Pair("a", "a", 1)])
    with pytest.raises(ValueError, match="no comparison"):
        bradley_terry([Pair("a", "b", 2)])
