"""The full network before its training: a transformer that passes texture on instead of nothing.

No pretrained transformer can be had here, and one with random weights drowns what tells a good
picture from a bad one: how strong each spatial frequency is, whatever its sign. So a few layers
begin with chosen weights, all others at random. The shapes are those of the ``paper`` network.

* patch embedding: a discrete cosine transform of luma and chroma, each coefficient divided by
  its spread over faces;
* MLP of the first block: each coefficient becomes its bounded, concave *energy*, standardised;
* attention of the second block: every token also gets the mean of each energy over the patch;
* 1 x 1 projections: single channels and means of neighbouring frequencies, down to the decoder.

Layer norms divide by a token's own spread, which is just what must not be lost. Two channels of
large constants, opposite in sign, make that spread constant; the sixth block takes them out again.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from scipy.fft import dct
from torch import Tensor, nn

from fiqa_models.networks import DslFiqa, build_network, normalise
from tests.benchmarks.quality_faces import SEED, Faces

_TOKEN = 16
_COLOURS = ((0.299, 0.587, 0.114), (-0.169, -0.331, 0.5), (0.5, -0.419, -0.081))
"""RGB to luma and two chromas (JPEG)."""
_KEPT = (252, 64, 64)
"""Coefficients of luma and of each chroma, coarse first."""
_ENERGIES = sum(_KEPT)
_EMPTY = 2 * _ENERGIES
"""A channel that stays zero: after a layer norm it tells the mean that was subtracted."""
_ANCHORS = (766, 767)
_ANCHOR = 100.0
_STEPS = (0.1, 0.5, 4.0)
"""An energy is the sum of min(|coefficient| / step, 1) over these steps: nearly a logarithm."""
_UNITS = 2 * (1 + len(_STEPS))
"""Hidden units of the first MLP that make one energy."""
_SHARP = 10.0
_RANDOM = 0.3
"""What blocks with random weights add is made this much weaker."""
_SAMPLED = 160


def initial_network(faces: Faces) -> DslFiqa:
    """The full network before its training, fitted to the statistics of these pictures."""
    torch.manual_seed(SEED)
    network = build_network("paper")
    vit = network.tokens.vit
    basis = _cosines()
    with torch.no_grad():
        signed = _coefficients(faces, basis)
        basis *= (1.0 / signed.scale)[:, None, None, None]
        _embed(vit, basis)
        for block in vit.blocks:
            block.attn.proj.weight.mul_(_RANDOM)
            block.mlp.fc2.weight.mul_(_RANDOM)
        _energies(vit.blocks[0], signed.values / signed.scale[:, None])
        _means(vit.blocks[1].attn, vit.blocks[1].norm1)
        vit.blocks[5].mlp.fc2.bias[list(_ANCHORS)] -= torch.tensor([_ANCHOR, -_ANCHOR])
        _project(network)
        network.quality_head[2].bias.fill_(0.5)
    return network


class _Coefficients:
    """Cosine coefficients of a sample of tokens.

    Attributes:
        values: (380, tokens).
        scale: (380,), between the spread over good pictures and over all: noise must not drown
            what is fine.
    """

    def __init__(self, values: Tensor, good: Tensor) -> None:
        self.values = values.flatten(1)
        spreads = [part.square().mean((1, 2)).sqrt() for part in (values[:, good], values)]
        self.scale = 0.5 * (spreads[0] * spreads[1]).sqrt().clamp(min=1e-4)


def _coefficients(faces: Faces, basis: Tensor) -> _Coefficients:
    chosen = np.linspace(0, len(faces.labels) - 1, min(_SAMPLED, len(faces.labels))).astype(int)
    middle = slice(128, 384)
    windows: npt.NDArray[np.uint8] = faces.crops[chosen][:, middle, middle]
    values = nn.functional.conv2d(
        normalise(torch.from_numpy(np.ascontiguousarray(windows))), basis, stride=_TOKEN
    )
    labels = faces.labels[chosen]
    good = torch.from_numpy(labels >= np.quantile(labels, 0.8))
    return _Coefficients(values.flatten(2).transpose(0, 1), good)


def _cosines() -> Tensor:
    """(380, 3, 16, 16): the cosine transform's pictures, coarse first, for luma and chroma."""
    line = dct(np.eye(_TOKEN), norm="ortho", axis=0)
    order = sorted(range(_TOKEN**2), key=lambda n: (n // _TOKEN + n % _TOKEN, n))
    pictures = np.einsum("ay,bx->abyx", line, line).reshape(-1, _TOKEN, _TOKEN)[order]
    parts = [
        np.einsum("c,fyx->fcyx", np.array(colour), pictures[:count])
        for colour, count in zip(_COLOURS, _KEPT, strict=True)
    ]
    return torch.from_numpy(np.concatenate(parts).astype(np.float32))


def _embed(vit: nn.Module, basis: Tensor) -> None:
    """Coefficients and anchors, for the class token too."""
    embedding = vit.patch_embed.proj
    embedding.weight.zero_()
    embedding.weight[: len(basis)] = basis
    embedding.bias.zero_()
    vit.pos_embed[..., : _EMPTY + 1].zero_()
    vit.cls_token.zero_()
    for channel, value in zip(_ANCHORS, (_ANCHOR, -_ANCHOR), strict=True):
        embedding.bias[channel] = value
        vit.cls_token[..., channel] = value


def _undo(norm: nn.Module) -> None:
    """Let a layer norm give its input back, but for the mean that it subtracts."""
    norm.weight.fill_((2.0 * _ANCHOR**2 / len(norm.weight)) ** 0.5)


def _energies(block: nn.Module, coefficients: Tensor) -> None:
    """Let the first block's MLP put energies, standardised, in the coefficients' places.

    GELU is a ramp when its input is steep, and ``gelu(x) - gelu(-x) = x`` exactly.
    """
    block.attn.proj.weight.mul_(0.1)
    _undo(block.norm2)
    strong = coefficients.abs()
    energy = sum((strong / step).clamp(max=1.0) for step in _STEPS)
    mean, spread = energy.mean(1), energy.std(1).clamp(min=1e-3)
    first, last = block.mlp.fc1, block.mlp.fc2
    first.bias.zero_()
    last.weight[:, : _UNITS * _ENERGIES].zero_()
    channels = torch.arange(_ENERGIES)
    unit = 0
    for start, step in ((0.0, _STEPS[0]), *((step, step) for step in _STEPS)):
        steep = _SHARP / step
        for sign in (1.0, -1.0):
            rows = channels * _UNITS + unit
            unit += 1
            first.weight[rows] = 0.0
            first.weight[rows, channels] = sign * steep
            first.weight[rows, _EMPTY] = -sign * steep
            first.bias[rows] = -start * steep
            slope = -1.0 / start if start else sum(1.0 / each for each in _STEPS)
            gain = slope / spread - (0.0 if start else sign)
            last.weight[channels, rows] = gain / steep
    last.bias[:_ENERGIES] = -mean / spread


def _means(attention: nn.Module, norm: nn.Module) -> None:
    """Let an attention look evenly at all tokens and add the energies' means as new channels."""
    _undo(norm)
    size = attention.proj.out_features
    attention.qkv.weight[: 2 * size].mul_(0.01)
    values = attention.qkv.weight[2 * size :]
    values.zero_()
    channels = torch.arange(_ENERGIES)
    values[channels, channels] = 1.0
    values[channels, _EMPTY] = -1.0
    attention.proj.weight.zero_()
    attention.proj.weight[_ENERGIES + channels, channels] = 1.5


def _project(network: DslFiqa) -> None:
    """Means over the four blocks, then over neighbouring frequencies, to the decoder."""
    first, second, last = network.stage1.project, network.stage2.project, network.decoder_in
    size = first.out_channels
    kept = torch.arange(2 * _ENERGIES)
    first.weight[kept] = 0.0
    for number in range(first.in_channels // size):
        first.weight[kept, number * size + kept] = size / first.in_channels
    groups = [*frequency_groups((96, 32, 32), _ENERGIES), *frequency_groups((64, 16, 16), 0)]
    second.weight[: len(groups)] = 0.0
    for row, group in enumerate(groups):
        second.weight[row, group] = 1.0 / len(group)
    last.weight.zero_()
    for row in range(len(groups)):
        last.weight[row, row] = 1.0
    for layer in (first, second, last):
        layer.bias.zero_()


def frequency_groups(counts: tuple[int, int, int], start: int) -> list[list[int]]:
    """Channels of luma and both chromas in so many groups each: coarse alone, fine together."""
    groups = []
    for kept, count in zip(_KEPT, counts, strict=True):
        alone = count // 3
        fine = np.array_split(np.arange(alone, kept), count - alone)
        parts = [np.arange(n, n + 1) for n in range(alone)] + fine
        groups += [(start + part).tolist() for part in parts]
        start += kept
    return groups
