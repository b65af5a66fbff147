"""Degradation encoders: what a face's pixels went through, as a few tokens (paper, section 3.2).

They are trained alone, by dual-set contrastive learning on ``forward``'s embedding, and frozen
while the quality network learns; the quality network receives ``tokens``.
"""

from __future__ import annotations

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


def build_degradation_encoder(config: NetworkConfig) -> DegradationEncoder:
    """The encoder a configuration names."""
    channels = config.degradation_channels
    if config.degradation == "published":
        # (channels, stride): 1.28 M parameters, full resolution for two layers.
        plan = [(64, 1), (64, 1), (128, 2), (128, 1), (channels, 2), (channels, 1)]
    else:
        # The same idea at a fiftieth of the cost: every layer halves, noise is seen by the first.
        plan = [(16, 2), (32, 2), (64, 2), (channels, 2)]
    layers: list[nn.Module] = []
    before = 3
    for after, stride in plan:
        layers += [
            nn.Conv2d(before, after, 3, stride=stride, padding=1),
            nn.BatchNorm2d(after),
            nn.LeakyReLU(0.1, inplace=True),
        ]
        before = after
    projection = nn.Sequential(
        nn.Linear(channels, channels), nn.LeakyReLU(0.1), nn.Linear(channels, channels)
    )
    return DegradationEncoder(nn.Sequential(*layers), projection, config.degradation_grid)


def no_degradation(config: NetworkConfig, batch: int, device: torch.device) -> Tensor:
    """Tokens of zeros, for the ablation without degradation learning (table 3, first row)."""
    rows, columns = config.degradation_grid
    return torch.zeros(batch, rows * columns, config.degradation_channels, device=device)
