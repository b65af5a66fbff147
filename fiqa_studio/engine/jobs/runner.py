"""Runs jobs: those of different lanes at once, those of one lane one after another."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.jobs import JobFailure, JobProgress, JobRecord, JobState
from fiqa_studio.domain.photos import JobId
from fiqa_studio.engine.jobs.job import Job, Listener
from fiqa_studio.engine.jobs.kinds import JobKind, Lane, Params, find
from fiqa_studio.engine.jobs.lane import Turns
from fiqa_studio.engine.jobs.tools import Tools

_logger = logging.getLogger(__name__)

_EARLY = frozenset([JobState.INTERRUPTED, JobState.CANCELLED, JobState.FAILED])
_AGAIN = "Again: "


class JobRunner:
    """Starts, resumes, retries, cancels and tells of jobs.

    All methods may be called from any thread. Those that start something write a record first
    and wait for it, so they are not for a thread that must not wait.
    """

    def __init__(self, tools: Tools):
        self._tools = tools
        self._turns = {lane: Turns() for lane in Lane}
        self._guard = threading.Lock()
        self._jobs: dict[JobId, Job] = {}
        self._threads: list[threading.Thread] = []
        self._listeners: dict[int, Listener] = {}
        self._tokens = itertools.count()
        self._closing = False

    def start(self, kind: str, params: Params, *, title: str = "") -> Job:
        """Begin a job, or let it wait for its turn.

        Args:
            kind: The name of its kind.
            params: What it is to do, as its kind takes it.
            title: In place of the kind's own.

        Raises:
            KnownError: The library cannot be written, or is being closed.
        """
        what = find(kind)
        said = title or what.title(params)
        with self._guard:
            if self._closing:
                raise KnownError("The library is being closed.", code="job.closing")
        job_id = self._recorded(kind, said, params)
        job = Job(self._tools.library, job_id, kind, said, self._tell)
        # One thread a job: it waits for the worker and writes results. A daemon, since what was
        # committed is safe and a hung disk must not keep the process.
        thread = threading.Thread(
            target=self._run, args=(job, what, params), name=f"job-{job_id}", daemon=True
        )
        with self._guard:
            self._jobs[job_id] = job
            self._threads = [t for t in self._threads if t.is_alive()]
            self._threads.append(thread)
            self._turns[what.lane].join(job)
        self._tell(job.progress)
        thread.start()
        return job

    def resume(self, job_id: JobId) -> Job:
        """Go on with a job that ended early, under its own name.

        Raises:
            KnownError: ``job.unknown``, or ``job.not-resumable``.
        """
        before, params = self._remembered(job_id)
        again = find(before.kind).resume
        if again is None:
            raise KnownError("A job of this kind cannot be resumed.", code="job.not-resumable")
        return self.start(before.kind, again(params), title=before.title)

    def retry(self, job_id: JobId) -> Job:
        """Try the failed items of a job again.

        Raises:
            KnownError: ``job.unknown``, or ``job.not-retried``.
        """
        before, params = self._remembered(job_id)
        again = find(before.kind).retry
        if again is None:
            raise KnownError(
                "What failed in a job of this kind cannot be tried again by itself.",
                remedy="Begin the whole job anew.",
                code="job.not-retried",
            )
        title = _AGAIN + before.title.removeprefix(_AGAIN)
        job = self.start(before.kind, again(before, params), title=title)
        self._tools.library.jobs.mark_retried(job_id).result()
        return job

    def unfinished(self, limit: int = 50) -> list[JobRecord]:
        """The jobs that ended early, can go on, and that no later job took over; newest first.

        Looks at the latest ``limit`` jobs; reads the library.
        """
        jobs = self._tools.library.jobs
        found: list[JobRecord] = []
        later: list[tuple[str, Params]] = []
        for record in jobs.recent(limit):
            kind, params = find(record.kind), jobs.params(record.id)
            if (
                record.state in _EARLY
                and kind.resume is not None
                and not any(n == kind.name and kind.settles(p, params) for n, p in later)
            ):
                found.append(record)
            later.append((record.kind, params))
        return found

    def cancel(self, job_id: JobId) -> None:
        """Ask a job to stop; unknown and finished ones are left alone."""
        with self._guard:
            job = self._jobs.get(job_id)
        if job is not None:
            job.cancel()

    def progress(self) -> list[JobProgress]:
        """The jobs of this session, oldest first."""
        with self._guard:
            jobs = list(self._jobs.values())
        return [job.progress for job in jobs]

    def failures(self, job_id: JobId) -> list[JobFailure]:
        """The items of a job that failed; of this session's also where none is recorded."""
        with self._guard:
            job = self._jobs.get(job_id)
        return job.failures() if job is not None else self._tools.library.jobs.failures(job_id)

    def subscribe(self, callback: Listener) -> Callable[[], None]:
        """Call back with each job's progress, up to ten times a second, on engine threads.

        Returns what ends the subscription.
        """
        with self._guard:
            token = next(self._tokens)
            self._listeners[token] = callback

        def unsubscribe() -> None:
            with self._guard:
                self._listeners.pop(token, None)

        return unsubscribe

    def notice(self, message: str) -> None:
        """Something the worker says of no single photo is shown with the job that uses it."""
        job = self._turns[Lane.PIXELS].first()
        if job is not None:
            job.say(message)

    def interrupt(self) -> None:
        """The program ends: ask all jobs to stop, and take no new one."""
        with self._guard:
            self._closing = True
            jobs = list(self._jobs.values())
        for job in jobs:
            job.interrupt()

    def join(self, timeout: float) -> bool:
        """Wait for all jobs to end; whether they did within so many seconds."""
        deadline = time.monotonic() + timeout
        with self._guard:
            threads = list(self._threads)
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)

    # --- inside ----------------------------------------------------------------------------

    def _recorded(self, kind: str, title: str, params: Params) -> JobId:
        """The job's id; one of this session only where the library cannot be written."""
        if self._tools.library.read_only:
            return JobId(-1 - next(self._tokens))
        return self._tools.library.jobs.start(kind, title, params).result()

    def _remembered(self, job_id: JobId) -> tuple[JobRecord, Params]:
        before = self._tools.library.jobs.get(job_id)
        if before is None:
            raise KnownError("This job is not in the library.", code="job.unknown")
        return before, self._tools.library.jobs.params(job_id)

    def _run(self, job: Job, kind: JobKind, params: Params) -> None:
        turns = self._turns[kind.lane]
        try:
            if turns.waits(job):
                job.say("Waiting for an earlier job")
            if turns.wait(job):
                job.say("")
                kind.work(self._tools, job, params)
        except KnownError as error:
            job.error = error
            job.finish(JobState.FAILED, str(error))
        except Exception as error:
            _logger.exception("a job failed by our own fault")
            job.error = KnownError(
                "The job stopped by a fault of the program.",
                cause=f"{type(error).__name__}: {error}",
                code="bug",
            )
            job.finish(JobState.FAILED, str(job.error))
        else:
            job.finish(job.state_at_end())
        finally:
            turns.leave(job)

    def _tell(self, progress: JobProgress) -> None:
        with self._guard:
            listeners = list(self._listeners.values())
        for listener in listeners:
            try:
                listener(progress)
            except Exception:
                _logger.exception("a listener to jobs failed")
