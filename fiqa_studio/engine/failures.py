"""What could not be used, and why: one answer for the command line and the window."""

from __future__ import annotations

import os
from dataclasses import dataclass

from fiqa_studio.domain.jobs import JobFailure, JobState
from fiqa_studio.domain.photos import JobId
from fiqa_studio.engine.indexing.places import within
from fiqa_studio.store.library import Library

_INDEX = "index"
_JOBS_LOOKED_AT = 50


@dataclass(frozen=True, slots=True)
class Failed:
    """A photo that cannot be read, or a folder or link that cannot be followed.

    Attributes:
        path: Its exact bytes.
        code: As of `fiqa_studio.domain.errors.KnownError`.
        reason: One sentence for people.
    """

    path: bytes
    code: str
    reason: str


class Failures:
    """Reads what failed; every method reads the library."""

    def __init__(self, library: Library):
        self._library = library

    def in_library(self) -> list[Failed]:
        """Everything that cannot be used now: photos in order of path, then folders and links.

        Photos are remembered by the library itself. Folders and links are no photos: only the
        jobs that met them know of them, and what such a job said counts until a later one looked
        at the same place again.
        """
        found = [Failed(*failure) for failure in self._library.photos.failures()]
        known = {failure.path for failure in found}
        seen_since: list[bytes] = []
        for job in self._library.jobs.recent(_JOBS_LOOKED_AT):
            if job.kind != _INDEX:
                continue
            for failure in self._library.jobs.failures(job.id):
                path = failure.path_bytes
                later = any(within(path, folder) for folder in seen_since)
                if path not in known and not failure.retried and not later:
                    found.append(Failed(path, failure.code, failure.message))
                    known.add(path)
            if job.state is JobState.DONE:
                seen_since += self._folders_of(job.id)
        return found

    def of_job(self, job_id: JobId) -> list[JobFailure]:
        """The items of one job that failed, in the order they did."""
        return self._library.jobs.failures(job_id)

    def _folders_of(self, job_id: JobId) -> list[bytes]:
        params = self._library.jobs.params(job_id)
        if params.get("again"):
            return []  # it looked at single photos
        folders = [os.fsencode(folder) for folder in params.get("folders") or []]
        return folders or [root.path_bytes for root in self._library.roots.all()]
