"""What a worker's answers, silence and death mean for those who asked."""

from __future__ import annotations

from pathlib import Path

from fiqa_studio.domain.errors import KnownError, PhotoError, ScorerError, WorkerError
from fiqa_studio.engine.link.protocol import PROTOCOL_VERSION, RequestFailed


class RequestCancelledError(KnownError):
    """The request was cancelled before it was answered."""


def error_of(event: RequestFailed) -> KnownError:
    """The error that a failed request means."""
    kinds: dict[str, type[KnownError]] = {
        "cancelled": RequestCancelledError,
        "photo": PhotoError,
        "scorer": ScorerError,
    }
    kind = kinds.get(event.code.partition(".")[0], WorkerError)
    return kind(event.message, code=event.code)


def blame() -> PhotoError:
    """The request was in hand at too many deaths."""
    return PhotoError(
        "The worker process crashed each time it had this in hand.",
        remedy="The rest goes on without it.",
        code="crash",
    )


def cancelled() -> RequestCancelledError:
    """The request was dropped."""
    return RequestCancelledError("Cancelled.", code="cancelled")


def closed() -> WorkerError:
    """The request came too late."""
    return WorkerError("The worker has been shut down.", code="worker.closed")


def not_started(error: OSError) -> WorkerError:
    """The system does not start the worker."""
    return WorkerError(
        "The worker process cannot be started.", cause=str(error), code="worker.start"
    )


def keeps_dying(cause: str, log: Path) -> WorkerError:
    """It dies again and again before it answers anything."""
    return WorkerError(
        "The worker process keeps dying.",
        cause=cause,
        remedy=f"Its log is in {log}.",
        code="worker.died",
    )


def no_decoders(cause: str, log: Path) -> WorkerError:
    """The worker runs, but cannot start the processes that read photos."""
    return WorkerError(
        "The programs that read photos cannot be started.",
        cause=cause,
        remedy=f"Is there enough memory? The worker's log is in {log}.",
        code="worker.decoders",
    )


def wrong_protocol(theirs: int) -> WorkerError:
    """Two versions of the program are mixed."""
    return WorkerError(
        "The worker belongs to another version of this program.",
        cause=f"It speaks protocol {theirs}, this program {PROTOCOL_VERSION}.",
        remedy="Install the program anew.",
        code="worker.protocol",
    )
