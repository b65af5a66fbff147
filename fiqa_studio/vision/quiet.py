"""Keep C libraries from writing to our standard error what no one can act on."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator

_LOCK = threading.RLock()
_DEPTH = [0]
_SINK: list[int] = []
_MOST_HEARD = 1 << 16


class Said:
    """What C code wrote to standard error since this was made; for the time of `quiet_stderr`."""

    def __init__(self) -> None:
        self._start = os.lseek(_SINK[0], 0, os.SEEK_CUR) if _SINK and _DEPTH[0] else -1

    def text(self) -> str:
        """The lines so far; empty where there is nothing to hear."""
        if self._start < 0:
            return ""
        with contextlib.suppress(OSError):
            return os.pread(_SINK[0], _MOST_HEARD, self._start).decode(errors="replace")
        return ""


@contextlib.contextmanager
def quiet_stderr() -> Iterator[Said]:
    """Keep what C code writes to file descriptor 2 from people, for the time of a call.

    libtiff, libjpeg and TensorFlow Lite report there, past Python's logging and with no switch; it
    can be read while the call lasts. The descriptor belongs to the whole process: lines of other
    threads written meanwhile are lost, so keep the call short. Nests.
    """
    with _LOCK:
        if _DEPTH[0]:
            yield Said()
            return
        with contextlib.suppress(OSError, ValueError, AttributeError):
            sys.stderr.flush()
        try:
            kept = os.dup(2)
        except OSError:  # standard error is closed: nothing to keep quiet
            yield Said()
            return
        sink = _emptied_sink()
        _DEPTH[0] += 1
        try:
            os.dup2(sink, 2)
            yield Said()
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            _DEPTH[0] -= 1


def _emptied_sink() -> int:
    """A file in memory, made once, where the system has such files; else the null device."""
    if not _SINK:
        if hasattr(os, "memfd_create"):
            _SINK.append(os.memfd_create("fiqa-stderr"))
        else:
            _SINK.append(os.open(os.devnull, os.O_RDWR))
    with contextlib.suppress(OSError):
        os.ftruncate(_SINK[0], 0)
        os.lseek(_SINK[0], 0, os.SEEK_SET)
    return _SINK[0]
