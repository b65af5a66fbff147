"""Tables with one rating a row: which column is the stimulus, which the rater, which the rating."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fiqa_studio.study.errors import StudyError
from fiqa_studio.study.exchange.columns import asked
from fiqa_studio.study.exchange.head import Table
from fiqa_studio.study.exchange.headers import (
    Role,
    is_statistic,
    looks_like_file,
    looks_like_person,
    role_of,
    scale_in,
)
from fiqa_studio.study.exchange.numbers import is_missing, number, share_of_numbers
from fiqa_studio.study.exchange.raw import Problem, Raw, RawRating

_NEEDED = (Role.STIMULUS, Role.RATER, Role.RATING)
_EXTRA = (
    *(Role.REPETITION, Role.KIND, Role.SESSION, Role.TRIAL, Role.REACTION, Role.TIME),
    Role.ATTRIBUTE,
)
_NUMERIC = 0.5
"""Least share of numbers in a column of ratings."""


def read_long(table: Table, columns: Mapping[str, str]) -> Raw:
    """Take a table apart that has one rating a row.

    Raises:
        StudyError: ``table.columns``: a column cannot be found; says which there are.
    """
    roles: dict[Role, int] = {}
    for role in (*_NEEDED, *_EXTRA):
        index = asked(columns, str(role), table)
        if index is not None:
            roles[role] = index
    _by_header(table, roles)
    _by_content(table, roles)
    missing = [str(role) for role in _NEEDED if role not in roles]
    if missing:
        there = ", ".join(table.name(i) for i in range(table.width))
        raise StudyError(
            f"No column was found for the {' and the '.join(missing)}.",
            cause=f"The table has {there[:500]}.",
            remedy=f"Name it: --columns {missing[0]}=COLUMN.",
            code="table.columns",
        )
    return _rows(table, roles)


def _by_header(table: Table, roles: dict[Role, int]) -> None:
    if table.header is None:
        return
    found: dict[Role, list[tuple[int, int]]] = {}
    for i, name in enumerate(table.header):
        said = role_of(name)
        if said is not None and i not in roles.values():
            found.setdefault(said[0], []).append((said[1], i))
    for role in (*_NEEDED, *_EXTRA):
        if role in roles:
            continue
        for _, i in sorted(found.get(role, [])):
            if role is Role.RATING and not _may_be_ratings(table.column(i)):
                continue
            roles[role] = i
            break


def _may_be_ratings(cells: list[str]) -> bool:
    return share_of_numbers(cells) >= _NUMERIC or all(map(is_missing, cells))


def _by_content(table: Table, roles: dict[Role, int]) -> None:
    """What the header leaves open: by kind and number of the values, and what is left."""
    free = [
        i
        for i in range(table.width)
        if i not in roles.values() and not _is_extra(table, i) and any(table.column(i))
    ]
    distinct = {i: len(set(table.column(i))) for i in free}
    if Role.RATING not in roles:
        numeric = [i for i in free if share_of_numbers(table.column(i)) >= 0.9]
        others = len([i for i in free if i not in numeric]) + sum(r in roles for r in _NEEDED)
        # Numbers may be names of raters and stimuli too: then the last column holds the rating.
        if numeric and (others >= 2 or len(free) + sum(r in roles for r in _NEEDED) == 3):
            roles[Role.RATING] = numeric[-1]
            free.remove(numeric[-1])
    if Role.RATER not in roles:
        people = [i for i in free if _share(table.column(i), looks_like_person) > 0.8]
        if len(people) == 1:
            roles[Role.RATER] = people[0]
            free.remove(people[0])
    if Role.STIMULUS not in roles:
        files = [i for i in free if _share(table.column(i), looks_like_file) > 0.8]
        if files:
            roles[Role.STIMULUS] = files[0]
            free.remove(files[0])
    if len(free) == 2 and Role.RATER not in roles and Role.STIMULUS not in roles:
        more, fewer = sorted(free, key=lambda i: -distinct[i])
        roles[Role.STIMULUS], roles[Role.RATER] = more, fewer
    for role in (Role.STIMULUS, Role.RATER):
        if role not in roles and len(free) == 1 and sum(r in roles for r in _NEEDED) == 2:
            roles[role] = free.pop()


def _is_extra(table: Table, index: int) -> bool:
    if table.header is None:
        return False
    said = role_of(table.header[index])
    return (said is not None and said[0] not in _NEEDED) or is_statistic(table.header[index])


def _share(cells: list[str], says: Callable[[str], bool]) -> float:
    some = [cell for cell in cells if cell]
    return sum(says(cell) for cell in some) / len(some) if some else 0.0


def _rows(table: Table, roles: dict[Role, int]) -> Raw:
    stimuli, raters = table.column(roles[Role.STIMULUS]), table.column(roles[Role.RATER])
    notes, problems = [], []
    for name, cells in (("stimulus", stimuli), ("rater", raters)):
        if _filled_down(cells, table.column(roles[Role.RATING])):
            notes.append(f"An empty {name} cell takes the name above it.")
            _fill_down(cells)
    ratings = []
    kinds = {"study", "gold", "repeat", "training", "trap"}
    used = set(roles.values())
    for row, line, stimulus, rater in zip(table.rows, table.lines, stimuli, raters, strict=True):
        extra = {role: row[roles[role]] for role in _EXTRA if role in roles}
        if not stimulus or not rater:
            if row[roles[Role.RATING]]:
                what = "stimulus" if not stimulus else "rater"
                problems.append(Problem(line, "", "nameless", f"The row names no {what}."))
            continue
        kind = extra.get(Role.KIND, "").casefold()
        ratings.append(
            RawRating(
                stimulus=stimulus,
                rater=rater,
                text=row[roles[Role.RATING]],
                line=line,
                column=table.name(roles[Role.RATING]),
                kind=kind if kind in kinds else "",
                session=extra.get(Role.SESSION, ""),
                repetition=extra.get(Role.REPETITION, ""),
                trial=extra.get(Role.TRIAL, ""),
                reaction=_milliseconds(table, roles, extra.get(Role.REACTION, "")),
                at=extra.get(Role.TIME, ""),
                attribute=extra.get(Role.ATTRIBUTE, ""),
                rest=tuple(cell for i, cell in enumerate(row) if i not in used),
            )
        )
    passed = [
        table.name(i)
        for i in range(table.width)
        if i not in used and share_of_numbers(table.column(i)) >= 0.9 and not _is_extra(table, i)
    ]
    if passed:
        notes.append(f"Columns of numbers that were passed over: {', '.join(passed)}.")
    return Raw(
        ratings=ratings,
        columns={str(role): table.name(i) for role, i in roles.items()},
        notes=notes,
        problems=problems,
        hint=scale_in(table.name(roles[Role.RATING])),
    )


def _milliseconds(table: Table, roles: dict[Role, int], text: str) -> str:
    if not text:
        return ""
    value = number(text)
    if not isinstance(value, float):
        return ""
    words = table.name(roles[Role.REACTION]).casefold()
    seconds = "ms" not in words and "milli" not in words and ("sec" in words or "(s)" in words)
    return repr(value * 1000 if seconds else value)


def _filled_down(names: list[str], ratings: list[str]) -> bool:
    """Whether a name stands only in the first row of its block, as in printed tables."""
    if not names or not names[0]:
        return False
    empty = sum(not name and bool(rating) for name, rating in zip(names, ratings, strict=True))
    return empty >= max(3, len(names) // 4)


def _fill_down(names: list[str]) -> None:
    for i in range(1, len(names)):
        names[i] = names[i] or names[i - 1]
