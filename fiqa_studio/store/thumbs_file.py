"""The file of thumbnails and maps as a file: made, recognised, checked and replaced.

Everything in it can be made again from the photos. So a file of ours that is damaged, cut or of
another format is thrown away and begun anew; a file that is not ours, whose name happens to be
that of our thumbnails, is somebody's own and is put aside. Every picture carries a checksum, since
SQLite notices damage to its own structures only.
"""

from __future__ import annotations

import os
import sqlite3
import struct
import zlib
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from fiqa_studio.store import connections

FORMAT = 2
_APPLICATION_ID = 0x46495154
_PAGE_SIZE = 16384
_MAGIC = b"SQLite format 3\x00"
_HEADER_BYTES = 100
_SUFFIXES = ("", "-wal", "-shm")
_TABLES = frozenset({"library", "photo", "face", "score_map"})
_CHECKED = {
    "photo": "SELECT photo_id, crc, jpeg FROM photo",
    "face": "SELECT face_id, crc, jpeg FROM face",
    "score_map": "SELECT rowid, crc, quality, confidence FROM score_map",
}
_SCHEMA = f"""
    PRAGMA page_size = {_PAGE_SIZE};
    PRAGMA journal_mode = WAL;
    PRAGMA application_id = {_APPLICATION_ID};
    BEGIN;
    CREATE TABLE library (id TEXT PRIMARY KEY);
    CREATE TABLE photo (photo_id INTEGER PRIMARY KEY, jpeg BLOB NOT NULL, crc INTEGER);
    CREATE TABLE face (face_id INTEGER PRIMARY KEY, jpeg BLOB NOT NULL, crc INTEGER);
    CREATE TABLE score_map (
        face_id INTEGER NOT NULL,
        scorer TEXT NOT NULL,
        height INTEGER NOT NULL,
        width INTEGER NOT NULL,
        quality BLOB NOT NULL,
        confidence BLOB NOT NULL,
        crc INTEGER,
        PRIMARY KEY (face_id, scorer)
    );
    PRAGMA user_version = {FORMAT};
    COMMIT;
"""
_FROM_FORMAT_1 = f"""
    BEGIN IMMEDIATE;
    ALTER TABLE photo ADD COLUMN crc INTEGER;
    ALTER TABLE face ADD COLUMN crc INTEGER;
    ALTER TABLE score_map ADD COLUMN crc INTEGER;
    PRAGMA application_id = {_APPLICATION_ID};
    PRAGMA user_version = {FORMAT};
    COMMIT;
"""


@dataclass(frozen=True, slots=True)
class Damage:
    """What a whole check found.

    Attributes:
        problem: What is wrong with the file as a whole, a sentence; empty where nothing is.
        spoilt: Keys of the rows whose picture is not what was written, by table.
    """

    problem: str = ""
    spoilt: dict[str, list[int]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.problem or any(self.spoilt.values()))


def thumbs_path(library: Path) -> Path:
    """Where the thumbnails of a library are."""
    return Path(os.fspath(library) + ".thumbs")


def checksum(*blobs: bytes) -> int:
    """Of a picture, or of the two halves of a map."""
    found = 0
    for blob in blobs:
        found = zlib.crc32(blob, found)
    return found


def intact(blobs: Sequence[object], crc: object) -> bool:
    """Whether these are what was written; ``crc`` is None in a file of the first format."""
    found = [blob for blob in blobs if isinstance(blob, bytes)]
    return len(found) == len(blobs) and (crc is None or checksum(*found) == crc)


def prepare(path: Path, library_id: str) -> Path | None:
    """Make sure that a usable file of this library is at ``path``.

    Returns:
        Where somebody's own file of that name was put aside; None where there was none.
    """
    if not os.path.lexists(path):
        _create(path, library_id)
        return None
    version = _version(path, library_id)
    if version == 1:
        with closing(connections.connect(path, "rw")) as connection:
            connection.executescript(_FROM_FORMAT_1)
        return None
    return None if version == FORMAT else renew(path, library_id)


def renew(path: Path, library_id: str) -> Path | None:
    """Begin anew with an empty file; nobody may have the present one open.

    Returns:
        Where somebody's own file of that name was put aside; None where there was none.
    """
    aside = None
    if os.path.lexists(path) and not _is_ours(path):
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        aside = Path(f"{os.fspath(path)}.not-ours-{stamp}")
    for suffix in reversed(_SUFFIXES):  # the log first: it must not meet another file
        part = Path(os.fspath(path) + suffix)
        if aside is None:
            part.unlink(missing_ok=True)
        elif os.path.lexists(part):
            part.replace(os.fspath(aside) + suffix)
    _create(path, library_id)
    return aside


def examine(path: Path, library_id: str) -> Damage:
    """Read all of the file: its structures and every picture. Takes as long as the disk needs."""
    if not path.exists():
        return Damage("The file of thumbnails is missing.")
    if _version(path, library_id) not in (1, FORMAT):
        return Damage("The file of thumbnails is damaged, or not this library's.")
    try:
        with closing(connections.connect(path, connections.read_mode(path))) as connection:
            (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if answer != "ok":
                return Damage(f"The file of thumbnails is damaged: {answer}.")
            return Damage("", _spoilt(connection))
    except sqlite3.DatabaseError as error:
        return Damage(f"The file of thumbnails is damaged: {error}.")


def _spoilt(connection: sqlite3.Connection) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    if connection.execute("PRAGMA user_version").fetchone()[0] < FORMAT:
        return found  # a read-only library of the first format, which had no checksums
    for table, query in _CHECKED.items():
        wrong = [key for key, crc, *blobs in connection.execute(query) if not intact(blobs, crc)]
        if wrong:
            found[table] = wrong
    return found


def _create(path: Path, library_id: str) -> None:
    with closing(connections.connect(path, "rwc")) as connection:
        connection.executescript(_SCHEMA)
        connection.execute("INSERT INTO library (id) VALUES (?)", (library_id,))


def _version(path: Path, library_id: str) -> int:
    """The format of a usable file of this library; 0 where it is none. A quick look."""
    header = _header(path)
    if not header.startswith(_MAGIC) or _is_cut(path, header):
        return 0
    try:
        with closing(connections.connect(path, connections.read_mode(path))) as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            owner = connection.execute("SELECT id FROM library").fetchone()
            tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    except sqlite3.DatabaseError:
        return 0
    return int(version) if owner == (library_id,) and tables >= _TABLES else 0


def _is_ours(path: Path) -> bool:
    """Whether a file that is of no use was once made by us, so that nobody misses it.

    The program wrote the header in one piece: what is left of a damaged file of ours still has
    the identifier (or, of the first format, its number and unusual page size).
    """
    header = _header(path)
    if not header:
        return path.is_file()  # nothing is in it
    if not header.startswith(_MAGIC) or len(header) < _HEADER_BYTES:
        return False
    (page_size,) = struct.unpack_from(">H", header, 16)
    (version,) = struct.unpack_from(">I", header, 60)
    (application,) = struct.unpack_from(">I", header, 68)
    first_format = application == 0 and version == 1 and page_size == _PAGE_SIZE
    return bool(application == _APPLICATION_ID or first_format)


def _is_cut(path: Path, header: bytes) -> bool:
    """Whether the end of the file is missing, told by its own count of pages."""
    changed, pages = struct.unpack_from(">II", header.ljust(_HEADER_BYTES, b"\0"), 24)
    (valid_for,) = struct.unpack_from(">I", header.ljust(_HEADER_BYTES, b"\0"), 92)
    log = Path(os.fspath(path) + "-wal")
    if changed != valid_for or (log.exists() and log.stat().st_size):
        return False
    return bool(path.stat().st_size < pages * _PAGE_SIZE)


def _header(path: Path) -> bytes:
    """The first bytes of a regular file; empty for anything else."""
    if not path.is_file():
        return b""
    with path.open("rb") as file:
        return file.read(_HEADER_BYTES)
