"""The published order of operations changes roundings and nothing else."""

from __future__ import annotations

import pytest
import torch
from timm.models.swin_transformer import WindowAttention
from torch import nn

from fiqa_models.networks.blocks import (
    ChannelAttention,
    DegradationAttention,
    SwinLayer,
    use_published_order,
)


def _both(module: nn.Module, *inputs: object) -> tuple[torch.Tensor, torch.Tensor]:
    """A module's answers in the usual and in the published order."""
    module.eval()
    with torch.inference_mode():
        usual = module(*inputs)
        use_published_order(module)
        return usual, module(*inputs)


def test_channel_attention_is_computed_step_by_step() -> None:
    torch.manual_seed(0)
    module = ChannelAttention(16)
    x = torch.randn(2, 24, 4, 4)
    usual, published = _both(module, x)
    torch.testing.assert_close(usual, published)
    with torch.inference_mode():
        flat = x.flatten(2)
        products = module.query(flat) @ module.key(flat).transpose(-2, -1)
        attended = torch.softmax(products * 16**-0.5, -1) @ module.value(flat)
        expected = attended.transpose(1, 2).reshape(flat.shape) + flat
    assert torch.equal(published, expected.view(x.shape))


@pytest.mark.parametrize("grid", [None, (2, 3)])
def test_queries_may_be_stretched_first(grid: tuple[int, int] | None) -> None:
    torch.manual_seed(0)
    module = DegradationAttention(32, 16, 4, grid)
    usual, published = _both(module, torch.randn(2, 24, 32), torch.randn(2, 6, 16), 4, 6)
    torch.testing.assert_close(usual, published)


def test_windows_attend_in_steps() -> None:
    torch.manual_seed(0)
    module = SwinLayer(32, 48, heads=4, side=8, scale=0.13, any_size=False)
    usual, published = _both(module, torch.randn(1, 32, 8, 8))
    torch.testing.assert_close(usual, published)
    windows = [part for part in module.modules() if isinstance(part, WindowAttention)]
    assert windows
    assert not any(part.fused_attn for part in windows)
