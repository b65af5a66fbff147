"""What a worker's answers, silence and death mean for those who asked."""

from __future__ import annotations

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


def wrong_protocol(theirs: int) -> WorkerError:
    """Two versions of the program are mixed."""
    return WorkerError(
        "The worker belongs to another version of this program.",
        cause=f"It speaks protocol {theirs}, this program {PROTOCOL_VERSION}.",
        remedy="Install the program anew.",
        code="worker.protocol",
    )
