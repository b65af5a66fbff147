"""Labelled face sets in their published layouts, with their official splits.

| kind     | layout                                                                            |
|----------|-----------------------------------------------------------------------------------|
| gfiqa,   | ``{train,val,test}/img/*``, ``landmark/*.npy`` (N x 2 pixels), ``label.json`` with |
| cgfiqa   | the parallel lists ``Image`` and ``MOS``                                           |
| piq23    | ``Scores_Overall.csv`` and folders of pictures; the split files of its repository  |
| csv      | ``labels.csv``: ``image,mos`` and, where there are, ``split``, ``landmarks``, others |

Targets are MOS min-max normalised to [0, 1] *per split*, as published.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from fiqa_training.data.faces import position
from fiqa_training.data.labels_csv import inside, need_columns, read_label_rows, read_table
from fiqa_training.errors import TrainingError

_SPLITS = ("train", "val", "test")
_SHOWN = 3


@dataclass(frozen=True)
class LabelledImage:
    """One picture with its target.

    Attributes:
        path: the picture.
        target: MOS, min-max normalised to [0, 1] within its split.
        mos: MOS on the set's own scale.
        landmarks: file of its landmarks (N, 2) in pixels of the picture; None without.
        fields: what else the set says of it, by lower-case column name.
    """

    path: Path
    target: float
    mos: float
    landmarks: Path | None = None
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LabelledSet:
    """A set with its splits; any of them but `train` may be empty."""

    name: str
    train: tuple[LabelledImage, ...]
    validation: tuple[LabelledImage, ...]
    test: tuple[LabelledImage, ...]


@dataclass(frozen=True)
class _Row:
    name: str
    path: Path
    mos: float
    landmarks: Path | None
    fields: dict[str, str]


def read_set(kind: str, folder: Path, **choices: str) -> LabelledSet:
    """Read a set of one of the known kinds.

    Args:
        kind: gfiqa, cgfiqa, piq23 or csv.
        folder: where it was unpacked.
        choices: ``attribute`` and ``split`` of piq23.

    Raises:
        TrainingError: the folder is not such a set; the message names what is missing.
    """
    try:
        reader = READERS[kind]
    except KeyError:
        known = ", ".join(READERS)
        raise TrainingError(f"There is no kind of set {kind!r}.", f"Known are: {known}.") from None
    if not folder.is_dir():
        raise TrainingError(f"{folder} is not a folder.", f"Name the folder of a {kind} set.")
    return reader(folder, **choices)


def read_gfiqa(folder: Path) -> LabelledSet:
    """GFIQA-20k or CGFIQA-40k as published with DSL-FIQA."""
    parts = {split: _gfiqa_split(folder / split) for split in _SPLITS}
    if not parts["train"]:
        raise TrainingError(
            f"{folder} holds no training pictures.",
            "A GFIQA set has the folders train, val and test, each with img/ and label.json.",
        )
    return _as_set(folder.name, parts)


def _gfiqa_split(folder: Path) -> list[_Row]:
    if not folder.is_dir():
        return []
    source = folder / "label.json"
    names, opinions = _parallel_lists(source)
    rows: list[_Row] = []
    for name, opinion in zip(names, opinions, strict=True):
        path = inside(folder / "img", name)
        if path is None:
            raise TrainingError(f"{source} names {name!r}, which leads out of its folder.")
        landmarks = (folder / "landmark" / path.name).with_suffix(".npy")
        rows.append(_Row(name, path, opinion, landmarks if landmarks.is_file() else None, {}))
    return _checked(rows, source)


def _parallel_lists(source: Path) -> tuple[list[str], list[float]]:
    try:
        values: Any = json.loads(source.read_text(encoding="utf-8"))
    except OSError as error:
        raise TrainingError(f"{source} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise TrainingError(f"{source} is not JSON: {error}.") from error
    names = values.get("Image") if isinstance(values, dict) else None
    opinions = values.get("MOS") if isinstance(values, dict) else None
    if not isinstance(names, list) or not isinstance(opinions, list):
        raise TrainingError(f"{source} lacks the lists Image and MOS.")
    if len(names) != len(opinions):
        raise TrainingError(f"{source}: {len(names)} pictures, but {len(opinions)} MOS.")
    for name, opinion in zip(names, opinions, strict=True):
        number = isinstance(opinion, int | float) and not isinstance(opinion, bool)
        if not isinstance(name, str) or not number:
            raise TrainingError(f"{source}: {name!r} with the MOS {opinion!r} is not a label.")
    return names, [float(opinion) for opinion in opinions]


def read_piq23(
    folder: Path, attribute: str = "Overall", split: str = "device", *, validation: float = 0.125
) -> LabelledSet:
    """PIQ23 with one of its two official test splits.

    Its splits know no validation part: an eighth of the training pictures (of the training
    scenes, for the scene split) becomes one, the same on every machine; DSL-FIQA reports 512 of
    4093. Labels are JOD, which are scaled *within a scene*: look at figures by ``scene`` too.

    Args:
        folder: holds ``Scores_*.csv`` and the pictures; the split files of the repository lie in
            it or in its ``Test split``.
        attribute: Overall, Details or Exposure.
        split: device or scene.
        validation: share of the training part.
    """
    if attribute not in {"Overall", "Details", "Exposure"} or split not in {"device", "scene"}:
        raise TrainingError(
            f"PIQ23 has no attribute {attribute!r} with the split {split!r}.",
            "Attributes: Overall, Details, Exposure; splits: device, scene.",
        )
    key = "image" if split == "device" else "scene"
    scores = _first_file(folder, f"Scores_{attribute}.csv", "Scores")
    parts_file = _first_file(folder, f"{split.capitalize()} Split.csv", "Test split")
    part_columns, part_table = read_table(parts_file)
    need_columns(parts_file, part_columns, (key, "split"))
    parts_of = {row[key]: row["split"].lower() for row in part_table}
    columns, table = read_table(scores)
    need_columns(scores, columns, ("image path", "image", "jod", "scene"))
    parts: dict[str, list[_Row]] = {part: [] for part in _SPLITS}
    for row in table:
        path = inside(folder, row["image path"])
        part = parts_of.get(row[key], "")
        if path is None or part not in {"train", "test"}:
            raise TrainingError(f"{scores}: {row['image']!r} has no place in {parts_file.name}.")
        if part == "train" and position("piq23:" + row[key]) < validation:
            part = "val"
        parts[part].append(_Row(row["image"], path, _number(row["jod"], scores), None, row))
    return _as_set(
        f"piq23-{attribute.lower()}-{split}",
        {part: _checked(rows, scores) for part, rows in parts.items()},
    )


def _first_file(folder: Path, name: str, below: str) -> Path:
    for path in (folder / name, folder / below / name):
        if path.is_file():
            return path
    raise TrainingError(f"{folder} holds neither {name} nor {below}/{name}.")


def read_csv_set(folder: Path) -> LabelledSet:
    """A folder with a ``labels.csv``; without a column ``split`` a fixed tenth validates.

    Rows that cannot be used are an error here: training must not quietly see less.
    """
    source = folder / "labels.csv"
    rows, skipped = read_label_rows(source, folder)
    if skipped:
        first = skipped[0]
        raise TrainingError(
            f"{source}: {len(skipped)} unusable rows, first {first.image!r}: {first.reason}"
        )
    parts: dict[str, list[_Row]] = {part: [] for part in _SPLITS}
    for row in rows:
        part = row.fields.get("split", "").lower() or _drawn_part(row.image)
        part = "val" if part == "validation" else part
        if part not in parts:
            raise TrainingError(f"{source}: {row.image!r} has the unknown split {part!r}.")
        named = row.fields.get("landmarks", "")
        landmarks = inside(folder, named) if named else None
        if named and (landmarks is None or not landmarks.is_file()):
            raise TrainingError(f"{source}: {row.image!r} has no landmarks {named!r}.")
        parts[part].append(_Row(row.image, row.path, row.mos, landmarks, dict(row.fields)))
    if not parts["train"]:
        raise TrainingError(f"{source} holds no training pictures.")
    return _as_set(folder.name, {part: _checked(each, source) for part, each in parts.items()})


def _drawn_part(name: str) -> str:
    place = position("csv:" + name)
    return "test" if place < 0.2 else "val" if place < 0.3 else "train"


def _number(text: str, source: Path) -> float:
    try:
        return float(text)
    except ValueError:
        raise TrainingError(f"{source}: {text!r} is not a number.") from None


def _checked(rows: list[_Row], source: Path) -> list[_Row]:
    names = [row.name for row in rows]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise TrainingError(f"{source} lists {twice!r} twice.")
    wild = [row.name for row in rows if not math.isfinite(row.mos)]
    if wild:
        raise TrainingError(f"{source}: the MOS of {wild[0]!r} is not a finite number.")
    absent = [row.name for row in rows if not row.path.is_file()]
    if absent:
        shown = ", ".join(absent[:_SHOWN])
        raise TrainingError(f"{source} names {len(absent)} absent pictures, first {shown}.")
    return rows


def _as_set(name: str, parts: dict[str, list[_Row]]) -> LabelledSet:
    train, validation, test = (_normalised(parts[split]) for split in _SPLITS)
    return LabelledSet(name, train, validation, test)


def _normalised(rows: Sequence[_Row]) -> tuple[LabelledImage, ...]:
    """Min-max to [0, 1] within the rows; equal opinions all become one half."""
    if not rows:
        return ()
    low, high = min(row.mos for row in rows), max(row.mos for row in rows)
    reach = high - low
    return tuple(
        LabelledImage(
            row.path,
            (row.mos - low) / reach if reach > 0 else 0.5,
            row.mos,
            row.landmarks,
            row.fields,
        )
        for row in rows
    )


def read_landmark_file(path: Path, *, least: int = 0) -> npt.NDArray[np.float32]:
    """(N, 2) landmarks in pixels; pickled arrays are refused.

    Args:
        path: an .npy file.
        least: points that the network's scheme needs.

    Raises:
        TrainingError: unreadable, of another shape, or with too few points.
    """
    try:
        points = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise TrainingError(f"{path} holds no landmarks: {error}.") from error
    if not isinstance(points, np.ndarray) or points.ndim != 2 or points.shape[1] != 2:
        raise TrainingError(f"{path} holds no (N, 2) landmarks.")
    if points.dtype.kind not in "fiu":
        raise TrainingError(f"{path} holds {points.dtype}, not numbers.")
    if len(points) < least:
        raise TrainingError(
            f"{path} holds {len(points)} landmarks; this network needs {least}.",
            "Choose the network's landmark scheme by the set: 68 or 468.",
        )
    return points.astype(np.float32)


READERS: MappingProxyType[str, Callable[..., LabelledSet]] = MappingProxyType(
    {"gfiqa": read_gfiqa, "cgfiqa": read_gfiqa, "piq23": read_piq23, "csv": read_csv_set}
)
