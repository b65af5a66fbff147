"""DSL-FIQA: quality of a face image by degradation tokens and landmark guidance.

Chen et al., "DSL-FIQA: Assessing Facial Image Quality via Dual-Set Degradation Learning and
Landmark-Guided Transformer", CVPR 2024. Written from the paper and from measured facts about the
published network; see ``remap.py`` for the published weights.

    patch -> token grid -> channel attention -> Swin -> channel attention -> Swin
          -> cross-attention with the degradation tokens
          -> quality of each region, confidence of each region (guided by landmarks)
    score = sum(quality * confidence) / sum(confidence)

How to train the ``starter``::

    network = build_network("starter")
    network.tokens.load_backbone(path_of_mobilenetv2_100_imagenet_safetensors)
    network.tokens.calibrate(batches_of_normalised_images)
    # 1. network.degradation alone, by dual-set contrastive learning on its embeddings;
    # 2. freeze it (network.degradation.requires_grad_(False).eval()) and train the rest on
    #    network(patches, landmark_ids).score, or on network.grid(crops, origins, ids) which
    #    shares one pass over a crop between its patches, exactly as when scoring.
    save the whole state_dict with fiqa_models.weights.save_checkpoint
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from fiqa_models.networks.blocks import DecoderBlock, build_stage
from fiqa_models.networks.config import CONFIGS, PATCH_SIDE, TOKEN_STRIDE, NetworkConfig
from fiqa_models.networks.context import ContextByView, levelled
from fiqa_models.networks.degradation import build_degradation_encoder, no_degradation
from fiqa_models.networks.landmarks import build_guide, padding_id
from fiqa_models.networks.tokens import build_tokens

_SIDE = PATCH_SIDE // TOKEN_STRIDE


@dataclass(frozen=True)
class Output:
    """What the network says of B patches.

    Attributes:
        score: (B,) weighted mean of quality.
        quality: (B, 24, 24) regional quality.
        confidence: (B, 24, 24) regional confidence in [0, 1].
        embedding: (B, D) degradation embedding.
        degradation_tokens: (B, n, D) degradation tokens.
    """

    score: Tensor
    quality: Tensor
    confidence: Tensor
    embedding: Tensor
    degradation_tokens: Tensor


class RegionHead(nn.Sequential):
    """Two linear layers that turn a token into one number."""

    def __init__(self, channels: int, last: nn.Module) -> None:
        super().__init__(nn.Linear(channels, channels), nn.ReLU(), nn.Linear(channels, 1), last)

    def logits(self, tokens: Tensor) -> Tensor:
        """What the last function makes the number of: tokens (B, N, C) to (B, N, 1)."""
        for layer in list(self)[:-1]:
            tokens = layer(tokens)
        return tokens


class DslFiqa(nn.Module):
    """The whole network of the paper.

    Attributes:
        config: what it was built from.
        degradation: the degradation encoder, usable alone.
        tokens: pixels to tokens.
        stage1, stage2: channel attention, projection and Swin layers.
        decoder_in, decoder: cross-attention with the degradation tokens.
        guide: the landmark layer, or None.
        quality_head, confidence_head: the two regional heads.
        context: what sets the level of the regional qualities, or None (as in the paper).
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.degradation = build_degradation_encoder(config)
        self.tokens = build_tokens(config)
        self.stage1 = build_stage(config, 0, side=_SIDE)
        self.stage2 = build_stage(config, 1, side=_SIDE)
        self.decoder_in = nn.Conv2d(config.stage_channels[1], config.decoder_channels, 1)
        self.decoder = nn.ModuleList(DecoderBlock(config) for _ in range(config.decoder_blocks))
        self.guide = build_guide(config, _SIDE**2)
        plain = config.decoder_channels
        guided = plain + (self.guide is not None)
        self.quality_head = RegionHead(
            guided if config.guide_quality else plain,
            nn.Sigmoid() if config.bounded else nn.ReLU(),
        )
        self.confidence_head = RegionHead(guided, nn.Sigmoid())
        self.context = ContextByView() if config.context == "by_view" else None

    def forward(
        self,
        patches: Tensor,
        landmark_ids: Tensor | None = None,
        degradation_tokens: Tensor | None = None,
    ) -> Output:
        """Score patches.

        Args:
            patches: (B, 3, 384, 384), RGB, normalised to [-1, 1].
            landmark_ids: (B, 500) integers from ``landmarks.identifiers_inside``; may be left
                out only where the network has no guide.
            degradation_tokens: (B, n, D), where they are known already (a frozen encoder).
        """
        known = degradation_tokens
        tokens = self._degradation_tokens(patches) if known is None else known
        decoded, context = self._trunk(patches, tokens, self._faces(landmark_ids, len(patches)))
        quality, confidence = self._heads(decoded, landmark_ids, context)
        return _output(quality, confidence, self.degradation.embed(tokens), tokens)

    def grid(
        self, crops: Tensor, origins: Sequence[tuple[int, int]], landmark_ids: Tensor | None
    ) -> Output:
        """Score P patches of each crop; row b * P + p of the output is patch p of crop b.

        Where the configuration allows it (``shared_trunk``) one pass over the crop serves all
        its patches and only the heads, which see each patch's own landmarks, run for each.

        Args:
            crops: (B, 3, H, W) normalised to [-1, 1].
            origins: (left, top) of each patch in pixels, multiples of 16.
            landmark_ids: (B * P, 500).
        """
        if not self.config.shared_trunk:
            patches = [
                crops[:, :, top : top + PATCH_SIDE, left : left + PATCH_SIDE]
                for left, top in origins
            ]
            return self.forward(torch.stack(patches, 1).flatten(0, 1), landmark_ids)
        tokens = self._degradation_tokens(crops)
        decoded, context = self._trunk(crops, tokens, self._faces(landmark_ids, len(crops)))
        windows = [
            decoded[:, :, y : y + _SIDE, x : x + _SIDE]
            for x, y in ((left // TOKEN_STRIDE, top // TOKEN_STRIDE) for left, top in origins)
        ]
        count = len(origins)
        if context is not None:
            context = context.repeat_interleave(count, 0)
        quality, confidence = self._heads(
            torch.stack(windows, 1).flatten(0, 1), landmark_ids, context
        )
        return _output(
            quality,
            confidence,
            self.degradation.embed(tokens).repeat_interleave(count, 0),
            tokens.repeat_interleave(count, 0),
        )

    def _degradation_tokens(self, images: Tensor) -> Tensor:
        if self.config.degradation_use == "none":
            return no_degradation(self.config, len(images), images.device)
        return self.degradation.tokens(images)

    def _faces(self, landmark_ids: Tensor | None, count: int) -> Tensor | None:
        """(B,) which of B pictures are crops of faces: those that show a landmark."""
        if self.context is None or landmark_ids is None:
            return None
        seen = landmark_ids != padding_id(self.config.landmarks)
        return seen.view(count, -1).any(1)

    def _trunk(
        self, images: Tensor, degradation_tokens: Tensor, faces: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        """Everything before the heads: a map (B, C, H / 16, W / 16), and the context (B,)."""
        context = None
        if self.context is None:
            x = self.tokens(images)
        else:
            grid: Any = self.tokens  # the small backbone, or what stands for it
            pyramid = grid.pyramid(images)
            if faces is None:
                faces = torch.zeros(len(images), dtype=torch.bool, device=images.device)
            context = self.context(pyramid, faces)
            x = grid.fused(pyramid)
        x = self.stage2(self.stage1(x))
        x = self.decoder_in(x)
        height, width = x.shape[-2:]
        x = x.flatten(2).transpose(1, 2)
        for block in self.decoder:
            x = block(x, degradation_tokens, height, width)
        decoded: Tensor = x.transpose(1, 2).reshape(x.shape[0], -1, height, width)
        return decoded, context

    def _heads(
        self, decoded: Tensor, landmark_ids: Tensor | None, context: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Quality and confidence (B, H, W) of a decoded map (B, C, H, W)."""
        height, width = decoded.shape[-2:]
        plain = decoded.flatten(2).transpose(1, 2)
        guided = plain
        if self.guide is not None:
            if landmark_ids is None:
                raise ValueError("this network is guided by landmarks: landmark_ids is missing")
            guidance = self.guide(landmark_ids, height, width)
            guided = torch.cat([plain, guidance.unsqueeze(2).to(plain.dtype)], 2)
        confidence = self.confidence_head(guided)
        seen = guided if self.config.guide_quality else plain
        if context is None:
            quality = self.quality_head(seen)
        else:
            logits = self.quality_head.logits(seen)[..., 0]
            weight = confidence[..., 0]
            quality = levelled(logits, weight, context)
        return quality.view(-1, height, width), confidence.view(-1, height, width)


def _output(quality: Tensor, confidence: Tensor, embedding: Tensor, tokens: Tensor) -> Output:
    weight = confidence.float()
    # A patch where confidence vanishes everywhere keeps a finite score.
    total = weight.sum((1, 2)).clamp(min=1e-12)
    score = (quality.float() * weight).sum((1, 2)) / total
    return Output(score, quality, confidence, embedding, tokens)


def build_network(name: str | NetworkConfig, **changes: object) -> DslFiqa:
    """A fresh network of a named configuration, with some of its fields changed.

    Raises:
        KeyError: for an unknown name.
    """
    config = CONFIGS[name] if isinstance(name, str) else name
    return DslFiqa(replace(config, **changes))  # type: ignore[arg-type]  # checked by replace


def normalise(crops: Tensor) -> Tensor:
    """Crops uint8 (B, H, W, 3) to the network's input: float (B, 3, H, W) in [-1, 1]."""
    return crops.permute(0, 3, 1, 2).float().div_(127.5).sub_(1.0)
