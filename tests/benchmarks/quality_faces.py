"""Faces of widely varied quality with pseudo-MOS: what the full network's benchmark looks at.

Licensed faces only, degraded by the project's own kinds at every severity. Training persons,
validation persons and test persons are the project's usual split, so that nobody is in two parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fiqa_training.data.faces import FaceRow, one_per_group, read_faces, split_faces, spread
from fiqa_training.data.landmarks import find_landmarks
from fiqa_training.data.samples import Sample, draw_samples, render
from fiqa_training.degradations.sheet import read_rgb
from fiqa_training.labels import base_quality, calibrate, measure_pairs, pseudo_mos
from fiqa_training.preparation import seeded

SEED = 20261122


@dataclass(frozen=True)
class Faces:
    """N pictures of faces.

    Attributes:
        crops: ``(N, 512, 512, 3)`` uint8 RGB.
        landmarks: ``(N, 478, 2)`` of the clean face, pixels of the crop.
        labels: ``(N,)`` pseudo-MOS in [0, 1].
        names: file, kind and severity of each.
    """

    crops: npt.NDArray[np.uint8]
    landmarks: npt.NDArray[np.float32]
    labels: npt.NDArray[np.float64]
    names: tuple[str, ...]


@dataclass(frozen=True)
class Parts:
    """Training, validation and test pictures; one picture a person in the test."""

    train: Faces
    validation: Faces
    test: Faces


@dataclass(frozen=True)
class _Picture:
    row: FaceRow
    sample: Sample
    crop: npt.NDArray[np.uint8]
    landmarks: npt.NDArray[np.float32]
    measures: npt.NDArray[np.float64]


def make_faces(folder: Path, *, train: int, validation: int, test: int) -> Parts:
    """Render the pictures.

    Args:
        folder: aligned faces with manifest.csv.
        train: training persons, seven pictures each.
        validation: validation persons, three pictures each.
        test: test persons, one picture each.
    """
    split = split_faces(read_faces(folder))
    kept = [row for row in split.validation if row.trainable]
    pictures = {
        "train": _render(spread(split.train, train), tuple(range(7))),
        "validation": _render(one_per_group(spread(kept, len(kept)), validation), (1, 3, 6)),
        "test": _render(one_per_group(split.test, test), None),
    }
    single = [picture for picture in pictures["train"] if picture.sample.single]
    # The scale of the labels is tied on training persons alone.
    link = calibrate(
        np.stack([picture.measures for picture in single]),
        np.array([picture.sample.severity for picture in single]),
    )

    def label(picture: _Picture) -> float:
        sample = picture.sample
        relative = float(link(picture.measures[None])[0]) if sample.kind else 1.0
        severity = sample.severity if sample.single else None
        return pseudo_mos(relative, severity, base_quality(picture.row.source_side))

    def faces(part: Sequence[_Picture]) -> Faces:
        return Faces(
            np.stack([picture.crop for picture in part]),
            np.stack([picture.landmarks for picture in part]),
            np.array([label(picture) for picture in part]),
            tuple(
                f"{picture.row.path.name} {picture.sample.kind or 'clean'} "
                f"{picture.sample.severity:.2f}"
                for picture in part
            ),
        )

    return Parts(*(faces(pictures[name]) for name in ("train", "validation", "test")))


def _render(rows: Sequence[FaceRow], numbers: tuple[int, ...] | None) -> list[_Picture]:
    """The samples of these numbers of each face, or the next one round the seven for each."""
    found = find_landmarks([row.path for row in rows])
    pictures = []
    for index, row in enumerate(rows):
        if not np.isfinite(found[index]).all():
            continue
        face = read_rgb(row.path)
        samples = draw_samples(seeded(SEED, "full-network", row.path.name))
        wanted = [index % len(samples)] if numbers is None else list(numbers)
        samples = [samples[number] for number in wanted]
        crops = render(face, samples)
        measures = measure_pairs([face] * len(crops), crops)
        pictures += [
            _Picture(row, sample, crop, found[index], measure)
            for sample, crop, measure in zip(samples, crops, measures, strict=True)
        ]
    return pictures
