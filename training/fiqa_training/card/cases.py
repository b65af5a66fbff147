"""The scored pictures behind a model card: people kept out of training, clean and degraded."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fiqa_models.scoring import Scorer
from fiqa_training.data.faces import FaceRow, position, spread
from fiqa_training.data.landmarks import mesh_finder
from fiqa_training.data.samples import Sample, draw_samples, render
from fiqa_training.degradations import ByteImage
from fiqa_training.errors import TrainingError
from fiqa_training.evaluation.appearance import Appearance, appearance
from fiqa_training.evaluation.labelled_set import as_aligned
from fiqa_training.pseudo_mos.fusion import (
    Calibration,
    base_quality,
    calibrate,
    measure_pairs,
    pseudo_mos,
)
from fiqa_training.reading import read_rgb
from fiqa_training.starter.preparation import seeded

log = logging.getLogger(__name__)

_BATCH = 8


@dataclass(frozen=True)
class Subject:
    """One person's clean face.

    Attributes:
        row: of the manifest.
        points: (478, 2) mesh in pixels of the crop; NaN where none was found.
        look: light and skin; None without a mesh.
    """

    row: FaceRow
    points: npt.NDArray[np.float32]
    look: Appearance | None

    def crop(self) -> ByteImage:
        """The clean 512 x 512 picture."""
        return as_aligned(read_rgb(self.row.path))


@dataclass(frozen=True)
class Case:
    """One scored picture: whose, how degraded, its label and its score, both in [0, 1]."""

    subject: Subject
    sample: Sample
    label: float
    score: float

    @property
    def error(self) -> float:
        """Score less label."""
        return self.score - self.label


def evenly(
    rows: Sequence[FaceRow],
    key: Callable[[FaceRow], object],
    count: int,
    *,
    place: Callable[[FaceRow], float] = lambda row: position(row.group),
) -> list[FaceRow]:
    """One picture each of `count` people, taken in turn from the groups that `key` makes.

    So that small groups are seen as well as large ones, as far as they go.

    Args:
        rows: the manifest's, several of one person allowed.
        key: what makes a group.
        count: how many people.
        place: order within a group.

    Raises:
        TrainingError: there are fewer people.
    """
    groups: dict[str, list[FaceRow]] = defaultdict(list)
    known: set[str] = set()
    for row in sorted(rows, key=place):
        if row.group not in known:
            known.add(row.group)
            groups[str(key(row))].append(row)
    if len(known) < count:
        raise TrainingError(f"Only {len(known)} held-out persons, {count} are needed.")
    turns = max((len(group) for group in groups.values()), default=0)
    taken = [
        groups[name][turn]
        for turn in range(turns)
        for name in sorted(groups)
        if turn < len(groups[name])
    ]
    return taken[:count]


def subjects(rows: Sequence[FaceRow]) -> list[Subject]:
    """Find the mesh of every clean face and measure its light and skin."""
    found = []
    with mesh_finder() as mesh:
        for row in rows:
            crop = as_aligned(read_rgb(row.path))
            points = mesh(crop)
            found.append(Subject(row, points, appearance(crop, points)))
    return found


def fit_calibration(rows: Sequence[FaceRow], count: int) -> Calibration:
    """Fit the pseudo-MOS on degraded copies of training faces, as the training itself does.

    Raises:
        TrainingError: there are no training faces.
    """
    if not rows:
        raise TrainingError(
            "There are no licensed training faces to calibrate the labels on.",
            "Name a folder whose manifest has rows of the kinds portrait or studio.",
        )
    measures, severities = [], []
    for row in spread(rows, count):
        face = as_aligned(read_rgb(row.path))
        samples = draw_samples(seeded(0, "card-labels", row.path.name))
        found = measure_pairs([face] * len(samples), render(face, samples))
        single = [sample.single for sample in samples]
        measures.append(found[single])
        severities += [sample.severity for sample in samples if sample.single]
    return calibrate(np.concatenate(measures), np.array(severities))


def measure_cases(
    scorer: Scorer,
    people: Sequence[Subject],
    samples: Sequence[Sequence[Sample]],
    calibration: Calibration,
) -> list[list[Case]]:
    """Degrade, label and score every person's pictures.

    Args:
        scorer: any scorer of the registry.
        people: with their clean faces.
        samples: of each person.
        calibration: of the pseudo-MOS.

    Raises:
        TrainingError: the scorer gave a number that is not finite.
    """
    cases = []
    for number, (subject, drawn) in enumerate(zip(people, samples, strict=True), start=1):
        clean = subject.crop()
        pictures = render(clean, drawn)
        labels = _labels(subject.row, clean, pictures, drawn, calibration)
        scores = _scores(scorer, subject, pictures)
        cases.append(
            [
                Case(subject, sample, label, score)
                for sample, label, score in zip(drawn, labels, scores, strict=True)
            ]
        )
        if number % 10 == 0:
            log.info("%d of %d faces", number, len(people))
    return cases


def _labels(
    row: FaceRow,
    clean: ByteImage,
    pictures: Sequence[ByteImage],
    samples: Sequence[Sample],
    calibration: Calibration,
) -> list[float]:
    relative = calibration(measure_pairs([clean] * len(pictures), pictures))
    base = base_quality(row.source_side)
    return [
        pseudo_mos(
            float(value) if sample.kind else 1.0, sample.severity if sample.single else None, base
        )
        for value, sample in zip(relative, samples, strict=True)
    ]


def _scores(scorer: Scorer, subject: Subject, pictures: Sequence[ByteImage]) -> list[float]:
    values: list[float] = []
    for start in range(0, len(pictures), _BATCH):
        part = np.stack(pictures[start : start + _BATCH])
        points = np.repeat(subject.points[None], len(part), axis=0)
        values += [result.value for result in scorer.score(part, points)]
    if not np.isfinite(values).all():
        raise TrainingError(f"{scorer.name} gave no finite number for {subject.row.path.name}.")
    return values
