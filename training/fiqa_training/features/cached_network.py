"""The starter network on cached features: the same code, without the parts that stay frozen.

The network is the one that scores; only its token and degradation modules are replaced by ones
that read cached features, so that `DslFiqa.grid` runs exactly as it will when scoring.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from fiqa_models.networks import CROP_SIDE, PATCH_SIDE, DslFiqa, identifiers_inside
from fiqa_models.networks.tokens import MobileNetTokens
from fiqa_training.features.feature_cache import TOKEN, Group, mobilenet_tokens

PATCH_TOKENS = PATCH_SIDE // TOKEN
_LAST = CROP_SIDE - PATCH_SIDE
CORNERS = ((0, 0), (_LAST, 0), (0, _LAST), (_LAST, _LAST))
"""Origins (left, top) of the patches that validation scores."""


class _CachedTokens(nn.Module):
    """Stands for the token module: the backbone's first stages have run already."""

    def __init__(self, tokens: MobileNetTokens) -> None:
        super().__init__()
        self.whole = tokens

    def pyramid(self, packed: Tensor) -> Tensor:
        return self.whole.deep(packed[:, : self.whole.shallow_channels])

    def fused(self, pyramid: Tensor) -> Tensor:
        return self.whole.fused(pyramid)

    def forward(self, packed: Tensor) -> Tensor:
        return self.fused(self.pyramid(packed))


class _CachedDegradation(nn.Module):
    """Stands for the degradation encoder: its convolutions have run already."""

    def __init__(self, encoder: nn.Module, channels: int, grid: tuple[int, int]) -> None:
        super().__init__()
        self.embed = encoder.embed
        self.channels = channels
        self.grid = grid

    def tokens(self, packed: Tensor) -> Tensor:
        pooled = functional.adaptive_avg_pool2d(packed[:, self.channels :], self.grid)
        return pooled.flatten(2).transpose(1, 2)


def borrowed(network: DslFiqa) -> DslFiqa:
    """A second network of the same parts and weights, some of which may then be replaced."""
    view = DslFiqa.__new__(DslFiqa)
    nn.Module.__init__(view)
    view.config = network.config
    # Parts that a network lacks are no children; the view lacks them too.
    view.guide, view.context = network.guide, network.context
    for name, module in network.named_children():
        view.add_module(name, module)
    return view


def on_cached_features(network: DslFiqa) -> DslFiqa:
    """A view of the network, sharing its weights, that takes packed features for images."""
    view = borrowed(network)
    tokens = mobilenet_tokens(network)
    width = tokens.shallow_channels
    view.tokens = _CachedTokens(tokens)  # type: ignore[assignment] # stands for it
    view.degradation = _CachedDegradation(  # type: ignore[assignment] # likewise
        network.degradation, width, network.degradation.grid
    )
    return view


def packed(group: Group) -> npt.NDArray[np.float16]:
    """(N, 208 + D, H, W): backbone and degradation features of a group as one array."""
    return np.concatenate([group.shallow, group.degradation], 1)


def identifiers(group: Group, origin: tuple[int, int], landmarks: int) -> npt.NDArray[np.int64]:
    """Landmark identifiers of one patch of a group's scene."""
    return identifiers_inside(
        group.landmarks, left=origin[0], top=origin[1], side=PATCH_SIDE, landmarks=landmarks
    )


@torch.inference_mode()
def predict(view: DslFiqa, group: Group) -> npt.NDArray[np.float64]:
    """Scores of a group's pictures as the scorer gives them: mean over the corner patches."""
    height, width = group.shallow.shape[-2:]
    last_x, last_y = (width - PATCH_TOKENS) * TOKEN, (height - PATCH_TOKENS) * TOKEN
    origins = sorted({(x, y) for x in (0, last_x) for y in (0, last_y)})
    ids = np.stack([identifiers(group, o, view.config.landmarks) for o in origins])
    count = len(group.kinds)
    features = torch.from_numpy(packed(group)).float()
    output = view.grid(features, origins, torch.from_numpy(np.tile(ids, (count, 1))))
    return output.score.view(count, len(origins)).mean(1).numpy().astype(np.float64)
