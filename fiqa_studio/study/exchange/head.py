"""Where a table begins: titles and remarks above it, and whether its first line is a header."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from fiqa_studio.study.exchange.grid import Grid
from fiqa_studio.study.exchange.headers import is_corner, is_known, looks_like_file
from fiqa_studio.study.exchange.numbers import is_missing, is_number, number

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table's header and its rows, all of one width.

    Attributes:
        header: Names of the columns, unique; None where it has none.
        rows: The cells.
        lines: The line of each row in the file.
    """

    header: Row | None
    rows: list[Row]
    lines: list[int]

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.rows[0]) if self.rows else len(self.header or ())

    def column(self, index: int) -> list[str]:
        """The cells of a column."""
        return [row[index] for row in self.rows]

    def name(self, index: int) -> str:
        """A column's name, or its number from 1."""
        return (self.header[index] if self.header else "") or f"column {index + 1}"


def table_of(grid: Grid, *, header: bool | None = None) -> Table:
    """Find header and rows; ``header`` says whether there is one, None: find out."""
    found = [(line, row) for line, row in zip(grid.lines, grid.rows, strict=True) if any(row)]
    width = _usual_width([row for _, row in found])
    remarks = [row[0].startswith("#") and _filled(row) * 2 <= width for _, row in found]
    found = [pair for pair, remark in zip(found, remarks, strict=True) if not remark] or found
    while (
        len(found) > 1
        and _filled(found[0][1]) * 2 < _filled(found[1][1])
        and (_filled(found[0][1]) < max(2, width // 2))
    ):
        found.pop(0)  # a title above the table
    first = found[0][1]
    if len(first[0]) > 1:  # numpy puts a "# " before its header
        first = (first[0].removeprefix("# "), *first[1:])
    rest = [row for _, row in found[1:]]
    named = _is_header(first, rest) if header is None else header
    width = max(len(row) for _, row in found)
    body = found[1:] if named else found
    rows = [_padded(row, width) for _, row in body]
    used = [
        i
        for i in range(width)
        if any(row[i] for row in rows) or (named and _padded(first, width)[i])
    ]
    rows = [tuple(row[i] for i in used) for row in rows]
    names = _unique(tuple(_padded(first, width)[i] for i in used)) if named else None
    return Table(names, rows, [line for line, _ in body])


def _is_header(first: Row, rest: list[Row]) -> bool:
    said = [cell for cell in first if not is_missing(cell)]
    numbers = [cell for cell in said if is_number(cell)]
    if not rest or not said:
        return bool(said) and not numbers
    if any(is_corner(cell) or (is_known(cell) and not looks_like_file(cell)) for cell in said):
        return True
    below = rest[: max(20, len(rest) // 10)]
    numeric_below = [
        i for i in range(len(first)) if _mostly_numbers([row[i] for row in below if i < len(row)])
    ]
    if any(not is_number(first[i]) and not is_missing(first[i]) for i in numeric_below):
        return True  # a word above numbers
    counted = [number(cell) for cell in first[1:]]
    corner = is_missing(first[0]) or not is_number(first[0])
    return (
        corner
        and len(counted) >= 3
        and counted
        in ([i + 1.0 for i in range(len(counted))], [float(i) for i in range(len(counted))])
        and not looks_like_file(first[0])
    )


def _mostly_numbers(cells: Sequence[str]) -> bool:
    said = [cell for cell in cells if not is_missing(cell)]
    return bool(said) and sum(map(is_number, said)) >= 0.6 * len(said)


def _usual_width(rows: list[Row]) -> int:
    return Counter(len(row) for row in rows).most_common(1)[0][0] if rows else 0


def _filled(row: Row) -> int:
    return sum(bool(cell) for cell in row)


def _padded(row: Row, width: int) -> Row:
    return (row + ("",) * width)[:width]


def _unique(names: Row) -> Row:
    """Names of columns: a second one of the same name is told by its number, as pandas does."""
    seen: Counter[str] = Counter()
    unique = []
    for name in names:
        unique.append(f"{name}.{seen[name]}" if name and seen[name] else name)
        seen[name] += 1
    return tuple(unique)
