"""The matrix of ITU-T P.910, annex E: rows stimuli, columns raters, ``nan`` for what is missing.

Repetitions are further matrices, each after a row with a lone comma. There are no names in it: it
is numbers only. Names are read if somebody has added them, and never written.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np

from fiqa_studio.study.errors import StudyError
from fiqa_studio.study.exchange.grid import Grid
from fiqa_studio.study.exchange.head import Table
from fiqa_studio.study.exchange.numbers import Cell, number
from fiqa_studio.study.exchange.raw import Raw, RawRating
from fiqa_studio.study.matrix import Ratings

_Block = list[tuple[int, tuple[str, ...]]]


def read_p910(grid: Grid) -> Raw:
    """Take such a matrix apart.

    Raises:
        StudyError: ``table.p910``: the matrices of the repetitions differ in size.
    """
    blocks = _blocks(grid)
    tables = [_table(block) for block in blocks]
    shapes = [(len(table.rows), table.width) for table in tables]
    if len(set(shapes)) > 1:
        sizes = ", ".join(f"{rows} x {columns}" for rows, columns in shapes)
        raise StudyError(
            "The matrices of the repetitions differ in size.",
            cause=f"They are {sizes}.",
            remedy="Write nan for what is missing, and one lone comma between two matrices.",
            code="table.p910",
        )
    named = _has_names(tables[0])
    first = 1 if named else 0
    header = tables[0].header
    raters = [
        (header[j] if header else "") or str(j + 1 - first) for j in range(first, tables[0].width)
    ]
    ratings = []
    for repetition, table in enumerate(tables):
        for i, (row, line) in enumerate(zip(table.rows, table.lines, strict=True)):
            stimulus = tables[0].rows[i][0] if named else str(i + 1)
            ratings += [
                RawRating(
                    stimulus=stimulus or str(i + 1),
                    rater=rater,
                    text=row[first + j],
                    line=line,
                    column=rater,
                    repetition=str(repetition),
                )
                for j, rater in enumerate(raters)
            ]
    return Raw(
        ratings=ratings,
        columns={
            "rows": "stimuli",
            "names": "the first column" if named else "none: numbered from 1",
            "ratings": f"{len(raters)} raters, {len(tables)} matrices",
        },
    )


def write_p910(ratings: Ratings) -> str:
    """The text of such a matrix."""
    cube = ratings.cube()
    text = io.StringIO()
    for repetition in range(cube.shape[2]):
        if repetition:
            text.write(",\n")
        for row in cube[:, :, repetition]:
            text.write(",".join("nan" if np.isnan(v) else _short(v) for v in row) + "\n")
    return text.getvalue()


def _short(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def _blocks(grid: Grid) -> list[_Block]:
    """The rows between lone commas.

    A spreadsheet writes the lone comma as a row of empty cells, or as an empty row: such rows
    divide too, where what they divide is of equal length. Otherwise they are stimuli that nobody
    rated, and empty lines.
    """
    loose = _divided(grid, lambda row: not any(row))
    if len({len(block) for block in loose}) == 1:
        return loose
    return _divided(grid, lambda row: len(row) == 2 and not any(row))


def _divided(grid: Grid, divides: Callable[[tuple[str, ...]], bool]) -> list[_Block]:
    blocks: list[_Block] = [[]]
    for line, row in zip(grid.lines, grid.rows, strict=True):
        if divides(row):
            blocks.append([])
        elif row:
            blocks[-1].append((line, row))
    return [block for block in blocks if block]


def _table(block: _Block) -> Table:
    width = max(len(row) for _, row in block)
    rows = [(row + ("",) * width)[:width] for _, row in block]
    lines = [line for line, _ in block]
    said = [number(cell) for cell in rows[0]]
    named = any(one is Cell.UNREADABLE for one in said[1:])
    return Table(rows[0] if named else None, rows[named:], lines[named:])


def _has_names(table: Table) -> bool:
    return any(number(cell) is Cell.UNREADABLE for cell in table.column(0))
