"""Training a quality network on labelled pictures, as in the paper (sections 3.4 and 5.1).

    fiqa-train quality --recipe paper --data GFIQA --out run --backbone vit.safetensors
    torchrun --nproc-per-node 8 -m fiqa_training.cli quality --recipe paper ...

1. read the set; 2. build the network the ablation names; 3. learn the degradation encoder and
freeze it; 4. learn the rest; 5. measure the best weights on the test split. A run that was stopped
goes on when the same command is given again.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from fiqa_models.networks import CONFIGS, DslFiqa, NetworkConfig, build_network, normalise
from fiqa_models.networks.tokens import MobileNetTokens
from fiqa_models.weights import load_checkpoint
from fiqa_training.data.faces import position
from fiqa_training.data.labelled import LabelledImage, LabelledSet, read_set
from fiqa_training.data.patches import read_crop
from fiqa_training.encoding.encoder import (
    ENCODER_FILE,
    EncoderSteps,
    EncoderTask,
    clean_part,
    read_encoder,
)
from fiqa_training.errors import TrainingError
from fiqa_training.evaluation.labelled_set import figures, linear_link
from fiqa_training.loop.fitting import Fitted, fit
from fiqa_training.loop.parallel import Team
from fiqa_training.loop.recipe import AblationRecipe, ImageRecipe, recipe_text
from fiqa_training.loop.run_state import newest_state
from fiqa_training.loop.watch import Watch
from fiqa_training.pictures.cached_task import cached_task
from fiqa_training.pictures.task import FEWEST, QualityTask

log = logging.getLogger(__name__)

CHECKPOINT = "quality.safetensors"
RESULT = "result.json"
_CALIBRATION = 64


@dataclass(frozen=True)
class RunFolders:
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
    network: DslFiqa,
    found: LabelledSet,
    recipe: ImageRecipe,
    out: Path,
    team: Team,
    watch: Watch | None = None,
) -> None:
    """Learn `network.degradation` in `out`; going on where it was stopped.

    Raises:
        TrainingError: the watch ended it before it was learned.
    """
    learning = recipe.ablation.degradation
    target = out / ENCODER_FILE
    steps = encoder_steps(found, recipe)
    task = EncoderTask(network.degradation, steps, recipe.encoder, learning, target)
    rule = learning.removesuffix("-cat")  # it differs in how the tokens are used, not learned
    text = f"{recipe.seed} {rule} {recipe_text(recipe.encoder)} {recipe_text(recipe.data)}"
    fitted = fit(
        task,
        recipe.encoder,
        seed=recipe.seed,
        out=out,
        team=team,
        text=text,
        watch=watch,
        stage="encoder",
    )
    if fitted.cancelled:
        raise TrainingError(
            "Cancelled while the degradation encoder was learned: there is nothing to keep yet.",
            "Start the same run again; it goes on where it was.",
        )
    read_encoder(network.degradation, target)


def build(
    recipe: ImageRecipe,
    found: LabelledSet,
    places: RunFolders,
    team: Team,
    watch: Watch | None = None,
) -> DslFiqa:
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
        folder = places.encoder_out or places.out / "encoder"
        train_encoder(network, found, recipe, folder, team, watch)
    return network


def train_quality(
    places: RunFolders, recipe: ImageRecipe, team: Team, watch: Watch | None = None
) -> dict[str, Any]:
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
    network = build(recipe, found, places, team, watch).to(team.device)
    target = places.out / CHECKPOINT
    task = QualityTask(network, found, recipe, target)
    if recipe.network.cache_features:
        root = places.features or places.out / "features"
        task = cached_task(network, found, recipe, target, root, team)
    fitted = fit(
        task,
        recipe.training,
        seed=recipe.seed,
        out=places.out,
        team=team,
        text=f"{recipe_text(recipe)} {len(found.train)}",
        watch=watch,
        stage="quality",
    )
    team.wait()
    if fitted.cancelled and not target.exists():
        raise TrainingError(
            "Cancelled before the first step: there is nothing to keep yet.",
            "Start the same run again; it goes on where it was.",
        )
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
        "cancelled": fitted.cancelled,
        "validation_srcc": fitted.best,
        "test": None,
    }
    if len(found.test) >= FEWEST:
        values = task.predict(network, found.test, team)
        opinions = np.array([image.mos for image in found.test])
        slope, offset = linear_link(values, opinions)
        result["test"] = figures(values, opinions, slope * values + offset)
    return result
