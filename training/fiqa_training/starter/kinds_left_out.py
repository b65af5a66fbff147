"""How the starter judges a kind of degradation that its training never saw.

    fiqa-train starter-kinds --faces DIR --rated DIR --backbone FILE --out FOLDER

Every kind is left out once, and with it the chains and mixtures, which may hold it; the context,
which sets the score, is solved from the rest. Its inputs are frozen ImageNet features, so nothing
else has seen the kind. Measured on held-out people: each degraded by the kind in four severities,
and clean; SRCC of the score with the pseudo-MOS.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fiqa_models.networks import DslFiqa
from fiqa_training.data.faces import FaceRow, one_per_group, read_faces, split_faces
from fiqa_training.data.samples import CHAINS, Sample
from fiqa_training.degradations import kinds
from fiqa_training.evaluation.metrics import bootstrap, srcc
from fiqa_training.features.feature_cache import Group
from fiqa_training.loop.machine import keep_freed_memory
from fiqa_training.starter.form import Recipe
from fiqa_training.starter.preparation import load_groups, prepare_samples, seeded
from fiqa_training.starter.run import (
    Material,
    Prepared,
    cache_of,
    judged,
    labels_of,
    opinions_of,
    prepare,
)
from fiqa_training.starter.scene_context import face_problem, solve, statistics_of
from fiqa_training.starter.validation import face_labels

log = logging.getLogger(__name__)

SEVERITIES = (0.25, 0.5, 0.75, 1.0)


def leave_kinds_out(material: Material, recipe: Recipe, people: int) -> dict[str, Any]:
    """Leave every single kind out once; `kinds.json` appears in `material.out`.

    Args:
        material: what the starter learns from.
        recipe: of the starter.
        people: held-out people of the test.

    Returns:
        The mean SRCC, and each kind's with its interval.

    Raises:
        TrainingError: the material is missing or malformed.
    """
    keep_freed_memory()
    prepared = prepare(material, recipe)
    rows = one_per_group(split_faces(read_faces(material.faces)).test, people)
    cache = cache_of(material) / "kinds"
    found: dict[str, dict[str, Any]] = {}
    for kind in sorted(each.name for each in kinds() if each.name not in CHAINS):
        groups = _test_groups(prepared.network, rows, kind, cache, recipe.seed)
        found[kind] = _judge(prepared, kind, groups, recipe)
        log.info("without %s: SRCC %.3f", kind, found[kind]["srcc"])
    result = {
        "mean_srcc": round(float(np.mean([each["srcc"] for each in found.values()])), 4),
        "people": len(rows),
        "kinds": found,
    }
    material.out.mkdir(parents=True, exist_ok=True)
    (material.out / "kinds.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return result


def _test_groups(
    network: DslFiqa, people: Sequence[FaceRow], kind: str, cache: Path, seed: int
) -> list[Group]:
    def samples(row: FaceRow) -> list[Sample]:
        drawn = int(seeded(seed, "kinds", kind, row.path.name).integers(2**31))
        return [Sample("", 0.0, 0), *(Sample(kind, severity, drawn) for severity in SEVERITIES)]

    return load_groups(prepare_samples(network, people, cache / kind, samples))


def _judge(
    prepared: Prepared, kind: str, groups: Sequence[Group], recipe: Recipe
) -> dict[str, Any]:
    hidden = {kind, *CHAINS}
    known = prepared.statistics
    seen = np.array([name not in hidden for group in prepared.faces for name in group.kinds])
    problem = face_problem(known, opinions_of(prepared), labels_of(prepared), recipe.context.crops)
    hiding = replace(problem, faces=problem.faces[seen], labels=problem.labels[seen])
    context = solve(known.bases, hiding)
    scores = judged(context, statistics_of(prepared.network, context, groups))
    labels = [face_labels(group, prepared.calibration) for group in groups]
    expected = np.concatenate(labels).astype(np.float64)
    interval = bootstrap(srcc, scores, expected, draws=500)
    return {
        "srcc": round(srcc(scores, expected), 4),
        "srcc_ci": [round(end, 4) for end in interval],
        "pictures": len(expected),
    }
