"""Any table as rows of texts: CSV in whatever encoding and with whatever separator, or XLSX.

Nothing is interpreted here but the file itself: numbers stay the texts that stand there, so that
a name such as ``001`` keeps its zeros.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fiqa_studio.study.errors import StudyError

SEPARATORS = ("\t", ";", "|", ",")
"""In the order of trust: a comma may be part of a number, a tab never is."""

_MOST_BYTES = 512 * 2**20
_LOOKED_AT = 400
_NAMES = {"\t": "tab", ";": "semicolon", "|": "bar", ",": "comma", " ": "blank"}
_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Grid:
    """A table's cells.

    Attributes:
        rows: Each with its cells, stripped; blank lines are rows without cells.
        lines: The number of each row in its file, from 1, for messages.
        said: How it was read: encoding and separator, or the sheet.
    """

    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    said: str


def read_grid(path: Path, *, sheet: str = "", encoding: str = "") -> Grid:
    """The cells of a file.

    Args:
        path: A CSV, TSV, text or XLSX file.
        sheet: Name of the sheet of a workbook; empty: the first with cells.
        encoding: Of a text file; empty: found out.

    Raises:
        StudyError: ``table.read``, ``table.empty``, ``table.kind`` or ``table.sheet``.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise StudyError(f"“{path}” is too large for a table of ratings.", code="table.read")
        data = path.read_bytes()
    except OSError as error:
        raise StudyError(
            f"“{path}” cannot be read.", cause=error.strerror or "", code="table.read"
        ) from error
    if data[:4] == b"PK\x03\x04":
        grid = _workbook(path, data, sheet)
    elif data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise StudyError(
            f"“{path}” is a workbook of before 2007.",
            remedy="Save it as XLSX or CSV.",
            code="table.kind",
        )
    else:
        grid = _text(path, data, encoding)
    if not any(any(row) for row in grid.rows):
        raise StudyError(f"“{path}” holds no cells.", code="table.empty")
    return grid


# --- text -----------------------------------------------------------------------------------


def _text(path: Path, data: bytes, encoding: str) -> Grid:
    used = encoding or _encoding(data)
    try:
        text = data.decode(used)
    except (UnicodeDecodeError, LookupError) as error:
        raise StudyError(
            f"“{path}” is not a text in the encoding {used}.",
            cause=str(error),
            remedy="Name its encoding, or save it as CSV in UTF-8.",
            code="table.read",
        ) from error
    if "\0" in text:
        raise StudyError(f"“{path}” is no table.", cause="It is no text.", code="table.kind")
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    skipped = 0
    separator = ""
    if text[:4].lower() == "sep=" and len(text) > 5:  # Excel's own first line
        separator, text, skipped = text[4], text.split("\n", 1)[-1], 1
    try:
        separator = separator or _separator(text)
        rows, lines = _split(text, separator)
    except csv.Error as error:
        raise StudyError(f"“{path}” is no table.", cause=f"{error}.", code="table.kind") from error
    said = f"text in {used.removesuffix('-sig')}, separated by {_NAMES.get(separator, separator)}"
    return Grid(rows, tuple(line + skipped for line in lines), said)


def _encoding(data: bytes) -> str:
    for mark, name in _BOMS:
        if data.startswith(mark):
            return name
    head = data[:4096]
    if head.count(0) > len(head) // 4:  # UTF-16 without its mark: every second byte is empty
        return "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
    for name in ("utf-8", "cp1252"):
        try:
            data.decode(name)
        except UnicodeDecodeError:
            continue
        return name
    return "latin-1"


def _separator(text: str) -> str:
    """The separator that divides most lines into equally many cells."""
    best, best_score = "", (0.0, 0)
    head = "\n".join(text.split("\n")[:_LOOKED_AT])
    for separator in SEPARATORS:
        rows = [row for row in _split(head, separator)[0] if any(row)]
        counts = Counter(len(row) for row in rows if len(row) > 1)
        if not counts:
            continue
        cells, often = counts.most_common(1)[0]
        score = (often / len(rows), cells)
        if separator != "," and score[0] > 0.9 and _decimal_commas(rows):
            return separator
        if score > best_score:
            best, best_score = separator, score
    if best:
        return best
    lines = [line for line in head.split("\n") if line.strip()]
    widths = {len(line.split()) for line in lines}
    return " " if len(widths) == 1 and widths != {1} else ","


def _decimal_commas(rows: list[tuple[str, ...]]) -> bool:
    return any(re.fullmatch(r"[+-]?\d+,\d+", cell) for row in rows for cell in row)


def _split(text: str, separator: str) -> tuple[tuple[tuple[str, ...], ...], tuple[int, ...]]:
    if separator == " ":
        parts = [tuple(line.split()) for line in text.split("\n")]
        return tuple(parts), tuple(range(1, len(parts) + 1))
    reader = csv.reader(io.StringIO(text), delimiter=separator, skipinitialspace=True)
    rows, lines = [], []
    begun = 1
    for row in reader:
        rows.append(tuple(cell.strip().strip("\u00a0").strip() for cell in row))
        lines.append(begun)
        begun = reader.line_num + 1
    return tuple(rows), tuple(lines)


# --- workbooks ------------------------------------------------------------------------------


def _workbook(path: Path, data: bytes, wanted: str) -> Grid:
    from openpyxl import load_workbook  # noqa: PLC0415 - only who has one pays for it
    from openpyxl.utils.exceptions import InvalidFileException  # noqa: PLC0415

    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise StudyError(
            f"“{path}” cannot be read as a workbook.",
            cause=str(error),
            remedy="Save it as XLSX or CSV.",
            code="table.kind",
        ) from error
    try:
        names = book.sheetnames
        if wanted and wanted not in names:
            raise StudyError(
                f"“{path}” has no sheet “{wanted}”.",
                remedy=f"It has {', '.join(names)}.",
                code="table.sheet",
            )
        for name in [wanted] if wanted else names:
            sheet = book[name]
            if not hasattr(sheet, "iter_rows"):
                continue  # a chart
            sheet.reset_dimensions()  # some programs write a wrong extent
            rows = _trimmed(sheet.iter_rows(values_only=True))
            if rows:
                others = [other for other in names if other != name]
                said = f"sheet “{name}”"
                said += f"; passed over: {', '.join(others)}" if others else ""
                return Grid(rows, tuple(range(1, len(rows) + 1)), said)
    finally:
        book.close()
    return Grid((), (), "")


def _trimmed(values: Iterable[tuple[object, ...]]) -> tuple[tuple[str, ...], ...]:
    """Cells as texts, without the empty columns at the right and rows at the end."""
    rows = [tuple(_cell(value) for value in row) for row in values]
    while rows and not any(rows[-1]):
        rows.pop()
    width = max(
        (max((i + 1 for i, c in enumerate(row) if c), default=0) for row in rows), default=0
    )
    return tuple((row + ("",) * width)[:width] if any(row) else () for row in rows)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    return re.sub(r"\s+", " ", str(value)).strip()
