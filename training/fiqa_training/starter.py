"""The starter recipe, to be read from top to bottom: prepare, train, measure, save.

    fiqa-train starter --faces DIR --rated DIR --backbone FILE --out FOLDER

1. split: by person and by near-duplicate group; only licensed rows train;
2. freeze: the backbone, the standardisation of its features, the degradation encoder (dual-set
   learning);
3. cache: what the frozen part says of every picture, with full-reference measures for the labels;
4. learn by steps what the paper's network has, and solve the scene context in closed form;
   first for five folds of the rated photos, each measured on the fold it has not seen: these runs
   make the figures and the calibrated interval, their weights are not shipped;
5. then once more from all photos; the last averaged weights are saved with a manifest that says
   what made them. No checkpoint is chosen by a held-out figure.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import shlex
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file, save_file

from fiqa_models.intervals import FIGURE
from fiqa_models.intervals import fit as fit_interval
from fiqa_models.networks import DslFiqa, build_network
from fiqa_models.networks.context import SceneContext
from fiqa_models.weights import save_checkpoint
from fiqa_training.context import Statistics, measure, solve
from fiqa_training.data.faces import FaceRow, one_per_group, read_faces, split_faces, spread
from fiqa_training.data.feature_cache import Group
from fiqa_training.data.rated import RatedPhoto, fold_of, read_rated
from fiqa_training.errors import TrainingError
from fiqa_training.fitting import fit
from fiqa_training.image_recipe import recipe_text
from fiqa_training.labels import Calibration
from fiqa_training.machine import keep_freed_memory
from fiqa_training.metrics import bootstrap, srcc
from fiqa_training.parallel import Team
from fiqa_training.preparation import (
    load_groups,
    prepare_faces,
    prepare_rated,
    prepared_network,
)
from fiqa_training.quality import StarterTask
from fiqa_training.recipe import ContextRecipe, Recipe
from fiqa_training.validation import (
    face_labels,
    falling_share,
    fit_labels,
    fit_link,
    predict_groups,
    stretch,
)

log = logging.getLogger(__name__)

FOLDS = 5
HELD_OUT_PERSONS = 48
COVERAGE = 0.9
_EDGES = (0.2, 0.4, 0.6, 0.8)
"""Where the five words of the scale (Bad to Excellent) meet."""
_STRETCHED_ON = 60

LICENCES = {
    "portraits": "official portraits of US members of Congress, public domain",
    "studio": "Face Research Lab London set and others in webmorphR.stim, CC BY 4.0",
    "rated": "LIVE In the Wild Image Quality Challenge Database, D. Ghadiyaram and A. C. Bovik, "
    "used with acknowledgement under its notice",
    "backbone": "MobileNetV2, ImageNet, google-coral/test_data, Apache-2.0",
}


@dataclass(frozen=True)
class Material:
    """Where a run finds what it learns from, and where it leaves what it makes."""

    faces: Path
    rated: Path
    backbone: Path
    out: Path
    cache: Path | None = None


@dataclass(frozen=True)
class Prepared:
    """Everything of the recipe that all its runs share."""

    weights: dict[str, torch.Tensor]
    network: DslFiqa
    faces: list[Group]
    held_faces: list[Group]
    photos: list[RatedPhoto]
    rated: list[Group]
    calibration: Calibration
    statistics: Statistics
    training_rows: int

    def fresh(self) -> DslFiqa:
        """The network as every run starts with it."""
        self.network.load_state_dict(self.weights)
        return self.network


def train_starter(
    material: Material, recipe: Recipe, only_fold: int | None = None
) -> dict[str, Any]:
    """Run the recipe; `starter.safetensors` and `starter.json` appear in `material.out`.

    Folds that are done already are not run again, so that several processes may share them.

    Args:
        material: what it learns from.
        recipe: how.
        only_fold: run this fold and no more.

    Returns:
        The figures: those of the fold, or those in the shipped manifest.

    Raises:
        TrainingError: the material is missing or malformed.
    """
    keep_freed_memory()
    if only_fold is not None and not 0 <= only_fold < FOLDS:
        raise TrainingError(f"There is no fold {only_fold}; they are 0 to {FOLDS - 1}.")
    prepared = prepare(material, recipe)
    if only_fold is not None:
        return _fold(prepared, only_fold, recipe, material.out)
    folds = [_fold(prepared, number, recipe, material.out) for number in range(FOLDS)]
    return _ship(prepared, folds, recipe, material)


def cache_of(material: Material) -> Path:
    """Where a run keeps its features."""
    return material.cache or Path(tempfile.gettempdir()) / "fiqa-starter-cache"


def prepare(material: Material, recipe: Recipe) -> Prepared:
    """Everything before the learning, from the cache where it is there.

    Raises:
        TrainingError: the material is missing or malformed.
    """
    split = split_faces(read_faces(material.faces))
    rows: list[FaceRow] = spread(split.train, recipe.data.faces)
    held_rows = one_per_group(split.test, HELD_OUT_PERSONS)
    photos = read_rated(material.rated)
    cache = cache_of(material)
    # The encoder's set R takes photos as they are, without their ratings: of every fold.
    network = prepared_network(rows, photos, material.backbone, recipe, cache)
    rated = prepare_rated(network, photos, cache, recipe.seed, recipe.data.rated_copies)
    held_faces = prepare_faces(network, held_rows, cache / "test", recipe.seed)
    faces = load_groups(prepare_faces(network, rows, cache, recipe.seed))
    groups = load_groups(rated), faces, load_groups(held_faces)
    return Prepared(
        weights={key: value.clone() for key, value in network.state_dict().items()},
        network=network,
        faces=faces,
        held_faces=groups[2],
        photos=photos,
        rated=groups[0],
        calibration=fit_labels(faces),
        statistics=measure(network, *groups, cache / "context.safetensors"),
        training_rows=len(rows),
    )


def _learn(prepared: Prepared, kept: Sequence[int], recipe: Recipe, folder: Path) -> DslFiqa:
    """One run: the loop's averaged weights, the context beside them. `kept` are rated photos."""
    torch.manual_seed(recipe.seed)
    network = prepared.fresh()
    stored = folder / "learned.safetensors"

    def keep(step: int) -> None:
        log.info("step %d: done", step)
        save_file(task.module.state_dict(), stored.with_suffix(".part"))
        stored.with_suffix(".part").replace(stored)

    task = StarterTask(
        network,
        prepared.faces,
        [prepared.rated[index] for index in kept],
        recipe.quality,
        prepared.calibration,
        recipe.seed,
        keep,
    )
    # All that decides this part, so that the context can be solved anew without it.
    parts = (recipe.data, recipe.degradation, recipe.quality)
    text = " ".join([str(recipe.seed), *map(recipe_text, parts), str(len(kept))])
    team = Team(0, 1, torch.device("cpu"))
    fit(task, recipe.quality, seed=recipe.seed, out=folder, team=team, text=text)
    task.module.load_state_dict(load_file(stored))
    gain, shift = stretch(network, prepared.faces[:_STRETCHED_ON], prepared.calibration)
    log.info("stretched by %.3f and %+.3f", gain, shift)
    labels = [face_labels(group, prepared.calibration) for group in prepared.faces]
    context = solve(
        prepared.statistics.bases,
        prepared.statistics.photos[list(kept)],
        np.array([prepared.photos[index].mos for index in kept]),
        prepared.statistics.faces,
        np.concatenate(labels).astype(np.float64),
        recipe.context,
    )
    return with_context(network.state_dict(), context, recipe.context)


def with_context(
    learned: dict[str, torch.Tensor], context: SceneContext, recipe: ContextRecipe
) -> DslFiqa:
    """The network that learned by steps, with the context that was solved."""
    network = build_network("starter", context_weight=recipe.weight)
    parts = {f"context.{key}": value for key, value in context.state_dict().items()}
    network.load_state_dict({**learned, **parts}, strict=True)
    return network.eval()


def _fold(prepared: Prepared, number: int, recipe: Recipe, out: Path) -> dict[str, Any]:
    """Learn without a fold and predict it; or read what was found before."""
    folder = out / f"fold-{number}"
    result = folder / "result.json"
    if result.is_file():
        known: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
        return known
    places = np.array([fold_of(photo, FOLDS) for photo in prepared.photos])
    kept, held = np.flatnonzero(places != number), np.flatnonzero(places == number)
    network = _learn(prepared, kept.tolist(), recipe, folder)
    groups = [prepared.rated[index] for index in held]
    scores = np.array([values[0] for values in predict_groups(network, groups)])
    opinions = np.array([prepared.photos[index].mos for index in held])
    found = {
        "fold": number,
        "photos": [prepared.photos[index].path.name for index in held],
        "srcc": srcc(scores, opinions),
        "scores": scores.tolist(),
        "opinions": opinions.tolist(),
    }
    log.info("fold %d: SRCC %.4f on %d photos", number, found["srcc"], len(held))
    partial = result.with_suffix(".part")
    partial.write_text(json.dumps(found) + "\n", encoding="utf-8")
    partial.replace(result)
    return found


def _ship(
    prepared: Prepared, folds: Sequence[dict[str, Any]], recipe: Recipe, material: Material
) -> dict[str, Any]:
    everything = range(len(prepared.photos))
    network = _learn(prepared, everything, recipe, material.out / "final")
    figures = _figures(prepared, network, folds)
    save_checkpoint(
        network,
        material.out / "starter.safetensors",
        name="starter",
        title="Starter",
        summary="Perceptual quality of a face: DSL-FIQA, small, trained on openly licensed "
        "faces with synthetic degradations and on human ratings of real photos.",
        provenance={
            "command": "fiqa-train " + shlex.join(_without_places(sys.argv[1:])),
            "recipe": msgspec.to_builtins(recipe),
            "date": dt.datetime.now(dt.UTC).date().isoformat(),
            "licences": LICENCES,
            "pictures": {
                "training_faces": prepared.training_rows,
                "training_photos": len(prepared.photos),
                "held_out_faces": len(prepared.held_faces),
            },
        },
        figures=figures,
    )
    log.info("saved %s", material.out / "starter.safetensors")
    return figures


def _figures(
    prepared: Prepared, network: DslFiqa, folds: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Figures of the shipped weights on held-out people, and of the five folds on photos."""
    by_face = predict_groups(network, prepared.held_faces)
    scores = np.concatenate(by_face)
    labels = np.concatenate(
        [face_labels(group, prepared.calibration) for group in prepared.held_faces]
    ).astype(np.float64)
    people, opinions = (
        np.concatenate([fold[key] for fold in folds]) for key in ("scores", "opinions")
    )
    link = fit_link(people, opinions)
    interval = fit_interval(
        _alternating(people, scores),
        _alternating(link.back(opinions), labels),
        COVERAGE,
        _EDGES,
        calibrated_on=f"{len(people)} rated photos, each left out of training once, and as many "
        "degraded faces of held-out people with pseudo-MOS",
    )
    return {
        "pseudo_mos_srcc": round(srcc(scores, labels), 4),
        "pseudo_mos_srcc_ci": _rounded(bootstrap(srcc, scores, labels)),
        "rated_five_fold_srcc": round(float(np.mean([fold["srcc"] for fold in folds])), 4),
        "rated_fold_srcc": [round(fold["srcc"], 4) for fold in folds],
        "rated_pooled_srcc_ci": _rounded(bootstrap(srcc, people, opinions)),
        "core_steps_down": round(falling_share(by_face, prepared.held_faces), 4),
        "clean_mean": round(float(np.mean([values[0] for values in by_face])), 4),
        "rating_link": [round(link.slope, 4), round(link.offset, 4)],
        FIGURE: interval.as_figure(),
    }


def _alternating(photos: npt.NDArray[np.float64], faces: npt.NDArray[np.float64]) -> list[float]:
    """As many photos as pictures of faces, so that neither decides the interval alone."""
    count = min(len(photos), len(faces))
    rng = np.random.default_rng(0)
    parts = (part[rng.permutation(len(part))[:count]] for part in (photos, faces))
    return [float(value) for part in parts for value in part]


def _rounded(interval: Sequence[float]) -> list[float]:
    return [round(float(end), 4) for end in interval]


def _without_places(arguments: list[str]) -> list[str]:
    """The command without this machine's folders: their last part says enough."""
    return [Path(argument).name if "/" in argument else argument for argument in arguments]
