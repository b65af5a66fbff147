"""The study's own database: SQLite file by default, PostgreSQL by URL.

Nothing of the library's store is used: a rater's machine has no library, several desks and a web
server write at once, and PostgreSQL has to do the same as SQLite.

Each write is one transaction that is on the disk when `StudyDatabase.write` returns. Work that is
handed to it may run more than once (a connection that breaks at the commit leaves open whether it
was done), so it must find out for itself what is there already.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event, insert, select, text, update
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    IntegrityError,
    NoSuchModuleError,
    SQLAlchemyError,
)
from sqlalchemy.pool import QueuePool

from fiqa_studio.study import migrate
from fiqa_studio.study import schema as s
from fiqa_studio.study.errors import StudyError

T = TypeVar("T")

BUSY_TIMEOUT_SECONDS = 10.0
_CONNECTIONS_MOST = 16
_RECONNECT_SECONDS = (0.05, 0.5, 2.0)
_MIGRATION_LOCK = 0x46495153  # PostgreSQL's advisory lock: two desks must not migrate at once


class StudyDatabase:
    """One study's ratings; safe to use from any thread, by several processes at once.

    Attributes:
        url: The SQLAlchemy URL, with its password.
    """

    def __init__(self, url: URL):
        self.url = url
        self._sqlite = url.get_backend_name() == "sqlite"
        self._engine = _engine(url)
        # SQLite's own waiting polls with sleeps of up to 100 ms. Within a process a lock is fair
        # and at once.
        self._one_writer = threading.Lock() if self._sqlite else nullcontext()

    # --- making and opening ------------------------------------------------------------------

    @classmethod
    def create(cls, url: str | Path, *, study_id: str, digest: str) -> StudyDatabase:
        """Make the tables for one study in a new file or in an empty PostgreSQL database.

        Raises:
            StudyError: ``study.exists``: there is a study already; ``study.database``.
        """
        made = parse_url(url)
        path = sqlite_path(made)
        if path is not None:
            if os.path.lexists(path):
                raise _exists(made)
            with _translated(made):
                path.parent.mkdir(parents=True, exist_ok=True)
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        database = cls(made)
        try:
            with _translated(made):
                database._fill(study_id, digest)
        except BaseException:
            database.close()
            if path is not None:
                path.unlink(missing_ok=True)
            raise
        return database

    @classmethod
    def open(cls, url: str | Path, *, study_id: str = "") -> StudyDatabase:
        """Open the database of a study, brought up to date where it is of an older version.

        Raises:
            StudyError: ``study.no-database``, ``study.other``: of another study,
                ``study.newer``, ``study.database``.
        """
        made = parse_url(url)
        path = sqlite_path(made)
        if path is not None and not path.exists():
            raise StudyError(
                f"The ratings of this study are not at “{path}”.",
                cause="The file was moved, renamed or deleted.",
                remedy="Put it back beside the study file, or name it with --database.",
                code="study.no-database",
            )
        database = cls(made)
        try:
            with _translated(made):
                database._check(study_id)
        except BaseException:
            database.close()
            raise
        return database

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()

    # --- use ---------------------------------------------------------------------------------

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one snapshot."""
        with _translated(self.url), self._engine.connect() as connection:
            yield connection

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in one transaction; it is on the disk on return.

        After a broken connection it is tried again, so ``work`` must be safe to repeat.

        Raises:
            StudyError: ``study.database``: the database cannot be reached or written.
            IntegrityError: Somebody else wrote the same; the caller knows what that means.
        """
        with _translated(self.url):
            for pause in _RECONNECT_SECONDS:
                try:
                    return self._write(work)
                except DBAPIError as error:
                    if not _broken_connection(error):
                        raise
                time.sleep(pause)
            return self._write(work)

    def info(self, key: str) -> str:
        """A fact about the study, such as ``study.digest``; empty where there is none."""
        with self.read() as connection:
            query = select(s.info.c.value).where(s.info.c.key == key)
            return connection.execute(query).scalar() or ""

    def adopt(self, digest: str) -> None:
        """Let the design be ``digest`` from now on; only while nobody has begun."""
        changed = update(s.info).where(s.info.c.key == "study.digest").values(value=digest)
        self.write(lambda connection: connection.execute(changed))

    @property
    def where(self) -> str:
        """Where the ratings are, fit to be shown: without a password."""
        path = sqlite_path(self.url)
        return str(path) if path is not None else self.url.render_as_string(hide_password=True)

    def _write(self, work: Callable[[Connection], T]) -> T:
        with self._one_writer, self._engine.connect() as connection:
            writing = connection.execution_options(fiqa_writes=True)
            with writing.begin():
                return work(writing)

    def _fill(self, study_id: str, digest: str) -> None:
        def work(connection: Connection) -> None:
            self._lock_schema(connection)
            if migrate.revision(connection):
                raise _exists(self.url)
            migrate.upgrade(connection, s.REVISION)
            facts = {
                "study.id": study_id,
                "study.digest": digest,
                "created": datetime.now(UTC).isoformat(timespec="seconds"),
            }
            connection.execute(
                insert(s.info), [{"key": key, "value": value} for key, value in facts.items()]
            )
            if self._sqlite:
                connection.exec_driver_sql(f"PRAGMA application_id = {s.APPLICATION_ID}")

        self._write(work)

    def _check(self, study_id: str) -> None:
        with self._engine.connect() as connection:
            found = migrate.revision(connection)
        if not found:
            raise StudyError(
                f"“{self.where}” holds no ratings of a study.", code="study.not-a-study"
            )
        if found > s.REVISION:
            raise StudyError(
                "This study was made by a newer version of FIQA Studio.",
                cause=f"Its format is {found}; this version knows up to {s.REVISION}.",
                remedy="Update FIQA Studio.",
                code="study.newer",
            )
        if found < s.REVISION:
            self._upgrade(found)
        if study_id and self.info("study.id") != study_id:
            raise StudyError(
                f"“{self.where}” holds the ratings of another study.",
                remedy="Name the right file with --database.",
                code="study.other",
            )

    def _upgrade(self, found: str) -> None:
        path = sqlite_path(self.url)
        if path is not None:
            _back_up(path, found)

        def work(connection: Connection) -> None:
            self._lock_schema(connection)
            if migrate.revision(connection) < s.REVISION:
                migrate.upgrade(connection, s.REVISION)

        self._write(work)

    def _lock_schema(self, connection: Connection) -> None:
        if not self._sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})


def parse_url(url: str | Path) -> URL:
    """The SQLAlchemy URL of a path or of a text; PostgreSQL gets the driver we depend on.

    Raises:
        StudyError: ``study.database``: neither SQLite nor PostgreSQL.
    """
    if isinstance(url, Path) or "://" not in url:
        return URL.create("sqlite", database=os.fspath(Path(url).absolute()))
    try:
        made = make_url(url)
    except ArgumentError as error:
        raise StudyError(
            "This is no database URL.", cause=str(error), code="study.database"
        ) from error
    if made.get_backend_name() in {"postgresql", "postgres"}:
        # As PostgreSQL's own programs: a password need not stand in a file that is passed on.
        password = made.password or os.environ.get("PGPASSWORD")
        return made.set(drivername="postgresql+pg8000", password=password)
    if made.get_backend_name() == "sqlite" and made.database not in {None, "", ":memory:"}:
        return made
    raise StudyError(
        "Ratings can be kept in a SQLite file or in PostgreSQL.",
        remedy="Use postgresql://user@host/name, or a path.",
        code="study.database",
    )


def without_password(url: str) -> str:
    """A URL as it may stand in a study file; ``PGPASSWORD`` brings the password."""
    if "://" not in url:
        return url
    return parse_url(url).set(password=None).render_as_string(hide_password=False)


def sqlite_path(url: URL) -> Path | None:
    """The file of a SQLite database; None for PostgreSQL."""
    if url.get_backend_name() != "sqlite" or not url.database:
        return None
    return Path(url.database)


def _engine(url: URL) -> Engine:
    path = sqlite_path(url)
    if path is None:
        try:
            # A connection that died while nobody used it is found before it is handed out.
            return create_engine(
                url, pool_pre_ping=True, pool_size=_CONNECTIONS_MOST, max_overflow=0
            )
        except (ImportError, NoSuchModuleError) as error:
            raise StudyError(
                "PostgreSQL needs a driver that is not installed.",
                cause=str(error),
                remedy="Install fiqa-studio[postgresql].",
                code="study.database",
            ) from error
    engine = create_engine(
        "sqlite+pysqlite://",
        creator=lambda: _connect(path),
        poolclass=QueuePool,
        pool_size=_CONNECTIONS_MOST,
        max_overflow=0,
    )

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A deferred transaction that turns from read to write fails at once and ignores the
        # busy timeout.
        writes = connection.get_execution_options().get("fiqa_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote(os.fsencode(path))}?mode=rw",
        uri=True,
        isolation_level=None,  # transactions are begun explicitly
        check_same_thread=False,  # the pool hands a connection to one thread at a time
        timeout=BUSY_TIMEOUT_SECONDS,
    )
    connection.execute("PRAGMA journal_mode = WAL")
    # A rating is on the disk, not only with the system, when its commit returns.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _back_up(path: Path, revision: str) -> None:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    target = path.with_name(f"{path.name}.backup-{revision}-{stamp}")
    source, copy = _connect(path), sqlite3.connect(target)
    try:
        source.backup(copy)
    finally:
        source.close()
        copy.close()


def _broken_connection(error: DBAPIError) -> bool:
    return error.connection_invalidated and not isinstance(error, IntegrityError)


@contextmanager
def _translated(url: URL) -> Iterator[None]:
    try:
        yield
    except IntegrityError:
        raise
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        cause = str(getattr(error, "orig", None) or error)
        raise StudyError(
            "The ratings of this study cannot be read or written.",
            cause=cause,
            remedy=(
                "Check the disk and the rights on the file."
                if url.get_backend_name() == "sqlite"
                else "Check that the database server runs and can be reached."
            ),
            code="study.database",
        ) from error


def _exists(url: URL) -> StudyError:
    where = sqlite_path(url) or url.render_as_string(hide_password=True)
    return StudyError(
        f"There are ratings at “{where}” already.",
        remedy="Choose another name; ratings are never overwritten.",
        code="study.exists",
    )
