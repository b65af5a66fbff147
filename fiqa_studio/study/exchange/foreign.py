"""A table of another study, read: ratings that can be analysed, and an account of the rest.

Nothing is left out silently: each cell that is no rating is counted or named.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from fiqa_studio.study.errors import StudyError
from fiqa_studio.study.exchange import p910, sureal_json
from fiqa_studio.study.exchange.grid import read_grid
from fiqa_studio.study.exchange.head import table_of
from fiqa_studio.study.exchange.long_table import read_long
from fiqa_studio.study.exchange.numbers import Cell, number
from fiqa_studio.study.exchange.raw import Problem, Raw, RawRating
from fiqa_studio.study.exchange.scales import (
    Guess,
    code_for_nothing,
    guess_scale,
    parse_scale,
)
from fiqa_studio.study.exchange.wide_table import read_wide
from fiqa_studio.study.matrix import Ratings, from_rows
from fiqa_studio.study.mos import MosMethod, estimate
from fiqa_studio.study.rows import RATED, REPEAT, STUDY, RatingRow

_FEW_DUPLICATES = 3
_SHOWN = 20


class Layout(StrEnum):
    """How a table is laid out."""

    LONG = "long"
    """One rating a row."""
    WIDE = "wide"
    """A stimulus a row and a rater a column, or the other way round."""
    P910 = "p910"
    """Numbers only; repetitions after a row with a lone comma."""
    SUREAL = "sureal"
    """sureal's JSON."""


class Duplicates(StrEnum):
    """What two ratings of one stimulus by one rater are."""

    AUTO = "auto"
    """Repetitions, but a few equal ones without any column to tell them are slips."""
    REPEAT = "repeat"
    FIRST = "first"
    LAST = "last"


@dataclass(frozen=True, kw_only=True)
class Imported:
    """A table's ratings and what was made of it.

    Attributes:
        rows: The ratings, in the order of the table.
        stimuli: Names of all stimuli, those without a rating too.
        nobody: Raters of whom no rating was found.
        low: The scale's lower end.
        high: The scale's upper end.
        said: How the file was read.
        scale: How the scale was found.
        columns: Which column was taken for what.
        notes: What the owner should know.
        problems: What was left out, cell by cell.
        missing: Cells that say that there is no rating.
    """

    rows: tuple[RatingRow, ...]
    stimuli: tuple[str, ...]
    nobody: tuple[str, ...]
    low: float
    high: float
    said: str
    scale: str
    columns: Mapping[str, str]
    notes: tuple[str, ...]
    problems: tuple[Problem, ...]
    missing: int

    def ratings(self) -> Ratings:
        """What a MOS is made of."""
        return from_rows(self.rows, low=self.low, high=self.high, stimuli=self.stimuli)

    def warnings(self) -> tuple[str, ...]:
        """Notes and problems as sentences; many problems of one kind are counted."""
        found = list(self.notes)
        kinds = Counter(problem.kind for problem in self.problems)
        for kind, count in kinds.items():
            of_kind = [problem for problem in self.problems if problem.kind == kind]
            found += [_place(problem) + problem.said for problem in of_kind[:_SHOWN]]
            if count > _SHOWN:
                found.append(f"{count - _SHOWN:,} more of this kind ({kind}).")
        return tuple(found)

    def as_json(self) -> dict[str, Any]:
        """What a dry run says."""
        ratings = self.ratings()
        return {
            "read": self.said,
            "scale": {"low": self.low, "high": self.high, "said": self.scale},
            "columns": dict(self.columns),
            "stimuli": len(ratings.stimuli),
            "raters": len(ratings.raters),
            "ratings": len(self.rows),
            "missing": self.missing,
            "left_out": dict(Counter(problem.kind for problem in self.problems)),
            "warnings": list(self.warnings()),
        }


def read_table(
    path: Path,
    layout: Layout,
    *,
    columns: Mapping[str, str] | None = None,
    scale: str = "",
    duplicates: Duplicates = Duplicates.AUTO,
    sheet: str = "",
    encoding: str = "",
) -> Imported:
    """Read a table of ratings.

    Args:
        path: CSV, TSV, XLSX or JSON.
        layout: How it is laid out.
        columns: Which column holds what, see `fiqa_studio.study.exchange.columns`.
        scale: Such as ``1..5``; empty: found out.
        duplicates: What two ratings of one stimulus by one rater are.
        sheet: Of a workbook.
        encoding: Of a text.

    Raises:
        StudyError: ``table.…``: says what is wrong and what to do.
    """
    given = parse_scale(scale) if scale else None
    said, raw = _raw(path, layout, columns or {}, sheet, encoding)
    problems = list(raw.problems)
    found, missing = _numbers(raw.ratings, problems)
    if not found:
        raise StudyError(
            f"No ratings were found in “{path.name}”.",
            cause=f"Of {len(raw.ratings):,} cells {missing:,} are empty and none is a number.",
            remedy="Look at --layout and --columns; --dry-run shows what is taken for what.",
            code="table.no-ratings",
        )
    values = np.array([value for _, value in found], dtype=np.float64)
    nothing = None if given else code_for_nothing(values)
    if nothing is not None:
        raw.notes.append(
            f"{nothing:g} was taken for “not rated” in {np.count_nonzero(values == nothing):,} "
            "cells; give --scale if it is a rating."
        )
        missing += int(np.count_nonzero(values == nothing))
        found = [(cell, value) for cell, value in found if value != nothing]
        values = values[values != nothing]
    judged = given or guess_scale(values, raw.hint)
    outside = judged.outside(values)
    _check_scale(path, judged, outside.mean())
    kept = []
    for (cell, value), beyond in zip(found, outside, strict=True):
        if beyond:
            said_of_it = f"{cell.text} is not on the scale from {judged.low:g} to {judged.high:g}."
            problems.append(Problem(cell.line, cell.column, "out-of-range", said_of_it))
        else:
            kept.append((cell, value))
    notes = list(raw.notes)
    stimuli, raters = _names(raw.ratings)
    distinct = _distinct(kept, duplicates, problems, notes)
    rows = _rows(distinct, stimuli, raters, notes)
    rated, rating = {row.stimulus for row in rows}, {row.rater for row in rows}
    unrated = len(set(stimuli.values()) - rated)
    nobody = tuple(dict.fromkeys(name for name in raters.values() if name not in rating))
    if unrated:
        notes.append(f"{unrated:,} stimuli have no rating.")
    if nobody:
        notes.append(f"No rating was found of {', '.join(nobody)}.")
    imported = Imported(
        rows=tuple(rows),
        stimuli=tuple(dict.fromkeys(stimuli.values())),
        nobody=nobody,
        low=judged.low,
        high=judged.high,
        said=said,
        scale=judged.said,
        columns=raw.columns,
        notes=(),
        problems=tuple(problems),
        missing=missing,
    )
    return _compared(imported, raw.published, notes)


def _raw(
    path: Path, layout: Layout, columns: Mapping[str, str], sheet: str, encoding: str
) -> tuple[str, Raw]:
    if layout is Layout.SUREAL:
        return "JSON of sureal", sureal_json.read_sureal(path)
    grid = read_grid(path, sheet=sheet, encoding=encoding)
    if layout is Layout.P910:
        return grid.said, p910.read_p910(grid)
    table = table_of(grid)
    if not table.rows:
        raise StudyError(f"“{path.name}” holds a header and no rows.", code="table.no-ratings")
    return grid.said, (read_long if layout is Layout.LONG else read_wide)(table, columns)


def _numbers(
    cells: list[RawRating], problems: list[Problem]
) -> tuple[list[tuple[RawRating, float]], int]:
    found, missing = [], 0
    for cell in cells:
        value = number(cell.text)
        if isinstance(value, float):
            found.append((cell, value))
        elif value is Cell.MISSING:
            missing += 1
        else:
            said = f"“{cell.text[:60]}” is no number."
            problems.append(Problem(cell.line, cell.column, "unreadable", said))
    return found, missing


def _check_scale(path: Path, scale: Guess, share: float) -> None:
    if share > 0.2:
        raise StudyError(
            f"{share:.0%} of the ratings in “{path.name}” are not on the scale from "
            f"{scale.low:g} to {scale.high:g}.",
            remedy="Give the right scale, or name the column of the ratings.",
            code="table.scale",
        )


# --- the same stimulus and rater again -------------------------------------------------------


def _distinct(
    cells: list[tuple[RawRating, float]],
    duplicates: Duplicates,
    problems: list[Problem],
    notes: list[str],
) -> list[tuple[RawRating, float, int]]:
    """Each rating with its repetition, without those that stand twice by a slip."""
    of_pair: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for i, (cell, _) in enumerate(cells):
        of_pair[_key(cell.stimulus), _key(cell.rater), cell.attribute].append(i)
    again = [places for places in of_pair.values() if len(places) > 1]
    dropped: set[int] = set()
    if duplicates in {Duplicates.FIRST, Duplicates.LAST}:
        for places in again:
            dropped |= set(places[1:] if duplicates is Duplicates.FIRST else places[:-1])
    elif duplicates is Duplicates.AUTO:
        dropped = _slips(cells, again, len(of_pair))
    for i in sorted(dropped):
        cell = cells[i][0]
        said = f"{cell.rater} rated {cell.stimulus} before: this rating is not counted."
        problems.append(Problem(cell.line, cell.column, "duplicate", said))
    kept: list[tuple[RawRating, float, int]] = []
    count: Counter[tuple[str, str, str]] = Counter()
    for i, (cell, value) in enumerate(cells):
        if i not in dropped:
            pair = (_key(cell.stimulus), _key(cell.rater), cell.attribute)
            kept.append((cell, value, count[pair]))
            count[pair] += 1
    repeated = sum(times > 1 for times in count.values())
    if repeated:
        notes.append(
            f"{repeated:,} stimuli were rated again by the same rater: they count as repetitions."
        )
    return kept


def _slips(cells: list[tuple[RawRating, float]], again: list[list[int]], pairs: int) -> set[int]:
    """Ratings that stand twice, word for word, where nothing says that they are repetitions."""
    equal: set[int] = set()
    different = 0
    for places in again:
        first: dict[tuple[object, ...], int] = {}
        for i in places:
            cell, value = cells[i]
            told = (
                value, cell.kind, cell.session, cell.repetition, cell.trial, cell.reaction,
                cell.at, cell.rest,
            )  # fmt: skip
            if told in first:
                equal.add(i)
            first.setdefault(told, i)
        different += len({cells[i][1] for i in places}) > 1
    few = len(equal) <= _FEW_DUPLICATES or len(equal) <= 0.01 * pairs
    # Where people were asked twice, they often say the same: then equal ones are no slips.
    return equal if few and different <= max(_FEW_DUPLICATES, len(equal)) else set()


def _key(name: str) -> str:
    """Two ways to write an accent are one name."""
    return unicodedata.normalize("NFC", name)


# --- rows -----------------------------------------------------------------------------------


def _names(cells: list[RawRating]) -> tuple[dict[str, str], dict[str, str]]:
    """Each spelling of a stimulus and of a rater -> the name it goes by."""
    return (
        _spelled([cell.stimulus for cell in cells]),
        _spelled([cell.rater for cell in cells]),
    )


def _spelled(names: list[str]) -> dict[str, str]:
    distinct = list(dict.fromkeys(names))
    first: dict[str, str] = {}
    # “1.0” is 1 in a column that a program took for decimals.
    decimals = all(name.endswith(".0") and name[:-2].isdecimal() for name in distinct)
    return {
        name: first.setdefault(_key(name), name.removesuffix(".0") if decimals else name)
        for name in distinct
    }


def _rows(
    kept: list[tuple[RawRating, float, int]],
    stimuli: Mapping[str, str],
    raters: Mapping[str, str],
    notes: list[str],
) -> list[RatingRow]:
    rows = [
        RatingRow(
            stimulus=stimuli[cell.stimulus],
            rater=raters[cell.rater],
            value=value,
            kind=cell.kind or (REPEAT if repetition else STUDY),
            attribute=cell.attribute or "quality",
            session=cell.session,
            presentation=repetition,
            reaction_ms=_positive(cell.reaction),
            at=cell.at,
        )
        for cell, value, repetition in kept
    ]
    attributes = Counter(row.attribute for row in rows)
    if len(attributes) > 1:
        notes.append(f"Several attributes were rated: {', '.join(attributes)}.")
    other = sum(row.kind not in RATED for row in rows)
    if other:
        notes.append(f"{other:,} ratings are gold, training or traps and make no MOS.")
    return rows


def _positive(text: str) -> float | None:
    value = number(text)
    return value if isinstance(value, float) and value > 0 else None


def _compared(imported: Imported, published: Mapping[str, str], notes: list[str]) -> Imported:
    """Says whether the plain MOS is the one that the table gives."""
    if published and imported.rows:
        ratings = imported.ratings()
        mos = dict(zip(ratings.stimuli, estimate(ratings, MosMethod.MOS).mos, strict=True))
        pairs = [(mos[name], text) for name, text in published.items() if name in mos]
        differing = sum(abs(ours - _float(text)) > _last_digit(text) for ours, text in pairs)
        if pairs and not differing:
            notes.append(f"The plain MOS is the table's own for all {len(pairs):,} stimuli.")
        elif pairs:
            notes.append(
                f"The table's own MOS is not the plain mean for {differing:,} of {len(pairs):,} "
                "stimuli: it was screened or scaled."
            )
    return replace(imported, notes=tuple(notes))


def _float(text: str) -> float:
    value = number(text)
    return value if isinstance(value, float) else float("nan")


def _last_digit(text: str) -> float:
    digits = text.replace(",", ".").partition(".")[2].rstrip("%")
    return 0.5000001 * 10.0 ** -len(digits)


def _place(problem: Problem) -> str:
    if not problem.line:
        return ""
    return f"Line {problem.line}" + (f", {problem.column}" if problem.column else "") + ": "
