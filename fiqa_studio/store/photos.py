"""Photos: what the scan compares with, and what the index records."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial

import numpy as np
from sqlalchemy import Row, Select, func, select, update

from fiqa_studio.domain.changes import Kind
from fiqa_studio.domain.image_data import Fingerprint
from fiqa_studio.domain.photos import (
    FaceId,
    IndexedPhoto,
    PhotoDetail,
    PhotoId,
    PhotoStatus,
)
from fiqa_studio.domain.scores import Score, ScoreMaps
from fiqa_studio.store import pages, recording, rows, vectors
from fiqa_studio.store.columns import Ids, int_columns
from fiqa_studio.store.database import Database
from fiqa_studio.store.recording import FileAt, Outcome, Recorded
from fiqa_studio.store.roots import below, root_of, root_path
from fiqa_studio.store.schema import Face, FaceState, Photo
from fiqa_studio.store.scores import record_scores
from fiqa_studio.store.vectors import Embedding
from fiqa_studio.store.writer import Transaction

__all__ = ["FileAt", "IndexedFile", "KnownFile", "Outcome", "Photos", "Recorded"]

_PATHS_AT_ONCE = 500


_MANY = 50_000
"""From here on a look at the whole table beats one row by row."""


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A photo as the scan needs it: enough to tell with one stat whether it is unchanged."""

    photo_id: PhotoId
    path: bytes
    size: int
    mtime_ns: int
    content_hash: str
    status: PhotoStatus
    missing: bool
    file_hash: str = ""


@dataclass(frozen=True, slots=True)
class IndexedFile:
    """One file with what the index learned of it, for `Photos.record_many`.

    ``scores`` has one entry a face, in their order, None where a face has no score; empty where
    no scorer saw the photo. ``embeddings`` has those that came with the scores, likewise; an empty
    one where the scorer gives none. ``scorer_hash`` names the scorer, which must be known here.
    """

    root_id: int | None
    path: bytes
    size: int
    mtime_ns: int
    photo: IndexedPhoto
    scorer_hash: str = ""
    scores: tuple[tuple[Score, ScoreMaps | None] | None, ...] = ()
    embeddings: tuple[Embedding | None, ...] = ()


class Photos:
    """Records files and tells what is known of them."""

    def __init__(self, database: Database):
        self._database = database

    # --- reading ------------------------------------------------------------------------------

    def scan_state(self, root_id: int) -> dict[bytes, KnownFile]:
        """All photos known below a folder, by path; one query for an incremental scan.

        Where several photos held a path, the one that holds it now; else the latest.
        """
        with self._database.read() as connection:
            folder = root_path(connection, root_id)
            if folder is None:
                return {}
            found = [
                _known_file(row)
                for row in connection.execute(
                    _select_known().where(below(folder)).order_by(Photo.missing.desc(), Photo.id)
                )
            ]
        return {known.path: known for known in found}

    def find_by_hash(self, content_hash: str) -> list[KnownFile]:
        """All photos with this content, present ones first."""
        with self._database.read() as connection:
            return [
                _known_file(row)
                for row in connection.execute(
                    _select_known()
                    .where(Photo.content_hash == content_hash, Photo.content_hash != "")
                    .order_by(Photo.missing, Photo.id)
                )
            ]

    def missing_or_same_size(self, sizes: Iterable[int]) -> list[KnownFile]:
        """Photos of one of these sizes, missing or not: what new files may be moves or copies of.

        A file of another size has other content, so only these need their hash compared.
        """
        with self._database.read() as connection:
            return [
                _known_file(row)
                for row in connection.execute(
                    _select_known().where(
                        rows.ids_in(Photo.size, list(set(sizes))), Photo.content_hash != ""
                    )
                )
            ]

    def detail(self, photo_id: int) -> PhotoDetail | None:
        """One photo whole; None where there is none of this id."""
        with self._database.read() as connection:
            row = connection.execute(
                select(
                    *(Photo.path, Photo.taken_at, Photo.camera, Photo.exif, Photo.notes),
                    *(Photo.failure_code, Photo.failure_message),
                ).where(Photo.id == photo_id)
            ).one_or_none()
            shown = pages.photos(connection, [photo_id])
            if row is None or not shown:
                return None
            faces = connection.scalars(
                select(Face.id)
                .where(Face.photo_id == photo_id, Face.state == FaceState.CURRENT)
                .order_by(Face.ordinal)
            ).all()
        return PhotoDetail(
            row=shown[0],
            path_bytes=row.path,
            exif=rows.exif_value(row.exif, row.taken_at, row.camera),
            face_ids=tuple(FaceId(key) for key in faces),
            notes=tuple(json.loads(row.notes)),
            failure_code=row.failure_code,
            failure_message=row.failure_message,
        )

    def paths(self, photo_ids: Sequence[int]) -> dict[PhotoId, bytes]:
        """Where the files of these photos are."""
        with self._database.read() as connection:
            found = connection.execute(
                select(Photo.id, Photo.path).where(rows.ids_in(Photo.id, photo_ids))
            ).all()
        return {PhotoId(key): path for key, path in found}

    def sizes(self, photo_ids: Sequence[int] | Ids) -> tuple[int, int]:
        """Bytes of the files of these photos that are there, and how many photos are missing."""
        query = select(Photo.id, Photo.size, Photo.missing)
        if len(photo_ids) < _MANY:
            query = query.where(rows.ids_in(Photo.id, photo_ids))
        with self._database.read() as connection:
            ids, sizes, missing = int_columns(connection, query)
        wanted = np.isin(ids, photo_ids)
        gone = missing[wanted].astype(bool)
        return int(sizes[wanted][~gone].sum()), int(gone.sum())

    def at_paths(self, paths: Iterable[bytes]) -> dict[bytes, PhotoId]:
        """The photos that hold these paths: the present one, else the latest that is missing."""
        wanted = list(dict.fromkeys(paths))
        found: dict[bytes, PhotoId] = {}
        with self._database.read() as connection:
            for start in range(0, len(wanted), _PATHS_AT_ONCE):
                some = wanted[start : start + _PATHS_AT_ONCE]
                statement = select(Photo.path, Photo.id).where(Photo.path.in_(some))
                for path, key in connection.execute(
                    statement.order_by(Photo.missing.desc(), Photo.id)
                ):
                    found[path] = PhotoId(key)
        return found

    def failures(self) -> list[tuple[bytes, str, str]]:
        """The files that cannot be used: path, code and reason, in order of path."""
        with self._database.read() as connection:
            return [
                (path, code, message)
                for path, code, message in connection.execute(
                    select(Photo.path, Photo.failure_code, Photo.failure_message)
                    .where(Photo.status == PhotoStatus.FAILED, Photo.missing.is_(False))
                    .order_by(Photo.path)
                )
            ]

    # --- writing ------------------------------------------------------------------------------

    def record_indexed(
        self,
        root_id: int | None,
        path: bytes,
        size: int,
        mtime_ns: int,
        photo: IndexedPhoto,
    ) -> Future[Recorded]:
        """Record one indexed file: new, changed in place, moved, or a copy.

        A photo is taken as moved where its content is at ``path`` now and its own file is gone
        from where it was, or is another one by size or time.
        """
        file = FileAt(root_id, path, size, mtime_ns)
        return self._database.write(lambda transaction: recording.record(transaction, file, photo))

    def record_many(self, batch: Sequence[IndexedFile]) -> Future[list[Recorded]]:
        """Record several files with their scores in one transaction: all of them or none.

        Where a person's write comes meanwhile, what is recorded so far is committed before it.
        """
        return self._database.write_each([partial(_record, one) for one in batch])

    def record_failed(
        self,
        root_id: int | None,
        path: bytes,
        size: int,
        mtime_ns: int,
        code: str,
        message: str,
    ) -> Future[PhotoId]:
        """Record that a file cannot be used; ``message`` is a sentence for people.

        What was known of a photo at this path is kept, its faces are not shown until it can be
        read again.
        """
        file = FileAt(root_id, path, size, mtime_ns)
        return self._database.write(
            lambda transaction: recording.record_failure(transaction, file, code, message)
        )

    def mark_missing(self, photo_ids: Iterable[int]) -> Future[None]:
        """The files of these photos are gone. Nothing is deleted for it."""
        ids = list(photo_ids)

        def work(transaction: Transaction) -> None:
            changed = transaction.session.scalars(
                update(Photo)
                .where(rows.ids_in(Photo.id, ids), Photo.missing.is_(False))
                .values(missing=True)
                .returning(Photo.id)
            ).all()
            transaction.touch(Kind.PHOTO, *changed)

        return self._database.write(work)

    def mark_present(self, photo_ids: Iterable[int]) -> Future[None]:
        """The files of these photos are back, unchanged.

        A photo whose path another photo holds by now stays missing.
        """
        ids = list(photo_ids)

        def work(transaction: Transaction) -> None:
            session = transaction.session
            for photo in session.scalars(
                select(Photo).where(rows.ids_in(Photo.id, ids), Photo.missing.is_(True))
            ).all():
                held = session.scalar(
                    select(func.count()).where(Photo.path == photo.path, Photo.missing.is_(False))
                )
                if not held:
                    photo.missing = False
                    session.flush()
                    transaction.touch(Kind.PHOTO, photo.id)

        return self._database.write(work)

    def moved(
        self,
        photo_id: int,
        new_path: bytes,
        size: int,
        mtime_ns: int,
        root_id: int | None = None,
        prints: Fingerprint | None = None,
    ) -> Future[None]:
        """A photo's file is at another path now; everything else stays.

        Without ``root_id`` the innermost indexed folder around the new path is taken. ``prints``
        are the file's now, where other things than its picture were written into it.
        """

        def work(transaction: Transaction) -> None:
            root = root_id if root_id is not None else root_of(transaction.session, new_path)
            file = FileAt(root, new_path, size, mtime_ns)
            recording.record_move(transaction, photo_id, file, prints)

        return self._database.write(work)

    def identify(self, prints: Mapping[int, Fingerprint]) -> Future[None]:
        """Photos of an older version are known by their pictures from now on."""

        def work(transaction: Transaction) -> None:
            for photo_id, each in prints.items():
                transaction.session.execute(
                    update(Photo)
                    .where(Photo.id == photo_id)
                    .values(content_hash=each.picture, file_hash=each.file)
                )

        return self._database.write(work)

    def copy_of(
        self,
        photo_id: int,
        new_path: bytes,
        size: int,
        mtime_ns: int,
        root_id: int | None = None,
    ) -> Future[Recorded]:
        """A file has the content of a known photo: a photo of its own with the same faces.

        Thumbnails, landmarks, scores and maps come along; marks are of the other photo.
        """

        def work(transaction: Transaction) -> Recorded:
            root = root_id if root_id is not None else root_of(transaction.session, new_path)
            return recording.record_copy(
                transaction, photo_id, FileAt(root, new_path, size, mtime_ns)
            )

        return self._database.write(work)


def _record(one: IndexedFile, transaction: Transaction) -> Recorded:
    file = FileAt(one.root_id, one.path, one.size, one.mtime_ns)
    recorded = recording.record(transaction, file, one.photo)
    if one.scores:
        pairs = zip(recorded.face_ids, one.scores, strict=True)
        found = [(face_id, *score) for face_id, score in pairs if score is not None]
        record_scores(transaction, one.scorer_hash, found)
    vectors.put_embeddings(
        transaction.session,
        one.scorer_hash,
        [
            (face_id, embedding)
            for face_id, embedding in zip(recorded.face_ids, one.embeddings, strict=False)
            if embedding is not None
        ],
    )
    return recorded


def _select_known() -> Select[int, bytes, int, int, str, str, bool, str]:
    return select(
        Photo.id,
        Photo.path,
        Photo.size,
        Photo.mtime_ns,
        Photo.content_hash,
        Photo.status,
        Photo.missing,
        Photo.file_hash,
    )


def _known_file(row: Row[int, bytes, int, int, str, str, bool, str]) -> KnownFile:
    key, path, size, mtime_ns, content_hash, status, missing, file_hash = row
    return KnownFile(
        PhotoId(key), path, size, mtime_ns, content_hash, PhotoStatus(status), missing, file_hash
    )
