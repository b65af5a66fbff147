"""Learning of the degradation encoder on pictures: dual sets, one side of them, or patches.

Section 3.2 of the paper. Each step draws one clean face for set S, degrades it m times, and draws
n pictures as they are for set R; the patch-based baseline (equation 1) sees the very same
pictures, as two patches each, so that the two can be compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import Dataset

from fiqa_models.networks import CROP_SIDE, normalise
from fiqa_models.networks.degradation import DegradationEncoder, FilterEnergies
from fiqa_training.data.labelled import LabelledImage
from fiqa_training.data.patches import batches, read_crop
from fiqa_training.degradations import ByteImage, degrade, kinds
from fiqa_training.encoding.dsl import contrastive, dual_set, patch_based
from fiqa_training.errors import TrainingError
from fiqa_training.loop.fitting import ParameterGroup, one_group
from fiqa_training.loop.parallel import Team
from fiqa_training.loop.recipe import EncoderRecipe, Learning
from fiqa_training.loop.watch import Validation

ENCODER_FILE = "encoder.safetensors"

MEASURED = 8
"""Steps whose pictures the batch norms' statistics are measured on."""
_KEPT = 1024
"""Crops that may stay decoded, 0.8 GB; of a larger set few would be met again soon."""


class Pictures(Protocol):
    """What steps see, by their number: (N, side, side, 3) uint8 each."""

    def __getitem__(self, number: int, /) -> npt.NDArray[np.uint8]: ...


class EncoderSteps(Dataset[npt.NDArray[np.uint8]]):
    """What one step sees: (m + n, side, side, 3) pictures, S first, or (2 (m + n), ...) patches."""

    def __init__(
        self,
        clean: Sequence[LabelledImage],
        real: Sequence[LabelledImage],
        recipe: EncoderRecipe,
        *,
        patches: bool,
        seed: int,
        without: Sequence[str] = (),
    ) -> None:
        # Local kinds may not show in a window; chains are several degradations at once.
        families = recipe.families or {each.family for each in kinds()} - {"local", "chain"}
        self.names = [
            kind.name for kind in kinds() if kind.family in families and kind.name not in without
        ]
        if len(self.names) < recipe.synthetic:
            raise TrainingError(
                f"Set S wants {recipe.synthetic} kinds of degradation; there are {len(self.names)}."
            )
        if not clean or not real:
            raise TrainingError("Degradation learning needs clean and real pictures.")
        self._clean, self._real, self._recipe = clean, real, recipe
        self._patches = patches
        self._seed = seed
        self._keeps = len({image.path for image in (*clean, *real)}) <= _KEPT
        self._kept: dict[Path, ByteImage] = {}

    def __getstate__(self) -> dict[str, Any]:
        """What a worker process needs; it decodes for itself."""
        return {**self.__dict__, "_kept": {}}

    def __getitem__(self, number: int) -> npt.NDArray[np.uint8]:
        """The pictures of step `number`."""
        recipe = self._recipe
        rng = np.random.default_rng([self._seed, 3, number])
        face = self._window(self._clean, int(rng.integers(len(self._clean))), rng)
        pictures = [
            degrade(face, str(name), float(rng.uniform(0.25, 1.0)), int(rng.integers(2**31)))
            for name in rng.choice(self.names, recipe.synthetic, replace=False)
        ]
        few = len(self._real) < recipe.real
        pictures += [
            self._window(self._real, int(index), rng)
            for index in rng.choice(len(self._real), recipe.real, replace=few)
        ]
        if not self._patches:
            return np.stack(pictures)
        side = min(recipe.patch_side, recipe.side)
        return np.stack([_cut(picture, side, rng) for _ in range(2) for picture in pictures])

    def _window(
        self, images: Sequence[LabelledImage], index: int, rng: np.random.Generator
    ) -> ByteImage:
        image = images[index]
        crop = self._kept.get(image.path)
        if crop is None:
            crop, _ = read_crop(image, 0)
            if self._keeps:
                self._kept[image.path] = crop
        return _cut(crop, min(self._recipe.side, CROP_SIDE), rng)


def _cut(picture: ByteImage, side: int, rng: np.random.Generator) -> ByteImage:
    top, left = (int(rng.integers(extent - side + 1)) for extent in picture.shape[:2])
    return np.ascontiguousarray(picture[top : top + side, left : left + side])


class EncoderTask:
    """Degradation learning for the loop (`fitting.fit`)."""

    def __init__(
        self,
        encoder: DegradationEncoder,
        steps: EncoderSteps,
        recipe: EncoderRecipe,
        learning: Learning,
        target: Path,
    ) -> None:
        encoder.requires_grad_(requires_grad=True)
        self.module: nn.Module = encoder
        if recipe.norm == "fixed":
            measure_norms(encoder, steps)
        if recipe.freeze_filters:
            freeze_filters(encoder)
        self._steps, self._recipe, self._learning, self._target = steps, recipe, learning, target

    def groups(self) -> list[ParameterGroup]:
        """Everything at one rate."""
        return one_group(self.module)

    def train_mode(self) -> None:
        """Batch norms learn too; their statistics only where the recipe wants it."""
        self.module.train()
        if self._recipe.norm == "fixed":
            keep_norms(self.module)

    def batches(self, start: int, stop: int, team: Team) -> Iterable[Any]:
        """One step's pictures each."""
        return batches(
            self._steps,
            start=start,
            stop=stop,
            batch=1,
            rank=team.rank,
            size=team.size,
            workers=self._recipe.workers,
        )

    def loss(self, module: nn.Module, batch: Tensor, team: Team) -> Tensor:
        """Equation 1, 5 or 6, on embeddings of length one."""
        embedding = functional.normalize(module(normalise(batch[0].to(team.device))), dim=1)
        return degradation_loss(embedding.float(), self._learning, self._recipe)

    def check(self, team: Team) -> Validation | None:  # noqa: ARG002 - the loop's protocol
        """None: the contrastive loss of other pictures says nothing of use."""
        return None

    def save(self, step: int, figure: float | None) -> None:  # noqa: ARG002 - the loop's protocol
        """Write the encoder's tensors atomically."""
        partial = self._target.with_suffix(".part")
        partial.parent.mkdir(parents=True, exist_ok=True)
        state = {k: v.detach().cpu().contiguous() for k, v in self.module.state_dict().items()}
        save_file(state, partial)
        partial.replace(self._target)


def freeze_filters(encoder: nn.Module) -> None:
    """Keep the filters of a ``texture`` encoder: only what mixes their energies learns."""
    for part in encoder.modules():
        if isinstance(part, FilterEnergies):
            part.requires_grad_(requires_grad=False)


def keep_norms(encoder: nn.Module) -> None:
    """Batch norms by the statistics they have, while the rest learns."""
    for part in _norms(encoder):
        part.eval()


def _norms(encoder: nn.Module) -> list[nn.BatchNorm2d]:
    return [part for part in encoder.modules() if isinstance(part, nn.BatchNorm2d)]


@torch.no_grad()
def measure_norms(encoder: DegradationEncoder, steps: Pictures) -> None:
    """Set the batch norms' statistics by pictures like those that the first steps see."""
    device = next(encoder.parameters()).device
    encoder.train()
    for part in _norms(encoder):
        part.reset_running_stats()
        part.momentum = None  # a plain mean over what follows
    for number in range(MEASURED):
        encoder.convolutions(normalise(torch.from_numpy(steps[number]).to(device)))
    encoder.eval()


def degradation_loss(embedding: Tensor, learning: Learning, recipe: EncoderRecipe) -> Tensor:
    """The loss of one step.

    Args:
        embedding: (m + n, D), S first; or (2 (m + n), D) for patches, the second ones last.
        learning: which of the losses of table 3.
        recipe: its m and temperatures.
    """
    theta, mapping = recipe.temperature, recipe.mapping_temperature
    if learning == "patch":
        first, second = embedding.chunk(2)
        return patch_based(first, second, recipe.patch_temperature or theta)
    own, real = embedding[: recipe.synthetic], embedding[recipe.synthetic :]
    if learning == "dsl-s":
        return contrastive(own, real, theta, mapping)
    if learning == "dsl-r":
        return contrastive(real, own, theta, mapping)
    return dual_set(own, real, theta, mapping)


def clean_part(images: Sequence[LabelledImage], share: float) -> list[LabelledImage]:
    """The best-rated share: where set S takes its faces from."""
    ordered = sorted(images, key=lambda image: (-image.mos, str(image.path)))
    return ordered[: max(1, round(share * len(ordered)))]


def read_encoder(encoder: DegradationEncoder, path: Path) -> None:
    """Fill an encoder from a file that `EncoderTask.save` wrote.

    Raises:
        TrainingError: missing, damaged, or of another configuration.
    """
    try:
        encoder.load_state_dict(load_file(path), strict=True)
    except (OSError, SafetensorError) as error:
        raise TrainingError(f"{path} holds no degradation encoder: {error}.") from error
    except RuntimeError as error:
        raise TrainingError(
            f"{path} is an encoder of another configuration.", str(error).splitlines()[-1].strip()
        ) from error


@torch.inference_mode()
def embed(
    encoder: DegradationEncoder, pictures: Sequence[ByteImage], device: torch.device
) -> npt.NDArray[np.float32]:
    """(N, D) embeddings of length one, a few pictures at a time."""
    encoder = encoder.to(device).eval()
    found = []
    for start in range(0, len(pictures), 16):
        part = torch.from_numpy(np.stack(pictures[start : start + 16])).to(device)
        found.append(functional.normalize(encoder(normalise(part)), dim=1).cpu().numpy())
    return np.concatenate(found)
