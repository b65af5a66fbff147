"""How SQLite is opened: URIs for any path, pragmas, and pools of connections."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import numpy as np
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

BUSY_TIMEOUT_SECONDS = 10.0
# Views hand out arrays of ids. An id taken from one would otherwise be bound as a blob, and
# match nothing, without a word.
sqlite3.register_adapter(np.int64, int)
sqlite3.register_adapter(np.int32, int)
sqlite3.register_adapter(np.float32, float)
_READERS_KEPT = 4
_READERS_MOST = 32


def uri(path: Path, mode: str) -> str:
    """The SQLite URI of a path. ``mode``: ``ro``, ``rw``, ``rwc`` or ``immutable``.

    The path travels percent-encoded byte by byte, so names that are not UTF-8 work too.
    """
    query = "mode=ro&immutable=1" if mode == "immutable" else f"mode={mode}"
    return f"file:{quote(os.fsencode(path.absolute()))}?{query}"


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """A plain connection in autocommit mode: transactions are begun explicitly."""
    return sqlite3.connect(
        uri(path, mode),
        uri=True,
        isolation_level=None,
        check_same_thread=False,  # pools hand a connection to one thread at a time
        timeout=BUSY_TIMEOUT_SECONDS,
    )


def read_mode(path: Path) -> str:
    """``ro``, or ``immutable`` where the disk does not even let SQLite keep its side files.

    An immutable file is read without its write-ahead log, so that is chosen only where the log
    is empty.
    """
    connection = connect(path, "ro")
    try:
        connection.execute("SELECT count(*) FROM sqlite_master")
    except sqlite3.OperationalError:
        log = Path(os.fspath(path) + "-wal")
        if log.exists() and log.stat().st_size:
            raise
        return "immutable"
    finally:
        connection.close()
    return "ro"


def read_engine(path: Path, mode: str) -> Engine:
    """Short read-only connections for any thread; each use sees one snapshot."""

    def opened() -> sqlite3.Connection:
        connection = connect(path, mode)
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA cache_size = -16384")
        connection.execute("PRAGMA temp_store = MEMORY")
        return connection

    return _engine(opened, "BEGIN", kept=_READERS_KEPT, most=_READERS_MOST)


def write_engine(path: Path, thumbs: Path, vectors: Path) -> Engine:
    """The one write connection, with its side files attached as ``thumbs`` and ``vectors``.

    FULL synchronous: a mark is on the disk, not only with the system, when its commit returns.
    The side files can be filled again and need no such care.
    """

    def opened() -> sqlite3.Connection:
        connection = connect(path, "rw")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("ATTACH DATABASE ? AS thumbs", (uri(thumbs, "rw"),))
        connection.execute("ATTACH DATABASE ? AS vectors", (uri(vectors, "rw"),))
        connection.execute("PRAGMA thumbs.journal_mode = WAL")
        connection.execute("PRAGMA vectors.journal_mode = WAL")
        connection.execute("PRAGMA main.synchronous = FULL")
        connection.execute("PRAGMA thumbs.synchronous = NORMAL")
        connection.execute("PRAGMA vectors.synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA journal_size_limit = 67108864")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA main.cache_size = -32768")
        return connection

    # A deferred transaction that turns from read to write fails at once and ignores the busy
    # timeout, so each begins as a writer.
    return _engine(opened, "BEGIN IMMEDIATE", kept=1, most=1)


def migration_engine(path: Path) -> Engine:
    """A connection for schema changes: foreign keys off, since tables may be rebuilt."""

    def opened() -> sqlite3.Connection:
        connection = connect(path, "rw")
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    return _engine(opened, "BEGIN IMMEDIATE", kept=1, most=1)


def _engine(
    opened: Callable[[], sqlite3.Connection], begin: str, *, kept: int, most: int
) -> Engine:
    engine = create_engine(
        "sqlite+pysqlite://",
        creator=opened,
        poolclass=QueuePool,
        pool_size=kept,
        max_overflow=most - kept,
    )

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
