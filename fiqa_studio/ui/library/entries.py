"""The side bar's entries as queries, and back. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fiqa_studio.domain.query import Query
from fiqa_studio.domain.terms import Between, InIds, Is, Term


class Place(StrEnum):
    """What an entry of the side bar shows."""

    ALL = "all"
    NO_FACES = "no-faces"
    FAILED = "failed"
    MISSING = "missing"
    ROOT = "root"
    ALBUM = "album"


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry: a place, and for a folder or an album its id."""

    place: Place
    root_id: int | None = None
    album_id: int | None = None


_TERMS: dict[Place, Term] = {
    Place.NO_FACES: Between("faces", high=0),
    Place.MISSING: Is("missing"),
}


def query_at(entry: Entry, query: Query) -> Query | None:
    """What an entry shows, in the order of ``query``; None where it is no view of photos.

    An album's query is its own: see `fiqa_studio.ui.library.albums.AlbumShelf.query`.
    """
    plain = query.without_filters()
    if entry.place is Place.ALL:
        return plain
    if entry.place is Place.ROOT and entry.root_id is not None:
        return plain.adding(InIds("root", (entry.root_id,)))
    term = _TERMS.get(entry.place)
    return plain.adding(term) if term is not None else None


def entry_at(query: Query) -> Entry | None:
    """The entry that shows just what a query asks for; None where none does."""
    entries = [Entry(place) for place in (Place.ALL, *_TERMS)]
    for term in query.terms(InIds, "root"):
        entries += [Entry(Place.ROOT, root_id) for root_id in term.ids]
    return next((entry for entry in entries if query_at(entry, query) == query), None)
