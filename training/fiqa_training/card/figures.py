"""The figures of a model card, measured again by one command whenever weights change.

    fiqa-train card --faces DIR --scorer starter --out FOLDER

Three groups of people are measured apart:

* ``held out``: licensed portraits and studio pictures of people that no training and no choice
  of a checkpoint has seen, drawn evenly from the two kinds;
* ``synthetic plain``: generated faces, evenly from sex and ethnicity as their source's folders
  have them. The n-th person of each such group gets the same degradations, so that the groups
  can be compared;
* ``synthetic wild``: generated faces with casual light and background.

Synthetic faces never train; a few choose the starter's checkpoint, so those measured here are
taken from the far end of that choice's order. Every face is scored clean and with the degraded
copies that training draws (`data.samples`), against pseudo-MOS (`labels`) whose calibration is
fitted on training faces.

Then every kind of degradation is applied to some of the held-out people at three severities: the
kinds that the scorer is blind to, and the worst cases for a picture.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fiqa_models import intervals
from fiqa_models.dsl_scorer import DslScorer
from fiqa_models.manifest import Manifest, read_manifest
from fiqa_models.registry import find_scorer, load_scorer
from fiqa_models.scoring import Scorer
from fiqa_training.card.cases import (
    Case,
    Subject,
    evenly,
    fit_calibration,
    measure_cases,
    subjects,
)
from fiqa_training.data.faces import FaceRow, position, read_faces, split_faces
from fiqa_training.data.samples import Sample, draw_samples
from fiqa_training.degradations import kinds
from fiqa_training.evaluation.appearance import MONOCHROME, SKIN_CLASSES
from fiqa_training.evaluation.slices import (
    Person,
    Slice,
    by_name,
    figures,
    interval,
    mean_error,
    person,
    slice_figures,
    thirds,
)
from fiqa_training.pseudo_mos.fusion import Calibration
from fiqa_training.starter.preparation import seeded

log = logging.getLogger(__name__)

SEVERITIES = (1 / 3, 2 / 3, 1.0)
"""At which every kind is applied."""

_HARDLY_SEEN = 0.5


@dataclass(frozen=True)
class CardPlan:
    """How much is measured.

    Attributes:
        persons: held-out people, and as many plain synthetic faces; of wild ones half.
        faces_per_kind: of the held-out people, for each kind of degradation.
        label_faces: training faces that calibrate the pseudo-MOS.
    """

    persons: int = 40
    faces_per_kind: int = 10
    label_faces: int = 40


@dataclass(frozen=True)
class Measured:
    """A card's record, ready for JSON, and the scored pictures behind it."""

    record: dict[str, Any]
    cases: list[Case]


def open_scorer(name: str, device: str = "") -> tuple[Scorer, Manifest | None]:
    """A scorer by its name or by the path of its checkpoint, with what is known of its weights.

    Raises:
        ModelError: there is no such scorer, or its files are damaged.
    """
    path = Path(name)
    if path.suffix == ".safetensors":
        return DslScorer(path, device=device), read_manifest(path.with_suffix(".json"))
    return load_scorer(name, device=device), find_scorer(name).manifest


def measure_card(
    scorer: Scorer, manifest: Manifest | None, faces: Path, plan: CardPlan
) -> Measured:
    """Measure slices, kinds and the calibrated range on people kept out of training.

    Args:
        scorer: any scorer.
        manifest: of its weights, where it has any.
        faces: folder with manifest.csv.
        plan: how much.

    Raises:
        TrainingError: the folder is unusable or holds too few people.
    """
    start = time.monotonic()
    rows = read_faces(faces)
    split = split_faces(rows)
    chosen = _choose(rows, split.test, plan)
    log.info("calibrating the labels on training faces")
    calibration = fit_calibration(split.train, plan.label_faces)
    groups: dict[str, Any] = {}
    cases: list[Case] = []
    clean: list[Case] = []
    for name, (part, plans) in chosen.items():
        log.info("%s: %d people", name, len(part))
        people = subjects(part)
        samples = [draw_samples(seeded(0, "card", str(number))) for number in plans]
        found = measure_cases(scorer, people, samples, calibration)
        groups[name] = _group(found)
        groups[name]["interval"] = _coverage(found, manifest)
        cases += [case for each in found for case in each]
        # The first group are the held-out people.
        clean = clean or [each[0] for each in found]
    swept = _sweep(scorer, clean[: plan.faces_per_kind], calibration)
    by_kind = {name: kind_figures(found) for name, found in swept.items()}
    record: dict[str, Any] = {
        "scorer": {
            "name": scorer.name,
            "hash": scorer.hash,
            "kind": scorer.kind,
            "device": scorer.device,
            "precision": scorer.precision,
        },
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "plan": asdict(plan),
        "labels": f"pseudo-MOS, calibrated on {min(plan.label_faces, len(split.train))} "
        "training faces with their degraded copies",
        "groups": groups,
        "kinds": by_kind,
        "hardly_seen": [n for n, each in by_kind.items() if each["response"] < _HARDLY_SEEN],
        "calibrated_on": _calibrated_on(manifest),
        "seconds": round(time.monotonic() - start),
    }
    # The clean pictures are among the slices' already.
    cases += [case for found in swept.values() for each in found for case in each[1:]]
    return Measured(record, cases)


_Chosen = dict[str, tuple[list[FaceRow], list[int]]]
"""For each group of people its faces, and for each face the number of its degradations."""


def _choose(rows: Sequence[FaceRow], test: Sequence[FaceRow], plan: CardPlan) -> _Chosen:
    held = evenly(test, lambda row: row.kind, plan.persons)
    chosen: _Chosen = {"held out": (held, list(range(len(held))))}
    for kind, count in (("plain", plan.persons), ("wild", max(1, plan.persons // 2))):
        part = [row for row in rows if row.kind == f"synthetic_{kind}"]
        if not part:
            continue
        wanted = min(count, len({row.group for row in part}))
        picked = evenly(part, _source_folder, wanted, place=_far_from_choice)
        seen: Counter[object] = Counter()
        numbers = []
        for row in picked:
            numbers.append(seen[_source_folder(row)])
            seen[_source_folder(row)] += 1
        chosen[f"synthetic {kind}"] = (picked, numbers)
    return chosen


def _source_folder(row: FaceRow) -> tuple[str, str]:
    return row.gender, row.ethnicity


def _far_from_choice(row: FaceRow) -> float:
    """`data.faces.spread` takes the faces that choose a checkpoint from the other end."""
    return -position(row.path.name)


def _person(cases: Sequence[Case]) -> Person:
    return person(
        [case.sample for case in cases],
        np.array([case.score for case in cases]),
        np.array([case.label for case in cases]),
    )


def _group(found: Sequence[Sequence[Case]]) -> dict[str, Any]:
    """Figures of one group of people, overall and by slice."""
    people = [_person(cases) for cases in found]
    slicings = _slicings([cases[0].subject for cases in found])
    return {
        "overall": figures(people),
        "slicings": {name: slice_figures(people, each) for name, each in slicings.items() if each},
    }


def _slicings(people: Sequence[Subject]) -> dict[str, list[Slice]]:
    looks = [each.look for each in people]

    def by_value(value: Callable[[Any], float]) -> list[Slice]:
        return thirds([float("nan") if look is None else value(look) for look in looks])

    found = {
        "kind of material": by_name([each.row.kind for each in people]),
        "luminance of the face": by_value(lambda look: look.luminance),
        "imbalance of left and right": by_value(lambda look: look.imbalance),
        "skin tone (ITA, degrees)": by_value(lambda look: look.angle),
        "skin tone (ITA class)": by_name(
            ["" if look is None else look.skin for look in looks], (*SKIN_CLASSES, MONOCHROME)
        ),
        "sex": by_name([each.row.gender for each in people]),
        "ethnicity": by_name([each.row.ethnicity for each in people]),
    }
    # One slice alone is the whole group again.
    return {name: slices for name, slices in found.items() if len(slices) > 1}


def _sweep(
    scorer: Scorer, clean: Sequence[Case], calibration: Calibration
) -> dict[str, list[list[Case]]]:
    """Every kind, at every severity, on every face; its clean case stands first."""
    people = [case.subject for case in clean]
    swept = {}
    for number, kind in enumerate(kinds()):
        log.info("%s on %d faces", kind.name, len(people))
        samples = [
            [Sample(kind.name, severity, 1000 * number + index) for severity in SEVERITIES]
            for index in range(len(people))
        ]
        found = measure_cases(scorer, people, samples, calibration)
        swept[kind.name] = [[first, *each] for first, each in zip(clean, found, strict=True)]
    return swept


def kind_figures(found: Sequence[Sequence[Case]]) -> dict[str, Any]:
    """Figures of one kind; each person's cases are clean, then growing severities.

    ``response`` is the fall of the mean score from clean to the worst, over that of the mean
    label: 1 is as it should be, 0 is blind. ``error`` is over the degraded pictures alone.
    """
    people = [_person(cases) for cases in found]
    degraded = [Person(each.scores[1:], each.labels[1:], 0, 0) for each in people]
    scores = np.mean([each.scores for each in people], axis=0)
    labels = np.mean([each.labels for each in people], axis=0)
    due = float(labels[0] - labels[-1])
    all_figures = figures(people)
    return {
        **{key: all_figures[key] for key in ("n", "pictures", "srcc", "srcc_ci", "falling")},
        "error": mean_error(degraded),
        "error_ci": interval(mean_error, degraded),
        "response": float(scores[0] - scores[-1]) / max(due, 1e-6),
        "scores": scores.tolist(),
        "labels": labels.tolist(),
    }


def _coverage(found: Sequence[Sequence[Case]], manifest: Manifest | None) -> dict[str, Any] | None:
    """How often the label lies within the scorer's calibrated range; None without a range."""
    calibrated = intervals.from_manifest(manifest) if manifest else None
    if calibrated is None:
        return None
    ends = [(case, *calibrated.around(case.score)) for each in found for case in each]
    inside = [low <= case.label <= high for case, low, high in ends]
    return {
        "promised": calibrated.coverage,
        "n": len(inside),
        "inside": float(np.mean(inside)),
        "mean_width": float(np.mean([high - low for _, low, high in ends])),
    }


def _calibrated_on(manifest: Manifest | None) -> str:
    calibrated = intervals.from_manifest(manifest) if manifest else None
    return calibrated.calibrated_on if calibrated else ""
