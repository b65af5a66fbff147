"""Degradation encoders: what a face's pixels went through, as a few tokens (paper, section 3.2).

They are trained alone, by dual-set contrastive learning on ``forward``'s embedding, and frozen
while the quality network learns; the quality network receives ``tokens``.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from fiqa_models.networks.config import NetworkConfig


class DegradationEncoder(nn.Module):
    """Convolutions, pooled to a small grid of tokens, and the contrastive embedding.

    Attributes:
        convolutions: pixels to features.
        projection: mean token to embedding; not used when scoring.
        grid: rows and columns of tokens.
        channels: channels of a token and of the embedding.
    """

    def __init__(
        self, convolutions: nn.Sequential, projection: nn.Sequential, grid: tuple[int, int]
    ) -> None:
        super().__init__()
        self.convolutions = convolutions
        self.projection = projection
        self.grid = grid

    def tokens(self, images: Tensor) -> Tensor:
        """Degradation tokens (B, rows * columns, C), row-major, of images (B, 3, H, W)."""
        pooled = functional.adaptive_avg_pool2d(self.convolutions(images), self.grid)
        return pooled.flatten(2).transpose(1, 2)

    def embed(self, tokens: Tensor) -> Tensor:
        """Embedding (B, C) of tokens (B, N, C).

        The published weights hold the projection but not its use: we feed it the mean token.
        """
        embedding: Tensor = self.projection(tokens.mean(1))
        return embedding

    def forward(self, images: Tensor) -> Tensor:
        """Embedding (B, C) of images (B, 3, H, W) normalised to [-1, 1], any size >= 64."""
        return self.embed(self.tokens(images))


class FilterEnergies(nn.Module):
    """Filters of four scales, with the energy of each: pixels to features (B, C, H / 16, W / 16).

    Blur, noise and blocks show in how strongly fine filters answer, not in their mean answer. So
    every scale takes part with the mean and the logarithm of the standard deviation of each filter
    under a token. A mean alone must first learn filters whose mean tells as much, which takes many
    more steps.

    Attributes:
        width: C.
    """

    _CHANNELS = (16, 32, 64, 64)

    def __init__(self) -> None:
        super().__init__()
        self.scales = nn.ModuleList()
        before = 3
        for after in self._CHANNELS:
            self.scales.append(nn.Sequential(*_convolution(before, after, 2)))
            before = after
        self.width = 2 * sum(self._CHANNELS[:-1]) + self._CHANNELS[-1]

    def forward(self, images: Tensor) -> Tensor:
        """Images (B, 3, H, W), sides multiples of 16, to features (B, C, H / 16, W / 16)."""
        x, parts = images, []
        for number, scale in enumerate(self.scales, start=1):
            x = scale(x)
            window = 2 ** (len(self.scales) - number)
            if window == 1:
                parts.append(x)
                continue
            mean = functional.avg_pool2d(x, window)
            energy = functional.avg_pool2d(x.square(), window) - mean.square()
            parts += [mean, 0.5 * torch.log(energy.clamp(min=0) + 1e-4)]
        return torch.cat(parts, 1)


def _convolution(before: int, after: int, stride: int) -> list[nn.Module]:
    return [
        nn.Conv2d(before, after, 3, stride=stride, padding=1),
        nn.BatchNorm2d(after),
        nn.LeakyReLU(0.1, inplace=True),
    ]


def build_degradation_encoder(config: NetworkConfig) -> DegradationEncoder:
    """The encoder a configuration names."""
    channels = config.degradation_channels
    if config.degradation == "texture":
        filters = FilterEnergies()
        width = filters.width
        # Standardised, then mixed by one layer.
        mix = [nn.BatchNorm2d(width), nn.Conv2d(width, channels, 1), nn.LeakyReLU(0.1)]
        convolutions = nn.Sequential(filters, *mix)
    elif config.degradation == "published":
        # 1.28 M parameters, full resolution for two layers.
        plan = [(64, 1), (64, 1), (128, 2), (128, 1), (channels, 2), (channels, 1)]
        convolutions = _plain(plan)
    else:
        # The same idea at a fiftieth of the cost: every layer halves, noise is seen by the first.
        convolutions = _plain([(16, 2), (32, 2), (64, 2), (channels, 2)])
    projection = nn.Sequential(
        nn.Linear(channels, channels), nn.LeakyReLU(0.1), nn.Linear(channels, channels)
    )
    return DegradationEncoder(convolutions, projection, config.degradation_grid)


def _plain(plan: Sequence[tuple[int, int]]) -> nn.Sequential:
    """Convolutions one after another, each (channels, stride) with batch norm, as published."""
    layers: list[nn.Module] = []
    before = 3
    for after, stride in plan:
        layers += _convolution(before, after, stride)
        before = after
    return nn.Sequential(*layers)


def no_degradation(config: NetworkConfig, batch: int, device: torch.device) -> Tensor:
    """Tokens of zeros, for the ablation without degradation learning (table 3, first row)."""
    rows, columns = config.degradation_grid
    return torch.zeros(batch, rows * columns, config.degradation_channels, device=device)
