"""The parts of the network do what their equations say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from fiqa_models.networks import (
    CONFIGS,
    NetworkConfig,
    build_network,
    identifiers_inside,
    padding_id,
)
from fiqa_models.networks.blocks import ChannelAttention, DegradationAttention
from fiqa_models.networks.folding import fold_batch_norms, fuse_for_cpu
from fiqa_models.networks.landmarks import PublishedGuide, SetGuide, positional_encoding
from fiqa_models.schemes import IBUG_FROM_MESH, points_of


@pytest.fixture(scope="module")
def starter() -> nn.Module:
    torch.manual_seed(1)
    return build_network("starter")


def _ids(visible: int) -> torch.Tensor:
    return torch.where(torch.arange(500) < visible, torch.arange(500), 469)[None]


def test_a_patch_in_a_score_and_maps_out(starter: nn.Module) -> None:
    with torch.inference_mode():
        out = starter.eval()(torch.rand(2, 3, 384, 384) * 2 - 1, _ids(300).expand(2, -1))
    assert out.score.shape == (2,)
    assert out.quality.shape == out.confidence.shape == (2, 24, 24)
    expected = (out.quality * out.confidence).sum((1, 2)) / out.confidence.sum((1, 2))
    assert torch.allclose(out.score, expected, atol=1e-6)


def test_every_weight_learns_but_the_backbones_batch_norm_stays(starter: nn.Module) -> None:
    starter.train()
    before = starter.tokens.backbone.bn1.running_mean.clone()
    out = starter(torch.rand(2, 3, 384, 384) * 2 - 1, _ids(200).expand(2, -1))
    (out.score.sum() + out.embedding.sum()).backward()
    assert [name for name, p in starter.named_parameters() if p.grad is None] == []
    assert torch.equal(starter.tokens.backbone.bn1.running_mean, before)


def test_patches_may_share_a_crops_trunk(starter: nn.Module) -> None:
    crops = torch.rand(1, 3, 512, 512) * 2 - 1
    ids = torch.cat([_ids(n) for n in (10, 200, 300, 468)])
    origins = [(0, 0), (0, 128), (128, 0), (128, 128)]
    with torch.inference_mode():
        grid = starter.eval().grid(crops, origins, ids)
        alone = starter.grid(crops, origins[2:3], ids[2:3])
    assert grid.score.shape == (4,)
    assert torch.allclose(grid.score[2], alone.score[0], atol=1e-6)


@pytest.mark.parametrize(
    "change",
    [
        {"guide": "none"},
        {"positional_encoding": False},
        {"guide_quality": True},
        {"bounded": False},
    ],
)
def test_ablations_build_and_run(change: dict[str, object]) -> None:
    network = build_network("starter", **change).eval()
    with torch.inference_mode():
        assert torch.isfinite(network(torch.zeros(1, 3, 384, 384), _ids(100)).score).all()


def test_guidance_moves_confidence_not_quality(starter: nn.Module) -> None:
    patch = torch.rand(1, 3, 384, 384) * 2 - 1
    with torch.inference_mode():
        some, none = (starter.eval()(patch, _ids(n)) for n in (400, 0))
    assert torch.equal(some.quality, none.quality)
    assert not torch.equal(some.confidence, none.confidence)


def test_configurations_survive_json() -> None:
    for config in CONFIGS.values():
        assert NetworkConfig.from_dict(config.as_dict()) == config
    assert replace(CONFIGS["starter"], guide="none") != CONFIGS["starter"]


def test_published_channel_attention_is_its_formula() -> None:
    torch.manual_seed(0)
    block = ChannelAttention(16).eval()
    x = torch.randn(2, 5, 4, 4)
    flat = x.flatten(2)
    q, k, v = block.query(flat), block.key(flat), block.value(flat)
    mixed = (q @ k.transpose(1, 2) * 16**-0.5).softmax(-1) @ v
    expected = x + mixed.transpose(1, 2).reshape(2, 5, 16).view_as(x)
    assert torch.allclose(block(x), expected, atol=1e-5)


@pytest.mark.parametrize("grid", [None, (2, 3)])
def test_stretching_after_attention_equals_stretching_the_queries(
    grid: tuple[int, int] | None,
) -> None:
    torch.manual_seed(0)
    attention = DegradationAttention(8, 4, 2, grid)
    x, degradation = torch.randn(2, 24, 8), torch.randn(2, 6, 4)
    q = attention.q(degradation)
    if grid is None:
        q = q[:, torch.arange(24) * 6 // 24]
    else:
        row, column = torch.meshgrid(
            torch.arange(4) * 2 // 4, torch.arange(6) * 3 // 6, indexing="ij"
        )
        q = q[:, (row * 3 + column).flatten()]
    k, v = attention.kv(x).chunk(2, -1)

    def split(t: torch.Tensor) -> torch.Tensor:
        return t.unflatten(-1, (2, 4)).transpose(1, 2)

    answer = (split(q) @ split(k).mT * 4**-0.5).softmax(-1) @ split(v)
    expected = attention.proj(answer.transpose(1, 2).flatten(2))
    assert torch.allclose(attention(x, degradation, 4, 6), expected, atol=1e-5)


def test_positional_encoding_is_laid_out_as_published() -> None:
    x = torch.rand(1, 500)
    codes = positional_encoding(x)
    assert codes.shape == (1, 10500)
    for k in range(10):
        assert torch.equal(codes[:, 500 * (2 * k + 1) : 500 * (2 * k + 2)], torch.sin(2**k * x))
        assert torch.equal(codes[:, 500 * (2 * k + 2) : 500 * (2 * k + 3)], torch.cos(2**k * x))


def test_the_published_layer_remembers_identical_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    guide = PublishedGuide(468, 4, encode=False).eval()
    asked: list[int] = []
    compute = guide._compute

    def counting(ids: torch.Tensor) -> torch.Tensor:
        asked.append(len(ids))
        return compute(ids)

    monkeypatch.setattr(guide, "_compute", counting)
    ids = torch.cat([_ids(5), _ids(9), _ids(5)])
    with torch.inference_mode():
        first = guide(ids, 2, 2)
        again = guide(ids.flip(0), 2, 2)
    assert asked == [2]
    assert torch.equal(first[0], first[2])
    assert torch.equal(again, first.flip(0))
    assert torch.allclose(first, compute(ids), atol=1e-6)
    # What is remembered must not outlive a training step.
    guide(ids, 2, 2).sum().backward()
    assert asked == [2, 3]


def test_the_small_layer_sees_sets_not_lists() -> None:
    guide = SetGuide(468, encode=True).eval()
    shuffled = _ids(300)[:, torch.randperm(500, generator=torch.Generator().manual_seed(0))]
    with torch.inference_mode():
        assert torch.equal(guide(_ids(300), 24, 24), guide(shuffled, 24, 24))
        assert guide(_ids(0), 32, 32).shape == (1, 1024)


def test_identifiers_are_those_inside_bounds_included() -> None:
    points = np.array([[10, 10], [394, 394], [9.9, 50], [200, 200], [395, 10]], np.float32)
    ids = identifiers_inside(points, left=10, top=10, side=384, landmarks=4)
    assert ids[:3].tolist() == [0, 1, 3]
    assert (ids[3:] == padding_id(4)).all()
    crowd = np.full((600, 2), 50, np.float32)
    drawn = identifiers_inside(
        crowd, left=0, top=0, side=384, landmarks=600, generator=np.random.default_rng(0)
    )
    assert len(set(drawn.tolist())) == 500


def test_the_mesh_gives_68_points_in_order() -> None:
    assert len(set(IBUG_FROM_MESH)) == 68
    mesh = np.stack([np.arange(478), -np.arange(478)], -1)[None].astype(np.float32)
    points = points_of("ibug68", mesh)
    assert points.shape == (1, 68, 2)
    # Tip of the nose, chin, outer eye corners: the vertices everyone knows by number.
    assert points[0, [30, 8, 36, 45], 0].tolist() == [4, 152, 33, 263]
    assert points_of("mesh468", mesh).shape == (1, 468, 2)


def test_the_fused_backbone_is_the_backbone() -> None:
    torch.manual_seed(2)
    backbone = build_network("starter").eval().requires_grad_(False).tokens.backbone
    for module in backbone.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    image = torch.rand(1, 3, 128, 192).contiguous(memory_format=torch.channels_last) * 2 - 1
    with torch.inference_mode():
        plain = backbone(image)
        fold_batch_norms(backbone)
        if not fuse_for_cpu(backbone):
            pytest.skip("this build of torch has no fused convolutions")
        fused = backbone(image)
    for one, other in zip(plain, fused, strict=True):
        assert torch.allclose(one, other, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("use", ["concatenate", "none"])
def test_the_ablations_of_the_degradation_tokens_learn(use: str) -> None:
    torch.manual_seed(2)
    network = build_network("starter", degradation_use=use).train()
    network.degradation.requires_grad_(False)
    images = torch.rand(1, 3, 384, 384) * 2 - 1
    network(images, _ids(300)).score.sum().backward()
    learned = [p for p in network.decoder.parameters() if p.grad is not None]
    assert len(learned) == len(list(network.decoder.parameters()))
    with torch.inference_mode():
        network.eval()
        tokens = network.degradation.tokens(images)
        usual = network(images, _ids(300)).score
        changed = network(images, _ids(300), tokens + 1).score
    assert not torch.equal(usual, changed)
    assert NetworkConfig.from_dict(network.config.as_dict()) == network.config
