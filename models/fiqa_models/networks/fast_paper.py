"""The ``paper`` network rearranged for the CPU: the same numbers up to rounding, in less time.

For scoring only, in float32: `speed_up` replaces parts of a network in place, after which it can
neither be trained nor saved. What each step gains is measured by
``tests/benchmarks/test_full_network.py`` and listed in ``docs/performance.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from fiqa_models.networks.blocks import ChannelAttention, SwinLayer
from fiqa_models.networks.config import PATCH_SIDE, TOKEN_STRIDE
from fiqa_models.networks.degradation import DegradationEncoder
from fiqa_models.networks.dsl_fiqa import DslFiqa
from fiqa_models.networks.folding import CpuConvolution, fold_batch_norms, fuse_for_cpu
from fiqa_models.networks.tokens import ViTTokens
from fiqa_models.networks.winograd import WinogradConvolution

_SIDE = PATCH_SIDE // TOKEN_STRIDE
_OUTPUTS = 4
"""The outputs of the last four blocks are the token grid; no later block is computed."""
_ROWS = 1536
"""Rows of channel attention at a time: half of 3072, so that 19 MB serve twice."""
_NOTHING = 1e-30
"""Attention weights below this become zero: subnormal numbers make products 20 times slower."""
_FULL_LAYERS = 9
"""The encoder's modules at full resolution and the first that halves it, with activations."""
_STRIP = 192
"""Rows of the picture that these see at a time: maps of 37 MB would be new memory every time."""
_MARGIN = 4
"""Rows more on either side, which the missing neighbours spoil; even, for the stride of two."""


class FastChannelAttention(nn.Module):
    """`ChannelAttention` by plain matrix products, a block of rows at a time.

    One matrix stands for queries and keys: ``q k^T = x Wq^T Wk y^T + bq Wk y^T`` and terms that
    are the same along a row, which softmax ignores.
    """

    def __init__(self, plain: ChannelAttention) -> None:
        super().__init__()
        scale = plain.query.out_features**-0.5
        # In float64, so that the product of two weights is rounded once, as each of them was.
        keys = plain.key.weight.detach().double()
        mixed = scale * plain.query.weight.detach().double().T @ keys
        offset = scale * plain.query.bias.detach().double() @ keys
        self.register_buffer("mixed", mixed.float().contiguous(), persistent=False)
        self.register_buffer("offset", offset.float(), persistent=False)
        self.value = plain.value
        self.mixed: Tensor
        self.offset: Tensor

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to a map of that shape."""
        batch, channels, height, width = x.shape
        flat = x.reshape(batch, channels, height * width)
        mixed = torch.empty_like(flat)
        weights = torch.empty(min(_ROWS, channels), channels)
        for one, answer in zip(flat, mixed, strict=True):
            queries = torch.addmm(self.offset, one, self.mixed)
            values = self.value(one)
            for start in range(0, channels, _ROWS):
                rows = slice(start, min(start + _ROWS, channels))
                part = weights[: rows.stop - rows.start]
                torch.mm(queries[rows], one.t(), out=part)
                torch.softmax(part, -1, out=part)
                functional.threshold(part, _NOTHING, 0.0, inplace=True)
                torch.mm(part, values, out=answer[rows])
        # Transposed and laid out as (C, N) without transposing back: see `ChannelAttention`.
        return x + mixed.transpose(1, 2).reshape(x.shape)


class FastViTTokens(nn.Module):
    """`ViTTokens` with sums made in place and the four outputs written where they belong."""

    def __init__(self, plain: ViTTokens) -> None:
        super().__init__()
        self.vit: Any = plain.vit

    def forward(self, images: Tensor) -> Tensor:
        """Images (B, 3, 384, 384) to a map (B, 3072, 24, 24)."""
        vit = self.vit
        side = vit.patch_embed.grid_size
        count, channels, first = side[0] * side[1], vit.embed_dim, len(vit.blocks) - _OUTPUTS
        out = torch.empty(len(images), _OUTPUTS, channels, count)
        for image, slots in zip(images, out, strict=True):
            patches = vit.patch_embed(image[None])[0]
            x = torch.cat([vit.cls_token[0], patches]).add_(vit.pos_embed[0])
            for index, block in enumerate(vit.blocks):
                self._block(block, x)
                if index >= first:
                    slots[index - first].copy_(x[-count:].t())
        return out.view(len(images), _OUTPUTS * channels, *side)

    @staticmethod
    def _block(block: Any, x: Tensor) -> None:
        """One transformer block on tokens (N, C), in place."""
        count, channels = x.shape
        qkv = block.attn.qkv(block.norm1(x)).view(1, count, 3, block.attn.num_heads, -1)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        answer = functional.scaled_dot_product_attention(q, k, v)
        _add_linear(x, answer.transpose(1, 2).reshape(count, channels), block.attn.proj)
        _add_linear(x, functional.gelu(block.mlp.fc1(block.norm2(x))), block.mlp.fc2)


class FastSwinLayer(nn.Module):
    """`SwinLayer` on rows of tokens: shift and windows are one permutation of rows, and back."""

    def __init__(self, plain: SwinLayer) -> None:
        super().__init__()
        self.blocks: Any = plain.blocks
        self.scale = plain.scale
        self.conv = WinogradConvolution(plain.conv)
        numbers = torch.arange(_SIDE * _SIDE).view(_SIDE, _SIDE)
        for index, block in enumerate(plain.blocks):
            order = _window_order(block, numbers)
            self.register_buffer(f"order{index}", order, persistent=False)
            self.register_buffer(f"back{index}", order.argsort(), persistent=False)
            self.register_buffer(f"bias{index}", _window_bias(block), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, 24, 24) to a map of that shape, channels last."""
        rows = x.permute(0, 2, 3, 1).flatten(1, 2)
        refined = torch.stack([self._one(one) for one in rows])
        field = refined.view(len(x), _SIDE, _SIDE, -1).permute(0, 3, 1, 2)
        return torch.add(x, self.conv(field), alpha=self.scale)

    def _one(self, x: Tensor) -> Tensor:
        """The blocks on the tokens (N, C) of one map."""
        count, channels = x.shape
        x = x.clone()
        for index, block in enumerate(self.blocks):
            attention = block.attn
            order, back, bias = (
                getattr(self, f"{name}{index}") for name in ("order", "back", "bias")
            )
            qkv = attention.qkv(block.norm1(x)[order])
            heads = (attention.num_heads, channels // attention.num_heads)
            windows = qkv.view(-1, attention.window_area, 3, *heads)
            q, k, v = windows.permute(2, 0, 3, 1, 4).unbind(0)
            answer = functional.scaled_dot_product_attention(q, k, v, attn_mask=bias)
            answer = answer.transpose(1, 2).reshape(count, channels)
            _add_linear(x, answer[back], attention.proj)
            _add_linear(x, functional.gelu(block.mlp.fc1(block.norm2(x))), block.mlp.fc2)
        return x


def _add_linear(x: Tensor, hidden: Tensor, layer: nn.Linear) -> None:
    """``x += layer(hidden)``, without the copies."""
    x.addmm_(hidden, layer.weight.t()).add_(layer.bias)


def _window_order(block: Any, numbers: Tensor) -> Tensor:
    """Which row of the map each row of the block's windows is."""
    (down, right), (height, width) = block.shift_size, block.window_size
    shifted = torch.roll(numbers, (-down, -right), (0, 1))
    rows, columns = shifted.shape
    windows = shifted.view(rows // height, height, columns // width, width)
    return windows.transpose(1, 2).flatten()


def _window_bias(block: Any) -> Tensor:
    """What the block adds to its attention: (1 or windows, heads, area, area)."""
    area = block.attn.window_area
    table = block.attn.relative_position_bias_table.detach()
    bias: Tensor = table[block.attn.relative_position_index.flatten()]
    bias = bias.view(area, area, -1).permute(2, 0, 1).unsqueeze(0)
    if block.attn_mask is not None:
        bias = bias + block.attn_mask.unsqueeze(1)
    return bias.contiguous()


class FastConvMlp(nn.Module):
    """The decoder's MLP with tokens as rows throughout: they are a map whose channels come last."""

    def __init__(self, plain: Any) -> None:
        super().__init__()
        self.fc1, self.fc2 = plain.fc1, plain.fc2
        self.dwconv = CpuConvolution(plain.dwconv)

    def forward(self, x: Tensor, height: int, width: int) -> Tensor:
        """Tokens (B, H * W, C) to tokens of that shape."""
        field = self.fc1(x).view(len(x), height, width, -1).permute(0, 3, 1, 2)
        hidden = functional.gelu(self.dwconv(field)).permute(0, 2, 3, 1).flatten(1, 2)
        mixed: Tensor = self.fc2(hidden)
        return mixed


class _InStrips(nn.Module):
    """Convolutions that keep or halve the size, once, on a strip of the picture after the other."""

    def __init__(self, layers: nn.Sequential) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, D, H / 2, W / 2)."""
        height = x.shape[2]
        parts = []
        for start in range(0, height, _STRIP):
            stop = min(start + _STRIP, height)
            above, below = min(_MARGIN, start), min(_MARGIN, height - stop)
            part = self.layers(x[:, :, start - above : stop + below])
            parts.append(part[:, :, above // 2 : part.shape[2] - below // 2])
        return torch.cat(parts, 2)


def _fast_encoder(network: DslFiqa) -> None:
    encoder: DegradationEncoder = network.degradation
    fold_batch_norms(encoder)
    fuse_for_cpu(encoder.convolutions)
    layers = list(encoder.convolutions)
    first = nn.Sequential(*layers[:_FULL_LAYERS])
    encoder.convolutions = nn.Sequential(_InStrips(first), *layers[_FULL_LAYERS:])


def _fast_tokens(network: DslFiqa) -> None:
    if isinstance(network.tokens, ViTTokens):
        network.tokens = FastViTTokens(network.tokens)  # type: ignore[assignment]  # stands for it


def _fast_channel_attention(network: DslFiqa) -> None:
    _replace(network, ChannelAttention, FastChannelAttention)


def _fast_swin(network: DslFiqa) -> None:
    _replace(network, SwinLayer, FastSwinLayer)


def _fast_decoder(network: DslFiqa) -> None:
    for block in network.decoder:
        block.mlp = FastConvMlp(block.mlp)


def _replace(network: nn.Module, kind: type[nn.Module], by: Callable[[Any], nn.Module]) -> None:
    for module in list(network.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, kind):
                module.register_module(name, by(child))


STEPS: Mapping[str, Callable[[DslFiqa], None]] = MappingProxyType(
    {
        "degradation encoder": _fast_encoder,
        "transformer": _fast_tokens,
        "channel attention": _fast_channel_attention,
        "Swin layers": _fast_swin,
        "decoder": _fast_decoder,
    }
)
"""What `speed_up` does, in order; each stands alone."""


def speed_up(network: DslFiqa) -> bool:
    """Rearrange a network in place; says whether it is one that this module knows.

    The network stays right for any number of patches, but is meant for one at a time.
    """
    known = network.config.tokens == "vit" and network.config.degradation == "published"
    if not known or not CpuConvolution.available():
        return False
    for step in STEPS.values():
        step(network)
    return True
