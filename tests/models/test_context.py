from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from fiqa_models.networks import CONFIGS, build_network, identifiers_inside, normalise, padding_id
from fiqa_models.networks.context import (
    CHANNELS,
    STATISTICS,
    ContextByView,
    SceneContext,
    face_window,
    levelled,
)

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


def test_in_a_faces_crop_the_face_counts() -> None:
    window = face_window(32, 32).view(32, 32)
    assert window.sum().item() == pytest.approx(1.0, abs=1e-5)
    face = window[12:26, 10:22].sum().item()  # 15 % of the crop
    assert face > 0.25
    assert 0.25 < window[window == window.min()].sum().item() < 0.4
    seen = SceneContext("face")
    plain, behind, ahead = (torch.zeros(1, CHANNELS, 32, 32) for _ in range(3))
    behind[..., :4, :] = 1.0  # an eighth of the crop each
    ahead[..., 16:20, :] = 1.0
    means = [seen.statistics(x)[0, 0].item() for x in (plain, behind, ahead)]
    assert means[0] == 0.0
    assert means[2] > 2 * means[1] > 0


def test_each_picture_is_judged_by_its_own_view() -> None:
    by_view = ContextByView()
    for view, said in ((by_view.photo, 0.2), (by_view.face, 0.7)):
        view.bias.fill_(said)
    for faces in ([True, False], [False, False], [True, True]):
        said = torch.sigmoid(by_view(pyramid(), torch.tensor(faces)))
        assert said.tolist() == pytest.approx([0.7 if each else 0.2 for each in faces])


def test_a_logit_a_picture_within_bounds(context: SceneContext) -> None:
    logits = context(pyramid() * 100)
    assert logits.shape == (2,)
    assert (logits.abs() <= 3.5).all()


def test_the_context_moves_the_level_and_keeps_the_regions(context: SceneContext) -> None:
    torch.manual_seed(0)
    plain = build_network("starter").eval()
    levelled = build_network("starter", context="by_view").eval()
    # Contexts that say 0.8 of every face and 0.4 of every photo.
    quiet = {key: torch.zeros_like(value) for key, value in context.state_dict().items()}
    parts = {f"context.{v}.{k}": value for v in ("photo", "face") for k, value in quiet.items()}
    for view, said in (("face", 0.8), ("photo", 0.4)):
        parts[f"context.{view}.bias"] = torch.tensor(said)
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
    # Where no landmark is seen it is a photo.
    none = torch.full_like(ids, padding_id(IDS))
    with torch.inference_mode():
        both = levelled.grid(images.repeat(2, 1, 1, 1), [(0, 0)], torch.cat([none, ids]))
    assert both.score.tolist() == pytest.approx([0.4, 0.8], abs=1e-3)


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
