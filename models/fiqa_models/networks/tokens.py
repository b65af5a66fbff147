"""From pixels to a grid of tokens at stride 16: the vision transformer or the small backbone."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from timm import create_model
from torch import Tensor, nn
from torch.nn import functional

from fiqa_models.networks.config import NetworkConfig

_CONCATENATED_BLOCKS = (6, 7, 8, 9)


class ViTTokens(nn.Module):
    """The outputs of four consecutive blocks of ViT-B/16 at 384, side by side (section 3.1)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        # The classifier and the last blocks exist in the published file; see remap.py.
        self.vit: Any = create_model(
            "vit_base_patch16_384", num_classes=0, depth=_CONCATENATED_BLOCKS[-1] + 1
        )
        self.vit.norm = nn.Identity()
        if channels != len(_CONCATENATED_BLOCKS) * self.vit.embed_dim:
            raise ValueError(f"a ViT-B token grid has 3072 channels, not {channels}")

    def forward(self, images: Tensor) -> Tensor:
        """Images (B, 3, 384, 384) to a map (B, 3072, 24, 24)."""
        parts: list[Tensor] = self.vit.forward_intermediates(
            images,
            indices=list(_CONCATENATED_BLOCKS),
            intermediates_only=True,
            output_fmt="NLC",
        )
        # Channels stay last in memory, as published: what follows rounds by its layout.
        tokens = torch.cat(parts, 2).transpose(1, 2)
        return tokens.view(*tokens.shape[:2], *self.vit.patch_embed.grid_size)


class MobileNetTokens(nn.Module):
    """Features of every stage of MobileNetV2 on the stride-16 grid, fused to few channels.

    Quality is in fine texture, so the early stages (stride 2, 4, 8) take part with the mean and
    the logarithm of the standard deviation of each channel under a token; the stages of stride 16
    take part as they are, those of stride 32 enlarged: 784 channels, standardised by ``shift`` and
    ``scale``, then 1x1 to ``channels``.

    The work is in two halves, so that a training may keep what the first gives on disk and learn
    the second: ``shallow`` (pixels to texture and the first stage of stride 16) and ``deep``.

    To start a training: ``load_backbone`` with the ImageNet weights, then ``calibrate`` with a
    few hundred normalised images. Both end up in the network's checkpoint; scoring needs
    neither. The backbone's batch norm stays in evaluation mode, also in training mode.
    """

    _TEXTURE = (16, 24, 32)
    _PLAIN = (64, 96, 160, 320)
    _SHALLOW = 4
    """Stages of ``shallow``: three of texture, and the one that ``deep`` starts from."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        # "same" padding is what the weights were made with; symmetric padding costs 9 points.
        self.backbone: Any = create_model(
            "mobilenetv2_100", features_only=True, pad_type="same", out_indices=(0, 1, 2, 3, 4)
        )
        width = 2 * sum(self._TEXTURE) + sum(self._PLAIN)
        self.register_buffer("shift", torch.zeros(width, 1, 1))
        self.register_buffer("scale", torch.ones(width, 1, 1))
        self.fuse = nn.Conv2d(width, channels, 1)
        self.shift: Tensor
        self.scale: Tensor

    @property
    def shallow_channels(self) -> int:
        """Channels of what ``shallow`` gives: texture, then the map ``deep`` starts from."""
        return 2 * sum(self._TEXTURE) + self._PLAIN[0]

    @property
    def deep_stages(self) -> nn.Module:
        """The stages of the backbone that ``deep`` runs."""
        stages: nn.Module = self.backbone.blocks[self._SHALLOW :]
        return stages

    def train(self, mode: bool = True) -> MobileNetTokens:
        """Training mode for everything but the backbone's batch norm."""
        super().train(mode)
        for module in self.backbone.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self

    def load_backbone(self, path: Path) -> None:
        """ImageNet weights from a safetensors file of ``mobilenetv2_100``.

        Raises:
            RuntimeError: where the file lacks a tensor or holds one of another shape.
        """
        state = {key: value for key, value in load_file(path).items() if not key.startswith("bn2.")}
        state = {k: v for k, v in state.items() if not k.startswith(("conv_head", "classifier"))}
        self.backbone.load_state_dict(state, strict=True)

    @torch.no_grad()
    def calibrate(self, batches: Iterable[Tensor]) -> None:
        """Measure the shift and scale that standardise each channel, on normalised images."""
        count = 0
        total = torch.zeros_like(self.shift, dtype=torch.float64)
        squares = torch.zeros_like(total)
        for images in batches:
            features = self._pyramid(self.shallow(images)).double()
            count += features.shape[0] * features.shape[2] * features.shape[3]
            total += features.sum((0, 2, 3)).view_as(total)
            squares += features.square().sum((0, 2, 3)).view_as(total)
        mean = total / count
        self.shift.copy_(mean)
        self.scale.copy_((squares / count - mean.square()).clamp(min=1e-4).rsqrt())

    def shallow(self, images: Tensor) -> Tensor:
        """Images (B, 3, H, W), sides multiples of 32, to a map (B, 208, H / 16, W / 16)."""
        x = self.backbone.bn1(self.backbone.conv_stem(images))
        parts: list[Tensor] = []
        for index, stage in enumerate(self.backbone.blocks[: self._SHALLOW]):
            x = stage(x)
            if index < len(self._TEXTURE):
                window = 2 ** (len(self._TEXTURE) - index)
                mean = functional.avg_pool2d(x, window)
                energy = functional.avg_pool2d(x.square(), window) - mean.square()
                parts += [mean, 0.5 * torch.log(energy.clamp(min=0) + 1e-4)]
        return torch.cat([*parts, x], 1)

    def deep(self, shallow: Tensor) -> Tensor:
        """What ``shallow`` gave to the standardised pyramid (B, 784, H / 16, W / 16)."""
        return (self._pyramid(shallow) - self.shift) * self.scale

    def pyramid(self, images: Tensor) -> Tensor:
        """Images (B, 3, H, W), sides multiples of 32, to the pyramid (B, 784, H / 16, W / 16)."""
        return self.deep(self.shallow(images))

    def fused(self, pyramid: Tensor) -> Tensor:
        """A pyramid to tokens (B, C, H / 16, W / 16)."""
        return functional.gelu(self.fuse(pyramid))

    def forward(self, images: Tensor) -> Tensor:
        """Images (B, 3, H, W), sides multiples of 32, to tokens (B, C, H / 16, W / 16)."""
        return self.fused(self.pyramid(images))

    def _pyramid(self, shallow: Tensor) -> Tensor:
        x = shallow[:, -self._PLAIN[0] :]
        parts = [shallow]
        for stage in self.backbone.blocks[self._SHALLOW :]:
            x = stage(x)
            enlarged = shallow.shape[-1] // x.shape[-1]
            parts.append(
                x if enlarged == 1 else functional.interpolate(x, scale_factor=2.0, mode="nearest")
            )
        return torch.cat(parts, 1)


def build_tokens(config: NetworkConfig) -> ViTTokens | MobileNetTokens:
    """The token grid a configuration names."""
    if config.tokens == "vit":
        return ViTTokens(config.token_channels)
    return MobileNetTokens(config.token_channels)
