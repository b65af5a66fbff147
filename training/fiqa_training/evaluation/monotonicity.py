"""Does a scorer's score fall when a face gets worse, step by step?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fiqa_models.scoring import Scorer
from fiqa_training.data.faces import FaceRow, one_per_group, read_faces, split_faces
from fiqa_training.data.landmarks import find_landmarks
from fiqa_training.degradations import CORE_KINDS, degrade
from fiqa_training.reading import read_rgb

STRENGTHS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_BATCH = 8


@dataclass(frozen=True)
class KindReport:
    """One kind's figures.

    Attributes:
        kind: the degradation.
        steps: number of steps between neighbouring strengths, over all faces.
        falling: share of the steps in which the score fell.
        means: mean score at each strength, the clean one first.
    """

    kind: str
    steps: int
    falling: float
    means: tuple[float, ...]


def held_out_faces(folder: Path, count: int) -> list[FaceRow]:
    """Licensed faces of persons that neither training nor the choice of a checkpoint has seen."""
    return one_per_group(split_faces(read_faces(folder)).test, count)


def measure_monotonicity(
    scorer: Scorer,
    rows: Sequence[FaceRow],
    *,
    kinds: Sequence[str] = CORE_KINDS,
    strengths: Sequence[float] = STRENGTHS,
) -> list[KindReport]:
    """Score every face at every strength of every kind.

    Args:
        scorer: any scorer of the registry.
        rows: aligned 512 x 512 faces.
        kinds: names of degradations.
        strengths: growing severities; the first should be 0.
    """
    faces = [read_rgb(row.path) for row in rows]
    landmarks = find_landmarks([row.path for row in rows])
    reports = []
    for number, kind in enumerate(kinds):
        scores = np.empty((len(faces), len(strengths)))
        for index, (face, points) in enumerate(zip(faces, landmarks, strict=True)):
            crops = np.stack(
                [degrade(face, kind, s, seed=1000 * number + index) for s in strengths]
            )
            scores[index] = _score(scorer, crops, points)
        falls = np.diff(scores, axis=1) < 0
        reports.append(
            KindReport(
                kind, falls.size, float(falls.mean()), tuple(map(float, scores.mean(axis=0)))
            )
        )
    return reports


def _score(
    scorer: Scorer, crops: npt.NDArray[np.uint8], points: npt.NDArray[np.float32]
) -> list[float]:
    values: list[float] = []
    for start in range(0, len(crops), _BATCH):
        part = crops[start : start + _BATCH]
        repeated = np.repeat(points[None], len(part), axis=0)
        values += [result.value for result in scorer.score(part, repeated)]
    return values
