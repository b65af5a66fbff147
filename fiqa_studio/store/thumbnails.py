"""The second file beside a library: thumbnails, face thumbnails and score maps.

Everything in it can be made again from the photos, so it may be deleted; it is then created
anew, empty, when the library is next opened.
"""

from __future__ import annotations

import os
import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from fiqa_studio.domain.photos import FaceId, PhotoId
from fiqa_studio.domain.scores import ScoreMaps
from fiqa_studio.store import connections

_FORMAT = 1
_SCHEMA = f"""
    PRAGMA page_size = 16384;
    PRAGMA journal_mode = WAL;
    BEGIN;
    CREATE TABLE library (id TEXT PRIMARY KEY);
    CREATE TABLE photo (photo_id INTEGER PRIMARY KEY, jpeg BLOB NOT NULL);
    CREATE TABLE face (face_id INTEGER PRIMARY KEY, jpeg BLOB NOT NULL);
    CREATE TABLE score_map (
        face_id INTEGER NOT NULL,
        scorer TEXT NOT NULL,
        height INTEGER NOT NULL,
        width INTEGER NOT NULL,
        quality BLOB NOT NULL,
        confidence BLOB NOT NULL,
        PRIMARY KEY (face_id, scorer)
    );
    PRAGMA user_version = {_FORMAT};
    COMMIT;
"""
_BLOBS_AT_ONCE = 500


def thumbs_path(library: Path) -> Path:
    """Where the thumbnails of a library are."""
    return Path(os.fspath(library) + ".thumbs")


def prepare(path: Path, library_id: str) -> None:
    """Make sure that a usable thumbnail file of this library is at ``path``.

    One that is damaged, of another format or of another library is replaced by an empty one.
    """
    if path.exists():
        if _usable(path, library_id):
            return
        for suffix in ("", "-wal", "-shm"):
            Path(os.fspath(path) + suffix).unlink(missing_ok=True)
    with closing(connections.connect(path, "rwc")) as connection:
        connection.executescript(_SCHEMA)
        connection.execute("INSERT INTO library (id) VALUES (?)", (library_id,))


def _usable(path: Path, library_id: str) -> bool:
    try:
        with closing(connections.connect(path, "rw")) as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            owner = connection.execute("SELECT id FROM library").fetchone()
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.DatabaseError:
        return False
    return bool(version == _FORMAT and owner == (library_id,))


class Thumbnails:
    """Reads blobs for the views; what is not there is None, never an error."""

    def __init__(self, library: Path):
        self._path = thumbs_path(library)
        self._engine: Engine | None = None

    def photo(self, photo_id: int) -> bytes | None:
        """The photo's thumbnail: JPEG, upright."""
        return self.photos([photo_id]).get(PhotoId(photo_id))

    def face(self, face_id: int) -> bytes | None:
        """The face's thumbnail: JPEG, the aligned crop at 256 x 256."""
        return self.faces([face_id]).get(FaceId(face_id))

    def photos(self, ids: Sequence[int]) -> dict[PhotoId, bytes]:
        """The thumbnails of these photos, as far as there are any."""
        return {PhotoId(key): blob for key, blob in self._blobs("photo", ids)}

    def faces(self, ids: Sequence[int]) -> dict[FaceId, bytes]:
        """The thumbnails of these faces, as far as there are any."""
        return {FaceId(key): blob for key, blob in self._blobs("face", ids)}

    def photos_without(self, ids: Iterable[int]) -> list[PhotoId]:
        """Those of these photos whose thumbnail has to be made (again)."""
        known = {row[0] for row in self._rows("SELECT photo_id FROM photo", ())}
        return [PhotoId(key) for key in ids if key not in known]

    def maps(self, face_id: int, scorer_hash: str) -> ScoreMaps | None:
        """The quality and confidence map of a face by one scorer."""
        rows = self._rows(
            "SELECT height, width, quality, confidence FROM score_map"
            " WHERE face_id = ? AND scorer = ?",
            (face_id, scorer_hash),
        )
        if not rows:
            return None
        height, width, quality, confidence = rows[0]
        return ScoreMaps(
            np.frombuffer(zlib.decompress(quality), "<f2").reshape(height, width),
            np.frombuffer(zlib.decompress(confidence), "<f2").reshape(height, width),
        )

    def close(self) -> None:
        """Let go of the file."""
        if self._engine is not None:
            self._engine.dispose()

    def _blobs(self, table: str, ids: Sequence[int]) -> list[tuple[int, bytes]]:
        rows: list[tuple[int, bytes]] = []
        for start in range(0, len(ids), _BLOBS_AT_ONCE):
            some = [int(key) for key in ids[start : start + _BLOBS_AT_ONCE]]
            marks = ",".join("?" * len(some))
            rows += self._rows(
                f"SELECT {table}_id, jpeg FROM {table} WHERE {table}_id IN ({marks})",  # noqa: S608  (two fixed names)
                tuple(some),
            )
        return rows

    def _rows(self, query: str, values: tuple[int | str, ...]) -> list[tuple[Any, ...]]:
        try:
            with self._reader().connect() as connection:
                return [tuple(row) for row in connection.exec_driver_sql(query, values)]
        except (DBAPIError, sqlite3.Error):
            return []  # deleted or damaged: as good as empty until it is rebuilt

    def _reader(self) -> Engine:
        if self._engine is None:
            self._engine = connections.read_engine(self._path, connections.read_mode(self._path))
        return self._engine


def put(
    session: Session,
    *,
    photo_id: int,
    thumbnail: bytes,
    face_ids: Sequence[int],
    face_thumbnails: Sequence[bytes],
) -> None:
    """Store the thumbnails of one photo and its faces, within a transaction of the library."""
    connection = session.connection()
    if thumbnail:
        connection.exec_driver_sql(
            "INSERT OR REPLACE INTO thumbs.photo (photo_id, jpeg) VALUES (?, ?)",
            (photo_id, thumbnail),
        )
    rows = [(key, jpeg) for key, jpeg in zip(face_ids, face_thumbnails, strict=False) if jpeg]
    _many(connection, "INSERT OR REPLACE INTO thumbs.face (face_id, jpeg) VALUES (?, ?)", rows)


def put_maps(session: Session, scorer_hash: str, maps: Iterable[tuple[int, ScoreMaps]]) -> None:
    """Store score maps, within a transaction of the library."""
    rows = [
        (
            face_id,
            scorer_hash,
            *one.quality.shape,
            zlib.compress(np.ascontiguousarray(one.quality, "<f2").tobytes(), 1),
            zlib.compress(np.ascontiguousarray(one.confidence, "<f2").tobytes(), 1),
        )
        for face_id, one in maps
    ]
    _many(
        session.connection(),
        "INSERT OR REPLACE INTO thumbs.score_map"
        " (face_id, scorer, height, width, quality, confidence) VALUES (?, ?, ?, ?, ?, ?)",
        rows,
    )


def adopt(session: Session, *, photo: tuple[int, int], faces: Sequence[tuple[int, int]]) -> None:
    """Copy what is known of one photo and its faces to a copy of it. Pairs are (from, to)."""
    connection = session.connection()
    connection.exec_driver_sql(
        "INSERT OR REPLACE INTO thumbs.photo (photo_id, jpeg)"
        " SELECT ?, jpeg FROM thumbs.photo WHERE photo_id = ?",
        (photo[1], photo[0]),
    )
    swapped = [(new, old) for old, new in faces]
    _many(
        connection,
        "INSERT OR REPLACE INTO thumbs.face (face_id, jpeg)"
        " SELECT ?, jpeg FROM thumbs.face WHERE face_id = ?",
        swapped,
    )
    adopt_maps(session, faces)


def adopt_maps(session: Session, faces: Sequence[tuple[int, int]]) -> None:
    """Copy the score maps of faces to other faces. Pairs are (from, to)."""
    _many(
        session.connection(),
        "INSERT OR REPLACE INTO thumbs.score_map"
        " (face_id, scorer, height, width, quality, confidence)"
        " SELECT ?, scorer, height, width, quality, confidence"
        " FROM thumbs.score_map WHERE face_id = ?",
        [(new, old) for old, new in faces],
    )


def forget(
    session: Session, *, photo_ids: Iterable[int] = (), face_ids: Iterable[int] = ()
) -> None:
    """Delete what belongs to photos and faces that are deleted."""
    connection = session.connection()
    faces = [(key,) for key in face_ids]
    _many(connection, "DELETE FROM thumbs.photo WHERE photo_id = ?", [(key,) for key in photo_ids])
    _many(connection, "DELETE FROM thumbs.face WHERE face_id = ?", faces)
    _many(connection, "DELETE FROM thumbs.score_map WHERE face_id = ?", faces)


def face_jpegs(session: Session, face_ids: Sequence[int]) -> list[bytes | None]:
    """The stored thumbnails of faces, in order, as the writer sees them."""
    connection = session.connection()
    found: list[bytes | None] = []
    for face_id in face_ids:
        row = connection.exec_driver_sql(
            "SELECT jpeg FROM thumbs.face WHERE face_id = ?", (face_id,)
        ).fetchone()
        found.append(None if row is None else bytes(row[0]))
    return found


def _many(connection: Connection, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
    if rows:
        connection.exec_driver_sql(statement, list(rows))  # a driver call takes no empty list
