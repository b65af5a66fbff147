from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from fiqa_training.encoding.dsl import (
    contrastive,
    dual_set,
    patch_based,
    similarity,
    soft_proximity_mapping,
)
from fiqa_training.errors import TrainingError
from fiqa_training.evaluation.metrics import agreement, krcc, srcc
from fiqa_training.loop.losses import charbonnier, decorrelation, ranking


def test_charbonnier_is_equation_7() -> None:
    value = charbonnier(torch.tensor([0.5, 0.2]), torch.tensor([0.2, 0.2]), epsilon=0.4)
    assert value.item() == pytest.approx((0.5 + 0.4) / 2)


def test_ranking_asks_only_pairs_of_one_group() -> None:
    scores = torch.tensor([0.5, 0.6, 0.1])
    labels = torch.tensor([0.9, 0.5, 0.7])
    # Only (0, 1) share a group: gap 0.4, asked 0.2, given -0.1.
    assert ranking(scores, labels, torch.tensor([0, 0, 1])).item() == pytest.approx(0.3)
    assert ranking(scores, labels, torch.tensor([0, 1, 2])).item() == 0.0
    assert ranking(scores, labels, torch.tensor([-1, -1, -1])).item() == 0.0


def test_ranking_is_silent_when_the_order_is_clear() -> None:
    scores = torch.tensor([0.9, 0.1], requires_grad=True)
    loss = ranking(scores, torch.tensor([0.8, 0.2]), torch.tensor([0, 0]))
    loss.backward()
    assert loss.item() == 0.0


def test_decorrelation_runs_from_zero_to_one() -> None:
    a = torch.tensor([0.1, 0.4, 0.7])
    assert decorrelation(a, 2 * a + 1).item() == pytest.approx(0.0, abs=1e-6)
    assert decorrelation(a, -a).item() == pytest.approx(1.0, abs=1e-6)


def test_similarity_is_negative_l2_distance() -> None:
    a, b = torch.tensor([[0.0, 0.0]]), torch.tensor([[3.0, 4.0], [0.0, 0.0]])
    assert similarity(a, b).tolist()[0] == pytest.approx([-5.0, 0.0], abs=1e-5)


def test_soft_proximity_mapping_is_equation_4_by_hand() -> None:
    query = torch.tensor([[0.0]])
    others = torch.tensor([[1.0], [2.0]])
    near, far = math.exp(-1), math.exp(-2)
    expected = (near * 1 + far * 2) / (near + far)
    assert soft_proximity_mapping(query, others).item() == pytest.approx(expected, rel=1e-5)


def test_a_low_temperature_maps_to_the_nearest() -> None:
    query, others = torch.tensor([[0.0]]), torch.tensor([[1.0], [2.0]])
    assert soft_proximity_mapping(query, others, 0.05).item() == pytest.approx(1.0, abs=1e-6)
    near, far = soft_proximity_mapping(torch.tensor([[0.0], [3.0]]), others, 1e3)
    assert near.item() == pytest.approx(far.item(), abs=1e-2)  # all become the mean


def test_contrastive_is_equation_5_by_hand() -> None:
    # One member in R: every mapping is that member, whatever the weights.
    queries, others = torch.tensor([[0.0], [3.0]]), torch.tensor([[1.0]])
    theta = 0.5
    own = [math.exp(-1 / theta), math.exp(-2 / theta)]
    expected = -(math.log(own[0] / own[1]) + math.log(own[1] / own[0])) / 2
    assert contrastive(queries, others, theta).item() == pytest.approx(expected, abs=1e-5)
    three = torch.tensor([[0.0], [3.0], [5.0]])
    e = [math.exp(-1 / theta), math.exp(-2 / theta), math.exp(-4 / theta)]
    expected = -sum(math.log(e[i] / (sum(e) - e[i])) for i in range(3)) / 3
    assert contrastive(three, others, theta).item() == pytest.approx(expected, rel=1e-5)


def test_dual_set_is_both_directions_and_learns() -> None:
    generator = torch.Generator().manual_seed(0)
    s = torch.randn(5, 4, generator=generator, requires_grad=True)
    r = torch.randn(6, 4, generator=generator)
    loss = dual_set(s, r)
    assert loss.item() == pytest.approx((contrastive(s, r) + contrastive(r, s)).item())
    loss.backward()
    assert torch.isfinite(s.grad).all()
    assert s.grad.abs().sum() > 0


def test_patch_based_is_equation_1_by_hand() -> None:
    q = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    p = torch.tensor([[0.5, 0.2], [0.1, 0.8]])
    # The query's own positive over the other images' patches.
    expected = -((0.5 - 0.1) + (0.8 - 0.2)) / 2
    assert patch_based(q, p, temperature=1.0).item() == pytest.approx(expected, rel=1e-5)


def test_agreement_of_known_lists() -> None:
    scores, labels = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 3.0, 2.0, 4.0])
    assert srcc(scores, labels) == pytest.approx(0.8)
    assert krcc(scores, labels) == pytest.approx(2 / 3)
    found = agreement(scores, scores, draws=50)
    assert found.srcc == pytest.approx(1.0)
    assert found.rmse == 0.0
    assert found.srcc_ci[0] <= found.srcc <= found.srcc_ci[1] + 1e-9


@pytest.mark.parametrize(
    ("scores", "labels"), [([1.0, 2.0], [1.0, 2.0]), ([1.0, 2.0, float("nan")], [1.0, 2.0, 3.0])]
)
def test_agreement_refuses_what_it_cannot_measure(scores, labels) -> None:
    with pytest.raises(TrainingError):
        agreement(scores, labels)
