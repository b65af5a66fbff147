"""Degraded faces with pseudo-MOS as a labelled set on disk: what experiments at small scale need.

``fiqa-train degraded-set --faces DIR --out SET`` writes pictures, landmarks and a ``labels.csv``
with the columns image, mos, split, landmarks, kind, severity, person; `data.labelled` reads it as
the kind ``csv``, so every recipe and experiment runs on it as on GFIQA-20k.
"""

from __future__ import annotations

import csv
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from fiqa_training.data.faces import CROP_SIDE, FaceRow, read_faces, split_faces, spread
from fiqa_training.data.landmarks import mesh_finder
from fiqa_training.data.samples import CHAINS, Sample, draw_samples, render
from fiqa_training.degradations import ByteImage, kinds
from fiqa_training.degradations.sheet import read_rgb
from fiqa_training.errors import TrainingError
from fiqa_training.labels import base_quality, calibrate, measure_pairs, pseudo_mos
from fiqa_training.preparation import seeded

log = logging.getLogger(__name__)

_COLUMNS = ("image", "mos", "split", "landmarks", "kind", "severity", "person")


@dataclass(frozen=True)
class _Written:
    row: FaceRow
    split: str
    samples: tuple[Sample, ...]
    measures: npt.NDArray[np.float64]
    landmarks: str


def write_degraded_set(
    faces: Path, out: Path, *, train: int, held_out: int, seed: int = 0, sweep: int = 0
) -> int:
    """Write the set; returns the number of pictures.

    Args:
        faces: folder with manifest.csv.
        out: an absent or empty folder.
        train: faces for training; licensed ones only.
        held_out: faces for validation, and as many for the test.
        seed: of the degradations.
        sweep: where given, every test face comes in every single kind at so many severities,
            instead of in seven pictures as in training: what leave-one-kind-out tests on.

    Raises:
        TrainingError: the faces are unusable, or `out` holds something.
    """
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
    (out / "img").mkdir(parents=True)
    (out / "landmark").mkdir()
    written: list[_Written] = []
    with mesh_finder() as mesh:
        for part, rows in parts.items():
            for row in rows:
                face = _as_crop(read_rgb(row.path))
                rng = seeded(seed, "degraded-set", row.path.name)
                swept = sweep and part == "test"
                samples = sweep_samples(rng, sweep) if swept else draw_samples(rng)
                written.append(_write_face(face, row, part, mesh(face), out, samples))
                log.info("%d faces", len(written))
    return _write_labels(written, out)


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


def _write_face(
    face: ByteImage,
    row: FaceRow,
    part: str,
    points: npt.NDArray[np.float32],
    out: Path,
    samples: Sequence[Sample],
) -> _Written:
    pictures = render(face, samples)
    measures = measure_pairs([face] * len(pictures), pictures)
    for number, picture in enumerate(pictures):
        # PNG: a file format must not add a degradation of its own.
        if not cv2.imwrite(str(out / _name(row, number)), picture[..., ::-1]):
            raise TrainingError(f"{out / _name(row, number)} could not be written.")
    landmarks = ""
    if np.isfinite(points).all():
        landmarks = f"landmark/{row.path.stem}.npy"
        np.save(out / landmarks, points)
    return _Written(row, part, tuple(samples), measures, landmarks)


def _name(row: FaceRow, number: int) -> str:
    return f"img/{row.path.stem}_{number}.png"


def _write_labels(written: Sequence[_Written], out: Path) -> int:
    """Labels are calibrated on the training faces alone; the file appears last, at once."""
    pairs = [
        (measures, sample.severity)
        for each in written
        if each.split == "train"
        for measures, sample in zip(each.measures, each.samples, strict=True)
        if sample.single
    ]
    link = calibrate(np.stack([m for m, _ in pairs]), np.array([s for _, s in pairs]))
    count = 0
    partial = out / "labels.part"
    with partial.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(_COLUMNS)
        for each in written:
            base = base_quality(each.row.source_side)
            for number, (sample, relative) in enumerate(
                zip(each.samples, link(each.measures), strict=True)
            ):
                mos = pseudo_mos(
                    float(relative) if sample.kind else 1.0,
                    sample.severity if sample.single else None,
                    base,
                )
                place = (_name(each.row, number), f"{mos:.5f}", each.split, each.landmarks)
                table.writerow([*place, sample.kind, f"{sample.severity:.4f}", each.row.group])
                count += 1
    note = {"labels": "pseudo-MOS of synthetic degradations, not opinions of people"}
    (out / "about.json").write_text(json.dumps(note) + "\n", encoding="utf-8")
    partial.replace(out / "labels.csv")
    return count
