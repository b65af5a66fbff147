"""Faces of widely varied quality with pseudo-MOS: what the full network's benchmark looks at.

Licensed faces only, degraded by the project's own kinds at every severity. Training persons,
validation persons and test persons are the project's usual split, so that nobody is in two parts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from fiqa_models.networks import CROP_SIDE, PATCH_SIDE, identifiers_inside, normalise
from fiqa_training.data.faces import FaceRow, one_per_group, read_faces, split_faces
from fiqa_training.data.landmarks import find_landmarks
from fiqa_training.data.samples import Sample, draw_samples, render
from fiqa_training.pseudo_mos.fusion import base_quality, calibrate, measure_pairs, pseudo_mos
from fiqa_training.reading import read_rgb
from fiqa_training.starter.preparation import seeded

SEED = 20261122
_SAMPLES = 8


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
        train: training persons, four pictures each.
        validation: validation persons, three pictures each.
        test: test persons, one picture each.
    """
    split = split_faces(read_faces(folder))
    kept = [row for row in split.validation if row.trainable]
    pictures = {
        "train": _render(one_per_group(split.train, train), _half),
        "validation": _render(one_per_group(kept, validation), lambda _: (1, 3, 6)),
        "test": _render(one_per_group(split.test, test), lambda index: (index % _SAMPLES,)),
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


def _half(index: int) -> Sequence[int]:
    """Every other sample, by turns: many persons teach more than many pictures of each."""
    return range(index % 2, _SAMPLES, 2)


def _render(rows: Sequence[FaceRow], numbers: Callable[[int], Sequence[int]]) -> list[_Picture]:
    """The samples of each face whose numbers are asked for by the face's index."""
    found = find_landmarks([row.path for row in rows])
    pictures = []
    for index, row in enumerate(rows):
        if not np.isfinite(found[index]).all():
            continue
        face = read_rgb(row.path)
        samples = draw_samples(seeded(SEED, "full-network", row.path.name))
        samples = [samples[number] for number in numbers(index)]
        crops = render(face, samples)
        measures = measure_pairs([face] * len(crops), crops)
        pictures += [
            _Picture(row, sample, crop, found[index], measure)
            for sample, crop, measure in zip(samples, crops, measures, strict=True)
        ]
    return pictures


def draw_origin(rng: np.random.Generator) -> tuple[int, int]:
    """(left, top) of a patch, drawn evenly over the crop, as published."""
    top, left = rng.integers(0, CROP_SIDE - PATCH_SIDE + 1, 2)
    return int(left), int(top)


def patch_of(
    crop: npt.NDArray[np.uint8], mesh: npt.NDArray[np.float32], origin: tuple[int, int]
) -> tuple[Tensor, Tensor]:
    """The patch (1, 3, 384, 384) at (left, top) and its identifiers (1, 500)."""
    left, top = origin
    window = crop[top : top + PATCH_SIDE, left : left + PATCH_SIDE]
    ids = identifiers_inside(mesh, left=left, top=top, side=PATCH_SIDE, landmarks=468)
    image = normalise(torch.from_numpy(np.ascontiguousarray(window))[None])
    return image, torch.from_numpy(ids)[None]
