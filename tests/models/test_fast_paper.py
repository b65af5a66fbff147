"""The full network rearranged for the CPU gives the plain one's numbers."""

from __future__ import annotations

import copy

import pytest
import torch
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn

from fiqa_models.networks import CONFIGS, MAX_LANDMARKS, PATCH_SIDE, DslFiqa, build_network
from fiqa_models.networks.blocks import ChannelAttention, DecoderBlock, SwinLayer
from fiqa_models.networks.degradation import build_degradation_encoder
from fiqa_models.networks.fast_paper import (
    STEPS,
    FastChannelAttention,
    FastConvMlp,
    FastSwinLayer,
    FastViTTokens,
    speed_up,
)
from fiqa_models.networks.folding import CpuConvolution
from fiqa_models.networks.tokens import ViTTokens
from fiqa_models.networks.winograd import WinogradConvolution

pytestmark = pytest.mark.skipif(not CpuConvolution.available(), reason="torch lacks oneDNN here")

ROUNDING = 2e-5


def _same(plain: Tensor, fast: Tensor, tolerance: float = ROUNDING) -> bool:
    """Whether two outputs agree, measured by the spread of the plain one."""
    assert plain.shape == fast.shape
    return float((plain - fast).abs().max()) < tolerance * float(plain.std())


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(5)


@pytest.mark.parametrize(("sharpness", "tolerance"), [(1.0, ROUNDING), (8.0, 5e-4)])
def test_channel_attention(sharpness: float, tolerance: float) -> None:
    """Sharp attention, whose weights span all of float32, magnifies rounding and nothing else."""
    plain = ChannelAttention(144).requires_grad_(requires_grad=False)
    x = sharpness * torch.randn(2, 1600, 12, 12)  # more channels than rows at a time
    assert _same(plain(x), FastChannelAttention(plain)(x), tolerance)


@pytest.mark.parametrize("size", [(24, 24), (6, 10)])
def test_winograd_convolution(size: tuple[int, int]) -> None:
    plain = nn.Conv2d(24, 40, 3, padding=1).requires_grad_(requires_grad=False)
    x = torch.randn(2, 24, *size)
    assert _same(plain(x).relu(), WinogradConvolution(plain)(x))


def test_winograd_refuses_what_it_cannot_do() -> None:
    with pytest.raises(ValueError, match="stride 1"):
        WinogradConvolution(nn.Conv2d(4, 4, 3, stride=2, padding=1))
    with pytest.raises(ValueError, match="even"):
        WinogradConvolution(nn.Conv2d(4, 4, 3, padding=1))(torch.zeros(1, 4, 5, 6))


def test_swin_layer_with_its_shifted_windows() -> None:
    plain = SwinLayer(32, 48, heads=4, side=24, scale=0.13, any_size=False)
    for block in plain.blocks:
        nn.init.normal_(block.attn.relative_position_bias_table)
    plain.eval().requires_grad_(requires_grad=False)
    x = torch.randn(2, 32, 24, 24)
    assert _same(plain(x), FastSwinLayer(plain)(x))


def test_transformer() -> None:
    vit = VisionTransformer(img_size=96, patch_size=16, embed_dim=48, depth=6, num_heads=3)
    nn.init.normal_(vit.cls_token)
    vit.norm = nn.Identity()
    vit.eval().requires_grad_(requires_grad=False)
    # ViTTokens is ViT-B only; a small transformer in its place takes the same path.
    plain = ViTTokens.__new__(ViTTokens)
    nn.Module.__init__(plain)
    plain.vit = vit
    images = torch.randn(2, 3, 96, 96)
    maps = vit.forward_intermediates(images, indices=[2, 3, 4, 5], intermediates_only=True)
    assert _same(torch.cat(maps, 1), FastViTTokens(plain)(images))


def test_decoder_mlp() -> None:
    plain = DecoderBlock(CONFIGS["paper"]).mlp.requires_grad_(requires_grad=False)
    x = torch.randn(2, 60, 256)
    assert _same(plain(x, 6, 10), FastConvMlp(plain)(x, 6, 10))


@pytest.mark.parametrize("height", [192, 384, 416])
def test_degradation_encoder_in_strips(height: int) -> None:
    network = nn.Module()
    network.degradation = build_degradation_encoder(CONFIGS["paper"])
    for module in network.degradation.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
    network.eval().requires_grad_(requires_grad=False)
    fast = copy.deepcopy(network)
    STEPS["degradation encoder"](fast)
    images = torch.randn(1, 3, height, 64)
    assert _same(network.degradation.tokens(images), fast.degradation.tokens(images))


def test_the_starter_is_not_for_this() -> None:
    network = build_network("starter")
    names = [name for name, _ in network.named_modules()]
    assert not speed_up(network)
    assert [name for name, _ in network.named_modules()] == names


@pytest.fixture(scope="module")
def full() -> DslFiqa:
    torch.manual_seed(5)
    network = build_network("paper")
    # Untrained heads hardly tell places apart.
    nn.init.normal_(network.confidence_head[2].weight)
    nn.init.normal_(network.quality_head[2].weight)
    nn.init.constant_(network.quality_head[2].bias, 3.0)
    return network.eval().requires_grad_(requires_grad=False)


@pytest.mark.slow
@pytest.mark.xdist_group("paper")
def test_the_whole_network(full: DslFiqa) -> None:
    patches = torch.rand(2, 3, PATCH_SIDE, PATCH_SIDE) * 2 - 1
    ids = torch.arange(MAX_LANDMARKS).clamp(max=469).expand(2, -1)
    with torch.inference_mode():
        plain = full(patches, ids)
        assert speed_up(full)
        fast = full(patches, ids)
        alone = full(patches[1:], ids[1:])
    assert float(plain.quality.std()) > 1e-3
    for name in ("score", "quality", "confidence", "embedding", "degradation_tokens"):
        assert torch.allclose(getattr(plain, name), getattr(fast, name), atol=1e-5, rtol=1e-4), name
    assert torch.allclose(fast.score[1:], alone.score, atol=1e-5)
