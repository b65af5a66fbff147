"""The two kinds of error: the user's (say what to do) and ours (a report)."""

from __future__ import annotations


class KnownError(Exception):
    """Something the user can act on: shown in place, never as a traceback.

    Attributes:
        message: What went wrong, one sentence.
        cause: Why, as far as known; may be empty.
        remedy: What the user can do about it; may be empty.
        code: Stable identifier, such as ``photo.too-large``, for tests, filters and JSON.
    """

    def __init__(self, message: str, *, cause: str = "", remedy: str = "", code: str = "error"):
        super().__init__(message)
        self.message = message
        self.cause = cause
        self.remedy = remedy
        self.code = code

    def __str__(self) -> str:
        return " ".join(part for part in (self.message, self.cause, self.remedy) if part)


class PhotoError(KnownError):
    """One photo cannot be used; a row in the job's failure list."""


class LibraryError(KnownError):
    """The library cannot be opened, read or written."""


class ScorerError(KnownError):
    """A scorer is unknown, damaged or cannot run here."""


class WorkerError(KnownError):
    """The worker process failed to start or kept dying."""


class BugError(Exception):
    """Our own fault: goes to the log file and the crash dialog, with a report."""
