"""Training a quality network on labelled pictures, as in the paper (sections 3.4 and 5.1).

    fiqa-train quality --recipe paper --data GFIQA --out run --backbone vit.safetensors
    torchrun --nproc-per-node 8 -m fiqa_training.cli quality --recipe paper ...

1. read the set; 2. build the network the ablation names; 3. learn the degradation encoder and
freeze it; 4. learn the rest; 5. measure the best weights on the test split. A run that was stopped
goes on when the same command is given again.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from fiqa_models.networks import CONFIGS, DslFiqa, NetworkConfig, build_network, normalise
from fiqa_models.networks.tokens import MobileNetTokens
from fiqa_models.weights import load_checkpoint, save_checkpoint
from fiqa_training.data.faces import position
from fiqa_training.data.labelled import LabelledImage, LabelledSet, read_set
from fiqa_training.data.patches import Batch, PatchSet, batches, identifiers_of, read_crop
from fiqa_training.encoding.encoder import (
    ENCODER_FILE,
    EncoderSteps,
    EncoderTask,
    clean_part,
    read_encoder,
)
from fiqa_training.errors import TrainingError
from fiqa_training.evaluation.labelled_set import figures, linear_link
from fiqa_training.evaluation.metrics import Values, srcc
from fiqa_training.features.cached_network import CORNERS
from fiqa_training.loop.fitting import Fitted, ParameterGroup, fit, one_group
from fiqa_training.loop.losses import charbonnier
from fiqa_training.loop.parallel import Team
from fiqa_training.loop.recipe import AblationRecipe, FitRecipe, ImageRecipe, recipe_text
from fiqa_training.loop.run_state import newest_state

log = logging.getLogger(__name__)

CHECKPOINT = "quality.safetensors"
RESULT = "result.json"
_CALIBRATION = 64
_FEWEST = 3


@dataclass(frozen=True)
class Places:
    """Where a run finds what it learns from, and where it leaves what it makes.

    Attributes:
        data: the labelled set.
        out: for what the run makes.
        backbone: pretrained weights of the token grid.
        encoder: a learned degradation encoder; without it one is learned.
        encoder_out: where that one is learned, so that runs can share it; else below `out`.
        features: where cached features are kept, so that runs can share them; else below `out`.
    """

    data: Path
    out: Path
    backbone: Path | None = None
    encoder: Path | None = None
    encoder_out: Path | None = None
    features: Path | None = None


def network_config(recipe: ImageRecipe) -> NetworkConfig:
    """The network that a recipe's ablation names.

    Raises:
        TrainingError: a field in ``[network.changes]`` is unknown.
    """
    ablation = recipe.ablation
    use = {"none": "none", "dsl-cat": "concatenate"}.get(ablation.degradation, "attention")
    base = CONFIGS[recipe.network.config]
    changed = {
        **base.as_dict(),
        "landmarks": recipe.network.landmarks,
        "guide": base.guide if ablation.landmarks else "none",
        "positional_encoding": ablation.positional_encoding,
        "degradation_use": use,
        **recipe.network.changes,
    }
    try:
        return NetworkConfig.from_dict(changed)
    except TypeError as error:
        raise TrainingError(f"The recipe changes what no network has: {error}.") from error


def choose(found: LabelledSet, recipe: ImageRecipe) -> LabelledSet:
    """The part of a set that a recipe uses: a share of it, or all but the left-out kinds."""
    out, drop = set(recipe.data.leave_out), set(recipe.data.drop)
    column = recipe.data.leave_out_column.lower()

    def kept(images: Sequence[LabelledImage], *, left_out: bool) -> tuple[LabelledImage, ...]:
        named = ((image, image.fields.get(column, "")) for image in images)
        return tuple(i for i, name in named if (name in out) == left_out and name not in drop)

    if out or drop:
        found = replace(
            found,
            train=kept(found.train, left_out=False),
            validation=kept(found.validation, left_out=False),
            test=kept(found.test, left_out=bool(out)),
        )
    ordered = sorted(found.train, key=lambda image: position("share:" + image.path.name))
    count = round(recipe.data.share * len(ordered))
    if not count:
        raise TrainingError("The recipe leaves no training pictures.")
    return replace(found, train=tuple(ordered[:count]))


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

    def check(self, team: Team) -> float | None:
        """SRCC on the validation split, scored as the scorer does it."""
        images = self._found.validation
        if len(images) < _FEWEST:
            return None
        values = self.predict(self.network, images, team)
        return srcc(values, np.array([image.mos for image in images]))

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


def load_backbone(network: DslFiqa, path: Path, images: Sequence[LabelledImage]) -> None:
    """ImageNet weights for the token grid; the small one is standardised on `images`, if any.

    Raises:
        TrainingError: the file does not fit the network's backbone.
    """
    tokens = network.tokens
    try:
        if isinstance(tokens, MobileNetTokens):
            tokens.load_backbone(path)
        else:
            wanted = tokens.vit.state_dict()
            stored = {key: value for key, value in load_file(path).items() if key in wanted}
            tokens.vit.load_state_dict(stored, strict=True)
    except (OSError, SafetensorError, RuntimeError) as error:
        raise TrainingError(
            f"{path} does not hold this backbone's weights.", str(error).splitlines()[0]
        ) from error
    if isinstance(tokens, MobileNetTokens) and images:
        some = sorted(images, key=lambda image: position(image.path.name))[:_CALIBRATION]
        network.eval()
        tokens.calibrate(
            normalise(torch.from_numpy(read_crop(image, 0)[0])[None]) for image in some
        )


def encoder_steps(found: LabelledSet, recipe: ImageRecipe) -> EncoderSteps:
    """What the learning of a recipe's degradation encoder sees."""
    return EncoderSteps(
        clean_part(found.train, recipe.encoder.clean_share),
        found.train,
        recipe.encoder,
        patches=recipe.ablation.degradation == "patch",
        seed=recipe.seed,
        without=recipe.data.leave_out if recipe.data.leave_out_column == "kind" else (),
    )


def train_encoder(
    network: DslFiqa, found: LabelledSet, recipe: ImageRecipe, out: Path, team: Team
) -> None:
    """Learn `network.degradation` in `out`; going on where it was stopped."""
    learning = recipe.ablation.degradation
    target = out / ENCODER_FILE
    steps = encoder_steps(found, recipe)
    task = EncoderTask(network.degradation, steps, recipe.encoder, learning, target)
    rule = learning.removesuffix("-cat")  # it differs in how the tokens are used, not learned
    text = f"{recipe.seed} {rule} {recipe_text(recipe.encoder)} {recipe_text(recipe.data)}"
    fit(task, recipe.encoder, seed=recipe.seed, out=out, team=team, text=text)
    read_encoder(network.degradation, target)


def build(recipe: ImageRecipe, found: LabelledSet, places: Places, team: Team) -> DslFiqa:
    """The network before quality learning: backbone and degradation encoder in place."""
    torch.manual_seed(recipe.seed)
    network = build_network(network_config(recipe))
    # The loop's checkpoints of a run on cached features do not hold the backbone.
    if recipe.network.cache_features or newest_state(places.out / "state") is None:
        if places.backbone is None:
            log.info("no --backbone: the token grid starts from random weights")
        elif recipe.network.cache_features:
            load_backbone(network, places.backbone, ())
        else:
            load_backbone(network, places.backbone, found.train)
    if places.encoder is not None:
        read_encoder(network.degradation, places.encoder)
    elif recipe.ablation.degradation != "none":
        train_encoder(network, found, recipe, places.encoder_out or places.out / "encoder", team)
    return network


def train_quality(places: Places, recipe: ImageRecipe, team: Team) -> dict[str, Any]:
    """Run a whole recipe; ``quality.safetensors`` and ``result.json`` appear in `places.out`.

    Returns:
        What result.json holds: steps, the best validation SRCC, and the test figures (RMSE after
        the least-squares line, on the set's own scale).

    Raises:
        TrainingError: the material is missing or malformed, or the folder holds another run.
    """
    choices = {"attribute": recipe.data.attribute, "split": recipe.data.split}
    everything = read_set(
        recipe.data.kind, places.data, **(choices if recipe.data.kind == "piq23" else {})
    )
    found = choose(everything, recipe)
    network = build(recipe, found, places, team).to(team.device)
    target = places.out / CHECKPOINT
    task = QualityTask(network, found, recipe, target)
    if recipe.network.cache_features:
        from fiqa_training.pictures.cached_task import cached_task  # noqa: PLC0415 - it builds on this one

        root = places.features or places.out / "features"
        task = cached_task(network, found, recipe, target, root, team)
    fitted = fit(
        task,
        recipe.training,
        seed=recipe.seed,
        out=places.out,
        team=team,
        text=f"{recipe_text(recipe)} {len(found.train)}",
    )
    team.wait()
    best, _ = load_checkpoint(target)
    result = _measure(task, best.to(team.device), found, fitted, recipe.ablation, team)
    if team.leads:
        partial = places.out / (RESULT + ".part")
        partial.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
        partial.replace(places.out / RESULT)
    return result


def _measure(
    task: QualityTask,
    network: DslFiqa,
    found: LabelledSet,
    fitted: Fitted,
    ablation: AblationRecipe,
    team: Team,
) -> dict[str, Any]:
    result: dict[str, Any] = {
        "set": found.name,
        "ablation": msgspec.to_builtins(ablation),
        "training_pictures": len(found.train),
        "steps": fitted.step,
        "stopped_early": fitted.stopped_early,
        "validation_srcc": fitted.best,
        "test": None,
    }
    if len(found.test) >= _FEWEST:
        values = task.predict(network, found.test, team)
        opinions = np.array([image.mos for image in found.test])
        slope, offset = linear_link(values, opinions)
        result["test"] = figures(values, opinions, slope * values + offset)
    return result
