"""Real photos with human ratings (`ratings.csv`: image, mos, std on 0-100)."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fiqa_training.data.faces import position
from fiqa_training.errors import TrainingError

NEAR_DUPLICATES = (("246", "333"), ("672", "694"))
"""Stems of pictures of the LIVE In the Wild set that show the same scene."""


@dataclass(frozen=True)
class RatedPhoto:
    """One rated photo.

    Attributes:
        path: the picture, any size.
        mos: mean opinion on [0, 1], higher is better.
        deviation: standard deviation of the opinions on the same scale.
        group: photos of one group share a fold.
        face_px: size of the largest face found in it, 0 for none.
    """

    path: Path
    mos: float
    deviation: float
    group: str
    face_px: int


def read_rated(folder: Path) -> list[RatedPhoto]:
    """Read the ratings.

    Raises:
        TrainingError: no ratings file, a column is missing, or a mean is outside 0-100.
    """
    table = folder / "ratings.csv"
    try:
        with table.open(newline="", encoding="utf-8") as file:
            records = list(csv.DictReader(file))
    except OSError as error:
        raise TrainingError(
            f"{table} cannot be read: {error.strerror}.", "Name a folder with a ratings.csv."
        ) from error
    if not records or not {"image", "mos", "std"} <= set(records[0]):
        raise TrainingError(f"{table} lacks rows or the columns image, mos, std.")
    leader = {name: pair[0] for pair in NEAR_DUPLICATES for name in pair}
    photos = []
    for record in records:
        mean = float(record["mos"])
        if not 0.0 <= mean <= 100.0:
            raise TrainingError(f"{table}: the mean {mean} of {record['image']} is not on 0-100.")
        path = folder / "images" / record["image"]
        group = leader.get(path.stem, path.stem)
        face_px = int(float(record.get("largest_face_px") or 0))
        photos.append(RatedPhoto(path, mean / 100, float(record["std"]) / 100, group, face_px))
    return photos


def fold_of(photo: RatedPhoto, folds: int = 5) -> int:
    """The photo's fold, the same on every machine."""
    return int(position("rated:" + photo.group) * folds)


def split_fold(
    photos: Sequence[RatedPhoto], fold: int, folds: int = 5
) -> tuple[list[RatedPhoto], list[RatedPhoto]]:
    """Training and held-out photos of one fold."""
    kept = [photo for photo in photos if fold_of(photo, folds) != fold]
    held = [photo for photo in photos if fold_of(photo, folds) == fold]
    return kept, held
