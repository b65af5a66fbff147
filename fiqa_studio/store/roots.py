"""The indexed folders."""

from __future__ import annotations

import os
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from sqlalchemy import ColumnElement, Connection, and_, delete, select, update
from sqlalchemy.orm import Session

from fiqa_studio.domain.changes import Kind
from fiqa_studio.domain.paths import path_from_bytes, path_to_bytes
from fiqa_studio.domain.photos import RootId
from fiqa_studio.store import protect, recording
from fiqa_studio.store.columns import int_columns
from fiqa_studio.store.database import Database
from fiqa_studio.store.schema import Photo, Root
from fiqa_studio.store.writer import Transaction

_SEPARATOR = os.sep.encode()


@dataclass(frozen=True, slots=True)
class RootFolder:
    """An indexed folder as the library knows it."""

    id: RootId
    path: Path
    path_bytes: bytes
    added_at: datetime


class Roots:
    """Adds, lists and forgets folders."""

    def __init__(self, database: Database):
        self._database = database

    def add(self, path: str | os.PathLike[str] | bytes) -> Future[RootId]:
        """Remember a folder; one that is known already keeps its id."""
        raw = path_to_bytes(Path(os.fsdecode(path)).absolute())

        def work(transaction: Transaction) -> RootId:
            session = transaction.session
            known = session.scalar(select(Root.id).where(Root.path == raw))
            if known is not None:
                return RootId(known)
            root = Root(path=raw, added_at=datetime.now(UTC))
            session.add(root)
            session.flush()
            transaction.touch(Kind.ROOT, root.id)
            return RootId(root.id)

        return self._database.write(work)

    def all(self) -> list[RootFolder]:
        """All folders, in the order they were added."""
        with self._database.read() as connection:
            rows = connection.execute(
                select(Root.id, Root.path, Root.added_at).order_by(Root.id)
            ).all()
        return [
            RootFolder(RootId(key), path_from_bytes(raw), raw, added) for key, raw, added in rows
        ]

    def remove(self, root_id: int) -> Future[None]:
        """Forget a folder and its photos; nothing happens on the disk.

        Photos that carry a word of a person (themselves or their faces) stay, marked missing, so
        that no word is lost; adding the folder again finds them. Photos that lie in another indexed
        folder too go over to that one.
        """

        def work(transaction: Transaction) -> None:
            session = transaction.session
            for other, path in session.execute(
                select(Root.id, Root.path).where(Root.id != root_id).order_by(Root.path)
            ).all():  # by path: of nested folders the innermost comes last and wins
                session.execute(
                    update(Photo).where(Photo.root_id == root_id, below(path)).values(root_id=other)
                )
            (photos,) = int_columns(
                session.connection(), select(Photo.id).where(Photo.root_id == root_id)
            )
            kept = protect.photos(session.connection(), photos)
            session.execute(
                update(Photo).where(Photo.root_id == root_id).values(root_id=None, missing=True)
            )
            recording.delete_photos(transaction, np.setdiff1d(photos, kept).tolist())
            session.execute(delete(Root).where(Root.id == root_id))
            transaction.touch(Kind.ROOT, root_id)
            transaction.touch(Kind.PHOTO, *kept.tolist())

        return self._database.write(work)


def below(folder: bytes) -> ColumnElement[bool]:
    """Whether a photo lies in a folder, at any depth; a range of the index of paths."""
    prefix = folder if folder.endswith(_SEPARATOR) else folder + _SEPARATOR
    return and_(Photo.path >= prefix, Photo.path < prefix[:-1] + bytes([prefix[-1] + 1]))


def root_of(session: Session, path: bytes) -> int | None:
    """The innermost indexed folder that a path lies in."""
    roots = session.execute(select(Root.id, Root.path)).all()
    inside = [
        (len(raw), key)
        for key, raw in roots
        if path.startswith(raw if raw.endswith(_SEPARATOR) else raw + _SEPARATOR)
    ]
    return max(inside)[1] if inside else None


def root_path(connection: Connection, root_id: int) -> bytes | None:
    """The path of an indexed folder."""
    return connection.scalar(select(Root.path).where(Root.id == root_id))
