"""Where the standard error of worker processes goes: a rotating file, never the terminal."""

from __future__ import annotations

import logging
import threading
from collections import deque
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO

import platformdirs

_MAX_BYTES = 1 << 20
_KEPT_FILES = 3
_TAIL_LINES = 20
_MAX_LINE = 2000


def log_folder() -> Path:
    """Where the log files lie."""
    return Path(platformdirs.user_log_dir("fiqa-studio", appauthor=False))


class WorkerLog:
    """Copies the standard error of one worker after another into a rotating file.

    Attributes:
        path: The file.
    """

    def __init__(self, path: Path):
        self.path = path
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self._handler = _open_handler(path)

    def follow(self, stream: IO[bytes]) -> threading.Thread:
        """Copy a stream until it ends, on a thread of its own, so that it never fills up."""
        thread = threading.Thread(
            target=self._copy, args=(stream,), name=f"{self.path.stem}-log", daemon=True
        )
        thread.start()
        return thread

    def tail(self) -> str:
        """The last lines, for the cause of a worker's death."""
        return "\n".join(self._tail)

    def close(self) -> None:
        """Close the file."""
        self._handler.close()

    def _copy(self, stream: IO[bytes]) -> None:
        with stream:
            while line := stream.readline(_MAX_LINE):
                text = line.decode("utf-8", errors="replace").rstrip()
                self._tail.append(text)
                self._handler.emit(
                    logging.LogRecord("worker", logging.INFO, "", 0, "%s", (text,), None)
                )


class _QuietHandler(RotatingFileHandler):
    """A disk that is full costs the log, not the user's terminal."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - its name
        """Lose the line."""


def _open_handler(path: Path) -> logging.Handler:
    handler: logging.Handler
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = _QuietHandler(
            path, maxBytes=_MAX_BYTES, backupCount=_KEPT_FILES, encoding="utf-8", delay=True
        )
    except OSError:
        handler = logging.NullHandler()  # no place for a log is no reason not to work
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    return handler
