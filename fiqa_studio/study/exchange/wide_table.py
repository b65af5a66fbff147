"""Tables with a stimulus a row and a rater a column, or the other way round."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from fiqa_studio.study.errors import StudyError
from fiqa_studio.study.exchange.columns import asked, places
from fiqa_studio.study.exchange.head import Table
from fiqa_studio.study.exchange.headers import (
    Role,
    is_other,
    is_statistic,
    looks_like_file,
    looks_like_person,
    pattern,
    plain,
    role_of,
    roles_in,
    scale_in,
)
from fiqa_studio.study.exchange.numbers import is_number, number, share_of_numbers
from fiqa_studio.study.exchange.raw import Problem, Raw, RawRating

_NUMERIC = 0.5
_REPETITION = re.compile(
    r"(.+?)[\s_\-.]*(?:repetition|repeat|rep|round|run|pass|presentation)[\s_\-.]*(\d+)",
    re.IGNORECASE,
)
_PANDAS = re.compile(r"(.+)\.(\d+)")


def read_wide(table: Table, columns: Mapping[str, str]) -> Raw:
    """Take a matrix apart: names in the first columns and the header, ratings in the rest.

    Raises:
        StudyError: ``table.columns``: no ratings are found, or a named column is not there.
    """
    ignored = set(places(table, columns["ignore"])) if "ignore" in columns else set()
    chosen = _given(table, columns)
    label = _label_column(table, columns, ignored)
    notes: list[str] = []
    values = chosen if chosen is not None else _value_columns(table, label, ignored, notes)
    if not values:
        raise StudyError(
            "The table holds no columns of ratings.",
            cause=f"It has {', '.join(table.name(i) for i in range(table.width))[:500]}.",
            remedy="Name them: --columns raters=FIRST..LAST, or say --layout long.",
            code="table.columns",
        )
    labels = _labels(table, label, values, notes)
    rows = [i for i, name in enumerate(labels) if not _is_summary(table, label, name)]
    if len(rows) < len(labels):
        left = ", ".join(name for i, name in enumerate(labels) if i not in set(rows))
        notes.append(f"Rows that hold what was computed were passed over: {left}.")
    heads = [table.name(i) if table.header else str(n + 1) for n, i in enumerate(values)]
    problems: list[Problem] = []
    rows = _once(table, rows, label, problems)
    across = _raters_in_rows(table, columns, label, [labels[i] for i in rows], heads)
    found = _cells(table, rows, values, labels, heads, across)
    return Raw(
        ratings=found,
        columns={
            "rows": "raters" if across else "stimuli",
            "names": "none" if label is None else table.name(label),
            "ratings": f"{len(values)} columns: {heads[0]} … {heads[-1]}",
        },
        notes=notes,
        problems=problems,
        hint=scale_in(table.header[label]) if table.header and label is not None else None,
        published={} if across else _published(table, values, rows, labels),
    )


# --- which columns --------------------------------------------------------------------------


def _given(table: Table, columns: Mapping[str, str]) -> list[int] | None:
    for key in ("raters", "stimuli"):
        if key in columns:
            return places(table, columns[key])
    return None


def _label_column(table: Table, columns: Mapping[str, str], ignored: set[int]) -> int | None:
    """The column with the names of the rows; None where there is none."""
    for key in ("stimulus", "rater"):
        index = asked(columns, key, table)
        if index is not None:
            return index
    candidates = [i for i in range(table.width) if i not in ignored]
    texts = [i for i in candidates if share_of_numbers(table.column(i)) < _NUMERIC]
    if table.header is not None:
        named = []
        for i in candidates:
            said = role_of(table.header[i])
            if said is None or said[0] not in {Role.STIMULUS, Role.RATER}:
                continue
            # “rater 3” over numbers is a column of ratings; “rater” alone or first is a name.
            if i in texts or i == 0 or not re.search(r"\d", table.header[i]):
                named.append((i not in texts, said[0] is Role.RATER, said[1], i))
        if named:
            return min(named)[3]
    unique = [i for i in texts if _all_different(table.column(i))]
    if unique or texts:
        return (unique or texts)[0]
    return 0 if _is_counter(table) else None


def _is_counter(table: Table) -> bool:
    """Whether the first column counts the rows, or stands under an empty corner."""
    if table.header is not None and plain(table.header[0]) in {
        "",
        "unnamed 0",
        "index",
        "id",
        "no",
    }:
        return True
    found = [number(cell) for cell in table.column(0)]
    size = len(found)
    counts = found in ([float(i) for i in range(size)], [i + 1.0 for i in range(size)])
    return counts and size > 5


def _value_columns(
    table: Table, label: int | None, ignored: set[int], notes: list[str]
) -> list[int]:
    numeric = [
        i
        for i in range(table.width)
        if i != label
        and i not in ignored
        and (share_of_numbers(table.column(i)) >= _NUMERIC or not any(table.column(i)))
    ]
    if table.header is None:
        return numeric
    header = table.header
    kept = [i for i in numeric if not is_other(header[i])]
    kept = _of_one_pattern(header, kept)
    kept = [i for i in kept if not _elsewhere(table, i, kept)]
    kept = _not_computed(table, kept)
    left = [header[i] or f"column {i + 1}" for i in range(table.width) if i not in {*kept, label}]
    if left:
        notes.append(f"Columns that were passed over: {', '.join(left)}.")
    return kept


def _of_one_pattern(header: Sequence[str], kept: list[int]) -> list[int]:
    """Columns named alike but for a number (``r1`` …, files), where nearly all are."""
    for group in (
        [i for i in kept if looks_like_file(header[i])],
        [
            i
            for i in kept
            if pattern(header[i]) == _commonest([pattern(header[j]) for j in kept])
            and re.search(r"\d", header[i])
        ],
    ):
        if len(group) >= 3 and len(group) >= 0.7 * len(kept):
            return group
    return kept


def _commonest(names: list[str]) -> str:
    return Counter(names).most_common(1)[0][0] if names else ""


def _numbers(cells: list[str]) -> list[float]:
    return [value for cell in cells if isinstance(value := number(cell), float)]


def _not_computed(table: Table, kept: list[int]) -> list[int]:
    """Without the columns that are computed of all others, or of those before them."""
    given: list[int] = []
    for i in kept:
        others = [j for j in kept if j != i]
        if not (_computed(table, i, given) or _computed(table, i, others)):
            given.append(i)
    return given


def _computed(table: Table, index: int, others: list[int]) -> bool:
    """Whether a column is the mean or the spread of the others, whatever its name."""
    if len(others) < 3 or len(table.rows) < 3:
        return False
    own = [number(cell) for cell in table.column(index)]
    if all(isinstance(value, float) and value.is_integer() for value in own):
        return False
    for value, row in zip(own, table.rows, strict=True):
        given = _numbers([row[i] for i in others])
        if not isinstance(value, float) or len(given) < 2:
            return False
        means = (np.mean(given), np.std(given), np.std(given, ddof=1))
        if min(abs(value - mean) for mean in means) > 0.0051:
            return False
    return True


def _elsewhere(table: Table, index: int, kept: list[int]) -> bool:
    """Whether a column's values lie where no other's do: a width in pixels, a time."""
    own = _numbers(table.column(index))
    if len(kept) < 4 or not own:
        return False
    rest = [value for i in kept if i != index for value in _numbers(table.column(i))]
    if not rest:
        return False
    low, high = min(rest), max(rest)
    reach = max(high - low, 1.0)
    return bool(np.median(own) > high + reach or np.median(own) < low - reach)


# --- which names ----------------------------------------------------------------------------


def _labels(table: Table, label: int | None, values: list[int], notes: list[str]) -> list[str]:
    """A name for each row; several columns of words together where one is not enough."""
    if label is None:
        return [str(i + 1) for i in range(len(table.rows))]
    names = table.column(label)
    said = role_of(table.header[label]) if table.header else None
    if _all_different(names) or (said is not None and said[0] is Role.RATER):
        return [name or f"row {line}" for name, line in zip(names, table.lines, strict=True)]
    words = [
        i
        for i in range(table.width)
        if i not in values and i != label and any(table.column(i)) and not _is_time(table, i)
    ]
    together = [
        " / ".join([name, *(row[i] for i in words)])
        for name, row in zip(names, table.rows, strict=True)
    ]
    if words and _all_different(together):
        used = ", ".join(table.name(i) for i in (label, *words))
        notes.append(f"A stimulus is named by {used} together.")
        return together
    return [name or f"row {line}" for name, line in zip(names, table.lines, strict=True)]


def _is_time(table: Table, index: int) -> bool:
    said = role_of(table.header[index]) if table.header else None
    return (said is not None and said[0] is Role.TIME) or (
        table.header is not None and is_statistic(table.header[index])
    )


def _all_different(names: list[str]) -> bool:
    some = [name for name in names if name]
    return bool(some) and len(set(some)) == len(some)


def _is_summary(table: Table, label: int | None, name: str) -> bool:
    return label is not None and table.header is not None and is_statistic(name)


def _raters_in_rows(
    table: Table,
    columns: Mapping[str, str],
    label: int | None,
    labels: list[str],
    heads: list[str],
) -> bool:
    """Whether each row is a rater: by what is asked, said, named, and by number."""
    rows = columns.get("rows", "").casefold()
    if rows:
        return rows.startswith(("rater", "subject", "person", "people"))
    if "stimuli" in columns or "rater" in columns:
        return True
    if "raters" in columns or "stimulus" in columns:
        return False
    corner = roles_in(table.header[label]) if table.header and label is not None else ()
    votes = 0.0
    if corner:  # “image / rater” names the rows first
        votes += 2 if corner[0] is Role.RATER else -2
    votes += 3 * (_share(heads, looks_like_file) - _share(labels, looks_like_file))
    votes += 2 * (_share(labels, looks_like_person) - _share(heads, looks_like_person))
    votes += 2 * (_share(heads, _names_a_stimulus) - _share(labels, _names_a_stimulus))
    votes += 2 * (_share(labels, _names_a_rater) - _share(heads, _names_a_rater))
    if abs(votes) < 0.5:  # nothing says: there are more stimuli than raters in nearly all studies
        return len(heads) > len(labels)
    return votes > 0


def _names_a_stimulus(name: str) -> bool:
    said = role_of(name)
    return said is not None and said[0] is Role.STIMULUS


def _names_a_rater(name: str) -> bool:
    said = role_of(name)
    return said is not None and said[0] is Role.RATER


def _share(names: list[str], says: Callable[[str], bool]) -> float:
    return sum(says(name) for name in names) / len(names) if names else 0.0


def _once(table: Table, rows: list[int], label: int | None, problems: list[Problem]) -> list[int]:
    """Rows without those that stand twice, word for word."""
    if label is None:
        return rows
    seen: dict[tuple[str, ...], int] = {}
    kept = []
    for i in rows:
        if table.rows[i] in seen:
            first = table.lines[seen[table.rows[i]]]
            said = f"The row is the same as that of line {first}: it counts once."
            problems.append(Problem(table.lines[i], "", "duplicate", said))
        else:
            seen[table.rows[i]] = i
            kept.append(i)
    return kept


# --- cells ----------------------------------------------------------------------------------


def _cells(
    table: Table,
    rows: list[int],
    values: list[int],
    labels: list[str],
    heads: list[str],
    across: bool,
) -> list[RawRating]:
    named = [_repetition(head, heads) for head in heads]
    ratings = []
    for i in rows:
        for j, column in enumerate(values):
            name, repetition = named[j]
            stimulus, rater = (name, labels[i]) if across else (labels[i], name)
            ratings.append(
                RawRating(
                    stimulus=stimulus,
                    rater=rater,
                    text=table.rows[i][column],
                    line=table.lines[i],
                    column=heads[j],
                    repetition=repetition,
                )
            )
    return ratings


def _repetition(head: str, heads: list[str]) -> tuple[str, str]:
    """A column's name without what says which showing it was, and that."""
    if looks_like_file(head):
        return head, ""
    found = _REPETITION.fullmatch(head)
    if found:
        return found.group(1), found.group(2)
    again = _PANDAS.fullmatch(head)
    if again and again.group(1) in heads:
        return again.group(1), again.group(2)
    return head, ""


def _published(
    table: Table, values: list[int], rows: list[int], labels: list[str]
) -> dict[str, str]:
    """The MOS that stands in the table itself, if one does."""
    for i, name in enumerate(table.header or ()):
        if i not in values and plain(name) in {"mos", "mean", "average", "mean opinion score"}:
            return {labels[j]: table.rows[j][i] for j in rows if is_number(table.rows[j][i])}
    return {}
