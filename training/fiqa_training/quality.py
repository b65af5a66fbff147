"""Second half of the starter recipe: quality learned on the cached, frozen features."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from fiqa_models.networks import (
    CROP_SIDE,
    MAX_LANDMARKS,
    PATCH_SIDE,
    DslFiqa,
    Output,
    padding_id,
)
from fiqa_training.cached_network import PATCH_TOKENS, identifiers, on_cached_features, packed
from fiqa_training.data.feature_cache import TOKEN, Group, mobilenet_tokens
from fiqa_training.losses import charbonnier, decorrelation, ranking
from fiqa_training.recipe import QualityRecipe
from fiqa_training.validation import Validation, face_labels, fit_labels, stretch, validate

log = logging.getLogger(__name__)

_LAST = CROP_SIDE - PATCH_SIDE


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

    def follow(self, gain: float, shift: float) -> None:
        """Keep the answers when the scores' logits become ``gain * logit + shift``."""
        with torch.no_grad():
            slope = float(functional.softplus(self.slope)) / gain
            self.offset.sub_(slope * shift)
            self.slope.copy_(torch.log(torch.expm1(torch.tensor(slope))))


@dataclass
class _Batch:
    features: Tensor
    ids: Tensor
    labels: Tensor
    groups: Tensor
    origins: list[tuple[int, int]] | None = None


class QualityTrainer:
    """Learning of everything that is not frozen.

    Attributes:
        network: the network that is trained; after `fit`, it holds the best averaged weights.
        link: the link to the raters' scale.
        calibration: of the pseudo-MOS.
    """

    def __init__(
        self,
        network: DslFiqa,
        faces: Sequence[Group],
        rated: Sequence[Group],
        recipe: QualityRecipe,
        seed: int,
    ) -> None:
        self.network = network
        self.link = RatingLink()
        self.recipe = recipe
        self.calibration = fit_labels(faces)
        self._faces = faces
        self._labels = [face_labels(group, self.calibration) for group in faces]
        self._rated = rated
        self._rng = np.random.default_rng([seed, 1])
        self._view = on_cached_features(network)
        network.requires_grad_(True)
        network.degradation.requires_grad_(False)
        mobilenet_tokens(network).backbone.requires_grad_(False)
        learned: list[nn.Parameter] = [p for p in network.parameters() if p.requires_grad]
        groups: list[dict[str, Any]] = [
            {"params": learned},
            {"params": list(self.link.parameters()), "weight_decay": 0.0},
        ]
        self._optimizer = torch.optim.AdamW(groups, lr=recipe.rate, weight_decay=recipe.decay)
        self._average = {k: v.detach().clone() for k, v in network.state_dict().items()}

    def fit(
        self,
        held_faces: Sequence[Group],
        held_rated: Sequence[Group],
        save: Callable[[Validation, int], None],
    ) -> Validation:
        """Train for the recipe's steps; calls `save` whenever the averaged weights got better.

        An interrupt (Ctrl+C, SIGTERM) ends the run with what it has.

        The network holds the averaged weights during `save` and after the return.
        """
        best: Validation | None = None
        due = time.monotonic() + 60 * self.recipe.checkpoint_minutes
        for step in range(1, self.recipe.steps + 1):
            losses, stopped = self._step_or_stop(step)
            if step % 20 == 0:
                log.info("step %d: %s", step, losses)
            if stopped or time.monotonic() >= due or step == self.recipe.steps:
                best = self._check(step, best, held_faces, held_rated, save)
                due = time.monotonic() + 60 * self.recipe.checkpoint_minutes
            if stopped:
                log.info("stopped at step %d of %d", step, self.recipe.steps)
                break
        if best is None:
            raise ValueError("a recipe needs at least one step")
        self.network.load_state_dict(self._best)
        gain, shift = stretch(self.network, held_faces, self.calibration)
        self.link.follow(gain, shift)
        found = validate(self._view, held_faces, held_rated, self.calibration)
        log.info("stretched by %.3f and %+.3f: %s", gain, shift, found)
        save(found, step)
        return found

    def _step_or_stop(self, step: int) -> tuple[str, bool]:
        """One step; an interrupt ends the run early, after a last check."""
        try:
            return self.step(step / self.recipe.steps), False
        except KeyboardInterrupt:
            return "", True

    def _check(
        self,
        step: int,
        best: Validation | None,
        held_faces: Sequence[Group],
        held_rated: Sequence[Group],
        save: Callable[[Validation, int], None],
    ) -> Validation:
        current = {k: v.detach().clone() for k, v in self.network.state_dict().items()}
        self.network.load_state_dict(self._average)
        found = validate(self._view, held_faces, held_rated, self.calibration)
        log.info("step %d: %s", step, found)
        if best is None or found.criterion > best.criterion:
            best = found
            self._best = {k: v.clone() for k, v in self._average.items()}
            save(found, step)
        self.network.load_state_dict(current)
        return best

    def step(self, progress: float) -> str:
        """One update at a share `progress` of the run; returns the losses as text."""
        recipe = self.recipe
        warm = min(1.0, progress / 0.03)
        rate = recipe.rate * warm * (0.02 + 0.98 * 0.5 * (1 + np.cos(np.pi * progress)))
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self.network.train()
        self.network.degradation.eval()
        faces, photos = self._face_batch(), self._rated_batch()
        scores = self._scores(faces)
        opinions = self._view(photos.features, photos.ids).score
        human = photos.labels >= 0
        linked = self.link(opinions[human])
        parts = {
            "faces": charbonnier(scores, faces.labels),
            "rank": recipe.ranking_weight * ranking(scores, faces.labels, faces.groups),
            "rated": recipe.rated_weight * charbonnier(linked, photos.labels[human]),
            "order": recipe.correlation_weight
            * decorrelation(opinions[human], photos.labels[human]),
            "copies": recipe.ranking_weight
            * ranking(opinions, torch.where(human, 0.15, 0.0), photos.groups, margin=1.0),
        }
        loss = torch.stack(list(parts.values())).sum()
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self._optimizer.step()
        done = progress * recipe.steps
        self._follow(min(recipe.average, (1 + done) / (10 + done)))
        return " ".join(f"{name} {float(part.detach()):.4f}" for name, part in parts.items())

    def _scores(self, batch: _Batch) -> Tensor:
        if batch.origins is None:
            patches: Output = self._view(batch.features, batch.ids)
            return patches.score
        output = self._view.grid(batch.features, batch.origins, batch.ids)
        return output.score.view(len(batch.labels), -1).mean(1)

    def _follow(self, keep: float) -> None:
        with torch.no_grad():
            for name, value in self.network.state_dict().items():
                if value.is_floating_point():
                    self._average[name].lerp_(value, 1.0 - keep)

    def _cut(self, group: Group) -> tuple[npt.NDArray[np.float16], tuple[int, int]]:
        """A random patch of a group's features, the same for all its pictures."""
        height, width = group.pyramid.shape[-2:]
        y = int(self._rng.integers(height - PATCH_TOKENS + 1))
        x = int(self._rng.integers(width - PATCH_TOKENS + 1))
        window = np.s_[:, :, y : y + PATCH_TOKENS, x : x + PATCH_TOKENS]
        cut = np.concatenate([group.pyramid[window], group.degradation[window]], 1)
        return cut, (x * TOKEN, y * TOKEN)

    def _ids(self, group: Group, origin: tuple[int, int]) -> npt.NDArray[np.int64]:
        count = self.network.config.landmarks
        if self._rng.random() < self.recipe.without_landmarks:
            return np.full(MAX_LANDMARKS, padding_id(count), np.int64)
        return identifiers(group, origin, count)

    def _face_batch(self) -> _Batch:
        """Faces with all their copies: one patch each, or whole crops as the scorer sees them."""
        whole = self._rng.random() < self.recipe.whole_share
        rows = self._rng.choice(len(self._faces), self.recipe.faces_per_step, replace=False)
        drawn = self._rng.integers(_LAST // TOKEN + 1, size=(2, 2)) * TOKEN
        origins = [(int(x), int(y)) for x, y in drawn]
        features, ids = [], []
        for index in rows:
            group = self._faces[index]
            if whole:
                features.append(packed(group))
                ids += [self._ids(group, origin) for origin in origins] * len(group.kinds)
            else:
                cut, origin = self._cut(group)
                features.append(cut)
                ids += [self._ids(group, origin)] * len(cut)
        labels = [self._labels[index] for index in rows]
        groups = np.repeat(np.arange(len(rows)), [len(each) for each in labels])
        return _Batch(
            torch.from_numpy(np.concatenate(features)).float(),
            torch.from_numpy(np.stack(ids)),
            torch.from_numpy(np.concatenate(labels)),
            torch.from_numpy(groups),
            origins if whole else None,
        )

    def _rated_batch(self) -> _Batch:
        features, labels, groups = [], [], []
        for number, index in enumerate(
            self._rng.choice(len(self._rated), self.recipe.rated_per_step, replace=False)
        ):
            group = self._rated[index]
            cut, _origin = self._cut(group)
            features.append(cut)
            # Only the photo itself has an opinion; its degraded copy is merely worse.
            labels += [group.label] + [-1.0] * (len(cut) - 1)
            groups += [number] * len(cut)
        none = np.full(
            (len(labels), MAX_LANDMARKS), padding_id(self.network.config.landmarks), np.int64
        )
        return _Batch(
            torch.from_numpy(np.concatenate(features)).float(),
            torch.from_numpy(none),
            torch.tensor(labels, dtype=torch.float32),
            torch.tensor(groups),
        )
