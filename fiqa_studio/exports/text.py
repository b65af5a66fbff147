"""Values as the text of a table: for CSV and the lists in exported folders.

Fields follow RFC 4180: commas, quotes and line breaks in names are quoted. Numbers use a point.
Several words in one field are separated by spaces where they are ours (flags); a user's tags by
semicolons, a backslash before a semicolon or a backslash that belongs to a tag.

A spreadsheet takes a cell that begins with ``=``, ``+``, ``-`` or ``@`` for a formula. Paths are
absolute, so they begin with ``/``; numbers are numbers. Where a text comes from outside (a scorer's
name, a camera's, a tag), such a beginning gets an apostrophe.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TextIO

from fiqa_studio.exports.columns import Column, Type, Value
from fiqa_studio.exports.items import Item

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class TextTable:
    """Writes rows to an open text stream as CSV, the header first.

    Args:
        stream: Opened with ``newline=""``.
        columns: Of the items.
        first: Names of columns before them, whose values `put` is given.
    """

    def __init__(self, stream: TextIO, columns: Sequence[Column], first: Iterable[str] = ()):
        self._columns = columns
        self._writer = csv.writer(stream, lineterminator="\n")
        self._writer.writerow([*first, *(column.name for column in columns)])

    def put(self, item: Item, *first: str) -> None:
        """One row."""
        fields = [_safe(text) for text in first]
        fields += [_field(column, column.of(item)) for column in self._columns]
        self._writer.writerow(fields)


def _field(column: Column, value: Value) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.isoformat()
        case float() | int() if column.type is Type.NUMBER:
            return f"{value:.{column.digits}f}"
        case list():
            # Our own words have neither spaces nor semicolons in them; a user's tags may.
            ours = column.name == "flags"
            return _safe(" ".join(value) if ours else ";".join(map(_escaped, value)))
        case _:
            return _safe(str(value))


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace(";", "\\;")


def _safe(text: str) -> str:
    return "'" + text if text.startswith(_FORMULA) else text
