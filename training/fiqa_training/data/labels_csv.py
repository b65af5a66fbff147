"""Labels of pictures in a table: ``image,mos`` and whatever else, one row a picture or a rater."""

from __future__ import annotations

import math
import os
import posixpath
import statistics
import unicodedata
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from fiqa_training.data.tables import Table, as_fields, no_rows, open_table, read_table
from fiqa_training.errors import TrainingError

__all__ = ["LabelRow", "Skipped", "inside", "need_columns", "read_label_rows", "read_table"]

_IMAGE = ("image", "filename", "file_name", "file", "image_name", "image_path", "path")
_MOS = ("mos", "rating", "score", "opinion", "value")
_RATER = frozenset(
    ["rater", "rater_id", "subject", "subject_id", "observer", "worker", "worker_id", "user",
     "user_id", "participant", "annotator", "judge"]
)  # fmt: skip
DECIMAL_COMMA = "A decimal comma needs another separator, such as a semicolon."
_MOST_PICTURES = 5_000_000
_MOST_SKIPPED = 100_000


@dataclass(frozen=True)
class LabelRow:
    """One labelled picture.

    Attributes:
        image: its name as the file has it.
        path: the picture.
        mos: its label on the file's own scale, higher is better; the mean of several rows.
        group: its value in the group column, "" without one.
        fields: all columns of its first row, by lower-case name.
        count: how many rows it has.
        spread: their standard deviation; None for one row.
    """

    image: str
    path: Path
    mos: float
    group: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    count: int = 1
    spread: float | None = None


@dataclass(frozen=True)
class Skipped:
    """A picture that was left out, and why, as a sentence."""

    image: str
    reason: str


def inside(folder: Path, name: str) -> Path | None:
    """The path of a file a list names, or None where the name leads out of the folder.

    Lists come from strangers, and some are written on Windows. An absolute path counts where it
    lies in the folder.
    """
    relative = _relative(folder, name)
    return None if relative is None else folder / relative


def _relative(folder: Path, name: str) -> str | None:
    """The name below the folder, without ``.`` and ``..``; None where it leads out of it."""
    plain = name.replace("\\", "/")
    if not name or "\0" in name:
        return None
    if plain.startswith("/"):
        for root in (os.path.abspath(folder), os.path.realpath(folder)):  # noqa: PTH100 - no links
            if plain.startswith(root.rstrip("/") + "/"):
                plain = plain[len(root.rstrip("/")) + 1 :].lstrip("/")
                break
        else:
            return None
    normal = posixpath.normpath(plain)
    first = PurePosixPath(normal).parts[:1]
    if normal in (".", "") or first in ((), ("..",)) or first[0].endswith(":"):
        return None
    return normal


class _Folder:
    """The files of a folder by any way to write their names."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._listed: dict[str, dict[str, list[str]]] = {}

    def find(self, relative: str) -> Path | None:
        """The file of that name, else the one that differs in Unicode form or case alone."""
        exact = self._folder / relative
        if exact.is_file():
            return exact
        found = ""
        for part in PurePosixPath(relative).parts:
            names = self._names(found)
            choice = [part] if part in names[""] else names.get(_folded(part), [])
            if len(choice) != 1:
                return None
            found = posixpath.join(found, choice[0])
        path = self._folder / found
        return path if path.is_file() else None

    def _names(self, below: str) -> dict[str, list[str]]:
        """The names in a folder by their folded form; all of them under the empty one."""
        if below not in self._listed:
            names: dict[str, list[str]] = {"": []}
            try:
                entries = os.listdir(self._folder / below)  # noqa: PTH208 - names alone
            except OSError:
                entries = []
            for name in entries:
                names[""].append(name)
                names.setdefault(_folded(name), []).append(name)
            self._listed[below] = names
        return self._listed[below]


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def need_columns(path: Path, columns: list[str], needed: tuple[str, ...]) -> None:
    """Refuse a table that lacks a column.

    Raises:
        TrainingError: it names the missing and the present columns.
    """
    missing = [name for name in needed if name not in columns]
    if missing:
        raise TrainingError(
            f"{path} lacks the column {', '.join(missing)}.",
            f"It has {', '.join(filter(None, columns))}.",
        )


@dataclass
class _Picture:
    """What the rows so far say of one picture."""

    image: str
    path: Path
    fields: dict[str, str]
    labels: array[float] = field(default_factory=lambda: array("d"))


def read_label_rows(
    labels: Path, images: Path, group: str = ""
) -> tuple[list[LabelRow], list[Skipped]]:
    """Usable rows in their order, and the others with their reasons.

    Several rows of one picture are opinions of several people, and their mean counts, where the
    table has a column of raters or most pictures have several; else the first row counts.

    Raises:
        TrainingError: the file is unreadable, empty, or lacks a column.
    """
    table = open_table(labels)
    columns = list(table.columns)
    image, mos = _column(columns, _IMAGE), _column(columns, _MOS)
    group = group.strip().lower()
    need_columns(labels, columns, (image, mos, group) if group else (image, mos))
    reader = _Reader(table, images, columns.index(image), columns.index(mos))
    reader.read()
    if not reader.rows:
        raise no_rows(labels)
    raters = bool(_RATER & set(columns)) or reader.mostly_several
    rows = []
    for picture in reader.pictures.values():
        if not raters and len(picture.labels) > 1:
            again = "It is listed twice; the first row counts."
            reader.skip(picture.image, again, times=len(picture.labels) - 1)
        count = len(picture.labels) if raters else 1
        values = picture.labels[:count]
        rows.append(
            LabelRow(
                picture.image,
                picture.path,
                statistics.fmean(values),
                picture.fields.get(group, "") if group else "",
                # Whatever the columns are called in the file, these two are there.
                {**picture.fields, "image": picture.image, "mos": repr(statistics.fmean(values))},
                count,
                statistics.stdev(values) if count > 1 else None,
            )
        )
    return rows, reader.skipped


def _column(columns: list[str], names: tuple[str, ...]) -> str:
    """The first of some names that a table has, else the usual one."""
    return next((name for name in names if name in columns), names[0])


class _Reader:
    """Gathers the rows of a table by picture."""

    def __init__(self, table: Table, images: Path, image: int, mos: int) -> None:
        self._table, self._images = table, images
        self._image, self._mos = image, mos
        self._folder = _Folder(images)
        self._found: dict[str, Path | None] = {}
        self.pictures: dict[Path, _Picture] = {}
        self.skipped: list[Skipped] = []
        self.rows = 0

    @property
    def mostly_several(self) -> bool:
        """Whether more than half of the pictures have several rows."""
        several = sum(len(picture.labels) > 1 for picture in self.pictures.values())
        return several * 2 > len(self.pictures)

    def read(self) -> None:
        """Read all rows."""
        for values in self._table.rows():
            self.rows += 1
            self._take(values)
            if len(self.pictures) > _MOST_PICTURES:
                raise TrainingError(
                    f"{self._table.path} names more than {_MOST_PICTURES:,} pictures.", "Split it."
                )

    def _take(self, values: list[str]) -> None:
        columns = self._table.columns
        name = values[self._image] if self._image < len(values) else ""
        text = values[self._mos] if self._mos < len(values) else ""
        if any(values[len(columns) :]):
            self.skip(name, _too_many(self._table, len(columns), len(values)))
            return
        if not name:
            self.skip(name, "Its row names no picture.")
            return
        relative = _relative(self._images, name)
        if relative is None:
            self.skip(name, _outside(name))
            return
        label = self._label(text)
        if not math.isfinite(label):
            self.skip(name, f"Its label {text!r} is not a number.")
            return
        if relative not in self._found:
            self._found[relative] = self._folder.find(relative)
        path = self._found[relative]
        if path is None:
            self.skip(name, "There is no such file.")
            return
        picture = self.pictures.get(path)
        if picture is None:
            fields = as_fields(columns, values)
            picture = self.pictures[path] = _Picture(name, path, fields)
        picture.labels.append(label)

    def _label(self, text: str) -> float:
        try:
            return self._table.number(text)
        except ValueError:
            return math.nan

    def skip(self, image: str, reason: str, times: int = 1) -> None:
        """Leave a row out and say why."""
        room = max(_MOST_SKIPPED - len(self.skipped), 0)
        self.skipped += [Skipped(image, reason)] * min(times, room)


def _too_many(table: Table, columns: int, values: int) -> str:
    said = f"Its row has {values} values for {columns} columns."
    return f"{said} {DECIMAL_COMMA}" if table.separator == "," else said


def _outside(name: str) -> str:
    if name.startswith(("/", "\\")) or name[1:2] == ":":
        return "Its absolute path does not lie in the folder of pictures."
    return "Its name leads out of the folder of pictures."
