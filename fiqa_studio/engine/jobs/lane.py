"""Whose turn it is: one job of a lane at a time, in the order in which they came."""

from __future__ import annotations

import threading
from collections import deque

from fiqa_studio.engine.jobs.job import Job

_LOOK_SECONDS = 0.1
"""How often a job that waits looks whether it was cancelled."""


class Turns:
    """The jobs of one lane: the first of them runs, the others wait."""

    def __init__(self) -> None:
        self._jobs: deque[Job] = deque()
        self._changed = threading.Condition()

    def join(self, job: Job) -> None:
        """Stand in line."""
        with self._changed:
            self._jobs.append(job)

    def wait(self, job: Job) -> bool:
        """Wait for the turn of a job that stands in line; False where it was cancelled first."""
        with self._changed:
            while self._jobs[0] is not job:
                if job.cancelled:
                    return False
                self._changed.wait(_LOOK_SECONDS)
        return not job.cancelled

    def leave(self, job: Job) -> None:
        """The next one's turn."""
        with self._changed:
            self._jobs.remove(job)
            self._changed.notify_all()

    def first(self) -> Job | None:
        """The job whose turn it is."""
        with self._changed:
            return self._jobs[0] if self._jobs else None

    def waits(self, job: Job) -> bool:
        """Whether another job comes before it."""
        with self._changed:
            return bool(self._jobs) and self._jobs[0] is not job
