"""Second half of the starter recipe: quality learned on the cached shallow features.

Faces with pseudo-MOS and photos with human ratings are learned jointly. The fusion, attention,
Swin stages, decoder, landmark guide and heads learn at the recipe's rate. The late stages of the
backbone may learn at a share of it (measured with a thousand photos: no gain, so the shipped
recipe freezes them); its early stages and the degradation encoder stay as they are.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from fiqa_models.networks import CROP_SIDE, MAX_LANDMARKS, PATCH_SIDE, DslFiqa, padding_id
from fiqa_training.features.cached_network import (
    PATCH_TOKENS,
    identifiers,
    on_cached_features,
    packed,
)
from fiqa_training.features.feature_cache import ENLARGED, TOKEN, Group, mobilenet_tokens
from fiqa_training.loop.fitting import ParameterGroup
from fiqa_training.loop.losses import charbonnier, decorrelation, ranking
from fiqa_training.loop.parallel import Team
from fiqa_training.loop.watch import Validation
from fiqa_training.pseudo_mos.fusion import Calibration
from fiqa_training.starter.form import QualityRecipe
from fiqa_training.starter.validation import face_labels

log = logging.getLogger(__name__)

_LAST = CROP_SIDE - PATCH_SIDE
_NO_OPINION = -1.0
_COPY_SHORT = 0.15
"""By how much a photo's degraded copy must fall short of it, on [0, 1]."""


class RatingLink(nn.Module):
    """A learned monotone link from our scale to the raters' of a set of real photos.

    People rate photos of phones on another scale than a face's distance from its clean original;
    the order is what the two have in common.
    """

    def __init__(self) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(0.5413))  # softplus -> 1
        self.offset = nn.Parameter(torch.tensor(0.0))

    def forward(self, scores: Tensor) -> Tensor:
        """Scores in (0, 1) to expected opinions in (0, 1)."""
        logits = torch.logit(scores.clamp(1e-4, 1 - 1e-4))
        return torch.sigmoid(functional.softplus(self.slope) * logits + self.offset)


class Learner(nn.Module):
    """What learns: the network on cached features, and the link to the raters' scale.

    Attributes:
        view: the network, see `cached_network`.
        link: to the raters' scale.
    """

    def __init__(self, network: DslFiqa) -> None:
        super().__init__()
        self.view = on_cached_features(network)
        self.link = RatingLink()

    def forward(self, faces: Batch, photos: Batch, recipe: QualityRecipe) -> Tensor:
        """The loss of one update."""
        parts: list[Tensor] = []
        if len(faces.labels):
            scores = self._scores(faces)
            parts.append(charbonnier(scores, faces.labels))
            parts.append(recipe.ranking_weight * ranking(scores, faces.labels, faces.groups))
        if len(photos.labels):
            scores = self._scores(photos)
            human = photos.labels >= 0
            opinions = photos.labels[human]
            parts.append(recipe.rated_weight * charbonnier(self.link(scores[human]), opinions))
            parts.append(recipe.correlation_weight * decorrelation(scores[human], opinions))
            order = torch.where(human, _COPY_SHORT, 0.0)
            parts.append(recipe.ranking_weight * ranking(scores, order, photos.groups, margin=1.0))
        return torch.stack(parts).sum()

    def _scores(self, batch: Batch) -> Tensor:
        if batch.origins is None:
            patches: Tensor = self.view(batch.features, batch.ids).score
            return patches
        output = self.view.grid(batch.features, batch.origins, batch.ids)
        return output.score.view(len(batch.labels), -1).mean(1)


@dataclass
class Batch:
    """Pictures of some scenes.

    Attributes:
        features: (B, 208 + D, H, W) shallow features and degradation map.
        ids: (B or B * P, 500) landmark identifiers of each patch.
        labels: (B,) on [0, 1]; -1 for a copy without an opinion of its own.
        groups: (B,) number of the scene.
        origins: of the P patches of whole crops; None where the features are one patch.
    """

    features: Tensor
    ids: Tensor
    labels: Tensor
    groups: Tensor
    origins: list[tuple[int, int]] | None = None

    def to(self, device: torch.device) -> Batch:
        """The batch on a device, its channels last: a fifth faster on the CPU."""
        features = self.features.to(device).float()
        if features.ndim == 4:
            features = features.contiguous(memory_format=torch.channels_last)
        return Batch(
            features,
            self.ids.to(device),
            self.labels.to(device),
            self.groups.to(device),
            self.origins,
        )


class StarterTask:
    """Quality learning on cached features for the loop (`fitting.fit`)."""

    def __init__(
        self,
        network: DslFiqa,
        faces: Sequence[Group],
        rated: Sequence[Group],
        recipe: QualityRecipe,
        calibration: Calibration,
        seed: int,
        save: Callable[[int], None],
    ) -> None:
        self.network = network
        self.learner = Learner(network)
        self.module: nn.Module = self.learner
        self._recipe, self._seed, self._save = recipe, seed, save
        self._faces, self._rated = faces, rated
        self._labels = [face_labels(group, calibration) for group in faces]
        self._landmarks = network.config.landmarks
        self.module.requires_grad_(requires_grad=True)
        network.degradation.requires_grad_(requires_grad=False)
        tokens = mobilenet_tokens(network)
        tokens.backbone.requires_grad_(False)
        self._deep = list(tokens.deep_stages.parameters()) if recipe.deep_rate else []
        for parameter in self._deep:
            parameter.requires_grad_(True)

    def groups(self) -> list[ParameterGroup]:
        """The late stages of the backbone learn slowly: they know something already."""
        late = {id(parameter) for parameter in self._deep}
        rest = [p for p in self.module.parameters() if p.requires_grad and id(p) not in late]
        return [ParameterGroup(rest), ParameterGroup(self._deep, self._recipe.deep_rate)]

    def train_mode(self) -> None:
        """The encoder is fixed, its batch norms too (section 3.4)."""
        self.module.train()
        self.network.degradation.eval()

    def batches(self, start: int, stop: int, team: Team) -> Iterator[tuple[Batch, Batch]]:
        """Faces and photos of each update, drawn by its number alone."""
        for turn in range(start, stop):
            rng = np.random.default_rng([self._seed, turn, team.rank])
            yield self._face_batch(rng), self._rated_batch(rng)

    def loss(self, module: nn.Module, batch: tuple[Batch, Batch], team: Team) -> Tensor:
        """Both kinds of label."""
        faces, photos = (part.to(team.device) for part in batch)
        loss: Tensor = module(faces, photos, self._recipe)
        return loss

    def check(self, team: Team) -> Validation | None:  # noqa: ARG002 - the loop's protocol
        """None: the last weights count, so that no held-out figure has chosen anything."""
        return None

    def save(self, step: int, figure: float | None) -> None:  # noqa: ARG002 - likewise
        """The averaged weights are in the network now."""
        self._save(step)

    def _face_batch(self, rng: np.random.Generator) -> Batch:
        """Faces with all their copies: one patch each, or whole crops as the scorer sees them."""
        whole = rng.random() < self._recipe.whole_share
        rows = rng.choice(len(self._faces), self._recipe.faces_per_step, replace=False)
        drawn = rng.integers(_LAST // TOKEN + 1, size=(2, 2)) * TOKEN
        origins = [(int(x), int(y)) for x, y in drawn]
        features, ids = [], []
        for index in rows:
            group = self._faces[index]
            count = len(group.kinds)
            if whole:
                features.append(packed(group))
                ids += [self._ids(group, origin, rng) for origin in origins] * count
            else:
                cut, origin = _cut(packed(group), rng)
                features.append(cut)
                ids += [self._ids(group, origin, rng)] * count
        labels = [self._labels[index] for index in rows]
        return _batch(features, ids, labels, origins if whole else None)

    def _rated_batch(self, rng: np.random.Generator) -> Batch:
        """Photos as they are or an enlarged part, and their degraded copies where they have one."""
        features, labels = [], []
        rows = rng.choice(len(self._rated), self._recipe.rated_per_step, replace=False)
        for index in rows:
            group = self._rated[index]
            # The photo itself, or its enlarged part where it has one.
            shown = int(rng.integers(1 + (ENLARGED in group.kinds)))
            kept = [i for i, kind in enumerate(group.kinds) if i == shown or kind not in _OPINION]
            cut, _origin = _cut(packed(group)[kept], rng)
            if rng.random() < 0.5:
                cut = cut[..., ::-1]
            features.append(cut)
            human = [group.kinds[i] in _OPINION for i in kept]
            labels.append(np.where(human, group.label, _NO_OPINION).astype(np.float32))
        none = np.full(MAX_LANDMARKS, padding_id(self._landmarks), np.int64)
        return _batch(features, [none] * sum(map(len, labels)), labels, None)

    def _ids(
        self, group: Group, origin: tuple[int, int], rng: np.random.Generator
    ) -> npt.NDArray[np.int64]:
        if rng.random() < self._recipe.without_landmarks:
            return np.full(MAX_LANDMARKS, padding_id(self._landmarks), np.int64)
        return identifiers(group, origin, self._landmarks)


_OPINION = frozenset({"", ENLARGED})


def _cut(
    features: npt.NDArray[np.float16], rng: np.random.Generator
) -> tuple[npt.NDArray[np.float16], tuple[int, int]]:
    """A random patch, the same for all pictures of a group; at even places, as stride 32 has."""
    height, width = features.shape[-2:]
    y = 2 * int(rng.integers((height - PATCH_TOKENS) // 2 + 1))
    x = 2 * int(rng.integers((width - PATCH_TOKENS) // 2 + 1))
    return features[:, :, y : y + PATCH_TOKENS, x : x + PATCH_TOKENS], (x * TOKEN, y * TOKEN)


def _batch(
    features: Sequence[npt.NDArray[np.float16]],
    ids: Sequence[npt.NDArray[np.int64]],
    labels: Sequence[npt.NDArray[np.float32]],
    origins: list[tuple[int, int]] | None,
) -> Batch:
    if not labels:
        nothing = torch.zeros(0)
        return Batch(nothing, nothing.long(), nothing, nothing.long())
    groups = np.repeat(np.arange(len(labels)), [len(each) for each in labels])
    return Batch(
        torch.from_numpy(np.concatenate(features)),
        torch.from_numpy(np.stack(ids)),
        torch.from_numpy(np.concatenate(labels)),
        torch.from_numpy(groups),
        origins,
    )
