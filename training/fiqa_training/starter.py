"""The starter recipe, to be read from top to bottom: prepare, train, measure, save.

    fiqa-train starter --faces DIR --rated DIR --backbone FILE --out FOLDER

1. split: by person and by near-duplicate group; only licensed rows train;
2. freeze: backbone, standardisation of its features, degradation encoder (dual-set learning);
3. cache: frozen features of every picture, with full-reference measures for the labels;
4. learn: fusion, attention, Swin stages, decoder, landmark guide and heads, on faces and rated
   photos together;
5. save: the best averaged weights with a manifest that says what made them.
"""

from __future__ import annotations

import datetime as dt
import logging
import shlex
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from fiqa_models.weights import save_checkpoint
from fiqa_training.data.faces import read_faces, split_faces, spread, validation_rows
from fiqa_training.data.rated import fold_of, read_rated
from fiqa_training.machine import keep_freed_memory
from fiqa_training.preparation import (
    load_groups,
    prepare_faces,
    prepare_rated,
    prepared_network,
)
from fiqa_training.quality import QualityTrainer
from fiqa_training.recipe import Recipe
from fiqa_training.validation import Validation

log = logging.getLogger(__name__)

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


def train_starter(material: Material, recipe: Recipe) -> Validation:
    """Run the whole recipe; `starter.safetensors` and `starter.json` appear in `material.out`.

    Raises:
        TrainingError: the material is missing or malformed.
    """
    keep_freed_memory()
    split = split_faces(read_faces(material.faces))
    photos = read_rated(material.rated)
    kept = [p for p in photos if fold_of(p) != recipe.data.rated_fold]
    held = [p for p in photos if fold_of(p) == recipe.data.rated_fold]
    train_rows = spread(split.train, recipe.data.faces)
    held_rows = validation_rows(split, recipe.data.validation_faces)

    cache = material.cache or Path(tempfile.gettempdir()) / "fiqa-starter-cache"
    network = prepared_network(train_rows, kept, material.backbone, recipe, cache)
    held_files = prepare_faces(network, held_rows, cache / "validation", recipe.seed)
    copies = recipe.data.rated_copies
    kept_files = prepare_rated(network, kept, cache, recipe.seed, copies)
    held_rated_files = prepare_rated(network, held, cache, recipe.seed, copies)
    train_files = prepare_faces(network, train_rows, cache, recipe.seed)

    torch.manual_seed(recipe.seed)
    trainer = QualityTrainer(
        network, load_groups(train_files), load_groups(kept_files), recipe.quality, recipe.seed
    )

    def save(found: Validation, step: int) -> None:
        save_checkpoint(
            network,
            material.out / "starter.safetensors",
            name="starter",
            title="Starter",
            summary="Perceptual quality of a face: DSL-FIQA, small, trained on openly licensed "
            "faces with synthetic degradations and on human ratings of real photos.",
            provenance={
                "command": "fiqa-train " + shlex.join(_without_places(sys.argv[1:])),
                "recipe": asdict(recipe),
                "steps": step,
                "date": dt.datetime.now(dt.UTC).date().isoformat(),
                "licences": LICENCES,
                "pictures": {
                    "training_faces": len(train_rows),
                    "training_photos": len(kept),
                    "held_out_faces": len(held_rows),
                    "held_out_photos": len(held),
                },
            },
            figures={
                "pseudo_mos_srcc": round(found.faces_srcc, 4),
                "rated_srcc": round(found.rated_srcc, 4),
                "core_steps_down": round(found.steps_down, 4),
                "clean_mean": round(found.clean_mean, 4),
                "rating_link": [
                    round(float(torch.nn.functional.softplus(trainer.link.slope.detach())), 4),
                    round(float(trainer.link.offset.detach()), 4),
                ],
            },
        )
        log.info("saved %s", material.out / "starter.safetensors")

    return trainer.fit(load_groups(held_files), load_groups(held_rated_files), save)


def _without_places(arguments: list[str]) -> list[str]:
    """The command without this machine's folders: their last part says enough."""
    return [Path(argument).name if "/" in argument else argument for argument in arguments]
