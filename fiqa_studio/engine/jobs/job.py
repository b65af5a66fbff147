"""Jobs as they run: progress, cancel, failures, and the record that stays in the library."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from datetime import UTC, datetime

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.jobs import JobFailure, JobProgress, JobState
from fiqa_studio.domain.paths import display_path
from fiqa_studio.domain.photos import JobId
from fiqa_studio.store.library import Library

_logger = logging.getLogger(__name__)

_RATE_SECONDS = 60.0
"""The rate is that of the last so many seconds: a job's speed changes with its photos, and
results come in bursts, which a shorter time would take for speed."""
_TELL_SECONDS = 0.1
_PULSE_SECONDS = 1.0
"""How often a job that gets nowhere says so: its rate falls meanwhile."""
_RECORD_SECONDS = 2.0
_RECORD_FAILURES = 50

Listener = Callable[[JobProgress], None]


class Job:
    """One running or finished job of this session.

    Attributes:
        id: In the library.
        kind: The name of its kind.
        title: For people.
        counts: What it did, by names that its kind chooses; ``failed`` counts items of any kind.
        seconds: Processor time of each part of the pipe, summed over photos.
        error: Why it failed as a whole; None unless its state is ``FAILED``.
        result: What it made, one sentence with the place, if its kind says so; shown at the end.

    In a library that cannot be written a job leaves no record; only jobs that write elsewhere
    (exports) are of use there.

    The methods that report progress are for the thread that does the work; everything else may
    be called from any thread.
    """

    def __init__(self, library: Library, job_id: JobId, kind: str, title: str, tell: Listener):
        self.id = job_id
        self.kind = kind
        self.title = title
        self.counts: Counter[str] = Counter()
        self.seconds: Counter[str] = Counter()
        self.error: KnownError | None = None
        self.result = ""
        self._library = library
        self._tell = tell
        self._changed = threading.Condition()
        self._state = JobState.RUNNING
        self._total: int | None = None
        self._done = 0
        self._failed = 0
        self._message = ""
        self._cancelled = threading.Event()
        self._interrupted = False
        self._samples: deque[tuple[float, int]] = deque()
        self._told_at = 0.0
        self._recorded_at = time.monotonic()
        self._new_failures: list[JobFailure] = []
        self._kept_failures: list[JobFailure] = []

    @property
    def progress(self) -> JobProgress:
        """Where it stands now."""
        with self._changed:
            return self._snapshot()

    @property
    def cancelled(self) -> bool:
        """Whether it was asked to stop."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Ask it to stop soon; what is done stays done."""
        self._cancelled.set()

    def interrupt(self) -> None:
        """The program ends: stop soon. It counts as unfinished, not as what the user stopped."""
        if not self.cancelled:
            self._interrupted = True
            self._cancelled.set()

    @property
    def interrupted(self) -> bool:
        """Whether the end of the program stopped it, not the user."""
        return self._interrupted

    def state_at_end(self) -> JobState:
        """How it ended, its work having returned without an error."""
        if not self.cancelled:
            return JobState.DONE
        return JobState.INTERRUPTED if self._interrupted else JobState.CANCELLED

    def wait(self, timeout: float | None = None) -> JobProgress:
        """Wait for its end, or for ``timeout`` seconds; returns where it stands then."""
        with self._changed:
            self._changed.wait_for(lambda: self._state.finished, timeout)
            return self._snapshot()

    def failures(self) -> list[JobFailure]:
        """The items that failed so far, as far as they are recorded."""
        if self._library.read_only:
            with self._changed:
                return list(self._kept_failures)
        return list(self._library.jobs.failures(self.id))

    # --- for the thread that does the work -------------------------------------------------

    def expect(self, total: int) -> None:
        """So many items in all."""
        with self._changed:
            self._total = total
        self._publish()

    def say(self, message: str) -> None:
        """What is going on now, one short sentence."""
        with self._changed:
            self._message = message
        self._publish()

    def advance(self, count: int = 1) -> None:
        """So many items are done."""
        with self._changed:
            self._done += count
            self._sample()
        self._publish()

    def fail_item(self, path: bytes, error: KnownError) -> None:
        """One item failed: it is done, with a reason."""
        with self._changed:
            self._failed += 1
            self._done += 1
            self._sample()
            self.counts["failed"] += 1
            self._new_failures.append(
                JobFailure(
                    job_id=self.id,
                    path=display_path(path),
                    path_bytes=path,
                    code=error.code,
                    message=str(error),
                    at=datetime.now(UTC),
                )
            )
        self._publish()

    def record(self, *, now: bool = False) -> None:
        """Write progress and failures to the library, every few seconds or ``now``.

        To be called several times a second while the work goes on: it also tells listeners of
        a job that stands still.
        """
        if time.monotonic() - self._told_at > _PULSE_SECONDS:
            self._publish()
        with self._changed:
            due = time.monotonic() - self._recorded_at > _RECORD_SECONDS
            if not (now or due or len(self._new_failures) >= _RECORD_FAILURES):
                return
            failures, self._new_failures = self._new_failures, []
            total, done, failed = self._total or self._done, self._done, self._failed
            self._recorded_at = time.monotonic()
            if self._library.read_only:
                self._kept_failures += failures
                return
        if failures:
            self._library.jobs.add_failures(failures).result()
        self._library.jobs.progress(self.id, total=total, done=done, failed=failed).result()

    def finish(self, state: JobState, message: str = "") -> None:
        """The end. Recording it may fail, on a full disk for one; the job ends all the same."""
        try:
            self.record(now=True)
            if not self._library.read_only:
                self._library.jobs.finish(self.id, state).result()
        except KnownError as error:
            _logger.info("the end of job %d is not recorded: %s", self.id, error)
        with self._changed:
            self._state = state
            self._message = message or self.result
            if state is JobState.DONE and self._total is None:
                self._total = self._done
            self._changed.notify_all()
        self._publish(now=True)

    def _sample(self) -> None:
        now = time.monotonic()
        self._samples.append((now, self._done))
        while now - self._samples[0][0] > _RATE_SECONDS:
            self._samples.popleft()

    def _snapshot(self) -> JobProgress:
        rate = self._rate()
        left = None
        if rate and self._total is not None and not self._state.finished:
            left = max(0, self._total - self._done) / rate
        return JobProgress(
            id=self.id,
            kind=self.kind,
            state=self._state,
            title=self.title,
            total=self._total,
            done=self._done,
            failed=self._failed,
            rate=rate,
            seconds_left=left,
            message=self._message,
        )

    def _rate(self) -> float | None:
        if len(self._samples) < 2:
            return None
        (since, before), (_, after) = self._samples[0], self._samples[-1]
        # To the present moment, so that a stalled job's rate falls.
        seconds = time.monotonic() - since
        return (after - before) / seconds if seconds > 0.5 else None

    def _publish(self, *, now: bool = False) -> None:
        with self._changed:
            moment = time.monotonic()
            if not now and moment - self._told_at < _TELL_SECONDS:
                return
            self._told_at = moment
            snapshot = self._snapshot()
        self._tell(snapshot)
