"""What lies in the second file beside a library: thumbnails, face thumbnails and score maps.

Everything in it can be made again from the photos, so it may be deleted: whatever is missing or
damaged is found by `Thumbnails.mend`, which every scan calls, and made again by that scan. An empty
picture or map stands for one that cannot be made.
"""

from __future__ import annotations

import sqlite3
import threading
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, Engine, Row, bindparam, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from fiqa_studio.domain.paths import display_path
from fiqa_studio.domain.photos import FaceId, PhotoId, PhotoStatus
from fiqa_studio.domain.scores import ScoreMaps
from fiqa_studio.store import connections, thumbs_file
from fiqa_studio.store.database import Database
from fiqa_studio.store.schema import Face, FaceState, Photo, Score, Scorer
from fiqa_studio.store.thumbs_file import Damage
from fiqa_studio.store.writer import Transaction

_BLOBS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Lost:
    """What has to be made again.

    Attributes:
        photos: Present photos without a thumbnail, or with a face without one.
        damage: What was found damaged and thrown away, a sentence; empty where the file was whole.
    """

    photos: frozenset[PhotoId]
    damage: str = ""


class Thumbnails:
    """Reads blobs for the views; what is not there is None, never an error."""

    def __init__(self, database: Database):
        self._database = database
        self._path = thumbs_file.thumbs_path(database.path)
        self._guard = threading.Lock()
        self._engine: Engine | None = None
        self._file: tuple[int, int] | None = None

    @property
    def notice(self) -> str:
        """A sentence for the user where somebody's own file had to be put aside; else empty."""
        aside = self._database.thumbs_aside
        if aside is None:
            return ""
        return (
            "A file that is not FIQA Studio's stood where this library keeps its thumbnails; "
            f"it is now called {display_path(aside.name)}."
        )

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

    def damage(self) -> Damage:
        """Check the whole file; takes as long as reading it does."""
        return thumbs_file.examine(self._path, self._database.id)

    def lacking(self) -> frozenset[PhotoId]:
        """Present, readable photos that lack their thumbnail, or that of a face."""
        with self._database.read() as connection:
            photos = _ids(connection.execute(_READABLE_PHOTOS))
            faces = connection.execute(_READABLE_FACES).all()
        known = self._ids("photo")
        lacking = set(photos[~np.isin(photos, known)].tolist())
        known = self._ids("face")
        face_ids = np.array([row[0] for row in faces], np.int64)
        lacking.update(faces[at][1] for at in np.flatnonzero(~np.isin(face_ids, known)))
        return frozenset(map(PhotoId, lacking))

    def faces_without_map(self, scorer_hash: str) -> list[FaceId]:
        """Faces that this scorer has scored and whose map is not here."""
        with self._database.read() as connection:
            scored = _ids(connection.execute(_SCORED_FACES, {"scorer": scorer_hash}))
        rows = self._rows("SELECT face_id FROM score_map WHERE scorer = ?", (scorer_hash,))
        known = np.array([row[0] for row in rows], np.int64)
        return [FaceId(key) for key in scored[~np.isin(scored, known)].tolist()]

    def mend(self) -> Lost:
        """Throw away what is damaged or not this library's, and tell what has to be made again.

        Blocks: it reads the whole file. What is sound stays.

        Raises:
            LibraryError: The library is for reading only, or its disk is full.
        """
        found = self.damage()
        if found.problem or self._database.thumbs_replaced():
            self._database.renew_thumbnails().result()
        elif found:
            self._database.write(lambda transaction: _drop(transaction, found)).result()
        damage = found.problem
        if not damage and found:
            spoilt = sum(map(len, found.spoilt.values()))
            damage = f"{spoilt:,} pictures in the file of thumbnails are damaged."
        return Lost(self.lacking(), damage)

    def maps(self, face_id: int, scorer_hash: str) -> ScoreMaps | None:
        """The quality and confidence map of a face by one scorer."""
        rows = self._rows(
            # All columns: the first format, which a read-only library may have, lacks the last.
            "SELECT * FROM score_map WHERE face_id = ? AND scorer = ?",
            (face_id, scorer_hash),
        )
        if not rows:
            return None
        _, _, height, width, quality, confidence, *crc = rows[0]
        if not height or not thumbs_file.intact((quality, confidence), *(crc or [None])):
            return None  # a scorer without maps; or damaged, until the next scan
        return ScoreMaps(
            np.frombuffer(zlib.decompress(quality), "<f2").reshape(height, width),
            np.frombuffer(zlib.decompress(confidence), "<f2").reshape(height, width),
        )

    def close(self) -> None:
        """Let go of the file."""
        with self._guard:
            if self._engine is not None:
                self._engine.dispose()

    def _ids(self, table: str) -> npt.NDArray[np.int64]:
        rows = self._rows(f"SELECT {table}_id FROM {table}", ())  # noqa: S608  (two fixed names)
        return np.array([row[0] for row in rows], np.int64)

    def _blobs(self, table: str, ids: Sequence[int]) -> list[tuple[int, bytes]]:
        rows: list[tuple[int, bytes]] = []
        for start in range(0, len(ids), _BLOBS_AT_ONCE):
            some = [int(key) for key in ids[start : start + _BLOBS_AT_ONCE]]
            marks = ",".join("?" * len(some))
            found = self._rows(
                f"SELECT * FROM {table} WHERE {table}_id IN ({marks})",  # noqa: S608  (two fixed names)
                tuple(some),
            )
            rows += [
                (key, jpeg)
                for key, jpeg, *crc in found
                if jpeg and thumbs_file.intact((jpeg,), *(crc or [None]))
            ]
        return rows

    def _rows(self, query: str, values: tuple[int | str, ...]) -> list[tuple[Any, ...]]:
        try:
            with self._reader().connect() as connection:
                return [tuple(row) for row in connection.exec_driver_sql(query, values)]
        except (DBAPIError, sqlite3.Error, OSError):
            return []  # deleted or damaged: as good as empty until it is rebuilt

    def _reader(self) -> Engine:
        """Connections to the file that is there now: it may have been replaced meanwhile."""
        status = self._path.stat()
        file = (status.st_dev, status.st_ino)
        with self._guard:
            if self._engine is None or self._file != file:
                if self._engine is not None:
                    self._engine.dispose()
                mode = connections.read_mode(self._path)
                self._engine, self._file = connections.read_engine(self._path, mode), file
            return self._engine


_READABLE_PHOTOS = select(Photo.id).where(
    Photo.status == PhotoStatus.INDEXED, Photo.missing.is_(False)
)
_READABLE_FACES = (
    select(Face.id, Face.photo_id)
    .join(Photo, Photo.id == Face.photo_id)
    .where(
        Face.state == FaceState.CURRENT,
        Photo.status == PhotoStatus.INDEXED,
        Photo.missing.is_(False),
    )
)
_SCORED_FACES = (
    select(Score.face_id)
    .join(Face, Face.id == Score.face_id)
    .join(Photo, Photo.id == Face.photo_id)
    .where(
        Score.scorer_id
        == select(Scorer.id).where(Scorer.hash == bindparam("scorer")).scalar_subquery(),
        Face.state == FaceState.CURRENT,
        Photo.missing.is_(False),
    )
)


def _ids(rows: Iterable[Row[int]]) -> npt.NDArray[np.int64]:
    return np.array([row[0] for row in rows], np.int64)


def _drop(transaction: Transaction, found: Damage) -> None:
    """Delete rows whose picture is not what was written."""
    connection = transaction.session.connection()
    names = {"photo": "photo_id", "face": "face_id", "score_map": "rowid"}
    for table, keys in found.spoilt.items():
        statement = f"DELETE FROM thumbs.{table} WHERE {names[table]} = ?"  # noqa: S608  (fixed names)
        _many(connection, statement, [(key,) for key in keys])


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
    connection.exec_driver_sql(
        "INSERT OR REPLACE INTO thumbs.photo (photo_id, jpeg, crc) VALUES (?, ?, ?)",
        (photo_id, thumbnail, thumbs_file.checksum(thumbnail)),
    )
    rows = [
        (key, jpeg, thumbs_file.checksum(jpeg))
        for key, jpeg in zip_longest(face_ids, face_thumbnails[: len(face_ids)], fillvalue=b"")
    ]
    _many(
        connection, "INSERT OR REPLACE INTO thumbs.face (face_id, jpeg, crc) VALUES (?, ?, ?)", rows
    )


def put_maps(
    session: Session, scorer_hash: str, maps: Iterable[tuple[int, ScoreMaps | None]]
) -> None:
    """Store score maps, within a transaction of the library; None where a scorer gives none."""
    rows = [(face_id, scorer_hash, *_packed(one)) for face_id, one in maps]
    _many(
        session.connection(),
        "INSERT OR REPLACE INTO thumbs.score_map"
        " (face_id, scorer, height, width, quality, confidence, crc)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        rows,
    )


def _packed(maps: ScoreMaps | None) -> tuple[int, int, bytes, bytes, int]:
    if maps is None:
        return 0, 0, b"", b"", thumbs_file.checksum()
    quality, confidence = (
        zlib.compress(np.ascontiguousarray(one, "<f2").tobytes(), 1)
        for one in (maps.quality, maps.confidence)
    )
    height, width = maps.quality.shape
    return height, width, quality, confidence, thumbs_file.checksum(quality, confidence)


def adopt(session: Session, *, photo: tuple[int, int], faces: Sequence[tuple[int, int]]) -> None:
    """Copy what is known of one photo and its faces to a copy of it. Pairs are (from, to)."""
    connection = session.connection()
    connection.exec_driver_sql(
        "INSERT OR REPLACE INTO thumbs.photo (photo_id, jpeg, crc)"
        " SELECT ?, jpeg, crc FROM thumbs.photo WHERE photo_id = ?",
        (photo[1], photo[0]),
    )
    swapped = [(new, old) for old, new in faces]
    _many(
        connection,
        "INSERT OR REPLACE INTO thumbs.face (face_id, jpeg, crc)"
        " SELECT ?, jpeg, crc FROM thumbs.face WHERE face_id = ?",
        swapped,
    )
    adopt_maps(session, faces)


def adopt_maps(session: Session, faces: Sequence[tuple[int, int]]) -> None:
    """Copy the score maps of faces to other faces. Pairs are (from, to)."""
    _many(
        session.connection(),
        "INSERT OR REPLACE INTO thumbs.score_map"
        " (face_id, scorer, height, width, quality, confidence, crc)"
        " SELECT ?, scorer, height, width, quality, confidence, crc"
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
        found.append(bytes(row[0]) if row is not None and row[0] else None)
    return found


def _many(connection: Connection, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
    if rows:
        connection.exec_driver_sql(statement, list(rows))  # a driver call takes no empty list
