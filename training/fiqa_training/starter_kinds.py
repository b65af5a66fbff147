"""How the starter judges a kind of degradation that its training never saw.

    fiqa-train starter-kinds --faces DIR --rated DIR --backbone FILE --out FOLDER

Every kind is left out once, and with it the chains and mixtures, which may hold it. The context is
solved anew for each kind. What learns by steps is shared: the kinds are dealt into a few groups of
unlike ones, and a run leaves out a whole group, which is harder than leaving out one. The frozen
degradation encoder has seen all kinds, without labels.

Measured on held-out people: each degraded by the kind in four severities, and clean; SRCC of the
score with the pseudo-MOS.
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
from safetensors.torch import load_file, save_file

from fiqa_models.networks import DslFiqa
from fiqa_training.context import solve
from fiqa_training.data.faces import FaceRow, one_per_group, read_faces, split_faces
from fiqa_training.data.feature_cache import Group
from fiqa_training.data.samples import CHAINS, Sample
from fiqa_training.degradations import kinds
from fiqa_training.fitting import fit
from fiqa_training.image_recipe import recipe_text
from fiqa_training.machine import keep_freed_memory
from fiqa_training.metrics import srcc
from fiqa_training.parallel import Team
from fiqa_training.preparation import load_groups, prepare_samples, seeded
from fiqa_training.quality import StarterTask
from fiqa_training.recipe import Recipe
from fiqa_training.starter import Material, Prepared, cache_of, prepare, with_context
from fiqa_training.validation import face_labels, predict_groups

log = logging.getLogger(__name__)

SEVERITIES = (0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class KindsPlan:
    """How much is spent.

    Attributes:
        groups: runs; each leaves out about 26 / groups kinds.
        steps: updates of a run.
        people: held-out people of the test.
    """

    groups: int = 8
    steps: int = 100
    people: int = 12


def leave_kinds_out(material: Material, recipe: Recipe, plan: KindsPlan) -> dict[str, Any]:
    """Leave every kind out once; `kinds.json` appears in `material.out`.

    Returns:
        ``{"mean_srcc":, "kinds": {name: srcc}, ...}``

    Raises:
        TrainingError: the material is missing or malformed.
    """
    keep_freed_memory()
    quality = msgspec.structs.replace(recipe.quality, steps=plan.steps, check_every=plan.steps)
    recipe = msgspec.structs.replace(recipe, quality=quality)
    prepared = prepare(material, recipe)
    split = split_faces(read_faces(material.faces))
    people = one_per_group(split.test, plan.people)
    names = sorted(each.name for each in kinds() if each.name not in CHAINS)
    cache = cache_of(material) / "kinds"
    found: dict[str, float] = {}
    for number in range(plan.groups):
        # Dealt like cards from the list by family, so that a group holds unlike kinds.
        group = _by_family(names)[number :: plan.groups]
        head = _learn_without(prepared, group, recipe, material.out / f"without-{number}")
        for name in group:
            groups = _test_groups(prepared.network, people, name, cache, recipe.seed)
            found[name] = _judge(prepared, head, name, groups, recipe)
            log.info("without %s: SRCC %.3f", name, found[name])
    result = {
        "mean_srcc": round(float(np.mean(list(found.values()))), 4),
        "kinds": {name: round(found[name], 4) for name in names},
        "people": len(people),
        "steps": plan.steps,
        "groups": plan.groups,
    }
    (material.out / "kinds.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return result


def _by_family(names: Sequence[str]) -> list[str]:
    family = {each.name: each.family for each in kinds()}
    return sorted(names, key=lambda name: (family[name], name))


def _without(group: Group, left_out: set[str]) -> Group:
    """A face's pictures but those of the kinds left out."""
    kept = [i for i, kind in enumerate(group.kinds) if kind not in left_out]
    return replace(
        group,
        shallow=group.shallow[kept],
        degradation=group.degradation[kept],
        measures=group.measures[kept],
        severities=group.severities[kept],
        kinds=tuple(group.kinds[i] for i in kept),
    )


def _learn_without(
    prepared: Prepared, left_out: Sequence[str], recipe: Recipe, folder: Path
) -> dict[str, torch.Tensor]:
    """What learns by steps, from everything but some kinds: a state of the plain network."""
    stored = folder / "learned.safetensors"
    if stored.is_file():
        known: dict[str, torch.Tensor] = load_file(stored)
        return known
    torch.manual_seed(recipe.seed)
    network = prepared.fresh()
    hidden = {*left_out, *CHAINS}

    def keep(step: int) -> None:
        log.info("step %d: done", step)
        save_file(network.state_dict(), stored.with_suffix(".part"))
        stored.with_suffix(".part").replace(stored)

    task = StarterTask(
        network,
        [_without(group, hidden) for group in prepared.faces],
        [_without(group, hidden) for group in prepared.rated],
        recipe.quality,
        prepared.calibration,
        recipe.seed,
        keep,
    )
    text = f"{recipe_text(recipe)} without {' '.join(left_out)}"
    team = Team(0, 1, torch.device("cpu"))
    fit(task, recipe.quality, seed=recipe.seed, out=folder, team=team, text=text)
    learned: dict[str, torch.Tensor] = load_file(stored)
    return learned


def _test_groups(
    network: DslFiqa, people: Sequence[FaceRow], kind: str, cache: Path, seed: int
) -> list[Group]:
    def samples(row: FaceRow) -> list[Sample]:
        drawn = int(seeded(seed, "kinds", kind, row.path.name).integers(2**31))
        return [Sample("", 0.0, 0), *(Sample(kind, severity, drawn) for severity in SEVERITIES)]

    return load_groups(prepare_samples(network, people, cache / kind, samples))


def _judge(
    prepared: Prepared,
    head: dict[str, torch.Tensor],
    name: str,
    groups: Sequence[Group],
    recipe: Recipe,
) -> float:
    hidden = {name, *CHAINS}
    kinds_of = [kind for group in prepared.faces for kind in group.kinds]
    seen = np.array([kind not in hidden for kind in kinds_of])
    labels = [face_labels(group, prepared.calibration) for group in prepared.faces]
    context = solve(
        prepared.statistics.bases,
        prepared.statistics.photos,
        np.array([photo.mos for photo in prepared.photos]),
        prepared.statistics.faces[seen],
        np.concatenate(labels)[seen].astype(np.float64),
        recipe.context,
    )
    network = with_context(head, context, recipe.context)
    scores = np.concatenate(predict_groups(network, groups))
    expected = [face_labels(group, prepared.calibration) for group in groups]
    return srcc(scores, np.concatenate(expected).astype(np.float64))
