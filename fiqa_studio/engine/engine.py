"""The use cases that the window and the command line call. Nothing heavy runs here."""

from __future__ import annotations

import itertools
import logging
import threading
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.jobs import JobFailure, JobKind, JobProgress, JobState
from fiqa_studio.domain.paths import display_path
from fiqa_studio.domain.photos import FaceId, JobId, PhotoId
from fiqa_studio.domain.scores import ScorerInfo
from fiqa_studio.engine.indexing.work import IndexWork, all_places, places_around, places_of
from fiqa_studio.engine.jobs.job import Job, Listener
from fiqa_studio.engine.link.client import WorkerClient, WorkerSettings
from fiqa_studio.engine.link.protocol import (
    Command,
    Describe,
    Description,
    Event,
    Notice,
    RenderCrop,
    Rendered,
    RenderPhoto,
    ScorerLoaded,
)
from fiqa_studio.engine.link.wire import landmarks_to_wire
from fiqa_studio.engine.scoring.installed import Scorers
from fiqa_studio.engine.scoring.work import ScoreWork, load_scorer, unscored
from fiqa_studio.store.library import Library

_logger = logging.getLogger(__name__)
_T = TypeVar("_T", bound=Event)

DEFAULT_SCORER = "default"
"""Stands for the best scorer that works here, in ``score_with``."""

_PICTURES_WANTED = 8
"""Renderings that may wait; with one more the oldest is dropped: nobody looks at it any more."""
_TURN_SECONDS = 0.1


class Engine:
    """Runs jobs on a library, one after another, and renders pictures beside them.

    Args:
        library: Open; the caller closes it, after `shutdown`.
        worker: How to run the worker processes. They start when first needed.

    Attributes:
        scorers: Those of this installation.
    """

    def __init__(self, library: Library, *, worker: WorkerSettings | None = None):
        self.scorers = Scorers()
        self._library = library
        self._settings = worker or WorkerSettings()
        self._client = WorkerClient(self._settings, name="worker", on_notice=self._tell_notice)
        self._render_client = WorkerClient(self._settings, name="render", render=True)
        self._guard = threading.Lock()
        self._turn = threading.Lock()
        self._jobs: dict[JobId, Job] = {}
        self._threads: list[threading.Thread] = []
        self._listeners: dict[int, Listener] = {}
        self._tokens = itertools.count()
        self._pictures: deque[int] = deque()

    # --- jobs ------------------------------------------------------------------------------

    def start_index(self, folders: Sequence[Path], *, score_with: str = "") -> Job:
        """Index folders: new and changed photos, moves, and what is missing.

        Args:
            folders: Each becomes an indexed folder, unless it lies in one.
            score_with: A scorer's name, or `DEFAULT_SCORER`, to score in the same pass.

        Raises:
            KnownError: A folder is none, or the library cannot be written.
        """
        places = places_of(self._library, folders)
        title = "Index " + ", ".join(display_path(folder) for folder in folders)

        def work(job: Job) -> None:
            self._index(job, score_with, lambda w: w.run(places))

        params = {"folders": [display_path(place.start) for place in places], "scorer": score_with}
        return self._start(JobKind.INDEX, title, params, work)

    def rescan(self, *, score_with: str = "") -> Job:
        """Index all folders of the library again; unchanged files cost a look."""

        def work(job: Job) -> None:
            self._index(job, score_with, lambda w: w.run(all_places(self._library)))

        return self._start(JobKind.INDEX, "Look for changes", {"scorer": score_with}, work)

    def start_score(self, scorer: str = "", face_ids: Sequence[FaceId] | None = None) -> Job:
        """Score what this scorer has not seen; empty for the best that works here."""

        def work(job: Job) -> None:
            self._score(job, scorer or DEFAULT_SCORER, face_ids)

        return self._start(JobKind.SCORE, "Score faces", {"scorer": scorer}, work)

    def retry(self, job_id: JobId) -> Job:
        """Try the failed items of a job again."""
        before = self._library.jobs.get(job_id)
        if before is None:
            raise KnownError("This job is not in the library.", code="job.unknown")
        scorer = str(self._library.jobs.params(job_id).get("scorer", ""))
        paths = {failure.path_bytes for failure in self._library.jobs.failures(job_id)}
        self._library.jobs.mark_retried(job_id).result()
        if before.kind is JobKind.SCORE:
            return self.start_score(scorer)

        return self._index_again(paths, scorer, f"Again: {before.title}")

    def retry_unreadable(self) -> Job:
        """Try again every photo that could not be read, in whichever job."""
        paths = {path for path, _, _ in self._library.photos.failures()}
        active = self._library.scores.active()
        return self._index_again(paths, active.name if active else "", "Again: unreadable photos")

    def cancel(self, job_id: JobId) -> None:
        """Ask a job to stop; unknown and finished ones are left alone."""
        with self._guard:
            job = self._jobs.get(job_id)
        if job is not None:
            job.cancel()

    def jobs(self) -> list[JobProgress]:
        """The jobs of this session, oldest first."""
        with self._guard:
            jobs = list(self._jobs.values())
        return [job.progress for job in jobs]

    def failures(self, job_id: JobId) -> list[JobFailure]:
        """The items of a job that failed."""
        return list(self._library.jobs.failures(job_id))

    def subscribe_jobs(self, callback: Listener) -> Callable[[], None]:
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

    # --- pictures and facts ----------------------------------------------------------------

    def render_photo(self, photo_id: PhotoId, max_side: int) -> Future[Rendered]:
        """The upright photo, at most ``max_side`` pixels a side (0: full resolution)."""
        path = self._path_of(photo_id)
        return self._picture(RenderPhoto(request_id=0, path=path, max_side=max_side))

    def render_crop(self, face_id: FaceId) -> Future[Rendered]:
        """The aligned crop of a face, as the scorer sees it."""
        face = self._library.faces.detail(face_id)
        if face is None:
            raise KnownError("This face is no longer in the library.", code="face.unknown")
        path = self._path_of(face.row.photo_id)
        wire = landmarks_to_wire(face.landmarks)
        return self._picture(RenderCrop(request_id=0, path=path, landmarks=wire))

    def describe(self, *, devices: bool = True) -> Future[Description]:
        """Versions, devices, scorers and decoders of this installation."""
        _, future = self._client.submit(Describe(request_id=0, devices=devices))
        return _typed(future, Description)

    @property
    def log_path(self) -> Path:
        """The worker's log file."""
        return self._client.log_path

    def shutdown(self, timeout: float = 5.0) -> None:
        """Cancel all jobs and end the workers; returns when everything has stopped."""
        with self._guard:
            jobs, threads = list(self._jobs.values()), list(self._threads)
        for job in jobs:
            job.cancel()
        for thread in threads:
            thread.join(timeout)
        self._render_client.close(timeout=1.0)
        self._client.close(timeout=timeout)
        for thread in threads:
            thread.join()

    def kill_workers(self) -> None:
        """End the worker processes at once, for an exit that cannot wait."""
        self._client.kill()
        self._render_client.kill()

    # --- inside ----------------------------------------------------------------------------

    def _index_again(self, paths: Collection[bytes], scorer: str, title: str) -> Job:
        def work(job: Job) -> None:
            self._index(job, scorer, lambda w: w.run(places_around(self._library, paths)), paths)

        return self._start(JobKind.INDEX, title, {"scorer": scorer}, work)

    def _start(
        self,
        kind: JobKind,
        title: str,
        params: Mapping[str, object],
        work: Callable[[Job], None],
    ) -> Job:
        job_id = self._library.jobs.start(kind, title, params).result()
        job = Job(self._library, job_id, kind, title, self._tell)
        # One thread a job: it waits for the worker and writes results, and one job runs at a time.
        thread = threading.Thread(
            target=self._run, args=(job, work), name=f"job-{job_id}", daemon=True
        )
        with self._guard:
            self._jobs[job_id] = job
            self._threads = [t for t in self._threads if t.is_alive()]
            self._threads.append(thread)
        self._tell(job.progress)
        thread.start()
        return job

    def _run(self, job: Job, work: Callable[[Job], None]) -> None:
        if not self._turn.acquire(blocking=False):
            job.say("Waiting for an earlier job")
            while not self._turn.acquire(timeout=_TURN_SECONDS):
                if job.cancelled:
                    job.finish(JobState.CANCELLED)
                    return
        try:
            work(job)
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
            job.finish(JobState.CANCELLED if job.cancelled else JobState.DONE)
        finally:
            self._turn.release()

    def _index(
        self,
        job: Job,
        score_with: str,
        run: Callable[[IndexWork], None],
        again: Collection[bytes] = (),
    ) -> None:
        scorer = None
        if score_with:
            scorer = self._load(job, score_with)
            if scorer is None:
                return
        run(IndexWork(self._library, self._client, job, scorer=scorer, again=again))
        if scorer is not None and not job.cancelled:
            # Photos indexed earlier, whose faces this scorer has not seen.
            ScoreWork(self._library, self._client, job, scorer).run()

    def _score(self, job: Job, scorer: str, face_ids: Sequence[FaceId] | None) -> None:
        if self._all_scored(scorer, face_ids):
            job.expect(0)
            return
        loaded = self._load(job, scorer)
        if loaded is not None:
            ScoreWork(self._library, self._client, job, loaded).run(face_ids)

    def _all_scored(self, scorer: str, face_ids: Sequence[FaceId] | None) -> bool:
        """Whether nothing is left for a scorer; then it becomes the active one.

        Told by its hash, without loading it, which would take seconds.
        """
        try:
            installed = self.scorers.installed(fresh=True)
        except KnownError as error:
            _logger.info("the scorers cannot be listed: %s", error)
            return False
        wanted = "" if scorer == DEFAULT_SCORER else scorer
        found = next((s for s in installed if s.name == wanted or (s.default and not wanted)), None)
        if found is None or not found.available or not found.hash:
            return False
        if unscored(self._library, found.hash, face_ids):
            return False
        info = ScorerInfo(found.name, found.title, found.hash, found.summary, found.kind)
        self._library.scores.ensure_scorer(info).result()
        self._library.scores.set_active(found.hash).result()
        return True

    def _load(self, job: Job, scorer: str) -> ScorerLoaded | None:
        return load_scorer(
            self._library,
            self._client,
            job,
            scorer="" if scorer == DEFAULT_SCORER else scorer,
            device=self._settings.device,
            precision=self._settings.precision,
        )

    def _path_of(self, photo_id: PhotoId) -> bytes:
        photo = self._library.photos.detail(photo_id)
        if photo is None:
            raise KnownError("This photo is no longer in the library.", code="photo.unknown")
        return photo.path_bytes

    def _picture(self, command: Command) -> Future[Rendered]:
        number, future = self._render_client.submit(command)
        with self._guard:
            self._pictures.append(number)
            late = [self._pictures.popleft()] if len(self._pictures) > _PICTURES_WANTED else []
        self._render_client.cancel(late)
        return _typed(future, Rendered)

    def _tell(self, progress: JobProgress) -> None:
        with self._guard:
            listeners = list(self._listeners.values())
        for listener in listeners:
            try:
                listener(progress)
            except Exception:
                _logger.exception("a listener to jobs failed")

    def _tell_notice(self, notice: Notice) -> None:
        """What concerns no single photo is shown with the job that runs."""
        _logger.info("the worker says: %s", notice.message)
        with self._guard:
            running = [job for job in self._jobs.values() if not job.progress.state.finished]
        for job in running[:1]:
            job.say(notice.message)


def _typed(future: Future[Event], kind: type[_T]) -> Future[_T]:
    """The same future, known to hold one kind of answer."""
    typed: Future[_T] = Future()
    typed.set_running_or_notify_cancel()

    def pass_on(done: Future[Event]) -> None:
        error = done.exception()
        if error is not None:
            typed.set_exception(error)
            return
        answer = done.result()
        if isinstance(answer, kind):
            typed.set_result(answer)
        else:
            typed.set_exception(TypeError(f"expected {kind.__name__}, not {type(answer).__name__}"))

    future.add_done_callback(pass_on)
    return typed
