"""The filters that are on, in words, each with a way to take it off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from fiqa_studio.domain.fields_query import Query
from fiqa_studio.domain.scores import shown_score


@dataclass(frozen=True, slots=True)
class FilterChip:
    """One filter that is on.

    Attributes:
        text: In words.
        without: The query without it.
    """

    text: str
    without: Query


def chips_of(query: Query, root_name: Callable[[int], str]) -> list[FilterChip]:
    """The filters that a query has on; its order is none."""
    chips = []
    if query.root_id is not None:
        name = root_name(query.root_id)
        chips.append(FilterChip(f"In {name}", replace(query, root_id=None)))
    if query.min_score is not None or query.max_score is not None:
        chips.append(
            FilterChip(_score_words(query), replace(query, min_score=None, max_score=None))
        )
    if query.min_faces is not None or query.max_faces is not None:
        chips.append(
            FilterChip(_faces_words(query), replace(query, min_faces=None, max_faces=None))
        )
    if query.text:
        chips.append(FilterChip(f"“{query.text}”", replace(query, text="")))
    if not query.include_missing:
        chips.append(FilterChip("Files present", replace(query, include_missing=True)))
    if query.missing_only:
        chips.append(FilterChip("Missing files", replace(query, missing_only=False)))
    if not query.include_failed:
        chips.append(FilterChip("Readable files", replace(query, include_failed=True)))
    return chips


def _score_words(query: Query) -> str:
    if query.max_score is None:
        return f"Score {shown_score(query.min_score or 0)} and up"
    if query.min_score is None:
        return f"Score up to {shown_score(query.max_score)}"
    return f"Score {shown_score(query.min_score)}–{shown_score(query.max_score)}"


def _faces_words(query: Query) -> str:
    low, high = query.min_faces, query.max_faces
    if high == 0:
        return "No face"
    if low == high:
        return "1 face" if low == 1 else f"{low} faces"
    if high is None:
        return "With faces" if low == 1 else f"{low} or more faces"
    if low is None:
        return f"Up to {high} faces"
    return f"{low}–{high} faces"
