"""Background work as the user sees it: progress, outcome and a list of failures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from fiqa_studio.domain.photos import JobId


class JobState(StrEnum):
    """Where a job stands.

    ``CANCELLED``: the user stopped it. ``INTERRUPTED``: the program ended before the job did.
    """

    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"
    INTERRUPTED = "interrupted"

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen."""
        return self is not JobState.RUNNING


@dataclass(frozen=True, slots=True)
class JobProgress:
    """A snapshot of a job.

    Attributes:
        kind: The name of its kind (`fiqa_studio.engine.jobs.kinds` knows the rest).
        total: Items to do; None while they are still being counted.
        done: Items finished, failures included.
        failed: Items that failed.
        rate: Items a second over the last seconds; None at the start.
        seconds_left: Estimate; None while unknown.
        message: What is going on now, one short sentence.
    """

    id: JobId
    kind: str
    state: JobState
    title: str
    total: int | None
    done: int
    failed: int
    rate: float | None
    seconds_left: float | None
    message: str = ""


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job as the library remembers it."""

    id: JobId
    kind: str
    state: JobState
    title: str
    created_at: datetime
    finished_at: datetime | None
    total: int
    done: int
    failed: int


@dataclass(frozen=True, slots=True)
class JobFailure:
    """One item that failed, with a reason that a person understands."""

    job_id: JobId
    path: str
    path_bytes: bytes
    code: str
    message: str
    at: datetime
    retried: bool = False
