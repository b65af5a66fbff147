"""Aligned faces with a manifest: reading, licences, and a split that never splits a person."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fiqa_training.errors import TrainingError

CROP_SIDE = 512
TRAINABLE_KINDS = ("portrait", "studio")
"""Kinds whose licence lets them train shipped weights; all others only validate."""


@dataclass(frozen=True)
class FaceRow:
    """One row of a faces manifest.

    Attributes:
        path: the picture, an aligned 512 x 512 crop.
        kind: portrait, studio, synthetic_wild or synthetic_plain.
        licence: as the manifest states it.
        group: the person; a split never separates two rows of one group.
        source_side: side of the crop in its source photo, pixels; below 512 it was enlarged.
        gender: as the source had it, often empty.
        ethnicity: likewise.
    """

    path: Path
    kind: str
    licence: str
    group: str
    source_side: int
    gender: str
    ethnicity: str = ""

    @property
    def trainable(self) -> bool:
        """Whether shipped weights may learn from it."""
        return self.kind in TRAINABLE_KINDS


@dataclass(frozen=True)
class Split:
    """Rows by use. `test` is for the promised figures only: never choose a checkpoint on it."""

    train: tuple[FaceRow, ...]
    validation: tuple[FaceRow, ...]
    test: tuple[FaceRow, ...]


def read_faces(folder: Path) -> list[FaceRow]:
    """Read `manifest.csv` of a faces folder, in its order.

    Raises:
        TrainingError: no manifest, a column is missing, or a picture is.
    """
    manifest = folder / "manifest.csv"
    try:
        with manifest.open(newline="", encoding="utf-8") as file:
            records = list(csv.DictReader(file))
    except OSError as error:
        raise TrainingError(
            f"{manifest} cannot be read: {error.strerror}.",
            "Name a folder of aligned faces with a manifest.csv.",
        ) from error
    needed = {"file", "kind", "licence", "group", "source_side_px"}
    missing = needed - set(records[0]) if records else needed
    if missing:
        raise TrainingError(f"{manifest} lacks rows or the columns {', '.join(sorted(missing))}.")
    rows = [
        FaceRow(
            folder / record["file"],
            record["kind"],
            record["licence"],
            record["group"],
            int(float(record["source_side_px"])),
            record.get("gender") or "",
            record.get("ethnicity") or "",
        )
        for record in records
    ]
    absent = [row.path.name for row in rows if not row.path.is_file()]
    if absent:
        raise TrainingError(f"{manifest} names {len(absent)} absent pictures, first {absent[0]}.")
    return rows


def position(group: str) -> float:
    """A fixed pseudo-random place in [0, 1) of a group: splits need no stored list."""
    digest = hashlib.blake2b(group.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2.0**64


def split_faces(rows: Iterable[FaceRow], *, validation: float = 0.1, test: float = 0.15) -> Split:
    """Split by group; rows that may not train become validation whatever their place.

    Args:
        rows: the manifest.
        validation: share of the trainable groups that choose checkpoints.
        test: share of the trainable groups that only the promised figures see.
    """
    parts: tuple[list[FaceRow], list[FaceRow], list[FaceRow]] = ([], [], [])
    for row in rows:
        place = position(row.group)
        if place < test:
            part = 2 if row.trainable else 1
        elif place < test + validation or not row.trainable:
            part = 1
        else:
            part = 0
        parts[part].append(row)
    return Split(tuple(parts[0]), tuple(parts[1]), tuple(parts[2]))


def one_per_group(rows: Sequence[FaceRow], count: int) -> list[FaceRow]:
    """The first `count` persons in split order, one picture each.

    Raises:
        TrainingError: there are fewer persons than asked for.
    """
    first: dict[str, FaceRow] = {}
    for row in rows:
        first.setdefault(row.group, row)
    chosen = sorted(first.values(), key=lambda row: position(row.group))[:count]
    if len(chosen) < count:
        raise TrainingError(f"Only {len(chosen)} held-out persons, {count} are needed.")
    return chosen


def spread(rows: Iterable[FaceRow], count: int) -> list[FaceRow]:
    """The first `count` rows in a fixed shuffled order, so that a larger count only adds rows."""
    return sorted(rows, key=lambda row: position(row.path.name))[:count]
