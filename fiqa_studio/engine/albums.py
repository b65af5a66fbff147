"""Albums as the window and the command line use them."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass

from fiqa_studio.domain.albums import Album, AlbumId, AlbumKind
from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.query import Order, Query, SortKey, Subject
from fiqa_studio.domain.target import Target
from fiqa_studio.domain.terms import OneOf
from fiqa_studio.engine.questions import query_of
from fiqa_studio.store.library import Library


@dataclass(frozen=True, slots=True)
class Listed:
    """An album with how many photos are in it.

    Attributes:
        photos: None for a smart album whose query cannot be answered.
        problem: Why it cannot; else empty.
    """

    album: Album
    photos: int | None
    problem: str = ""


class Albums:
    """Makes, fills and lists albums of one library."""

    def __init__(self, library: Library):
        self._library = library

    def listed(self) -> list[Listed]:
        """All albums in order of name, with counts; reads the library once a smart album."""
        return [self._listed(album) for album in self._library.albums.all()]

    def named(self, name: str) -> Album:
        """The album of this name.

        Raises:
            KnownError: ``album.unknown``.
        """
        for album in self._library.albums.all():
            if album.name == name:
                return album
        raise KnownError(
            f"There is no album “{name}”.", remedy="See fiqa albums.", code="album.unknown"
        )

    def query(self, album: Album, subject: Subject = Subject.PHOTOS) -> Query:
        """What shows an album: a smart one's own query, a plain one in its order.

        Raises:
            QueryTextError: A smart album's text cannot be understood (any more).
        """
        if album.kind is AlbumKind.SMART:
            return query_of(album.query_text, subject)
        where = (OneOf("album", (album.name,)),)
        return Query(subject, where, Order(SortKey.PLACE, descending=False))

    def create_smart(self, name: str, query_text: str) -> Future[AlbumId]:
        """Keep a query under a name.

        Raises:
            QueryTextError: At once: the text cannot be understood.
            LibraryError: See `fiqa_studio.store.albums.Albums.create`.
        """
        query_of(query_text, Subject.PHOTOS)
        return self._library.albums.create(name, query_text=query_text)

    def create_plain(self, name: str, photos: Target | None = None) -> Future[AlbumId]:
        """Make an album that holds what is put into it, these photos first."""
        return self._library.albums.create(name, photos=photos)

    def _listed(self, album: Album) -> Listed:
        if album.kind is AlbumKind.PLAIN:
            return Listed(album, album.count)
        try:
            return Listed(album, self._library.views.count(self.query(album)))
        except KnownError as error:
            return Listed(album, None, str(error))
