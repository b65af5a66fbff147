"""The side bar's entries as queries, and back. No Qt."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from fiqa_studio.domain.fields_query import Query
from fiqa_studio.ui.filters.queries import without_filters


class Place(StrEnum):
    """What an entry of the side bar shows."""

    ALL = "all"
    NO_FACES = "no-faces"
    FAILED = "failed"
    MISSING = "missing"
    ROOT = "root"


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry: a place, and for a folder its id."""

    place: Place
    root_id: int | None = None


def query_at(entry: Entry, query: Query) -> Query | None:
    """What an entry shows, in the order of ``query``; None where it is no view of photos."""
    plain = without_filters(query)
    queries = {
        Place.ALL: plain,
        Place.NO_FACES: replace(plain, max_faces=0),
        Place.MISSING: replace(plain, missing_only=True),
        Place.ROOT: replace(plain, root_id=entry.root_id),
    }
    return queries.get(entry.place)


def entry_at(query: Query) -> Entry | None:
    """The entry that shows just what a query asks for; None where none does."""
    places = (Place.ALL, Place.NO_FACES, Place.MISSING)
    entries = [Entry(place) for place in places]
    if query.root_id is not None:
        entries.append(Entry(Place.ROOT, query.root_id))
    return next((entry for entry in entries if query_at(entry, query) == query), None)
