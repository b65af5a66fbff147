"""Landmark guidance: which facial landmarks a patch shows tells the confidence head where it is.

Identifiers, not coordinates, are encoded (paper, section 3.3): the same number always means the
same point of the face, wherever the patch lies. A patch's identifiers travel as integers
(B, 500), padded with ``padding_id``.
"""

from __future__ import annotations

import contextlib
from collections import OrderedDict

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fiqa_models.networks.config import MAX_LANDMARKS, NetworkConfig

_FREQUENCIES = 10
_CODE = 1 + 2 * _FREQUENCIES


def padding_id(landmarks: int) -> int:
    """The identifier that fills a short list: the number of landmarks + 1, as published."""
    return landmarks + 1


def identifiers_inside(
    points: NDArray[np.float32],
    *,
    left: float,
    top: float,
    side: float,
    landmarks: int,
    generator: np.random.Generator | None = None,
) -> NDArray[np.int64]:
    """Identifiers (500,) of the points inside a square patch, bounds included, padded.

    Args:
        points: (N, 2) x, y in crop pixels; only the first ``landmarks`` count.
        left: left edge of the patch in crop pixels.
        top: top edge of the patch in crop pixels.
        side: side of the patch in pixels.
        landmarks: identifiers of the scheme.
        generator: draws 500 of more than 500 (the published way); without it the first 500 stay.
    """
    used = points[:landmarks]
    inside = (
        (used[:, 0] >= left)
        & (used[:, 0] <= left + side)
        & (used[:, 1] >= top)
        & (used[:, 1] <= top + side)
    )
    identifiers = np.flatnonzero(inside)
    if len(identifiers) > MAX_LANDMARKS:
        if generator is None:
            identifiers = identifiers[:MAX_LANDMARKS]
        else:
            identifiers = generator.choice(identifiers, MAX_LANDMARKS, replace=False)
    padded = np.full(MAX_LANDMARKS, padding_id(landmarks), np.int64)
    padded[: len(identifiers)] = identifiers
    return padded


def positional_encoding(x: Tensor) -> Tensor:
    """x, then sin(2^k x), cos(2^k x) for k = 0..9, concatenated on the last axis."""
    parts = [x]
    for k in range(_FREQUENCIES):
        parts += [torch.sin(2.0**k * x), torch.cos(2.0**k * x)]
    return torch.cat(parts, -1)


class PublishedGuide(nn.Module):
    """The published landmark layer: all codes of a patch through one dense 10500 x 10500 layer.

    It holds 110 M of the network's 251 M parameters. When scoring, identical identifier sets
    are answered from a small cache, and a batch computes each of its sets once.
    """

    _REMEMBERED = 512

    def __init__(self, landmarks: int, positions: int, *, encode: bool) -> None:
        super().__init__()
        width = MAX_LANDMARKS * (_CODE if encode else 1)
        self.landmarks = landmarks
        self.encode = encode
        self.expand = nn.Linear(width, width)
        self.reduce = nn.Linear(width, positions)
        self._known: OrderedDict[bytes, Tensor] = OrderedDict()

    def forward(self, identifiers: Tensor, height: int, width: int) -> Tensor:
        """Identifiers (B, 500) to one number a token (B, H * W)."""
        if height * width != self.reduce.out_features:
            raise ValueError(f"the published landmark layer has {self.reduce.out_features} tokens")
        if torch.is_grad_enabled() or self.training:
            self.forget()
            return self._compute(identifiers)
        keys = [row.tobytes() for row in identifiers.cpu().numpy()]
        # Several threads may score at once: each step on the memory is one that another cannot
        # interrupt, and what was found stays ours. A lock could not be copied with the network.
        found = {key: self._known.pop(key, None) for key in dict.fromkeys(keys)}
        missing = {key: index for index, key in enumerate(keys) if found[key] is None}
        if missing:
            fresh = self._compute(identifiers[list(missing.values())])
            found.update(zip(missing, fresh, strict=True))
        for key, guidance in found.items():
            if guidance is not None:
                self._known[key] = guidance  # as the latest
        while len(self._known) > self._REMEMBERED:
            with contextlib.suppress(KeyError):
                self._known.popitem(last=False)
        return torch.stack([answer for key in keys if (answer := found[key]) is not None])

    def forget(self) -> None:
        """Empty the memory, as after a change of weights."""
        self._known.clear()

    def _compute(self, identifiers: Tensor) -> Tensor:
        ids = identifiers.double() if identifiers.device.type != "mps" else identifiers.float()
        low = ids.amin(1, keepdim=True)
        high = ids.amax(1, keepdim=True)
        x = ((ids - low) / (high - low + 1e-6) * 2 - 1).to(self.expand.weight.dtype)
        if self.encode:
            x = positional_encoding(x)
        return torch.sigmoid(self.reduce(torch.relu(self.expand(x))))


class SetGuide(nn.Module):
    """A small landmark layer: codes of the visible identifiers, averaged, to a map of tokens.

    The map is made on a 24 x 24 grid and resampled to the grid at hand.
    """

    _SIDE = 24

    def __init__(self, landmarks: int, *, encode: bool, channels: int = 64) -> None:
        super().__init__()
        self.landmarks = landmarks
        self.encode = encode
        self.each = nn.Sequential(nn.Linear(_CODE if encode else 1, channels), nn.GELU())
        self.together = nn.Sequential(
            nn.Linear(channels + 1, 2 * channels),
            nn.GELU(),
            nn.Linear(2 * channels, self._SIDE**2),
            nn.Sigmoid(),
        )

    def forward(self, identifiers: Tensor, height: int, width: int) -> Tensor:
        """Identifiers (B, 500) to one number a token (B, H * W)."""
        # Every identifier is coded once, whatever the number of patches that show it.
        numbers = torch.arange(self.landmarks, device=identifiers.device, dtype=torch.float32)
        x = (numbers / (self.landmarks - 1) * 2 - 1)[:, None]
        codes = self.each(positional_encoding(x) if self.encode else x)
        visible = torch.zeros(len(identifiers), padding_id(self.landmarks) + 1, device=x.device)
        visible.scatter_(1, identifiers.clamp(0, padding_id(self.landmarks)), 1.0)
        visible = visible[:, : self.landmarks]
        count = visible.sum(1, keepdim=True)
        mean = visible @ codes / count.clamp(min=1)
        field = self.together(torch.cat([mean, count / self.landmarks], 1))
        if (height, width) == (self._SIDE, self._SIDE):
            guidance: Tensor = field
            return guidance
        field = field.view(-1, 1, self._SIDE, self._SIDE)
        return nn.functional.interpolate(
            field, (height, width), mode="bilinear", align_corners=False
        ).flatten(1)


def build_guide(config: NetworkConfig, positions: int) -> nn.Module | None:
    """The landmark layer a configuration names; None for the ablation without it."""
    if config.guide == "published":
        return PublishedGuide(config.landmarks, positions, encode=config.positional_encoding)
    if config.guide == "set":
        return SetGuide(config.landmarks, encode=config.positional_encoding)
    return None
