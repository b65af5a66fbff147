"""The plain CSV of labels: ``image,mos`` and whatever else, one row a picture."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from fiqa_training.errors import TrainingError


@dataclass(frozen=True)
class LabelRow:
    """One labelled picture.

    Attributes:
        image: its name as the file has it.
        path: the picture.
        mos: its label on the file's own scale, higher is better.
        group: its value in the group column, "" without one.
        fields: all columns, by lower-case name.
    """

    image: str
    path: Path
    mos: float
    group: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Skipped:
    """A picture that was left out, and why, as a sentence."""

    image: str
    reason: str


def inside(folder: Path, name: str) -> Path | None:
    """The path of a file a list names, or None where the name leads out of the folder.

    Lists come from strangers, and some are written on Windows.
    """
    plain = PurePosixPath(name.replace("\\", "/"))
    if not name or "\0" in name or plain.is_absolute() or ".." in plain.parts:
        return None
    if plain.parts and plain.parts[0].endswith(":"):
        return None
    return folder / plain


def read_table(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Column names (lower case, as they stand) and rows of a CSV file with a header.

    Raises:
        TrainingError: unreadable, not text, or without rows.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            columns = [name.strip().lower() for name in reader.fieldnames or []]
            reader.fieldnames = columns
            rows = [
                {key: (value or "").strip() for key, value in row.items() if isinstance(key, str)}
                for row in reader
            ]
    except OSError as error:
        raise TrainingError(f"{path} cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise TrainingError(f"{path} is not a CSV file in UTF-8: {error}.") from error
    if not rows:
        raise TrainingError(f"{path} holds no rows.", "It needs a header line and a row a picture.")
    return columns, rows


def need_columns(path: Path, columns: list[str], needed: tuple[str, ...]) -> None:
    """Refuse a table that lacks a column.

    Raises:
        TrainingError: it names the missing and the present columns.
    """
    missing = [name for name in needed if name not in columns]
    if missing:
        raise TrainingError(
            f"{path} lacks the column {', '.join(missing)}.", f"It has {', '.join(columns)}."
        )


def read_label_rows(
    labels: Path, images: Path, group: str = ""
) -> tuple[list[LabelRow], list[Skipped]]:
    """Usable rows in their order, and the others with their reasons.

    Raises:
        TrainingError: the file is unreadable, empty, or lacks a column.
    """
    columns, table = read_table(labels)
    group = group.strip().lower()
    need_columns(labels, columns, ("image", "mos", group) if group else ("image", "mos"))
    rows: list[LabelRow] = []
    skipped: list[Skipped] = []
    seen: set[str] = set()
    for record in table:
        name = record["image"]
        path = inside(images, name)
        try:
            mos = float(record["mos"])
        except ValueError:
            mos = math.nan
        if path is None:
            skipped.append(Skipped(name, "Its name leads out of the folder of pictures."))
        elif name in seen:
            skipped.append(Skipped(name, "It is listed twice; the first row counts."))
        elif not math.isfinite(mos):
            skipped.append(Skipped(name, f"Its label {record['mos']!r} is not a number."))
        elif not path.is_file():
            skipped.append(Skipped(name, "There is no such file."))
        else:
            rows.append(LabelRow(name, path, mos, record[group] if group else "", record))
        seen.add(name)
    return rows, skipped
