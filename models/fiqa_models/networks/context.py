"""What the whole picture says of its level of quality: second-order statistics of its features.

People judge a region by the picture it stands in, and a few hundred rated photos are too few to
teach that to an attention network. Bilinear pooling carries it (Zhang, Ma, Yan, Deng and Wang,
"Blind Image Quality Assessment Using a Deep Bilinear Convolutional Neural Network", 2020): the
mean of every channel and the products of channels of one stage, averaged over the picture. On
these a quadratic regression is solved in closed form (`fiqa_training.starter.scene_context`).

There are two views, each with a regression of its own. A whole photo is judged evenly, as people
judge photos. A face's crop is an enlarged part of a photo, soft by that alone, and what counts in
it is the face: its statistics are taken under a window that leaves hair, clothes and background,
two thirds of the crop, a third of the weight.

The regional qualities keep their differences; the context only moves their common level.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

View = Literal["photo", "face"]

STAGES: tuple[tuple[int, int, int], ...] = (
    (0, 144, 64),
    (144, 208, 64),
    (208, 304, 96),
    (304, 464, 64),
    (464, 784, 64),
)
"""(first, end, components) of the token pyramid's stages; fewer components than channels are
principal ones."""
CHANNELS = STAGES[-1][1]
_PRODUCTS = tuple(kept * (kept + 1) // 2 for _, _, kept in STAGES)
STATISTICS = CHANNELS + sum(_PRODUCTS)
COMPONENTS = 240
"""Principal components of the statistics that the regression sees."""
_LEAST, _MOST = 0.03, 0.97
_NEWTON_STEPS = 4
_CENTRE = (0.5, 0.58)
_RADII = (0.27, 0.36)
_SURROUNDINGS = 0.3
"""Weight of a place outside the face; all of them together have a little over a third."""


def face_window(height: int, width: int) -> Tensor:
    """(height * width,) weights of the places of an aligned crop, 1 in sum.

    A soft ellipse around the face (the eyes lie in the middle of the crop), on low ground.
    """
    y = (torch.arange(height) + 0.5) / height
    x = (torch.arange(width) + 0.5) / width
    down = ((y - _CENTRE[1]) / _RADII[1]).square()
    across = ((x - _CENTRE[0]) / _RADII[0]).square()
    inside = (1.6 - down[:, None] - across[None, :]).clamp(0, 1)
    window = (_SURROUNDINGS + (1 - _SURROUNDINGS) * inside).flatten()
    return window / window.sum()


def levelled(logits: Tensor, confidence: Tensor, context: Tensor) -> Tensor:
    """Regional qualities on the level that the context says.

    All regions of a picture move by one number, such that their weighted mean, the score, becomes
    what the context says.

    Args:
        logits: (B, N) of the regional qualities.
        confidence: (B, N) in [0, 1].
        context: (B,) logits of the score.

    Returns:
        (B, N) qualities in [0, 1].
    """
    weight = confidence / confidence.sum(1, keepdim=True).clamp(min=1e-12)
    wanted = torch.sigmoid(context)
    move = context - _logit((torch.sigmoid(logits) * weight).sum(1))
    # The mean of bent values is not the bent mean: Newton's steps make up the difference.
    for _ in range(_NEWTON_STEPS):
        quality = torch.sigmoid(logits + move.unsqueeze(1))
        slope = (quality * (1 - quality) * weight).sum(1).clamp(min=1e-3)
        move = move + ((wanted - (quality * weight).sum(1)) / slope).clamp(-1.0, 1.0)
    return torch.sigmoid(logits + move.unsqueeze(1))


def _logit(share: Tensor) -> Tensor:
    return torch.logit(share.clamp(1e-4, 1 - 1e-4))


class SceneContext(nn.Module):
    """From a token pyramid to one logit of quality a picture. Solved, not learned by steps.

    Attributes:
        view: ``photo``, every place counts alike; ``face``, see `face_window`.
    """

    def __init__(self, view: View = "photo") -> None:
        super().__init__()
        self.view = view
        for index, (first, end, kept) in enumerate(STAGES):
            if kept < end - first:
                self.register_buffer(f"centre{index}", torch.zeros(end - first, 1))
                self.register_buffer(f"basis{index}", torch.zeros(kept, end - first))
        self.register_buffer("mean", torch.zeros(STATISTICS))
        self.register_buffer("projection", torch.zeros(COMPONENTS, STATISTICS, dtype=torch.float16))
        self.register_buffer("quadratic", torch.zeros(COMPONENTS, COMPONENTS))
        self.register_buffer("linear", torch.zeros(COMPONENTS))
        self.register_buffer("bias", torch.zeros(()))
        self.mean: Tensor
        self.projection: Tensor
        self.quadratic: Tensor
        self.linear: Tensor
        self.bias: Tensor

    def statistics(self, pyramid: Tensor) -> Tensor:
        """Of standardised pyramids (B, 784, H, W): (B, 13760) means and roots of products."""
        tokens = pyramid.flatten(2).float()
        if self.view == "face":
            window = face_window(*pyramid.shape[2:]).to(tokens.device)
        else:
            window = tokens.new_full((tokens.shape[2],), 1 / tokens.shape[2])
        parts = [tokens @ window]
        for index, (first, end, kept) in enumerate(STAGES):
            stage = tokens[:, first:end]
            if kept < end - first:
                basis = self.get_buffer(f"basis{index}")
                stage = basis @ (stage - self.get_buffer(f"centre{index}"))
            products = (stage * window) @ stage.transpose(1, 2)
            row, column = torch.triu_indices(kept, kept, device=products.device)
            upper = products[:, row, column]
            # The signed root, usual with bilinear pooling, tames products of large values.
            parts.append(torch.sign(upper) * torch.sqrt(upper.abs()))
        return torch.cat(parts, 1)

    def forward(self, pyramid: Tensor) -> Tensor:
        """Pyramids (B, 784, H, W) to logits (B,); always computed in float32."""
        with torch.autocast(pyramid.device.type, enabled=False):
            return self.judge(self.statistics(pyramid))

    def judge(self, statistics: Tensor) -> Tensor:
        """Statistics (B, 13760) to logits (B,)."""
        z = (statistics - self.mean) @ self.projection.float().T
        value = ((z @ self.quadratic) * z).sum(1) + z @ self.linear + self.bias
        return torch.logit(value.clamp(_LEAST, _MOST))


class ContextByView(nn.Module):
    """The context of photos, and the one of faces.

    Attributes:
        photo: for pictures in which no landmarks are seen.
        face: for the crops of faces.
    """

    def __init__(self) -> None:
        super().__init__()
        self.photo = SceneContext("photo")
        self.face = SceneContext("face")

    def forward(self, pyramid: Tensor, faces: Tensor) -> Tensor:
        """Pyramids (B, 784, H, W) to logits (B,); `faces` (B,) says which are crops of faces."""
        logits = pyramid.new_zeros(len(pyramid), dtype=torch.float32)
        for view, pick in ((self.face, faces), (self.photo, ~faces)):
            if pick.all():
                judged: Tensor = view(pyramid)
                return judged
            if pick.any():
                logits[pick] = view(pyramid[pick])
        return logits
