"""Opens the parts of the engine over one library and hands them out. Nothing heavy runs here."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path

from fiqa_studio.domain.photos import FaceId, JobId, PhotoId
from fiqa_studio.engine.albums import Albums
from fiqa_studio.engine.exporting.exporting import Exporting
from fiqa_studio.engine.failures import Failures
from fiqa_studio.engine.indexing import kind as indexing
from fiqa_studio.engine.indexing.places import places_of
from fiqa_studio.engine.indexing.remake import is_anything_lost
from fiqa_studio.engine.jobs.job import Job, Listener
from fiqa_studio.engine.jobs.runner import JobRunner
from fiqa_studio.engine.jobs.tools import Tools
from fiqa_studio.engine.link.answers import typed
from fiqa_studio.engine.link.client import WorkerClient, WorkerSettings
from fiqa_studio.engine.link.protocol import Describe, Description, Notice, Rendered
from fiqa_studio.engine.marking import Marking
from fiqa_studio.engine.pictures import Pictures
from fiqa_studio.engine.questions import understand_albums
from fiqa_studio.engine.scoring import filling
from fiqa_studio.engine.scoring import kind as scoring
from fiqa_studio.engine.scoring.activation import Activation
from fiqa_studio.engine.scoring.installed import Scorers
from fiqa_studio.engine.scoring.work import DEFAULT_SCORER
from fiqa_studio.store.library import Library

__all__ = ["DEFAULT_SCORER", "Engine"]

_logger = logging.getLogger(__name__)


class Engine:
    """The use cases over one library: jobs in lanes, and pictures beside them.

    Args:
        library: Open; the caller closes it, after `shutdown`.
        worker: How to run the worker processes. They start when first needed.

    Attributes:
        jobs: Starts, resumes, retries and cancels jobs, and tells of them.
        pictures: Renders photos and crops for the screen.
        failures: What could not be used, and why.
        exporting: Previews and starts exports.
        albums: Smart and plain ones, with counts.
        activation: Which scorer's scores are shown; compares two of them.
        scorers: Those of this installation.
        marking: Marks, and taking them back.
    """

    def __init__(self, library: Library, *, worker: WorkerSettings | None = None):
        settings = worker or WorkerSettings()
        understand_albums(library)
        self._library = library
        self._client = WorkerClient(settings, name="worker", on_notice=self._on_notice)
        self._render_client = WorkerClient(settings, name="render", render=True)
        self.scorers = Scorers()
        tools = Tools(library, self._client, self.scorers, settings)
        self.jobs = JobRunner(tools)
        self.exporting = Exporting(tools, self.jobs)
        self.albums = Albums(library)
        self.pictures = Pictures(library, self._render_client)
        self.failures = Failures(library)
        self.activation = Activation(library, self.scorers)
        self.marking = Marking(library)

    # --- what is begun most often ----------------------------------------------------------

    def start_index(self, folders: Sequence[Path], *, score_with: str = "") -> Job:
        """Index folders: new and changed photos, moves, and what is missing.

        Args:
            folders: Each becomes an indexed folder, unless it lies in one.
            score_with: A scorer's name, or `DEFAULT_SCORER`, to score in the same pass.

        Raises:
            KnownError: A folder is none, or the library cannot be written.
        """
        places_of(self._library, folders)  # what cannot be indexed is refused before it begins
        found = [folder.resolve() for folder in folders]
        return self.jobs.start("index", indexing.params_of(found, scorer=score_with))

    def rescan(self, *, score_with: str = "") -> Job:
        """Index all folders of the library again; unchanged files cost a look."""
        return self.jobs.start("index", indexing.params_of(scorer=score_with))

    def start_score(self, scorer: str = "", face_ids: Sequence[FaceId] | None = None) -> Job:
        """Score what this scorer has not seen; empty for the best that works here.

        Over the whole library (without ``face_ids``) it becomes the active one at the end.
        """
        return self.jobs.start("score", scoring.params_of(scorer, face_ids))

    def fill_vectors(self, scorer: str = "") -> Job:
        """Compute embeddings and hashes of faces that a scorer scored without them.

        ``scorer`` is a hash or name; empty for the active one. The scores stay.
        """
        return self.jobs.start("fill", filling.params_of(scorer))

    def mend_thumbnails(self) -> Job | None:
        """Make thumbnails and maps again that are lost or damaged; None where nothing is.

        Blocks while the file of thumbnails is read.
        """
        if not is_anything_lost(self._library):
            return None
        return self.jobs.start("thumbnails", {})

    def retry_unreadable(self) -> Job:
        """Try again every photo that could not be read, in whichever job."""
        active = self._library.scores.active()
        scorer = self.scorers.name_of(active) if active else ""
        return self.jobs.start("index", indexing.params_of_unreadable(scorer))

    # --- the same by other names -----------------------------------------------------------

    def resume(self, job_id: JobId) -> Job:
        """See `JobRunner.resume`."""
        return self.jobs.resume(job_id)

    def retry(self, job_id: JobId) -> Job:
        """See `JobRunner.retry`."""
        return self.jobs.retry(job_id)

    def cancel(self, job_id: JobId) -> None:
        """See `JobRunner.cancel`."""
        self.jobs.cancel(job_id)

    def subscribe_jobs(self, callback: Listener) -> Callable[[], None]:
        """See `JobRunner.subscribe`."""
        return self.jobs.subscribe(callback)

    def render_photo(self, photo_id: PhotoId, max_side: int) -> Future[Rendered]:
        """See `Pictures.photo`."""
        return self.pictures.photo(photo_id, max_side)

    def render_crop(self, face_id: FaceId) -> Future[Rendered]:
        """See `Pictures.crop`."""
        return self.pictures.crop(face_id)

    # --- the installation, and the end -----------------------------------------------------

    def describe(self, *, devices: bool = True) -> Future[Description]:
        """Versions, devices, scorers and decoders of this installation, of the worker at hand."""
        _, future = self._client.submit(Describe(request_id=0, devices=devices))
        return typed(future, Description)

    def shutdown(self, timeout: float = 5.0) -> None:
        """Interrupt all jobs and end the workers, within about ``timeout`` seconds.

        A job that hangs in a system call (a folder on a dead network drive) is left behind: its
        thread ends with the process, and what it has committed is safe.
        """
        deadline = time.monotonic() + timeout
        self.jobs.interrupt()
        self.pictures.close()
        # Half of the time is the jobs'; they end sooner once their worker is gone.
        self.jobs.join(timeout / 2)
        self._render_client.close(timeout=1.0)
        self._client.close(timeout=max(0.5, deadline - time.monotonic()))
        if not self.jobs.join(max(0.5, deadline - time.monotonic())):
            _logger.warning("a job does not end; it is left behind")

    def kill_workers(self) -> None:
        """End the worker processes at once, for an exit that cannot wait."""
        self._client.kill()
        self._render_client.kill()

    def _on_notice(self, notice: Notice) -> None:
        _logger.info("the worker says: %s", notice.message)
        self.jobs.notice(notice.message)
