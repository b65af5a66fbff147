"""The advisory lock that keeps a second program from writing to an open library.

The lock is on a file of its own: closing any other descriptor of the database file would drop
the locks that SQLite itself holds on it (POSIX record locks belong to the process).
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from fiqa_studio.store import errors

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _try_lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class LibraryLock:
    """Held from construction to `release`; the system drops it when the process ends.

    Raises:
        LibraryError: ``library.locked`` where another program (or another `Library` of this
            one) holds it.
        OSError: The lock file cannot be made, such as on a read-only disk.
    """

    def __init__(self, library: Path):
        self._path = Path(os.fspath(library) + ".lock")
        while True:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            try:
                _try_lock(descriptor)
            except (BlockingIOError, PermissionError) as error:
                holder = os.pread(descriptor, 32, 0).decode("ascii", errors="replace").strip()
                os.close(descriptor)
                raise errors.locked(library, holder) from error
            except OSError:
                # A file system without such locks: SQLite's own must do.
                break
            if self._is_current(descriptor):
                break
            os.close(descriptor)  # the holder before us removed the file while we opened it
        self._descriptor: int | None = descriptor
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Let others write. Safe to call twice."""
        if self._descriptor is None:
            return
        with contextlib.suppress(OSError):
            self._path.unlink()  # first, while it is still ours
        os.close(self._descriptor)
        self._descriptor = None

    def _is_current(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), self._path.stat())
        except FileNotFoundError:
            return False
