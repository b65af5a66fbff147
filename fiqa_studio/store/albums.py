"""Albums: saved queries, and sets of photos in the user's own order."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from sqlalchemy import Connection, Integer, cast, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from fiqa_studio.domain.albums import Album, AlbumId, AlbumKind
from fiqa_studio.domain.changes import Kind
from fiqa_studio.domain.errors import LibraryError
from fiqa_studio.domain.target import Target
from fiqa_studio.store import rows
from fiqa_studio.store.columns import Ids, int_columns
from fiqa_studio.store.database import Database
from fiqa_studio.store.schema import AlbumEntry, AlbumItem, Photo
from fiqa_studio.store.targets import Targets
from fiqa_studio.store.views import Views
from fiqa_studio.store.writer import Transaction

_LONGEST_NAME = 200


class Albums:
    """Makes, fills, orders and lists albums.

    A photo in a plain album is never deleted: when its folder is removed it stays, as missing.
    """

    def __init__(self, database: Database, views: Views):
        self._database = database
        self._views = views

    # --- reading ------------------------------------------------------------------------------

    def all(self) -> list[Album]:
        """All albums, in order of name."""
        with self._database.read() as connection:
            return _albums(connection)

    def get(self, album_id: int) -> Album | None:
        """One album; None where there is none of this id."""
        with self._database.read() as connection:
            return next((one for one in _albums(connection) if one.id == album_id), None)

    def photos(self, album_id: int) -> Ids:
        """The photos of a plain album, in its order; none of a smart one."""
        with self._database.read() as connection:
            return photos_of(connection, album_id)

    # --- writing ------------------------------------------------------------------------------

    def create(
        self,
        name: str,
        *,
        query_text: str | None = None,
        photos: Target | None = None,
    ) -> Future[AlbumId]:
        """Make an album: a smart one of a query's text, or a plain one, of these photos if any.

        Raises:
            ValueError: At once, for both a query and photos.
            LibraryError: At once, ``album.name`` for a name that cannot be; from the future,
                ``album.exists`` where another has it.
        """
        if query_text is not None and photos is not None:
            raise ValueError("an album is smart or plain")
        kept = _tidy(name)
        kind = AlbumKind.PLAIN if query_text is None else AlbumKind.SMART

        def work(transaction: Transaction) -> AlbumId:
            connection = transaction.session.connection()
            _refuse_taken(connection, kept, None)
            key = connection.execute(
                insert(AlbumEntry)
                .values(
                    name=kept,
                    kind=str(kind),
                    query_text=query_text or "",
                    created_at=datetime.now(UTC),
                )
                .returning(AlbumEntry.id)
            ).scalar_one()
            if photos is not None:
                _append(connection, key, Targets(connection, self._views, photos).photos_in_order)
            transaction.touch(Kind.ALBUM, key)
            return AlbumId(key)

        return self._database.write(work, urgent=True)

    def rename(self, album_id: int, name: str) -> Future[None]:
        """Give an album another name.

        Raises:
            LibraryError: At once, ``album.name``; from the future ``album.exists``,
                ``album.unknown``.
        """
        kept = _tidy(name)

        def work(transaction: Transaction) -> None:
            connection = transaction.session.connection()
            _refuse_taken(connection, kept, album_id)
            _change(transaction, album_id, name=kept)

        return self._database.write(work, urgent=True)

    def set_query(self, album_id: int, query_text: str) -> Future[None]:
        """Give a smart album another query.

        Raises:
            LibraryError: (from the future) ``album.unknown``, ``album.kind``.
        """

        def work(transaction: Transaction) -> None:
            _of_kind(transaction.session.connection(), album_id, AlbumKind.SMART)
            _change(transaction, album_id, query_text=query_text)

        return self._database.write(work, urgent=True)

    def delete(self, album_id: int) -> Future[None]:
        """Forget an album; its photos stay. Nothing happens where there is none of this id."""

        def work(transaction: Transaction) -> None:
            connection = transaction.session.connection()
            connection.execute(delete(AlbumEntry).where(AlbumEntry.id == album_id))
            transaction.touch(Kind.ALBUM, album_id)

        return self._database.write(work, urgent=True)

    def add(self, album_id: int, photos: Target) -> Future[int]:
        """Put photos (of faces: theirs) at the end of a plain album; how many were not in it.

        Photos given by id keep their order. Those that are in it keep their place.

        Raises:
            LibraryError: (from the future) ``album.unknown``, ``album.kind``.
        """

        def work(transaction: Transaction) -> int:
            connection = transaction.session.connection()
            _of_kind(connection, album_id, AlbumKind.PLAIN)
            wanted = Targets(connection, self._views, photos).photos_in_order
            new = wanted[~np.isin(wanted, photos_of(connection, album_id))]
            _append(connection, album_id, new)
            if len(new):
                transaction.touch(Kind.ALBUM, album_id)
            return len(new)

        return self._database.write(work, urgent=True)

    def remove(self, album_id: int, photos: Target) -> Future[int]:
        """Take photos out of a plain album; how many were in it.

        Raises:
            LibraryError: (from the future) ``album.unknown``, ``album.kind``.
        """

        def work(transaction: Transaction) -> int:
            connection = transaction.session.connection()
            _of_kind(connection, album_id, AlbumKind.PLAIN)
            gone = connection.scalars(
                delete(AlbumItem)
                .where(
                    AlbumItem.album_id == album_id,
                    rows.ids_in(
                        AlbumItem.photo_id, Targets(connection, self._views, photos).photos
                    ),
                )
                .returning(AlbumItem.photo_id)
            ).all()
            if gone:
                transaction.touch(Kind.ALBUM, album_id)
            return len(gone)

        return self._database.write(work, urgent=True)

    def move(self, album_id: int, photo_ids: Sequence[int], before: int | None) -> Future[None]:
        """Put photos of a plain album, in this order, before another one of it (None: last).

        Raises:
            LibraryError: (from the future) ``album.unknown``, ``album.kind``.
        """
        wanted = np.array(list(dict.fromkeys(int(key) for key in photo_ids)), np.int64)

        def work(transaction: Transaction) -> None:
            connection = transaction.session.connection()
            _of_kind(connection, album_id, AlbumKind.PLAIN)
            now = photos_of(connection, album_id)
            moved = wanted[np.isin(wanted, now)]
            rest = now[~np.isin(now, moved)]
            # Before one that moves too means: where that one was.
            place = len(now)
            if before is not None and (found := np.flatnonzero(now == before)).size:
                place = int(found[0])
            split = int(np.isin(rest, now[:place]).sum())
            _place(connection, album_id, np.concatenate([rest[:split], moved, rest[split:]]), 0)
            transaction.touch(Kind.ALBUM, album_id)

        return self._database.write(work, urgent=True)


def photos_of(connection: Connection, album_id: int) -> Ids:
    """The photos of a plain album, in its order."""
    return int_columns(
        connection,
        select(AlbumItem.photo_id)
        .where(AlbumItem.album_id == album_id)
        .order_by(AlbumItem.place, AlbumItem.photo_id),
    )[0]


def _albums(connection: Connection) -> list[Album]:
    counts: dict[int, tuple[int, int]] = {
        key: (count, missing)
        for key, count, missing in connection.execute(
            select(AlbumItem.album_id, func.count(), func.sum(cast(Photo.missing, Integer)))
            .join(Photo, Photo.id == AlbumItem.photo_id)
            .group_by(AlbumItem.album_id)
        )
    }
    found = connection.execute(
        select(AlbumEntry.id, AlbumEntry.name, AlbumEntry.kind, AlbumEntry.query_text)
    ).all()
    albums = []
    for key, name, kind, query_text in found:
        count, missing = counts.get(key, (0, 0))
        album = Album(AlbumId(key), name, AlbumKind(kind), query_text, count, missing)
        smart = album.kind is AlbumKind.SMART
        albums.append(replace(album, count=None) if smart else album)
    return sorted(albums, key=lambda album: (album.name.casefold(), album.id))


def _append(connection: Connection, album_id: int, photos: Ids) -> None:
    last = connection.scalar(
        select(func.max(AlbumItem.place)).where(AlbumItem.album_id == album_id)
    )
    _place(connection, album_id, photos, 0 if last is None else last + 1)


def _place(connection: Connection, album_id: int, photos: Ids, first: int) -> None:
    if not len(photos):
        return
    put = upsert(AlbumItem)
    connection.execute(
        put.on_conflict_do_update(
            index_elements=[AlbumItem.album_id, AlbumItem.photo_id],
            set_={"place": put.excluded.place},
        ),
        [
            {"album_id": album_id, "photo_id": photo, "place": place}
            for place, photo in enumerate(photos.tolist(), first)
        ],
    )


def _of_kind(connection: Connection, album_id: int, kind: AlbumKind) -> None:
    found = connection.scalar(select(AlbumEntry.kind).where(AlbumEntry.id == album_id))
    if found is None:
        raise _unknown()
    if found != str(kind):
        raise LibraryError(
            "This album has no query." if kind is AlbumKind.SMART else "This album is a query.",
            cause=""
            if kind is AlbumKind.SMART
            else "What is in it is what its query finds, not what is put into it.",
            remedy="Choose another album, or make a new one.",
            code="album.kind",
        )


def _change(transaction: Transaction, album_id: int, **values: Any) -> None:
    changed = transaction.session.connection().execute(
        update(AlbumEntry).where(AlbumEntry.id == album_id).values(**values)
    )
    if not changed.rowcount:
        raise _unknown()
    transaction.touch(Kind.ALBUM, album_id)


def _tidy(name: str) -> str:
    kept = unicodedata.normalize("NFC", " ".join(name.split()))
    printable = all(one.isprintable() or unicodedata.category(one) == "Cf" for one in kept)
    if not kept or len(kept) > _LONGEST_NAME or not printable:
        raise LibraryError(
            "An album cannot have this name.",
            cause="It is empty."
            if not kept
            else f"It has {len(kept)} characters; {_LONGEST_NAME} are the most."
            if len(kept) > _LONGEST_NAME
            else "It has characters that cannot be shown.",
            remedy="Type another one.",
            code="album.name",
        )
    return kept


def _refuse_taken(connection: Connection, name: str, album_id: int | None) -> None:
    taken = connection.scalar(select(AlbumEntry.id).where(AlbumEntry.name == name))
    if taken is not None and taken != album_id:
        raise LibraryError(
            f"There is an album \u201c{name}\u201d already.",
            remedy="Choose another name.",
            code="album.exists",
        )


def _unknown() -> LibraryError:
    return LibraryError("This album is no longer in the library.", code="album.unknown")
