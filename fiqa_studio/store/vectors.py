"""The third file beside a library: embeddings and perceptual hashes of its faces.

They are computed with the scores and cannot be had later without scoring again, so a file that is
damaged is put aside, not deleted. It describes people's faces: only its owner may read it.
Vectors come and go with their faces and scores, in the transactions of the library.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from fiqa_studio.store import connections

_FORMAT = 1
_SCHEMA = f"""
    PRAGMA journal_mode = WAL;
    BEGIN;
    CREATE TABLE library (id TEXT PRIMARY KEY);
    CREATE TABLE embedding (
        face_id INTEGER NOT NULL,
        scorer TEXT NOT NULL,
        vector BLOB NOT NULL,
        PRIMARY KEY (scorer, face_id)
    ) WITHOUT ROWID;
    CREATE INDEX embedding_face ON embedding (face_id);
    CREATE TABLE perceptual_hash (face_id INTEGER PRIMARY KEY, bits INTEGER NOT NULL);
    PRAGMA user_version = {_FORMAT};
    COMMIT;
"""
_EMBEDDINGS = """
    SELECT face_id, vector FROM embedding
    WHERE scorer = ? AND length(vector) > 0 ORDER BY face_id
"""
_EMBEDDINGS_AMONG = """
    SELECT face_id, vector FROM embedding
    WHERE scorer = ? AND length(vector) > 0 AND face_id IN (SELECT value FROM json_each(?))
    ORDER BY face_id
"""
_ASKED = "SELECT face_id FROM embedding WHERE scorer = ? ORDER BY face_id"
_HASHES = "SELECT face_id, bits FROM perceptual_hash ORDER BY face_id"
_HASHES_AMONG = """
    SELECT face_id, bits FROM perceptual_hash
    WHERE face_id IN (SELECT value FROM json_each(?)) ORDER BY face_id
"""
_OWNER_ONLY = 0o600

Ids = npt.NDArray[np.int64]
Embedding = npt.NDArray[np.floating[Any]]
"""One of them, ``(D,)``."""
Embeddings = npt.NDArray[np.float32]
Hashes = npt.NDArray[np.uint64]


def vectors_path(library: Path) -> Path:
    """Where the vectors of a library are."""
    return Path(os.fspath(library) + ".vectors")


def is_damaged(path: Path) -> bool:
    """Whether the file's structures are damaged; reads all of it."""
    try:
        with closing(connections.connect(path, "ro")) as connection:
            (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError:
        return True
    return bool(answer != "ok")


def prepare(path: Path, library_id: str, *, anew: bool = False) -> Path | None:
    """Make sure that a usable file of vectors of this library is at ``path``, or begin ``anew``.

    One that is damaged, of another format or of another library is put aside, and where to is
    returned; None where there was nothing to put aside.
    """
    aside = None
    if path.exists() and (anew or not _usable(path, library_id)):
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        aside = Path(os.fspath(path) + f".unusable-{stamp}")
        for suffix in ("-wal", "-shm", ""):
            part = Path(os.fspath(path) + suffix)
            if part.exists():
                part.replace(os.fspath(aside) + suffix)
    if not path.exists():
        # Made first, so that it never stands readable for all; SQLite's side files follow it.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _OWNER_ONLY))
        with closing(connections.connect(path, "rw")) as connection:
            connection.executescript(_SCHEMA)
            connection.execute("INSERT INTO library (id) VALUES (?)", (library_id,))
    path.chmod(_OWNER_ONLY)
    return aside


def _usable(path: Path, library_id: str) -> bool:
    try:
        with closing(connections.connect(path, "rw")) as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            owner = connection.execute("SELECT id FROM library").fetchone()
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.DatabaseError:
        return False
    return bool(version == _FORMAT and owner == (library_id,))


class Vectors:
    """Reads vectors; what is not there is left out, never an error.

    Attributes:
        notice: A sentence for the user where a file had to be put aside at this opening.
    """

    def __init__(self, library: Path, aside: Path | None = None):
        self._path = vectors_path(library)
        self._engine: Engine | None = None
        self.notice = ""
        if aside is not None:
            self.notice = (
                "The file of embeddings beside this library was damaged or not its own and was "
                f"put aside as {aside.name}. A job can fill a new one (`fiqa score --fill`)."
            )

    def embeddings(
        self, scorer_hash: str, face_ids: Sequence[int] | Ids | None = None
    ) -> tuple[Ids, Embeddings]:
        """The degradation embeddings that a scorer gave: face ids, ascending, and ``(N, D)``.

        Without ``face_ids``, of all faces; else of those of them that have one.
        """
        if face_ids is None:
            found = self._rows(_EMBEDDINGS, (scorer_hash,))
        else:
            found = self._rows(_EMBEDDINGS_AMONG, (scorer_hash, _json(face_ids)))
        if not found:
            return np.empty(0, np.int64), np.empty((0, 0), np.float32)
        size = len(found[0][1])  # of one scorer all are of one length
        found = [row for row in found if len(row[1]) == size]
        vectors = np.frombuffer(b"".join(row[1] for row in found), "<f2").reshape(len(found), -1)
        return np.array([row[0] for row in found], np.int64), vectors.astype(np.float32)

    def hashes(self, face_ids: Sequence[int] | Ids | None = None) -> tuple[Ids, Hashes]:
        """The perceptual hashes of faces: ids, ascending, and 64 bits each."""
        if face_ids is None:
            found = self._rows(_HASHES, ())
        else:
            found = self._rows(_HASHES_AMONG, (_json(face_ids),))
        ids = np.array([row[0] for row in found], np.int64)
        return ids, np.array([row[1] for row in found], np.int64).view(np.uint64)

    def asked(self, scorer_hash: str) -> Ids:
        """The faces of which it is known whether a scorer gives an embedding, ascending."""
        return np.array([row[0] for row in self._rows(_ASKED, (scorer_hash,))], np.int64)

    def close(self) -> None:
        """Let go of the file."""
        if self._engine is not None:
            self._engine.dispose()

    def _rows(self, query: str, values: tuple[int | str, ...]) -> list[tuple[Any, ...]]:
        try:
            with self._reader().connect() as connection:
                return [tuple(row) for row in connection.exec_driver_sql(query, values)]
        except (DBAPIError, sqlite3.Error):
            return []  # gone or damaged: as good as empty until the library is next opened

    def _reader(self) -> Engine:
        if self._engine is None:
            self._engine = connections.read_engine(self._path, connections.read_mode(self._path))
        return self._engine


def _json(face_ids: Sequence[int] | Ids) -> str:
    return "[" + ",".join(str(int(key)) for key in face_ids) + "]"


# --- within a transaction of the library ------------------------------------------------------


def put_embeddings(
    session: Session, scorer_hash: str, found: Iterable[tuple[int, Embedding]]
) -> None:
    """Store embeddings of faces by a scorer; kept as float16.

    An empty one says that the scorer gives none, so that nobody asks for it again.
    """
    _many(
        session.connection(),
        "INSERT OR REPLACE INTO vectors.embedding (face_id, scorer, vector) VALUES (?, ?, ?)",
        [
            (face_id, scorer_hash, np.ascontiguousarray(one, "<f2").tobytes())
            for face_id, one in found
        ],
    )


def put_hashes(session: Session, hashes: Iterable[tuple[int, int]]) -> None:
    """Store perceptual hashes of faces, 64 bits each."""
    _many(
        session.connection(),
        "INSERT OR REPLACE INTO vectors.perceptual_hash (face_id, bits) VALUES (?, ?)",
        # SQLite's integers are signed.
        [(face_id, bits - (1 << 64) if bits >> 63 else bits) for face_id, bits in hashes],
    )


def adopt(session: Session, faces: Sequence[tuple[int, int]]) -> None:
    """Copy the vectors of faces to equal faces. Pairs are (from, to)."""
    swapped = [(new, old) for old, new in faces]
    connection = session.connection()
    _many(
        connection,
        "INSERT OR REPLACE INTO vectors.embedding (face_id, scorer, vector)"
        " SELECT ?, scorer, vector FROM vectors.embedding WHERE face_id = ?",
        swapped,
    )
    _many(
        connection,
        "INSERT OR REPLACE INTO vectors.perceptual_hash (face_id, bits)"
        " SELECT ?, bits FROM vectors.perceptual_hash WHERE face_id = ?",
        swapped,
    )


def forget(session: Session, face_ids: Iterable[int]) -> None:
    """Delete the vectors of faces that are deleted."""
    faces = [(key,) for key in face_ids]
    connection = session.connection()
    _many(connection, "DELETE FROM vectors.embedding WHERE face_id = ?", faces)
    _many(connection, "DELETE FROM vectors.perceptual_hash WHERE face_id = ?", faces)


def _many(connection: Connection, statement: str, found: Sequence[tuple[object, ...]]) -> None:
    if found:
        connection.exec_driver_sql(statement, list(found))  # a driver call takes no empty list
