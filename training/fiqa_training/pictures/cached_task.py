"""Quality learning on cached features of a frozen backbone: the loop's task, an order cheaper.

Every sample is a whole crop, as when scoring: one pass of the trunk over it, and the heads on two
windows of 384 pixels at drawn places. Only what the rows of table 3 switch is trained: fusion,
attention, Swin stages, decoder, landmark guide and heads.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from fiqa_models.networks import CROP_SIDE, PATCH_SIDE, DslFiqa, Output
from fiqa_models.networks.degradation import DegradationEncoder
from fiqa_training.data.faces import position
from fiqa_training.data.labelled import LabelledImage, LabelledSet, read_landmark_file
from fiqa_training.data.patches import drawn, identifiers_of
from fiqa_training.errors import TrainingError
from fiqa_training.evaluation.metrics import Values
from fiqa_training.features.cached_network import CORNERS, borrowed
from fiqa_training.features.feature_cache import TOKEN, mobilenet_tokens
from fiqa_training.features.picture_features import PictureFeatures
from fiqa_training.loop.parallel import Team
from fiqa_training.loop.recipe import ImageRecipe
from fiqa_training.pictures.task import QualityTask, training_loss

_PLACES = (CROP_SIDE - PATCH_SIDE) // TOKEN + 1
_WINDOWS = 2
_AT_ONCE = 8
_CALIBRATION = 64


class FrozenFeatures:
    """Cached features of pictures, as a network with frozen backbone and encoder wants them.

    Attributes:
        width: channels that the backbone gives; those of the degradation encoder follow.
    """

    def __init__(self, network: DslFiqa, root: Path, device: torch.device) -> None:
        """Answer for a network whose backbone and encoder hold their final weights.

        Raises:
            TrainingError: the network has no small backbone.
        """
        if network.config.tokens != "mobilenet":
            raise TrainingError(
                "Only the small backbone's features can be cached.", 'Set config = "starter".'
            )
        # Kept as they are before standardisation: that is measured on each run's own pictures.
        plain = copy.deepcopy(mobilenet_tokens(network)).to(device).eval()
        plain.shift.zero_()
        plain.scale.fill_(1.0)
        self.width = len(plain.shift)
        self._pyramid = PictureFeatures(
            plain.backbone, _input_of(plain, plain.fuse), root / "backbone", device
        )
        self._maps: PictureFeatures | None = None
        if network.config.degradation_use != "none":
            encoder = copy.deepcopy(network.degradation.convolutions).to(device).eval()
            self._maps = PictureFeatures(encoder, encoder, root / "encoder", device)

    def prepare(self, images: Sequence[LabelledImage]) -> None:
        """Compute what is missing of these pictures."""
        self._pyramid.prepare(images)
        if self._maps is not None:
            self._maps.prepare(images)

    @torch.no_grad()
    def standardise(self, network: DslFiqa, images: Sequence[LabelledImage]) -> None:
        """Measure a network's standardisation on some of these pictures (`calibrate`'s rule)."""
        some = sorted(images, key=lambda image: position(image.path.name))[:_CALIBRATION]
        values = np.stack([self._pyramid(image) for image in some]).astype(np.float64)
        mean, variance = values.mean((0, 2, 3)), values.var((0, 2, 3))
        tokens = mobilenet_tokens(network)
        tokens.shift.copy_(torch.from_numpy(mean)[:, None, None])
        tokens.scale.copy_(torch.from_numpy(variance)[:, None, None].clamp(min=1e-4).rsqrt())

    def packed(self, network: DslFiqa, images: Sequence[LabelledImage]) -> Tensor:
        """(N, width + D, 32, 32) for `on_features`, standardised, on the network's device."""
        tokens = mobilenet_tokens(network)
        place = tokens.shift.device
        raw = torch.from_numpy(np.stack([self._pyramid(image) for image in images]))
        pyramid = (raw.to(place).float() - tokens.shift) * tokens.scale
        if self._maps is None:
            return pyramid
        maps = torch.from_numpy(np.stack([self._maps(image) for image in images]))
        return torch.cat([pyramid, maps.to(place).float()], 1)


def _input_of(module: nn.Module, part: nn.Module) -> Callable[[Tensor], Tensor]:
    """What `part` is given when `module` runs."""
    seen: list[Tensor] = []

    def keep(_part: nn.Module, arguments: tuple[Tensor, ...]) -> None:
        seen.append(arguments[0])

    part.register_forward_pre_hook(keep)

    def run(images: Tensor) -> Tensor:
        module(images)
        return seen.pop()

    return run


class _FusedTokens(nn.Module):
    """Stands for the token module: the whole backbone has run already."""

    def __init__(self, fuse: nn.Module, width: int) -> None:
        super().__init__()
        self.fuse, self.width = fuse, width

    def forward(self, packed: Tensor) -> Tensor:
        return functional.gelu(self.fuse(packed[:, : self.width]))


class _PooledDegradation(nn.Module):
    """Stands for the degradation encoder: its convolutions have run already."""

    def __init__(self, encoder: DegradationEncoder, width: int) -> None:
        super().__init__()
        self.embed, self.grid, self.width = encoder.embed, encoder.grid, width

    def tokens(self, packed: Tensor) -> Tensor:
        pooled = functional.adaptive_avg_pool2d(packed[:, self.width :], self.grid)
        return pooled.flatten(2).transpose(1, 2)


def on_features(network: DslFiqa) -> DslFiqa:
    """A view of the network, sharing its weights, that takes `FrozenFeatures.packed` for images.

    Unlike `cached_network.on_cached_features` no part of the backbone runs in it.
    """
    view = borrowed(network)
    tokens = mobilenet_tokens(network)
    width = len(tokens.shift)
    view.tokens = _FusedTokens(tokens.fuse, width)  # type: ignore[assignment] # stands for it
    view.degradation = _PooledDegradation(  # type: ignore[assignment] # likewise
        network.degradation, width
    )
    return view


@dataclass(frozen=True)
class CropBatch:
    """Whole crops as cached features.

    Attributes:
        packed: (B, 560 + D, 32, 32).
        ids: (B * P, 500) landmark identifiers of each window.
        origins: (left, top) of the P windows, the same for all crops.
        target: (B,).
    """

    packed: Tensor
    ids: Tensor
    origins: tuple[tuple[int, int], ...]
    target: Tensor


class _WholeCrop(nn.Module):
    """`DslFiqa.grid` as a forward pass: several processes can wrap no other method."""

    def __init__(self, view: DslFiqa) -> None:
        super().__init__()
        self.view = view

    def forward(self, batch: CropBatch) -> Tensor:
        """(B, P) scores of the windows of each crop."""
        output = self.view.grid(batch.packed, batch.origins, batch.ids)
        return output.score.view(len(batch.packed), -1)


class CachedTask(QualityTask):
    """Quality learning on cached features for the loop (`fitting.fit`)."""

    def __init__(
        self,
        network: DslFiqa,
        found: LabelledSet,
        recipe: ImageRecipe,
        target: Path,
        features: FrozenFeatures,
    ) -> None:
        super().__init__(network, found, recipe, target)
        self._features = features
        self._view = on_features(network)
        # Shares the weights that learn; the frozen ones take part in no checkpoint of the loop.
        self.module = _WholeCrop(self._view)

    def train_mode(self) -> None:
        """Nothing that is frozen runs here."""
        self.module.train()

    def batches(self, start: int, stop: int, team: Team) -> Iterable[CropBatch]:
        """Whole crops with two windows at places that the number of the batch decides."""
        return self._batches(start, stop, team)

    def _batches(self, start: int, stop: int, team: Team) -> Iterator[CropBatch]:
        images, size = self._found.train, self._training.batch
        for turn in range(start, stop):
            number = turn * team.size + team.rank
            rng = np.random.default_rng([self._recipe.seed, 4, number])
            drawn_places = rng.integers(_PLACES, size=(_WINDOWS, 2)) * TOKEN
            chosen = [
                images[drawn(number * size + each, len(images), self._recipe.seed)]
                for each in range(size)
            ]
            yield crop_batch(
                self.network,
                self._features,
                chosen,
                tuple((int(left), int(top)) for left, top in drawn_places),
            )

    def loss(self, module: nn.Module, batch: Any, team: Team) -> Tensor:  # noqa: ARG002
        """Each window of a `CropBatch` learns its picture's MOS."""
        scores = module(batch)
        targets = batch.target[:, None].expand_as(scores)
        return training_loss(scores, targets, self._recipe.ablation.loss)

    def predict(self, network: DslFiqa, images: Sequence[LabelledImage], team: Team) -> Values:
        """Mean over the corner patches, from cached features; the processes share the work."""
        mine = images[team.rank :: team.size]
        values = torch.zeros(len(images), dtype=torch.float64)
        scores = [
            output.score.view(-1, len(CORNERS)).mean(1)
            for output in outputs(network, mine, self._features)
        ]
        if scores:
            values[team.rank :: team.size] = torch.cat(scores).double().cpu()
        place = values if team.device.type == "mps" else values.to(team.device)
        found: npt.NDArray[np.float64] = team.total(place).cpu().numpy()
        return found


def cached_task(
    network: DslFiqa,
    found: LabelledSet,
    recipe: ImageRecipe,
    target: Path,
    root: Path,
    team: Team,
) -> CachedTask:
    """The task of a network whose backbone is loaded and whose encoder is learned.

    Args:
        network: its standardisation is measured here.
        found: the pictures; features that are missing of them are computed.
        recipe: how to learn.
        target: the checkpoint.
        root: of the cached features.
        team: the processes.
    """
    features = FrozenFeatures(network, root, team.device)
    features.prepare((*found.train, *found.validation, *found.test))
    features.standardise(network, found.train)
    return CachedTask(network, found, recipe, target, features)


def crop_batch(
    network: DslFiqa,
    features: FrozenFeatures,
    images: Sequence[LabelledImage],
    origins: Sequence[tuple[int, int]],
) -> CropBatch:
    """Features, landmark identifiers and targets of some pictures, on the network's device."""
    count = network.config.landmarks
    packed = features.packed(network, images)
    points = [
        read_landmark_file(image.landmarks, least=count) if image.landmarks else None
        for image in images
    ]
    ids = [identifiers_of(each, left, top, count) for each in points for left, top in origins]
    target = np.array([image.target for image in images], np.float32)
    return CropBatch(
        packed,
        torch.from_numpy(np.stack(ids)).to(packed.device),
        tuple(origins),
        torch.from_numpy(target).to(packed.device),
    )


@torch.inference_mode()
def outputs(
    network: DslFiqa, images: Sequence[LabelledImage], features: FrozenFeatures
) -> Iterator[Output]:
    """What the network says of the corner patches of each picture, some pictures at a time."""
    view = on_features(network)
    forget = getattr(network.guide, "forget", None)
    if forget is not None:
        forget()  # it remembers answers of other weights
    for start in range(0, len(images), _AT_ONCE):
        batch = crop_batch(network, features, images[start : start + _AT_ONCE], CORNERS)
        yield view.grid(batch.packed, batch.origins, batch.ids)
