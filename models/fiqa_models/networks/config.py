"""The named configurations of DSL-FIQA, as data. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, Literal

PATCH_SIDE = 384
CROP_SIDE = 512
TOKEN_STRIDE = 16
MAX_LANDMARKS = 500
"""Identifiers a patch carries, as published: shorter lists are padded, longer ones thinned."""


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """Everything that decides the shape of a network.

    Attributes:
        name: the configuration's name, e.g. ``paper``.
        tokens: what turns pixels into a grid of tokens, ``vit`` or ``mobilenet``.
        token_channels: channels of that grid.
        stage_channels: channels of the two Swin stages.
        swin_hidden: hidden channels of the Swin MLPs, one for each stage.
        swin_layers: residual layers in each Swin stage, of two blocks each.
        swin_scale: weight of a Swin layer's output in its residual sum.
        swin_heads: attention heads of the Swin blocks.
        channel_blocks: channel-attention blocks before each stage.
        decoder_channels: channels of the decoder and of the degradation tokens' projection.
        decoder_blocks: cross-attention blocks.
        decoder_heads: their heads.
        decoder_hidden: hidden channels of the decoder's MLP.
        degradation: the degradation encoder: ``published``, ``small``, or ``texture`` (small too,
            with the energy of its filters).
        degradation_channels: channels of one degradation token.
        degradation_grid: rows and columns of degradation tokens.
        landmarks: identifiers of the landmark scheme (468: face mesh, 68: iBUG).
        guide: the landmark layer, ``published`` (110 M parameters), ``set`` or ``none``.
        positional_encoding: whether identifiers pass through sines and cosines (table 3, "PE").
        guide_quality: whether the quality head sees the guidance too (the published network:
            yes; the paper's text: only the confidence head).
        bounded: whether quality ends in a sigmoid ([0, 1]) instead of the published ReLU.
        shared_trunk: whether the grid of patches of one crop may share one pass over the crop.
        degradation_use: how the decoder uses the degradation tokens (table 3): ``attention``,
            ``concatenate`` ("DSL-cat") or ``none`` (tokens of zeros).
        context: what sets the level of the regional qualities: ``none``, themselves, as in the
            paper; ``by_view``, the picture's statistics, those of photos and of faces' crops each
            in their way (``context.py``; small backbone only).
    """

    name: str
    tokens: Literal["vit", "mobilenet"]
    token_channels: int
    stage_channels: tuple[int, int]
    swin_hidden: tuple[int, int]
    swin_layers: int
    swin_scale: float
    swin_heads: int
    channel_blocks: int
    decoder_channels: int
    decoder_blocks: int
    decoder_heads: int
    decoder_hidden: int
    degradation: Literal["published", "small", "texture"]
    degradation_channels: int
    degradation_grid: tuple[int, int]
    landmarks: int = 468
    guide: Literal["published", "set", "none"] = "published"
    positional_encoding: bool = True
    guide_quality: bool = True
    bounded: bool = False
    shared_trunk: bool = False
    degradation_use: Literal["attention", "concatenate", "none"] = "attention"
    context: Literal["none", "by_view"] = "none"

    def as_dict(self) -> dict[str, Any]:
        """Plain values for a manifest."""
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in asdict(self).items()
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> NetworkConfig:
        """The opposite of ``as_dict``.

        Raises:
            TypeError: for a field that is missing or unknown.
        """
        plain: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
        }
        return cls(**plain)


_PAPER = NetworkConfig(
    name="paper",
    tokens="vit",
    token_channels=3072,
    stage_channels=(768, 384),
    swin_hidden=(768, 768),
    swin_layers=2,
    swin_scale=0.13,
    swin_heads=4,
    channel_blocks=2,
    decoder_channels=256,
    decoder_blocks=3,
    decoder_heads=8,
    decoder_hidden=1024,
    degradation="published",
    degradation_channels=256,
    degradation_grid=(8, 12),
)

_STARTER = NetworkConfig(
    name="starter",
    tokens="mobilenet",
    token_channels=128,
    stage_channels=(96, 64),
    swin_hidden=(192, 128),
    swin_layers=1,
    swin_scale=0.5,
    swin_heads=4,
    channel_blocks=1,
    decoder_channels=64,
    decoder_blocks=1,
    decoder_heads=4,
    decoder_hidden=128,
    degradation="texture",
    degradation_channels=96,
    degradation_grid=(8, 8),
    guide="set",
    guide_quality=False,
    bounded=True,
    shared_trunk=True,
)

CONFIGS: MappingProxyType[str, NetworkConfig] = MappingProxyType(
    {config.name: config for config in (_PAPER, _STARTER)}
)
"""Configurations by name. Variations: ``dataclasses.replace(CONFIGS["starter"], guide="none")``."""
