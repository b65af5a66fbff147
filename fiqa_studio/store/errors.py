"""SQLite's errors in words that a person can act on."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from fiqa_studio.domain.errors import LibraryError
from fiqa_studio.domain.paths import display_path

_PRIMARY = 0xFF
_IO_READ_ONLY = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})


class InconsistentError(ValueError):
    """Rows that no version of the program would have written: the library is damaged."""


def library_error(error: BaseException, path: Path) -> BaseException:
    """The `LibraryError` that says what ``error`` means for the library at ``path``.

    Errors that are not about the file (a broken constraint, a mistake in a query) are ours and
    are returned as they are.
    """
    if isinstance(error, DBAPIError) and isinstance(error.orig, sqlite3.Error):
        return _of_sqlite(error.orig, path) or error
    if isinstance(error, sqlite3.Error):
        return _of_sqlite(error, path) or error
    if isinstance(error, InconsistentError):
        return damaged(path, str(error))
    if isinstance(error, OSError):
        return _of_system(error, path) or error
    return error


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what SQLite and the disk report inside the block into a `LibraryError`."""
    try:
        yield
    except (DBAPIError, sqlite3.Error, OSError, InconsistentError) as error:
        known = library_error(error, path)
        if known is error:
            raise
        raise known from error


def _of_sqlite(error: sqlite3.Error, path: Path) -> LibraryError | None:
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY
    if code == sqlite3.SQLITE_FULL:
        return disk_full(path)
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return read_only(path)
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return damaged(path, str(error))
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return locked(path)
    if code == sqlite3.SQLITE_CANTOPEN and not os.path.lexists(path):
        return missing(path)
    if code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
        return LibraryError(
            f"The disk reported an error in the library {display_path(path)}.",
            cause=f"{error}.",
            remedy="Check the disk and its free space, then try again.",
            code="library.io",
        )
    return None


def _of_system(error: OSError, path: Path) -> LibraryError | None:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return disk_full(path)
    if error.errno in _IO_READ_ONLY:
        return read_only(path)
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return missing(path)
    return None


def missing(path: Path) -> LibraryError:
    """There is no file (or no folder for it) at the path."""
    return LibraryError(
        f"There is no library at {display_path(path)}.",
        remedy="Check the path, or create a new library there.",
        code="library.missing",
    )


def exists(path: Path) -> LibraryError:
    """A new library was asked for where a file already is."""
    return LibraryError(
        f"{display_path(path)} already exists.",
        remedy="Open it, or choose another name for the new library.",
        code="library.exists",
    )


def not_a_library(path: Path) -> LibraryError:
    """The file is something else."""
    return LibraryError(
        f"{display_path(path)} is not a FIQA Studio library.",
        remedy="Choose a library file, or create a new one.",
        code="library.not-a-library",
    )


def newer(path: Path, revision: str) -> LibraryError:
    """The file was written by a later version of the program."""
    return LibraryError(
        f"The library {display_path(path)} was written by a newer version of FIQA Studio.",
        cause=f"Its format is {revision}.",
        remedy="Install the newer version to open it.",
        code="library.newer",
    )


def damaged(path: Path, detail: str) -> LibraryError:
    """SQLite finds the file inconsistent."""
    return LibraryError(
        f"The library {display_path(path)} is damaged.",
        cause=f"{detail.rstrip('.')}.",
        remedy="Restore it from a backup; the photos themselves are not affected.",
        code="library.damaged",
    )


def locked(path: Path, holder: str = "") -> LibraryError:
    """Another program has the library open for writing."""
    return LibraryError(
        f"The library {display_path(path)} is open in another program.",
        cause=f"It is held by process {holder}." if holder else "",
        remedy="Close it there, or open another library here.",
        code="library.locked",
    )


def read_only(path: Path) -> LibraryError:
    """The library cannot be written."""
    return LibraryError(
        f"The library {display_path(path)} cannot be written.",
        cause="It is on a read-only disk, or its file or folder is write-protected, "
        "or it was opened read-only.",
        remedy="Copy it to a place where you may write.",
        code="library.read-only",
    )


def disk_full(path: Path) -> LibraryError:
    """No space is left."""
    return LibraryError(
        f"There is no space left for the library {display_path(path)}.",
        cause="The disk is full; the last change was not saved, everything before it was.",
        remedy="Free some space and try again.",
        code="library.disk-full",
    )


def closed(path: Path) -> LibraryError:
    """The library was used after it was closed."""
    return LibraryError(f"The library {display_path(path)} has been closed.", code="library.closed")
