from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from fiqa_models.networks import CONFIGS, build_network, identifiers_inside, normalise
from fiqa_models.networks.context import CHANNELS, STATISTICS, SceneContext, levelled

IDS = 468


@pytest.fixture
def context() -> SceneContext:
    generator = torch.Generator().manual_seed(0)
    made = SceneContext()
    for name, buffer in made.named_buffers():
        if name != "bias":
            buffer.copy_(torch.randn(buffer.shape, generator=generator) * 0.01)
    made.bias.fill_(0.6)
    return made


def pyramid(seed: int = 1) -> torch.Tensor:
    return torch.randn(2, CHANNELS, 8, 8, generator=torch.Generator().manual_seed(seed))


def test_statistics_are_means_and_roots_of_products(context: SceneContext) -> None:
    x = pyramid()
    found = context.statistics(x)
    assert found.shape == (2, STATISTICS)
    assert torch.allclose(found[:, :CHANNELS], x.mean((2, 3)), atol=1e-6)
    # The second stage keeps all its channels: its first products are those of channel 144.
    first = CHANNELS + 64 * 65 // 2
    stage = x[0, 144:208].flatten(1)
    product = (stage[0] * stage[1]).mean()
    expected = torch.sign(product) * product.abs().sqrt()
    assert found[0, first + 1].item() == pytest.approx(expected.item(), abs=1e-6)


def test_statistics_do_not_know_where_things_are(context: SceneContext) -> None:
    x = pyramid()
    assert torch.allclose(context.statistics(x), context.statistics(x.flip(3)), atol=1e-5)


def test_a_logit_a_picture_within_bounds(context: SceneContext) -> None:
    logits = context(pyramid() * 100)
    assert logits.shape == (2,)
    assert (logits.abs() <= 3.5).all()


def test_the_context_moves_the_level_and_keeps_the_regions(context: SceneContext) -> None:
    torch.manual_seed(0)
    plain = build_network("starter").eval()
    levelled = build_network("starter", context="bilinear").eval()
    # A context that says 0.8 of every picture.
    quiet = {key: torch.zeros_like(value) for key, value in context.state_dict().items()}
    quiet["bias"].fill_(0.8)
    parts = {f"context.{key}": value for key, value in quiet.items()}
    levelled.load_state_dict({**plain.state_dict(), **parts}, strict=True)
    crop = torch.randint(0, 255, (1, 512, 512, 3), generator=torch.Generator().manual_seed(3))
    images = normalise(crop.to(torch.uint8))
    points = torch.rand(478, 2, generator=torch.Generator().manual_seed(4)).numpy() * 512
    ids = torch.from_numpy(
        identifiers_inside(points, left=0, top=0, side=384, landmarks=IDS)
    ).unsqueeze(0)
    with torch.inference_mode():
        before, after = (each.grid(images, [(0, 0)], ids) for each in (plain, levelled))
    assert after.score.item() == pytest.approx(0.8, abs=1e-3)
    moved = torch.logit(after.quality) - torch.logit(before.quality)
    assert moved.std().item() < 1e-3
    assert torch.equal(after.confidence, before.confidence)


def test_the_papers_network_has_no_context() -> None:
    assert CONFIGS["paper"].context == "none"
    assert build_network(replace(CONFIGS["starter"])).context is None


def test_the_weighted_mean_becomes_what_the_context_says() -> None:
    generator = torch.Generator().manual_seed(5)
    logits = torch.randn(6, 576, generator=generator) * 2
    confidence = torch.rand(6, 576, generator=generator)
    context = torch.linspace(-3, 3, 6)
    quality = levelled(logits, confidence, context)
    score = (quality * confidence).sum(1) / confidence.sum(1)
    assert torch.allclose(score, torch.sigmoid(context), atol=1e-3)
    moved = torch.logit(quality.double()) - logits
    assert (moved.std(1) < 1e-3).all()
