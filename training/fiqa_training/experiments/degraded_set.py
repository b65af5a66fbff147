"""Degraded faces with pseudo-MOS as a labelled set on disk: what experiments at small scale need.

``fiqa-train degraded-set --faces DIR --out SET`` writes pictures, landmarks and a ``labels.csv``
with the columns image, mos, split, landmarks, kind, severity, place, person; `data.labelled` reads
it as the kind ``csv``, so every recipe and experiment runs on it as on GFIQA-20k.
"""

from __future__ import annotations

import csv
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from fiqa_training.data.degraded_regions import EDGE
from fiqa_training.data.face_regions import masks_of
from fiqa_training.data.faces import CROP_SIDE, FaceRow, read_faces, split_faces, spread
from fiqa_training.data.landmarks import Landmarks, mesh_finder
from fiqa_training.data.samples import CHAINS, Sample, draw_samples, render
from fiqa_training.degradations import ByteImage, kinds
from fiqa_training.errors import TrainingError
from fiqa_training.pseudo_mos.fusion import base_quality, calibrate, measure_pairs, pseudo_mos
from fiqa_training.pseudo_mos.region_labels import (
    PLACES,
    Draw,
    calibrate_regions,
    degrade_everywhere,
    draw_region_samples,
    relative_quality,
)
from fiqa_training.reading import read_rgb
from fiqa_training.starter.preparation import seeded

log = logging.getLogger(__name__)

_COLUMNS = ("image", "mos", "split", "landmarks", "kind", "severity", "place", "person")


@dataclass(frozen=True)
class _Labelled:
    """One picture of a face with its label.

    Attributes:
        mos: the label.
        kind: of its degradation; "" for the clean one.
        severity: of it.
        place: where it is, a key of `PLACES`; "" where the picture was degraded as a whole.
    """

    mos: float
    kind: str
    severity: float
    place: str


class _Plan(Protocol):
    """How faces are degraded and labelled."""

    def pictures(
        self, face: ByteImage, row: FaceRow, part: str, points: Landmarks
    ) -> list[ByteImage]:
        """All pictures of a face; none where it cannot be used. Remembers what labels need."""

    def labels(self) -> Iterator[tuple[FaceRow, list[_Labelled]]]:
        """Labels of the pictures, in the same order; calibrated on the training faces alone."""


def write_degraded_set(
    faces: Path,
    out: Path,
    *,
    train: int,
    held_out: int,
    seed: int = 0,
    sweep: int = 0,
    by_region: int = 0,
) -> int:
    """Write the set; returns the number of pictures.

    Args:
        faces: folder with manifest.csv.
        out: an absent or empty folder.
        train: faces for training; licensed ones only.
        held_out: faces for validation, and as many for the test.
        seed: of the degradations.
        sweep: where given, every test face comes in every single kind at so many severities,
            instead of in eight pictures as in training: what leave-one-kind-out tests on.
        by_region: where given, every face comes clean and in so many degradations, each in seven
            places, with labels that count facial features most (`region_labels`).

    Raises:
        TrainingError: the faces are unusable, `out` holds something, or both `sweep` and
            `by_region` are given.
    """
    if sweep and by_region:
        raise TrainingError("A set by region has no sweep.", "Ask for one of the two.")
    if out.exists() and any(out.iterdir()):
        raise TrainingError(f"{out} is not empty.", "Name a new folder.")
    split = split_faces(read_faces(faces))
    parts: dict[str, Sequence[FaceRow]] = {
        "train": spread(split.train, train),
        "val": spread([row for row in split.validation if row.trainable], held_out),
        "test": spread(split.test, held_out),
    }
    if not parts["train"]:
        raise TrainingError(f"{faces} holds no licensed faces to train on.")
    plan = _ByRegion(seed, by_region) if by_region else _Whole(seed, sweep)
    (out / "img").mkdir(parents=True)
    (out / "landmark").mkdir()
    places: dict[str, tuple[str, str]] = {}
    with mesh_finder() as mesh:
        for part, row in ((part, row) for part, rows in parts.items() for row in rows):
            face = _as_crop(read_rgb(row.path))
            points = mesh(face)
            pictures = plan.pictures(face, row, part, points)
            if pictures:
                places[row.path.name] = (part, _write_face(row, pictures, points, out))
            log.info("%d faces", len(places))
    return _write_labels(plan, places, out)


def sweep_samples(rng: np.random.Generator, severities: int) -> list[Sample]:
    """The clean face, and every single kind growing worse in so many steps, one scene each."""
    samples = [Sample("", 0.0, 0)]
    for kind in kinds():
        seed = int(rng.integers(2**31))
        steps = (np.arange(severities) + rng.uniform(0.2, 1.0, severities)) / severities
        if kind.name not in CHAINS:
            samples += [Sample(kind.name, float(severity), seed) for severity in steps]
    return samples


def _as_crop(face: ByteImage) -> ByteImage:
    if face.shape[:2] == (CROP_SIDE, CROP_SIDE):
        return face
    size = (CROP_SIDE, CROP_SIDE)
    return np.asarray(cv2.resize(face, size, interpolation=cv2.INTER_CUBIC), np.uint8)


class _Whole:
    """Whole pictures suffer, and are compared whole: `labels`."""

    def __init__(self, seed: int, sweep: int) -> None:
        self._seed, self._sweep = seed, sweep
        self._known: list[tuple[FaceRow, str, list[Sample], npt.NDArray[np.float64]]] = []

    def pictures(
        self,
        face: ByteImage,
        row: FaceRow,
        part: str,
        points: Landmarks,  # noqa: ARG002 - only regions need them
    ) -> list[ByteImage]:
        rng = seeded(self._seed, "degraded-set", row.path.name)
        swept = self._sweep and part == "test"
        samples = sweep_samples(rng, self._sweep) if swept else draw_samples(rng)
        pictures = render(face, samples)
        measures = measure_pairs([face] * len(pictures), pictures)
        self._known.append((row, part, samples, measures))
        return pictures

    def labels(self) -> Iterator[tuple[FaceRow, list[_Labelled]]]:
        pairs = [
            (measured, sample.severity)
            for _, part, samples, measures in self._known
            if part == "train"
            for measured, sample in zip(measures, samples, strict=True)
            if sample.single
        ]
        link = calibrate(np.stack([m for m, _ in pairs]), np.array([s for _, s in pairs]))
        for row, _, samples, measures in self._known:
            base = base_quality(row.source_side)
            yield (
                row,
                [
                    _Labelled(
                        pseudo_mos(
                            float(relative) if sample.kind else 1.0,
                            sample.severity if sample.single else None,
                            base,
                        ),
                        sample.kind,
                        sample.severity,
                        "",
                    )
                    for sample, relative in zip(samples, link(measures), strict=True)
                ],
            )


class _ByRegion:
    """Each degradation in seven places, labels by region: `region_labels`."""

    def __init__(self, seed: int, count: int) -> None:
        self._seed, self._count = seed, count
        self._known: list[tuple[FaceRow, str, list[Draw]]] = []

    def pictures(
        self, face: ByteImage, row: FaceRow, part: str, points: Landmarks
    ) -> list[ByteImage]:
        if not np.isfinite(points).all():
            log.info("%s: no face mesh, left out", row.path.name)
            return []
        masks = masks_of(points, soft=EDGE)
        rng = seeded(self._seed, "degraded-set-by-region", row.path.name)
        pictures, draws = [face], []
        for sample in draw_region_samples(rng, self._count):
            draw, found = degrade_everywhere(face, masks, sample)
            draws.append(draw)
            pictures += [found[place] for place in PLACES]
        self._known.append((row, part, draws))
        return pictures

    def labels(self) -> Iterator[tuple[FaceRow, list[_Labelled]]]:
        links = calibrate_regions(
            [draw for _, part, draws in self._known if part == "train" for draw in draws]
        )
        for row, _, draws in self._known:
            base = base_quality(row.source_side)
            clean = _Labelled(pseudo_mos(1.0, None, base), "", 0.0, "")
            degraded = [
                _Labelled(
                    pseudo_mos(relative_quality(draw, place, links), None, base),
                    draw.sample.kind,
                    draw.sample.severity,
                    place,
                )
                for draw in draws
                for place in PLACES
            ]
            yield row, [clean, *degraded]


def _write_face(row: FaceRow, pictures: Sequence[ByteImage], points: Landmarks, out: Path) -> str:
    """Write a face's pictures; returns the place of its landmarks, "" where there are none."""
    for number, picture in enumerate(pictures):
        # PNG: a file format must not add a degradation of its own.
        if not cv2.imwrite(str(out / _name(row, number)), picture[..., ::-1]):
            raise TrainingError(f"{out / _name(row, number)} could not be written.")
    if not np.isfinite(points).all():
        return ""
    landmarks = f"landmark/{row.path.stem}.npy"
    np.save(out / landmarks, points)
    return landmarks


def _name(row: FaceRow, number: int) -> str:
    return f"img/{row.path.stem}_{number}.png"


def _write_labels(plan: _Plan, places: Mapping[str, tuple[str, str]], out: Path) -> int:
    """The table of all pictures; it appears last, at once."""
    count = 0
    partial = out / "labels.part"
    with partial.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(_COLUMNS)
        for row, labels in plan.labels():
            part, landmarks = places[row.path.name]
            for number, label in enumerate(labels):
                of_file = (_name(row, number), f"{label.mos:.5f}", part, landmarks)
                of_picture = (label.kind, f"{label.severity:.4f}", label.place, row.group)
                table.writerow([*of_file, *of_picture])
                count += 1
    note = {"labels": "pseudo-MOS of synthetic degradations, not opinions of people"}
    (out / "about.json").write_text(json.dumps(note) + "\n", encoding="utf-8")
    partial.replace(out / "labels.csv")
    return count
