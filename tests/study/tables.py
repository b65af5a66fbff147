"""Tables of ratings as people have them, all made of the same ratings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

STIMULI = [f"img_{i:03d}.jpg" for i in range(30)]
RATERS = [f"r{j + 1}" for j in range(12)]
PEOPLE = ["Ann", "Bob", "Cy", "Dee", "Eve", "Fay", "Gus", "Hal", "Ida", "Jon", "Kim", "Lou"]

_generator = np.random.default_rng(3)
RATINGS = np.clip(
    np.round(_generator.uniform(1.5, 4.5, (30, 1)) + _generator.normal(0, 0.7, (30, 12))), 1, 5
)
"""(30, 12) categories from 1 to 5, all five in use."""
GAPS = np.where(_generator.random(RATINGS.shape) < 0.1, np.nan, RATINGS)
"""The same with a tenth missing."""

Cells = list[list[object]]


def wide(
    values: np.ndarray = RATINGS,
    *,
    corner: object = "image",
    raters: Sequence[object] = RATERS,
    missing: str = "",
) -> Cells:
    """A stimulus a row."""
    rows: Cells = [[corner, *raters]]
    rows += [[name, *_texts(row, missing)] for name, row in zip(STIMULI, values, strict=True)]
    return rows


def long(
    values: np.ndarray = RATINGS, *, header: Sequence[object] = ("image", "rater", "score")
) -> Cells:
    """A rating a row."""
    rows: Cells = [list(header)] if header else []
    for (i, j), value in np.ndenumerate(values):
        if not np.isnan(value):
            rows.append([STIMULI[i], RATERS[j], *_texts([value], "")])
    return rows


def matrix(values: np.ndarray = RATINGS) -> Cells:
    """Numbers only."""
    return [_texts(row, "nan") for row in values]


def turned(rows: Cells) -> Cells:
    """Rows as columns."""
    return [list(column) for column in zip(*rows, strict=True)]


def text(rows: Iterable[Sequence[object]], separator: str = ",") -> str:
    """As CSV, without quotes."""
    return "".join(separator.join(map(str, row)) + "\n" for row in rows)


def _texts(values: Iterable[float], missing: str) -> list[object]:
    return [
        missing if np.isnan(v) else str(int(v)) if float(v).is_integer() else repr(float(v))
        for v in values
    ]
