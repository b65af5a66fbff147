"""Keep C libraries from writing to our standard error what no one can act on."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator

_LOCK = threading.RLock()
_DEPTH = [0]


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Send what C code writes to file descriptor 2 to nowhere, for the time of a call.

    libtiff, libjpeg and TensorFlow Lite report there, past Python's logging and with no switch.
    The descriptor belongs to the whole process: lines of other threads written meanwhile are lost,
    so keep the call short. Nests.
    """
    with _LOCK:
        if _DEPTH[0]:
            yield
            return
        with contextlib.suppress(OSError, ValueError, AttributeError):
            sys.stderr.flush()
        try:
            kept = os.dup(2)
        except OSError:  # standard error is closed: nothing to keep quiet
            yield
            return
        sink = os.open(os.devnull, os.O_WRONLY)
        _DEPTH[0] += 1
        try:
            os.dup2(sink, 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            os.close(sink)
            _DEPTH[0] -= 1
