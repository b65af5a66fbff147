"""Quality learning on labelled pictures for the loop: patches, loss, validation, checkpoint."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from fiqa_models.networks import DslFiqa, normalise
from fiqa_models.networks.tokens import MobileNetTokens
from fiqa_models.weights import save_checkpoint
from fiqa_training.data.labelled import LabelledImage, LabelledSet
from fiqa_training.data.patches import Batch, PatchSet, batches, identifiers_of, read_crop
from fiqa_training.evaluation.metrics import Values
from fiqa_training.features.cached_network import CORNERS
from fiqa_training.loop.fitting import ParameterGroup, one_group
from fiqa_training.loop.losses import charbonnier
from fiqa_training.loop.parallel import Team
from fiqa_training.loop.recipe import FitRecipe, ImageRecipe
from fiqa_training.loop.watch import Validation, validation

FEWEST = 3
"""Pictures that a validation or a test needs at least."""


def training_loss(predicted: Tensor, target: Tensor, kind: str) -> Tensor:
    """The switch of table 3's last column."""
    if kind == "l2":
        return functional.mse_loss(predicted, target)
    if kind == "l1":
        return functional.l1_loss(predicted, target)
    return charbonnier(predicted, target)


class QualityTask:
    """Quality learning for the loop (`fitting.fit`)."""

    def __init__(
        self, network: DslFiqa, found: LabelledSet, recipe: ImageRecipe, target: Path
    ) -> None:
        network.requires_grad_(requires_grad=True)
        network.degradation.requires_grad_(requires_grad=False)
        self._frozen = [network.degradation]
        if recipe.network.freeze_backbone:
            tokens = network.tokens
            part = tokens.backbone if isinstance(tokens, MobileNetTokens) else tokens.vit
            part.requires_grad_(False)
            self._frozen.append(part)
        self.network = network
        self.module: nn.Module = network
        self._found, self._recipe, self._target = found, recipe, target
        training: FitRecipe = recipe.training
        self._training = training
        self._patches = PatchSet(
            found.train,
            landmarks=network.config.landmarks,
            flip=training.flip,
            seed=recipe.seed,
        )

    def groups(self) -> list[ParameterGroup]:
        """Everything at one rate, or what makes the confidence at a rate of its own."""
        share = self._recipe.network.confidence_share
        if share == 1.0:
            return one_group(self.module)
        parts = (self.network.confidence_head, self.network.guide)
        apart = [p for part in parts if part is not None for p in part.parameters()]
        known = {id(parameter) for parameter in apart}
        rest = [p for p in self.module.parameters() if p.requires_grad and id(p) not in known]
        return [ParameterGroup(rest), ParameterGroup(apart, share)]

    def train_mode(self) -> None:
        """The encoder is fixed, its batch norms too (section 3.4)."""
        self.network.train()
        for part in self._frozen:
            part.eval()

    def batches(self, start: int, stop: int, team: Team) -> Iterable[Any]:
        """Random patches of the training pictures."""
        return batches(
            self._patches,
            start=start,
            stop=stop,
            batch=self._training.batch,
            rank=team.rank,
            size=team.size,
            workers=self._training.workers,
        )

    def loss(self, module: nn.Module, batch: Batch, team: Team) -> Tensor:
        """Each patch learns its picture's MOS."""
        patches, ids, target = (part.to(team.device, non_blocking=True) for part in batch)
        score = module(normalise(patches), ids).score
        return training_loss(score, target, self._recipe.ablation.loss)

    def check(self, team: Team) -> Validation | None:
        """Agreement on the validation split, scored as the scorer does it."""
        images = self._found.validation
        if len(images) < FEWEST:
            return None
        values = self.predict(self.network, images, team)
        opinions = np.array([image.mos for image in images])
        return validation(values, opinions, [image.path.name for image in images])

    def predict(self, network: DslFiqa, images: Sequence[LabelledImage], team: Team) -> Values:
        """Scores of pictures by this network, or by one of its kind, as the scorer gives them."""
        return predict_all(network, images, team)

    def save(self, step: int, figure: float | None) -> None:
        """Write the network as a checkpoint that any scorer command can use."""
        recipe = self._recipe
        save_checkpoint(
            self.network,
            self._target,
            name=f"{recipe.network.config}-{self._found.name}".lower(),
            title=f"DSL-FIQA ({recipe.network.config}, {self._found.name})",
            summary=f"Perceptual quality of a face, learned from {self._found.name}.",
            landmark_scheme="ibug68" if recipe.network.landmarks == 68 else "mesh468",
            provenance={
                "recipe": msgspec.to_builtins(recipe),
                "set": self._found.name,
                "pictures": len(self._found.train),
                "steps": step,
                "date": dt.datetime.now(dt.UTC).date().isoformat(),
            },
            figures={} if figure is None else {"validation_srcc": round(figure, 4)},
        )


@torch.inference_mode()
def predict_all(network: DslFiqa, images: Sequence[LabelledImage], team: Team) -> Values:
    """Scores of pictures, mean over the corner patches; the processes share the work."""
    values = torch.zeros(len(images), dtype=torch.float64, device=_double_place(team.device))
    forget = getattr(network.guide, "forget", None)
    if forget is not None:
        forget()  # it remembers answers of other weights
    for index in range(team.rank, len(images), team.size):
        values[index] = _predict(network, images[index], team.device)
    found: npt.NDArray[np.float64] = team.total(values).cpu().numpy()
    return found


def _double_place(device: torch.device) -> torch.device:
    return torch.device("cpu") if device.type == "mps" else device


def _predict(network: DslFiqa, image: LabelledImage, device: torch.device) -> Tensor:
    count = network.config.landmarks
    crop, points = read_crop(image, count)
    ids = np.stack([identifiers_of(points, left, top, count) for left, top in CORNERS])
    crops = normalise(torch.from_numpy(crop)[None].to(device))
    return network.grid(crops, CORNERS, torch.from_numpy(ids).to(device)).score.double().mean()
