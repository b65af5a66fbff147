"""The parts between tokens and heads: channel attention, Swin refinement, degradation decoder.

All work on maps (B, C, H, W) or tokens (B, N, C) as their docstrings say.

`use_published_order` makes the parts of the ``paper`` network add and multiply in the order of its
published description, step by step: the same network, other roundings, more work.
"""

from __future__ import annotations

import torch
from timm.models.swin_transformer import SwinTransformerBlock, WindowAttention
from torch import Tensor, nn
from torch.nn import functional

from fiqa_models.networks.config import NetworkConfig

_WINDOW = 4


class ChannelAttention(nn.Module):
    """Attention over channels, as published (the "transposed attention" of MANIQA).

    Queries, keys and values are linear in the N positions, so the grid's size is fixed.

    Attributes:
        published_order: see `use_published_order`.
    """

    def __init__(self, positions: int) -> None:
        super().__init__()
        self.published_order = False
        self.query = nn.Linear(positions, positions)
        self.key = nn.Linear(positions, positions)
        self.value = nn.Linear(positions, positions)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to a map of that shape."""
        batch, channels, height, width = x.shape
        flat = x.flatten(2)
        query, key, value = self.query(flat), self.key(flat), self.value(flat)
        if self.published_order:
            weights = (query @ key.transpose(1, 2) * flat.shape[2] ** -0.5).softmax(-1)
            mixed = weights @ value
        else:
            mixed = functional.scaled_dot_product_attention(
                query.unsqueeze(1), key.unsqueeze(1), value.unsqueeze(1)
            ).squeeze(1)
        # The published network lays (N, C) numbers out as (C, N) without transposing back; its
        # weights were trained with that, so it is part of the network.
        mixed = mixed.transpose(1, 2).reshape(batch, channels, height, width)
        # In this order, for a sum is laid out in memory as its first term.
        total: Tensor = mixed + x
        return total


class PooledChannelAttention(nn.Module):
    """Attention over channels for a grid of any size.

    Queries and keys see the map pooled to ``side`` x ``side``; values are the map itself.
    """

    def __init__(self, channels: int, side: int = 8) -> None:
        super().__init__()
        self.side = side
        self.query = nn.Linear(side * side, side * side)
        self.key = nn.Linear(side * side, side * side)
        self.gate = nn.Parameter(torch.full((channels, 1, 1), 0.1))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to a map of that shape."""
        pooled = functional.adaptive_avg_pool2d(x, self.side).flatten(2)
        weights = self.query(pooled) @ self.key(pooled).transpose(1, 2)
        weights = (weights / self.side).softmax(-1)
        mixed: Tensor = x + self.gate * (weights @ x.flatten(2)).view_as(x)
        return mixed


class SwinLayer(nn.Module):
    """Two Swin blocks (the second shifted) and a 3x3 convolution, added at a small weight."""

    def __init__(
        self, channels: int, hidden: int, *, heads: int, side: int, scale: float, any_size: bool
    ) -> None:
        super().__init__()
        self.blocks = nn.Sequential(
            *(
                SwinTransformerBlock(
                    channels,
                    (side, side),
                    num_heads=heads,
                    window_size=_WINDOW,
                    shift_size=shift,
                    mlp_ratio=hidden / channels,
                    dynamic_mask=any_size,
                )
                for shift in (0, _WINDOW // 2)
            )
        )
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
        self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to a map of that shape."""
        refined = self.blocks(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return x + self.scale * functional.relu(self.conv(refined))


def build_stage(config: NetworkConfig, index: int, *, side: int) -> nn.Sequential:
    """Channel attention, a 1x1 projection and the Swin layers of stage ``index`` (0 or 1)."""
    before = (config.token_channels, *config.stage_channels)[index]
    channels = config.stage_channels[index]
    attention: list[nn.Module] = [
        PooledChannelAttention(before) if config.shared_trunk else ChannelAttention(side * side)
        for _ in range(config.channel_blocks)
    ]
    layers = [
        SwinLayer(
            channels,
            config.swin_hidden[index],
            heads=config.swin_heads,
            side=side,
            scale=config.swin_scale,
            any_size=config.shared_trunk,
        )
        for _ in range(config.swin_layers)
    ]
    stage = nn.Sequential()
    stage.add_module("attention", nn.Sequential(*attention))
    stage.add_module("project", nn.Conv2d(before, channels, 1))
    stage.add_module("refine", nn.Sequential(*layers))
    return stage


class DegradationAttention(nn.Module):
    """Cross-attention: degradation tokens ask, image tokens answer.

    The few queries are stretched to the image's positions by nearest-neighbour interpolation,
    along the flattened positions as published or, where ``grid`` (rows, columns of the queries)
    is given, over rows and columns.

    Attributes:
        published_order: see `use_published_order`.
    """

    def __init__(
        self, channels: int, query_channels: int, heads: int, grid: tuple[int, int] | None
    ) -> None:
        super().__init__()
        self.heads = heads
        self.grid = grid
        self.published_order = False
        self.q = nn.Linear(query_channels, channels)
        self.kv = nn.Linear(channels, 2 * channels)
        self.proj = nn.Linear(channels, channels)

    def _stretch(self, answers: Tensor, height: int, width: int) -> Tensor:
        """One answer a query (B, n, C) to one a position (B, H * W, C)."""
        columns = answers.transpose(1, 2)
        if self.grid is None:
            return functional.interpolate(columns, size=height * width, mode="nearest").mT
        field = columns.reshape(*columns.shape[:2], *self.grid)
        return functional.interpolate(field, size=(height, width), mode="nearest").flatten(2).mT

    def forward(self, x: Tensor, degradation: Tensor, height: int, width: int) -> Tensor:
        """Tokens (B, H * W, C) and degradation tokens (B, n, C') to tokens (B, H * W, C)."""
        batch, _, channels = x.shape
        split = (batch, -1, self.heads, channels // self.heads)
        k, v = self.kv(x).chunk(2, -1)
        if self.published_order:
            q = self._stretch(self.q(degradation), height, width).reshape(split).transpose(1, 2)
            keys, values = (part.reshape(split).transpose(1, 2) for part in (k, v))
            weights = (q @ keys.transpose(2, 3) * split[-1] ** -0.5).softmax(-1)
            mixed: Tensor = self.proj((weights @ values).transpose(1, 2).reshape(x.shape))
            return mixed
        # A stretched query only repeats its row of the attention: attend and project first,
        # stretch after. Exact, and six times cheaper with 96 queries for 576 positions.
        answer = functional.scaled_dot_product_attention(
            self.q(degradation).view(split).transpose(1, 2),
            k.reshape(split).transpose(1, 2),
            v.reshape(split).transpose(1, 2),
        )
        answer = self.proj(answer.transpose(1, 2).reshape(batch, -1, channels))
        return self._stretch(answer, height, width)


class DegradationConcatenation(nn.Module):
    """The ablation "DSL-cat" (table 3): tokens side by side with the image's, then one layer."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.grid = config.degradation_grid
        channels = config.decoder_channels
        self.proj = nn.Linear(channels + config.degradation_channels, channels)

    def forward(self, x: Tensor, degradation: Tensor, height: int, width: int) -> Tensor:
        """Tokens (B, H * W, C) and degradation tokens (B, n, C') to tokens (B, H * W, C)."""
        field = degradation.transpose(1, 2).reshape(len(degradation), -1, *self.grid)
        stretched = functional.interpolate(field, size=(height, width), mode="nearest")
        mixed: Tensor = self.proj(torch.cat([x, stretched.flatten(2).mT.to(x.dtype)], 2))
        return mixed


class _ConvMlp(nn.Module):
    """An MLP with a depth-wise 3x3 convolution over the grid between its layers."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(channels, hidden)
        self.dwconv = nn.Conv2d(hidden, hidden, 3, padding=1, groups=hidden)
        self.fc2 = nn.Linear(hidden, channels)

    def forward(self, x: Tensor, height: int, width: int) -> Tensor:
        batch = x.shape[0]
        field = self.fc1(x).transpose(1, 2).reshape(batch, -1, height, width)
        hidden = functional.gelu(self.dwconv(field)).flatten(2).transpose(1, 2)
        mixed: Tensor = self.fc2(hidden)
        return mixed


class DecoderBlock(nn.Module):
    """Cross-attention with the degradation tokens, then the convolutional MLP (pre-norm)."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        channels = config.decoder_channels
        self.norm1 = nn.LayerNorm(channels, eps=1e-6)
        self.attn: DegradationAttention | DegradationConcatenation
        if config.degradation_use == "concatenate":
            self.attn = DegradationConcatenation(config)
        else:
            self.attn = DegradationAttention(
                channels,
                config.degradation_channels,
                config.decoder_heads,
                config.degradation_grid if config.shared_trunk else None,
            )
        self.norm2 = nn.LayerNorm(channels, eps=1e-6)
        self.mlp = _ConvMlp(channels, config.decoder_hidden)

    def forward(self, x: Tensor, degradation: Tensor, height: int, width: int) -> Tensor:
        """Tokens (B, H * W, C) to tokens of that shape."""
        x = x + self.attn(self.norm1(x), degradation, height, width)
        mixed: Tensor = x + self.mlp(self.norm2(x), height, width)
        return mixed


def use_published_order(network: nn.Module) -> None:
    """Compute as the published description reads, in place; the weights stay as they are.

    Attention is products, a scale, a softmax and a product, and the decoder stretches its queries
    before they attend. The network is the same, only roundings differ (decision 7), and it takes
    longer: for comparisons with the published network, not for everyday scoring.
    """
    for module in network.modules():
        if isinstance(module, (ChannelAttention, DegradationAttention)):
            module.published_order = True
        elif isinstance(module, WindowAttention):
            module.fused_attn = False
