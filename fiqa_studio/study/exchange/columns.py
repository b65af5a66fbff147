"""Columns that the user names himself: ``stimulus=Image,rater=User,rating=Score``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from fiqa_studio.study.errors import StudyError
from fiqa_studio.study.exchange.head import Table
from fiqa_studio.study.exchange.headers import plain

KEYS = (
    *("stimulus", "rater", "rating", "repetition", "kind", "session", "trial", "reaction", "time"),
    *("attribute", "raters", "stimuli", "ignore", "rows"),
)
_ALIASES = {
    **dict.fromkeys(("image", "picture", "name", "file", "item"), "stimulus"),
    **dict.fromkeys(("subject", "observer", "participant", "user", "worker"), "rater"),
    **dict.fromkeys(("score", "value", "vote", "opinion"), "rating"),
    "repeat": "repetition",
}


def parse_columns(given: Iterable[str]) -> dict[str, str]:
    """``KEY=COLUMN`` texts, several in one text with commas between.

    Raises:
        StudyError: ``table.columns``: no such key, or no ``=``.
    """
    found: dict[str, str] = {}
    for text in given:
        for part in re.split(r",(?=[^,=]+=)", text):
            key, name = _pair(part)
            if not key:
                raise StudyError(
                    f"“{part.strip()}” does not name a column.",
                    remedy=f"Write KEY=COLUMN, with one of {', '.join(KEYS)}.",
                    code="table.columns",
                )
            found[key] = name
    return found


def _pair(part: str) -> tuple[str, str]:
    """Key and column of ``KEY=COLUMN``, or of ``COLUMN=KEY``; empty where it is neither."""
    before, separator, after = (text.strip() for text in part.partition("="))
    for key, name in ((before, after), (after, before)):
        known = _ALIASES.get(key.casefold(), key.casefold())
        if separator and name and known in KEYS:
            return known, name
    return "", ""


def place(table: Table, name: str) -> int:
    """The index of a column by its name, exactly or but for case and blanks, or its number.

    Raises:
        StudyError: ``table.columns``: there is none.
    """
    header = table.header or ()
    if name in header:
        return header.index(name)
    loose = [i for i, given in enumerate(header) if plain(given) == plain(name)]
    if len(loose) == 1:
        return loose[0]
    if re.fullmatch(r"\d+", name) and 1 <= int(name) <= table.width:
        return int(name) - 1
    columns = ", ".join(given or f"{i + 1}" for i, given in enumerate(header)) or "no header"
    raise StudyError(
        f"The table has no column “{name}”.",
        remedy=f"It has {columns[:500]}; a number counts from 1.",
        code="table.columns",
    )


def places(table: Table, names: str) -> list[int]:
    """Indices of several columns: names with ``|`` between, or a range of numbers ``3..14``."""
    found = re.fullmatch(r"(\d+)\s*(?:\.\.|-)\s*(\d+)", names)
    if found and names not in (table.header or ()):
        first, last = (place(table, number) for number in found.groups())
        return list(range(first, last + 1))
    return [place(table, name.strip()) for name in names.split("|") if name.strip()]


def asked(columns: Mapping[str, str], key: str, table: Table) -> int | None:
    """The column that the user named for a key; None: he did not."""
    return place(table, columns[key]) if key in columns else None
