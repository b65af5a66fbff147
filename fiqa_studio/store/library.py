"""A library: one SQLite file with everything known about a set of photos."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import numpy as np
from sqlalchemy import func, select

from fiqa_studio.domain.changes import Changes
from fiqa_studio.domain.jobs import JobState
from fiqa_studio.domain.query import Subject
from fiqa_studio.domain.target import Target
from fiqa_studio.store import database, health
from fiqa_studio.store.albums import Albums
from fiqa_studio.store.columns import Ids
from fiqa_studio.store.faces import Faces
from fiqa_studio.store.jobs import Jobs
from fiqa_studio.store.marks import Marks
from fiqa_studio.store.opinions import Opinions
from fiqa_studio.store.photos import Photos
from fiqa_studio.store.roots import Roots
from fiqa_studio.store.schema import Job
from fiqa_studio.store.scores import Scores
from fiqa_studio.store.settings import Settings
from fiqa_studio.store.targets import Targets
from fiqa_studio.store.thumbnails import Thumbnails
from fiqa_studio.store.vectors import Vectors
from fiqa_studio.store.views import Views
from fiqa_studio.store.writer import Transaction

T = TypeVar("T")


class Library:
    """An open library; made by `create` or `open`, and a context manager.

    Reads may be called from any thread and answer at once. Writes return a future that resolves
    on the writer thread once they are committed; one that fails changes nothing, and the library
    goes on. What can go wrong with the file is a `LibraryError`.

    Attributes:
        path: The absolute path of the file.
        id: The library's own id, made when it was created.
        read_only: Whether writes are refused (``library.read-only``).
        roots, photos, faces, scores, marks, albums, opinions, jobs, views, settings: What is in it.
        thumbnails, vectors: What lies beside it.
    """

    def __init__(self, opened: database.Database):
        self._database = opened
        self.path = opened.path
        self.id = opened.id
        self.read_only = opened.read_only
        self.roots = Roots(opened)
        self.photos = Photos(opened)
        self.faces = Faces(opened)
        self.thumbnails = Thumbnails(opened)
        self.scores = Scores(opened, self.thumbnails)
        self.jobs = Jobs(opened)
        self.vectors = Vectors(opened.path, opened.vectors_aside)
        self.views = Views(opened, self.vectors)
        self.marks = Marks(opened, self.views)
        self.albums = Albums(opened, self.views)
        self.opinions = Opinions(opened)
        self.settings = Settings(opened)

    @classmethod
    def create(cls, path: str | os.PathLike[str]) -> Self:
        """Make an empty library and open it; its folder is made if need be.

        Raises:
            LibraryError: ``library.exists``, ``library.read-only``, ``library.disk-full``.
        """
        database.create(Path(path))
        return cls.open(path)

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, read_only: bool = False) -> Self:
        """Open a library, and bring it up to date after a backup; creates nothing.

        Where it cannot be written (a read-only disk), it is opened for reading. A program that
        has it open for writing keeps others from that until it closes it or ends.

        Raises:
            LibraryError: ``library.missing``, ``library.not-a-library``, ``library.damaged``,
                ``library.newer``, ``library.locked``, ``library.disk-full``.
        """
        library = cls(database.Database(Path(path), read_only=read_only))
        if not library.read_only:
            library._end_interrupted_jobs()
        return library

    @property
    def backup(self) -> Path | None:
        """The copy made at this opening before an upgrade; None without one."""
        return self._database.backup

    def resolve(self, target: Target, subject: Subject) -> Ids:
        """The faces or photos that a target means, in its order; only what is there now.

        Raises:
            KnownError: Its query asks what the library does not know.
        """
        with self._database.read() as connection:
            targets = Targets(connection, self.views, target)
            return targets.photos_in_order if subject is Subject.PHOTOS else targets.faces_in_order

    def without_vectors(self, scorer_hash: str = "") -> Ids:
        """Shown faces with a scorer's score (the active one's), but without what comes with it.

        Ascending. They were scored by an earlier version, or their vectors were lost.
        """
        active = self.scores.active()
        wanted = scorer_hash or (active.hash if active is not None else "")
        scored, _ = self.scores.of_scorer(wanted)
        hashed, _ = self.vectors.hashes()
        return np.setdiff1d(scored, np.intersect1d(self.vectors.asked(wanted), hashed))

    def subscribe(self, callback: Callable[[Changes], None]) -> Callable[[], None]:
        """Call ``callback`` on the writer thread after each commit; returns how to unsubscribe.

        It must return soon, and must not wait for another write.
        """
        return self._database.subscribe(callback)

    def write(self, work: Callable[[Transaction], T]) -> Future[T]:
        """Run ``work`` in one transaction on the writer thread. For ``store`` and its tests."""
        return self._database.write(work)

    def health(self) -> dict[str, Any]:
        """Check the whole file and report (JSON values); takes seconds on a large library."""
        report = health.examine(self._database, self.thumbnails)
        return report | {"faces_without_vectors": len(self.without_vectors())}

    def close(self) -> None:
        """Finish the writes that are queued and let go of the file. Safe to call twice."""
        self.thumbnails.close()
        self.vectors.close()
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _end_interrupted_jobs(self) -> None:
        with self._database.read() as connection:
            running = connection.scalar(
                select(func.count()).select_from(Job).where(Job.state == JobState.RUNNING)
            )
        if running:
            self.jobs.mark_interrupted().result()
