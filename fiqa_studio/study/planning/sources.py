"""Where the stimuli of a study come from: a folder, or a list with what is known of each."""

from __future__ import annotations

import csv
import math
from pathlib import Path

from fiqa_studio.study.errors import StudyError
from fiqa_studio.study.values import GoldSide, StimulusSource

_SUFFIXES = {
    ".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".heic", ".heif", ".avif", ".ppm",
    ".gif",
}  # fmt: skip
_COLUMNS = {
    "path", "name", "person", "group", "gold", "answer", "tolerance", "trap", "reference",
    "example",
}  # fmt: skip
DEFAULT_TOLERANCE = 12.5
"""Half the distance of two ACR marks: as far as the next word begins."""


def from_folder(folder: Path) -> list[StimulusSource]:
    """All pictures in a folder and below, named by their path in it.

    Raises:
        StudyError: ``sources.folder``: there is no such folder, or no picture in it.
    """
    if not folder.is_dir():
        raise StudyError(f"“{folder}” is no folder.", code="sources.folder")
    found = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in _SUFFIXES and path.is_file() and not path.name.startswith(".")
    )
    if not found:
        raise StudyError(
            f"There is no picture in “{folder}”.",
            cause="Looked for " + " ".join(sorted(_SUFFIXES)) + ".",
            code="sources.folder",
        )
    return [
        StimulusSource(name=path.relative_to(folder).as_posix(), picture=path) for path in found
    ]


def from_list(path: Path) -> list[StimulusSource]:
    """The pictures of a CSV: column ``path`` and any of the others, see the owner's guide.

    ``gold`` is ``high`` or ``low``; ``answer`` (with ``tolerance``) makes a row training;
    ``trap`` is the answer that stands in the picture; ``reference`` names the row whose picture
    is this one's undistorted original; ``example`` is any text for "yes".

    Raises:
        StudyError: ``sources.list``, with the line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(
            f"“{path}” cannot be read.", cause=str(error), code="sources.list"
        ) from error
    delimiter = (
        ";" if text.partition("\n")[0].count(";") > text.partition("\n")[0].count(",") else ","
    )
    reader = csv.DictReader(text.splitlines(), delimiter=delimiter)
    columns = {name.strip().lower() for name in reader.fieldnames or []}
    if "path" not in columns:
        raise StudyError(
            f"“{path}” has no column “path”.",
            cause=f"Its first line names {', '.join(sorted(columns)) or 'nothing'}.",
            code="sources.list",
        )
    if unknown := columns - _COLUMNS - {""}:
        raise StudyError(
            f"“{path}” has a column “{min(unknown)}” that is not known.",
            remedy=f"Known are {', '.join(sorted(_COLUMNS))}.",
            code="sources.list",
        )
    rows = [
        {(key or "").strip().lower(): (value or "").strip() for key, value in row.items()
         if not isinstance(value, list)}
        for row in reader
    ]  # fmt: skip
    if not rows:
        raise StudyError(f"“{path}” lists no picture.", code="sources.list")
    references: dict[str, list[str]] = {}
    for row in rows:
        if row.get("reference"):
            references.setdefault(row["reference"], []).append(_name(row))
    return [_source(row, path, line, references) for line, row in enumerate(rows, start=2)]


def _name(row: dict[str, str]) -> str:
    return row.get("name") or row.get("path", "")


def _source(
    row: dict[str, str], path: Path, line: int, references: dict[str, list[str]]
) -> StimulusSource:
    where = f"“{path.name}”, line {line}"
    if not row.get("path"):
        raise StudyError(f"{where} names no picture.", code="sources.list")
    gold = row.get("gold", "").lower()
    if gold and gold not in set(GoldSide):
        raise StudyError(f"{where}: gold is “high” or “low”, not “{gold}”.", code="sources.list")
    tolerance = _number(row, "tolerance", where)
    reach = DEFAULT_TOLERANCE if tolerance is None else tolerance
    answer, trap = _number(row, "answer", where), _number(row, "trap", where)
    name = _name(row)
    return StimulusSource(
        name=name,
        picture=path.parent / row["path"],
        person=row.get("person", ""),
        group=row.get("group", ""),
        gold=GoldSide(gold) if gold else None,
        lesson=None if answer is None else (answer, reach),
        trap=None if trap is None else (trap, reach),
        reference_of=tuple(references.get(name, ())),
        example=bool(row.get("example")),
    )


def _number(row: dict[str, str], column: str, where: str) -> float | None:
    text = row.get(column, "").replace(",", ".").removesuffix("%").strip()
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise StudyError(f"{where}: {column} is no number: “{row[column]}”.", code="sources.list")
    return number
