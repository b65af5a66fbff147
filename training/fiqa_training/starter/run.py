"""The starter recipe, to be read from top to bottom: prepare, train, measure, save.

    fiqa-train starter --faces DIR --rated DIR --backbone FILE --out FOLDER

1. split: by person and by near-duplicate group; only licensed rows train;
2. freeze: the backbone, the standardisation of its features, the degradation encoder (dual-set
   learning);
3. cache: what the frozen part says of every picture, with full-reference measures for the labels;
4. solve the scene contexts of photos and of faces, which set the level of every score, in closed
   form: five times without one fifth of the rated photos, to measure them on that fifth, and once
   from everything;
5. learn by steps what the paper's network has: where a face is better or worse;
6. save the last averaged weights with a manifest that says what made them. No checkpoint is chosen
   by a held-out figure.
"""

from __future__ import annotations

import datetime as dt
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
from fiqa_training.data.degraded_regions import WHOLE
from fiqa_training.data.faces import FaceRow, one_per_group, read_faces, split_faces, spread
from fiqa_training.data.rated import RatedPhoto, fold_of, read_rated
from fiqa_training.errors import TrainingError
from fiqa_training.evaluation.metrics import bootstrap, srcc
from fiqa_training.features.feature_cache import Group
from fiqa_training.loop.fitting import fit
from fiqa_training.loop.machine import keep_freed_memory
from fiqa_training.loop.parallel import Team
from fiqa_training.loop.recipe import recipe_text
from fiqa_training.pseudo_mos.fusion import Calibration
from fiqa_training.starter.form import ContextRecipe, Recipe
from fiqa_training.starter.preparation import (
    load_groups,
    prepare_faces,
    prepare_rated,
    prepared_network,
)
from fiqa_training.starter.scene_context import (
    Pictures,
    Statistics,
    face_problem,
    measure,
    photo_problem,
    solve,
    whole_places,
)
from fiqa_training.starter.task import StarterTask
from fiqa_training.starter.validation import (
    face_labels,
    falling_share,
    fit_labels,
    fit_link,
    predict_groups,
)

log = logging.getLogger(__name__)

FOLDS = 5
HELD_OUT_PERSONS = 48
COVERAGE = 0.9
_FEWEST_PHOTOS = 3
_EDGES = (0.2, 0.4, 0.6, 0.8)
"""Where the five words of the scale (Bad to Excellent) meet."""

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


def train_starter(material: Material, recipe: Recipe) -> dict[str, Any]:
    """Run the recipe; `starter.safetensors` and `starter.json` appear in `material.out`.

    A run that was stopped goes on when the same command is given again.

    Returns:
        The figures in the manifest.

    Raises:
        TrainingError: the material is missing or malformed.
    """
    keep_freed_memory()
    prepared = prepare(material, recipe)
    folds = five_folds(prepared, recipe.context)
    network = _learn(prepared, recipe, material.out / "run")
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
            "dataset": "openly licensed portraits, degraded; LIVE In the Wild photos with ratings",
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
    groups = load_groups(rated)
    held = load_groups(held_faces)
    pictures = Pictures(photos, groups, faces, held)
    return Prepared(
        weights={key: value.clone() for key, value in network.state_dict().items()},
        network=network,
        faces=faces,
        held_faces=held,
        photos=photos,
        rated=groups,
        calibration=fit_labels(faces),
        statistics=measure(network, pictures, recipe.context.crops, cache / "context.safetensors"),
        training_rows=len(rows),
    )


def opinions_of(prepared: Prepared) -> npt.NDArray[np.float64]:
    """Mean opinions of the rated photos on [0, 1]."""
    return np.array([photo.mos for photo in prepared.photos])


def labels_of(prepared: Prepared, *, whole: bool = False) -> npt.NDArray[np.float64]:
    """Pseudo-MOS of every picture of every training face, or of those degraded everywhere."""
    labels = [
        face_labels(group, prepared.calibration)[whole_places(group) if whole else slice(None)]
        for group in prepared.faces
    ]
    return np.asarray(np.concatenate(labels), np.float64)


@dataclass(frozen=True)
class Folds:
    """Every rated photo, judged by contexts that have not learned from its fold.

    Attributes:
        scores: (N,) on [0, 1], of the photos as they are.
        srcc: of each fold.
        crops: (V, N) on [0, 1], of their enlargements in the faces' view.
        crop_srcc: (V,) means over the folds.
    """

    scores: npt.NDArray[np.float64]
    srcc: tuple[float, ...]
    crops: npt.NDArray[np.float64]
    crop_srcc: tuple[float, ...]


def five_folds(prepared: Prepared, recipe: ContextRecipe) -> Folds:
    """Solve without each fold of the rated photos, and judge it.

    Raises:
        TrainingError: a fold holds too few photos for a rank correlation.
    """
    places = np.array([fold_of(photo, FOLDS) for photo in prepared.photos])
    opinions = opinions_of(prepared)
    labels, whole = labels_of(prepared), labels_of(prepared, whole=True)
    known = prepared.statistics
    fewest = int(np.bincount(places, minlength=FOLDS).min())
    if fewest < _FEWEST_PHOTOS:
        raise TrainingError(
            f"A fold holds {fewest} rated photos, {_FEWEST_PHOTOS} are needed.",
            "Rate more photos.",
        )
    scores = np.empty(len(opinions))
    crops = np.empty(known.crops.shape[:2])
    found, of_crops = [], []
    for number in range(FOLDS):
        kept, held = places != number, places == number
        context = solve(known.bases, photo_problem(known, opinions, whole, recipe, kept))
        scores[held] = judged(context, known.photos[held])
        found.append(srcc(scores[held], opinions[held]))
        context = solve(known.bases, face_problem(known, opinions, labels, recipe.crops, kept))
        for place, view in enumerate(known.crops):
            crops[place, held] = judged(context, view[held])
        of_crops.append([srcc(view[held], opinions[held]) for view in crops])
        log.info(
            "fold %d: SRCC %.4f on %d photos; as crops %s",
            number,
            found[-1],
            held.sum(),
            " ".join(f"{value:.3f}" for value in of_crops[-1]),
        )
    means = tuple(float(value) for value in np.mean(of_crops, 0))
    return Folds(scores, tuple(found), crops, means)


@torch.inference_mode()
def judged(context: SceneContext, statistics: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """(N,) scores that a context gives to pictures of known statistics."""
    scores = torch.sigmoid(context.judge(torch.from_numpy(statistics)))
    return np.asarray(scores.double().numpy(), np.float64)


def _learn(prepared: Prepared, recipe: Recipe, folder: Path) -> DslFiqa:
    """The loop's averaged weights, and the context beside them."""
    torch.manual_seed(recipe.seed)
    network = prepared.network
    network.load_state_dict(prepared.weights)
    stored = folder / "learned.safetensors"

    def keep(step: int) -> None:
        log.info("step %d: done", step)
        save_file(task.module.state_dict(), stored.with_suffix(".part"))
        stored.with_suffix(".part").replace(stored)

    task = StarterTask(
        network,
        prepared.faces,
        prepared.rated,
        recipe.quality,
        prepared.calibration,
        recipe.seed,
        keep,
    )
    # All that decides this part, so that the contexts can be solved anew without it.
    parts = (recipe.data, recipe.degradation, recipe.quality)
    text = " ".join([str(recipe.seed), *map(recipe_text, parts), str(len(prepared.rated))])
    team = Team(0, 1, torch.device("cpu"))
    fit(task, recipe.quality, seed=recipe.seed, out=folder, team=team, text=text)
    task.module.load_state_dict(load_file(stored))
    known = prepared.statistics
    opinions = opinions_of(prepared)
    problems = (
        photo_problem(known, opinions, labels_of(prepared, whole=True), recipe.context),
        face_problem(known, opinions, labels_of(prepared), recipe.context.crops),
    )
    beside = {
        f"context.{problem.view}.{key}": value
        for problem in problems
        for key, value in solve(known.bases, problem).state_dict().items()
    }
    whole = build_network("starter", context="by_view")
    whole.load_state_dict({**network.state_dict(), **beside}, strict=True)
    return whole.eval()


def _figures(prepared: Prepared, network: DslFiqa, folds: Folds) -> dict[str, Any]:
    """Figures of the shipped weights on held-out people, and of the five folds on photos."""
    by_face = predict_groups(network, prepared.held_faces)
    scores = np.concatenate(by_face)
    labels = np.concatenate(
        [face_labels(group, prepared.calibration) for group in prepared.held_faces]
    ).astype(np.float64)
    opinions = opinions_of(prepared)
    link = fit_link(folds.scores, opinions)
    # One enlargement of each photo, drawn: intervals are shown beside faces.
    drawn = np.random.default_rng(0).integers(len(folds.crops), size=len(opinions))
    crops = folds.crops[drawn, np.arange(len(opinions))]
    interval = fit_interval(
        _alternating(crops, scores),
        _alternating(fit_link(crops, opinions).back(opinions), labels),
        COVERAGE,
        _EDGES,
        calibrated_on=f"{min(len(opinions), len(scores))} rated photos, whole or a part enlarged, "
        "each judged by a solution without it, and as many pictures of held-out people with "
        "pseudo-MOS",
    )
    whole = np.concatenate(
        [[place == WHOLE for place in group.places] for group in prepared.held_faces]
    )
    return {
        "pseudo_mos_srcc": round(srcc(scores, labels), 4),
        "pseudo_mos_srcc_ci": _rounded(bootstrap(srcc, scores, labels)),
        "pseudo_mos_srcc_whole_crops": round(srcc(scores[whole], labels[whole]), 4),
        "rated_five_fold_srcc": round(float(np.mean(folds.srcc)), 4),
        "rated_fold_srcc": [round(value, 4) for value in folds.srcc],
        "rated_crops_five_fold_srcc": [round(value, 4) for value in folds.crop_srcc],
        "rated_pooled_srcc_ci": _rounded(bootstrap(srcc, folds.scores, opinions)),
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
