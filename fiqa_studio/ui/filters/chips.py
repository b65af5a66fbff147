"""The filters that are on, in words, each with a way to take it off."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fiqa_studio.curation.querytext import text_of
from fiqa_studio.curation.queryvalues import shown_bounds
from fiqa_studio.domain.query import Query
from fiqa_studio.domain.terms import Between, Contains, InIds, Is, OneOf, Period, Term, Words

RootName = Callable[[int], str]


@dataclass(frozen=True, slots=True)
class FilterChip:
    """One filter that is on.

    Attributes:
        text: In words.
        without: The query without it.
    """

    text: str
    without: Query


def chips_of(query: Query, root_name: RootName) -> list[FilterChip]:
    """The filters that a query has on; its order is none."""
    return [
        FilterChip(words_for(term, root_name), query.without_term(term)) for term in query.where
    ]


def words_for(term: Term, root_name: RootName) -> str:
    """A term in words."""
    if isinstance(term, Is):
        return _SO[term.name][term.negated]
    if isinstance(term, InIds) and term.name == "root":
        said = "In " + " or ".join(root_name(key) for key in term.ids)
    else:
        said = _SAID[type(term)](term)
    if not term.negated:
        return said
    return f"Not {said[0].lower()}{said[1:]}"


def _of_range(term: Between) -> str:
    if term.name == "faces":
        return _faces(term)
    if term.low is None and term.high is None:
        return f"With {_NUMBERS[term.name].lower()}"
    return f"{_NUMBERS[term.name]} {_range(term)}"


def _of_period(term: Period) -> str:
    if term.start is None and term.end is None:
        return "With a time"
    return "Taken " + text_of([term]).partition(":")[2].replace("..", " \u2013 ").strip()


def _of_set(term: OneOf) -> str:
    words = _VALUES.get(term.name, {})
    return _SETS[term.name] + " or ".join(words.get(value, value) for value in term.values)


def _of_ids(term: InIds) -> str:
    if term.name == "like":
        return f"Like face {', '.join(map(str, term.ids))}"
    return f"{len(term.ids):,} by number"


_SAID: Mapping[type[Term], Callable[[Any], str]] = {
    Between: _of_range,
    Period: _of_period,
    OneOf: _of_set,
    Contains: lambda term: f"{term.name.capitalize()} \u201c{term.text}\u201d",
    InIds: _of_ids,
    Words: lambda term: " ".join(f"\u201c{word}\u201d" for word in term.words),
}
_NUMBERS = {
    "score": "Score",
    "quality": "Quality",
    "mos": "MOS",
    "size": "Face size",
    "eyes": "Eyes",
    "stars": "Stars",
    "filesize": "File size",
}
_SO: Mapping[str, tuple[str, str]] = {
    "missing": ("Missing files", "Files present"),
    "failed": ("Unreadable files", "Readable files"),
    "scored": ("Scored", "Not scored"),
}
_SETS = {"flag": "", "colour": "", "tag": "Tag ", "album": "Album ", "flaw": ""}
_VALUES: Mapping[str, Mapping[str, str]] = {
    "flag": {"": "Unflagged", "pick": "Picked", "reject": "Rejected"},
    "colour": {"": "No colour"},
    "tag": {"": "none"},
    "album": {"": "none"},
    "flaw": {
        "": "No flaw known",
        "eyes-closed": "Eyes closed",
        "profile": "Turned away",
        "upscaled": "Enlarged",
        "padded": "Cut by the edge",
    },
}


def _range(term: Between) -> str:
    low, high = shown_bounds(term)
    if not high and low in ("closed", "open"):
        return low
    if low == high:
        return low
    if not high:
        return f"{low} and up"
    return f"up to {high}" if not low else f"{low}–{high}"


def _faces(term: Between) -> str:
    low, high = shown_bounds(term)
    if high == "0":
        return "No face"
    if low == high and low:
        return "1 face" if low == "1" else f"{low} faces"
    if not high:
        return "With faces" if low == "1" else f"{low or 0} or more faces"
    return f"{low}–{high} faces" if low else f"Up to {high} faces"
