from __future__ import annotations

import pytest
import torch

from fiqa_models.networks import build_network
from fiqa_models.networks.degradation import FilterEnergies
from fiqa_models.networks.folding import fold_batch_norms


@pytest.fixture
def encoder() -> torch.nn.Module:
    torch.manual_seed(0)
    return build_network("starter", guide="none", degradation="texture").degradation.eval()


def test_it_gives_the_tokens_of_every_encoder(encoder) -> None:
    pictures = torch.randn(2, 3, 128, 160)
    assert encoder.convolutions(pictures).shape == (2, 96, 8, 10)
    assert encoder.tokens(pictures).shape == (2, 64, 96)
    assert encoder(pictures).shape == (2, 96)


def test_energies_tell_fine_noise_from_none() -> None:
    torch.manual_seed(0)
    filters = FilterEnergies().eval()
    flat = torch.zeros(1, 3, 64, 64)
    with torch.inference_mode():
        quiet, loud = filters(flat), filters(flat + 0.2 * torch.randn(1, 3, 64, 64))
    assert quiet.shape == (1, filters.width, 4, 4)
    energies = slice(16, 32)  # of the finest filters: their means come first
    inside = slice(1, -1)  # the edge of a flat picture is an edge
    low, high = quiet[:, energies, inside, inside], loud[:, energies, inside, inside]
    assert low.max() == pytest.approx(-4.6, abs=0.1)  # the logarithm's floor
    assert high.min() > low.max()
    assert high.mean() > low.mean() + 1.0


def test_folding_changes_nothing(encoder) -> None:
    pictures = torch.randn(2, 3, 64, 64)
    for module in encoder.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    with torch.inference_mode():
        before = encoder(pictures)
        fold_batch_norms(encoder)
        assert torch.allclose(encoder(pictures), before, atol=1e-4)
