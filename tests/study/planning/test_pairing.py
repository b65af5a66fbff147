"""Pair comparison: strengths, connectivity, and pairs that tell most."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from fiqa_studio.study.planning.chance import Chance
from fiqa_studio.study.planning.pairing import Compared, connected, fit, next_pairs


def test_strengths_are_those_of_the_likelihoods_maximum() -> None:
    compared = [Compared(0, 1, 1), Compared(0, 1, 1), Compared(1, 2, 1), Compared(2, 1, 0)]
    found = fit(3, compared).mean
    prior = 4.0
    wins = {(0, 1): 2.0, (1, 2): 1.5, (2, 1): 0.5}
    full = fit(3, compared).mean

    def slope(i: int) -> float:
        total = -float(full[i]) / prior
        for (a, b), count in wins.items():
            lost = 1.0 / (1.0 + np.exp(full[a] - full[b]))
            total += count * lost * ((i == a) - (i == b))
        return total

    # The prior is symmetric, so the mean of the optimum is 0 and the gradient vanishes there.
    assert [slope(i) for i in range(3)] == pytest.approx([0.0, 0.0, 0.0], abs=1e-7)
    assert found[0] > found[1] > found[2]


def test_strengths_are_finite_where_one_wins_always() -> None:
    found = fit(2, [Compared(0, 1, 1)] * 500)
    assert np.isfinite(found.mean).all()
    assert (np.linalg.eigvalsh(found.covariance) > 0).all()


def test_the_first_round_connects_everything() -> None:
    chosen = next_pairs(12, 11, [], Chance(1))
    assert len({tuple(sorted(pair)) for pair in chosen}) == 11
    assert connected(12, [Compared(a, b, 0) for a, b in chosen])
    counts = np.bincount([i for pair in chosen for i in pair], minlength=12)
    assert counts.max() <= 4, "nobody is in every pair"


def test_islands_are_joined_first() -> None:
    islands = [Compared(0, 1, 1), Compared(2, 3, -1)]
    (first, second), *_ = next_pairs(4, 1, islands, Chance(3))
    assert {first < 2, second < 2} == {True, False}


def test_nobody_sees_a_pair_twice_and_the_supply_ends() -> None:
    seen = [(0, 1), (2, 1)]
    assert {tuple(sorted(pair)) for pair in next_pairs(3, 5, [], Chance(1), seen=seen)} == {(0, 2)}
    assert next_pairs(3, 5, [], Chance(1), seen=[*seen, (2, 0)]) == []


def test_uncertain_pairs_tell_more_than_random_ones() -> None:
    """The same number of answers, the same simulated raters: a smaller error on average."""
    count, rounds, each = 16, 8, 15
    errors: dict[str, list[float]] = {"uncertain": [], "random": []}
    for seed in range(6):
        truth = np.linspace(-3, 3, count)
        for way, found in errors.items():
            draw = np.random.default_rng(seed)
            compared: list[Compared] = []
            for turn in range(rounds):
                if way == "uncertain":
                    pairs = next_pairs(count, each, compared, Chance(seed, turn))
                else:
                    order = [draw.permutation(count) for _ in range(each)]
                    pairs = [(int(o[0]), int(o[1])) for o in order]
                for a, b in pairs:
                    wins = draw.random() < 1.0 / (1.0 + np.exp(truth[b] - truth[a]))
                    compared.append(Compared(a, b, 1.0 if wins else -1.0))
            error = fit(count, compared).mean - truth
            found.append(float(np.sqrt(np.mean(error**2))))
    assert np.mean(errors["uncertain"]) < np.mean(errors["random"])


def test_a_chain_is_connected_and_a_gap_is_not() -> None:
    chain = [Compared(a, b, 1) for a, b in pairwise(range(5))]
    assert connected(5, chain)
    assert not connected(6, chain)
