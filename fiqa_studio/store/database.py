"""The file under a library: opening and refusing it, its lock, its readers and its writer."""

from __future__ import annotations

import os
import sqlite3
import struct
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine

from fiqa_studio.domain.belongings import APPLICATION_ID
from fiqa_studio.domain.changes import Changes
from fiqa_studio.domain.errors import LibraryError
from fiqa_studio.store import connections, errors, migrate, thumbs_file, vectors
from fiqa_studio.store.lock import LibraryLock
from fiqa_studio.store.schema import REVISION
from fiqa_studio.store.writer import Transaction, Writer, failed

T = TypeVar("T")
_MAGIC = b"SQLite format 3\x00"
_HEADER_BYTES = 100
_OF_DAMAGE = frozenset(["library.damaged", "library.io"])


class Database:
    """An open library file. The repositories read and write through this.

    Attributes:
        path: The absolute path of the file.
        read_only: Whether writes are refused.
        id: The library's own id, made when it was created.
        backup: The copy made before an upgrade at this opening; None without one.
        thumbs_aside: Where somebody's own file was put whose name our thumbnails need; None without
            one.
        vectors_aside: Where an unusable file of vectors was put at this opening; None without one.
    """

    def __init__(self, path: Path, *, read_only: bool):
        self.path = path.absolute()
        self.backup: Path | None = None
        self.thumbs_aside: Path | None = None
        self.vectors_aside: Path | None = None
        self._writer: Writer | None = None
        self._closed = False
        _check_header(self.path)
        self._lock = None if read_only else _take_lock(self.path)
        self.read_only = self._lock is None
        with ExitStack() as undo, errors.translated(self.path):
            if self._lock is not None:
                undo.callback(self._lock.release)
            mode = connections.read_mode(self.path) if self.read_only else "rw"
            revision, self.id = _identify(self.path, mode)
            if revision != REVISION:
                self._upgrade(revision)
            if not self.read_only:
                self._thumbs = thumbs_file.thumbs_path(self.path)
                self.thumbs_aside = thumbs_file.prepare(self._thumbs, self.id)
                side = vectors.vectors_path(self.path)
                self.vectors_aside = vectors.prepare(side, self.id)
                engine = connections.write_engine(self.path, self._thumbs, side)
                with engine.connect():
                    mode = "ro"  # the writer is there, so the side files are too
                self._attached = _identity(self._thumbs)
                self._writer = Writer(engine, self.path, lambda error: self._mend(engine, error))
            self._readers = connections.read_engine(self.path, mode)
            undo.pop_all()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A short read-only connection that sees one snapshot; from any thread.

        Raises:
            LibraryError: The file is damaged or gone, or the library has been closed.
        """
        if self._closed:
            raise errors.closed(self.path)
        with errors.translated(self.path), self._readers.connect() as connection:
            yield connection

    @property
    def version(self) -> int | None:
        """A number that grows with each write; None while one goes on, or by another program."""
        if self._writer is None:
            return None
        version = self._writer.version
        return None if version % 2 else version

    def write(self, work: Callable[[Transaction], T], *, urgent: bool = False) -> Future[T]:
        """Run ``work`` in one transaction on the writer thread; see `Writer.write`."""
        if self._writer is None:
            return failed(errors.read_only(self.path))
        return self._writer.write(work, urgent=urgent)

    def write_each(self, works: Sequence[Callable[[Transaction], T]]) -> Future[list[T]]:
        """Run closures of one batch on the writer thread; see `Writer.write_each`."""
        if self._writer is None:
            return failed(errors.read_only(self.path))
        return self._writer.write_each(works)

    def subscribe(self, callback: Callable[[Changes], None]) -> Callable[[], None]:
        """See `Writer.subscribe`. A read-only library never tells of anything."""
        if self._writer is None:
            return lambda: None
        return self._writer.subscribe(callback)

    def thumbs_replaced(self) -> bool:
        """Whether the file of thumbnails is no longer the one that is written to."""
        return self._writer is not None and _identity(self._thumbs) != self._attached

    def renew_thumbnails(self) -> Future[None]:
        """Begin anew with an empty file of thumbnails, after the writes that are queued."""
        if self._writer is None:
            return failed(errors.read_only(self.path))
        return self._writer.between(self._renew_thumbnails)

    def _renew_thumbnails(self) -> None:
        self.thumbs_aside = thumbs_file.renew(self._thumbs, self.id) or self.thumbs_aside
        self._attached = _identity(self._thumbs)

    def _mend(self, engine: Engine, error: BaseException) -> bool:
        """Whether a side file was to blame for an error that names no file, and is replaced now.

        SQLite says of a connection with three files that "the database disk image is malformed".
        On the writer thread.
        """
        known = errors.library_error(error, self.path)
        if not isinstance(known, LibraryError) or known.code not in _OF_DAMAGE:
            return False
        mended = False
        if thumbs_file.examine(self._thumbs, self.id).problem:
            engine.dispose()
            self._renew_thumbnails()
            mended = True
        side = vectors.vectors_path(self.path)
        if vectors.is_damaged(side):
            engine.dispose()
            self.vectors_aside = vectors.prepare(side, self.id, anew=True) or self.vectors_aside
            mended = True
        return mended

    def close(self) -> None:
        """Finish what is queued and let go of the file."""
        if self._closed:
            return
        self._closed = True
        if self._writer is not None:
            self._writer.drain()
        # The writer last: the last connection to close tidies the write-ahead log away, and a
        # reader cannot.
        self._readers.dispose()
        if self._writer is not None:
            self._writer.close()
        if self._lock is not None:
            self._lock.release()

    def _upgrade(self, revision: str) -> None:
        if revision > REVISION:
            raise errors.newer(self.path, revision)
        if self.read_only:
            raise LibraryError(
                "This library was made by an older version and must be brought up to date first.",
                remedy="Open it once for writing.",
                code="library.read-only",
            )
        self.backup = migrate.back_up(self.path, revision)
        migrate.upgrade(self.path, REVISION)


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file is at a path; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _take_lock(path: Path) -> LibraryLock | None:
    """The lock for writing; None where the disk does not let us write."""
    if not os.access(path, os.W_OK):
        return None
    try:
        with errors.translated(path):
            return LibraryLock(path)
    except LibraryError as error:
        if error.code == "library.read-only":
            return None
        raise


def create(path: Path) -> None:
    """Make an empty library at ``path``: built under another name, then put in place whole.

    Raises:
        LibraryError: ``library.exists``, ``library.read-only``, ``library.disk-full``.
    """
    path = path.absolute()
    if os.path.lexists(path):
        raise errors.exists(path)
    part = path.with_name(f".{uuid.uuid4().hex}.part")
    with errors.translated(path), ExitStack() as undo:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Made by hand: SQLite reports every reason why it cannot as "unable to open".
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        undo.callback(part.unlink, missing_ok=True)
        migrate.upgrade(part, REVISION)
        with closing(connections.connect(part, "rw")) as connection:
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(
                "INSERT INTO setting (key, value) VALUES (?, ?)",
                [
                    ("library.id", uuid.uuid4().hex),
                    ("library.created-at", datetime.now(UTC).isoformat()),
                ],
            )
            connection.execute("COMMIT")
            connection.execute("PRAGMA journal_mode = WAL")
        _put_in_place(part, path)


def _put_in_place(part: Path, path: Path) -> None:
    try:
        os.link(part, path)  # unlike a rename, refuses to replace what appeared meanwhile
    except FileExistsError as error:
        raise errors.exists(path) from error
    except OSError:  # a file system without hard links
        if os.path.lexists(path):
            raise errors.exists(path) from None
        part.replace(path)


def _check_header(path: Path) -> None:
    """Refuse what is plainly no library before SQLite touches it."""
    if path.is_dir():
        raise errors.not_a_library(path)
    with errors.translated(path), path.open("rb") as file:
        header = file.read(_HEADER_BYTES)
        size = os.fstat(file.fileno()).st_size
    if len(header) < _HEADER_BYTES or not header.startswith(_MAGIC):
        raise errors.not_a_library(path)
    (application,) = struct.unpack_from(">I", header, 68)
    if application != APPLICATION_ID:
        raise errors.not_a_library(path)
    (page_size,) = struct.unpack_from(">H", header, 16)
    changed, pages = struct.unpack_from(">II", header, 24)
    (valid_for,) = struct.unpack_from(">I", header, 92)
    log = Path(os.fspath(path) + "-wal")
    whole = log.exists() and log.stat().st_size  # a checkpoint may have been cut short: no loss
    if (
        changed == valid_for
        and size < pages * (page_size if page_size > 1 else 65536)
        and not whole
    ):
        raise errors.damaged(path, "The end of the file is missing")


def _identify(path: Path, mode: str) -> tuple[str, str]:
    """The schema revision and the id of a library."""
    try:
        with closing(connections.connect(path, mode)) as connection:
            revision = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            row = connection.execute(
                "SELECT value FROM setting WHERE key = 'library.id'"
            ).fetchone()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            raise errors.damaged(path, "Its tables are missing") from error
        raise
    if revision is None or row is None:
        raise errors.damaged(path, "It does not say which library it is")
    return str(revision[0]), str(row[0])
