"""A session whose engine plays jobs and whose library remembers them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from fiqa_studio.domain.changes import Changes, Kind
from fiqa_studio.domain.jobs import JobFailure, JobProgress, JobRecord, JobState
from fiqa_studio.domain.photos import JobId
from fiqa_studio.engine.failures import Failures
from fiqa_studio.ui.jobs.dock import JobsPanel
from fiqa_studio.ui.session.session import Session
from fiqa_studio.ui.session.settings import Settings


@dataclass
class FakeJobs:
    """The library's memory of jobs, and the engine's; both sides of the session at once.

    Attributes:
        asked: What the panel asked of the engine.
    """

    records: list[JobRecord] = field(default_factory=list)
    entries: list[JobFailure] = field(default_factory=list)
    live: list[JobProgress] = field(default_factory=list)
    asked: list[tuple[str, Any]] = field(default_factory=list)
    listeners: list[Callable[[Any], None]] = field(default_factory=list)
    watchers: list[Callable[[Changes], None]] = field(default_factory=list)
    read_only: bool = False
    unreadable: list[tuple[bytes, str, str]] = field(default_factory=list)
    unfinished: list[int] = field(default_factory=list)

    # --- as a library ---

    def recent(self, _limit: int = 50) -> list[JobRecord]:
        return sorted(self.records, key=lambda record: record.id, reverse=True)

    def failures(self, job_id: int) -> list[JobFailure]:
        return [entry for entry in self.entries if entry.job_id == job_id]

    def params(self, _job_id: int) -> dict[str, Any]:
        return {"scorer": "starter"}

    # --- what tests do ---
    def play(self, job_id: int, **changes: Any) -> None:
        """Tell of a job, as the engine's threads do."""
        values: dict[str, Any] = {
            "id": JobId(job_id),
            "kind": "index",
            "state": JobState.RUNNING,
            "title": "Index Holidays",
            "total": 5000,
            "done": 1204,
            "failed": 0,
            "rate": 14.2,
            "seconds_left": 268.0,
        }
        progress = JobProgress(**(values | changes))
        for listener in list(self.listeners):
            listener(progress)

    def remember(self, job_id: int, state: JobState, kind: str = "index") -> None:
        """A job that ended."""
        begun = datetime.now(UTC) - timedelta(hours=1)
        done = 5000 if state is JobState.DONE else 812
        end = begun + timedelta(minutes=3)
        self.records.append(
            JobRecord(JobId(job_id), kind, state, f"Job {job_id}", begun, end, 5000, done, 0)
        )

    def fail(self, job_id: int, name: str, message: str) -> None:
        """An item that failed in a job."""
        path = f"/photos/{name}"
        at = datetime.now(UTC)
        self.entries.append(
            JobFailure(JobId(job_id), path, path.encode(), "photo.empty", message, at)
        )

    def touch_photo(self) -> None:
        """Tell that a photo changed."""
        for watcher in list(self.watchers):
            watcher(Changes.of(Kind.PHOTO, 1))

    def touch(self, job_id: int) -> None:
        """Tell that the record of a job changed."""
        for watcher in list(self.watchers):
            watcher(Changes.of(Kind.JOB, job_id))


class _Photos:
    def __init__(self, jobs: FakeJobs) -> None:
        self._jobs = jobs

    def failures(self) -> list[tuple[bytes, str, str]]:
        return list(self._jobs.unreadable)


class _Library:
    def __init__(self, jobs: FakeJobs) -> None:
        self.jobs = jobs
        self.photos = _Photos(jobs)
        self.path = Path("test.fiqa")

    @property
    def read_only(self) -> bool:
        return self.jobs.read_only

    def subscribe(self, callback: Callable[[Changes], None]) -> Callable[[], None]:
        self.jobs.watchers.append(callback)
        return lambda: self.jobs.watchers.remove(callback)

    def close(self) -> None:
        pass


class _Runner:
    """Where jobs would run."""

    def __init__(self, jobs: FakeJobs) -> None:
        self._jobs = jobs

    def progress(self) -> list[JobProgress]:
        return self._jobs.live

    def unfinished(self, _limit: int) -> list[JobRecord]:
        return [record for record in self._jobs.recent() if record.id in self._jobs.unfinished]

    def failures(self, job_id: int) -> list[JobFailure]:
        return self._jobs.failures(job_id)

    def cancel(self, job_id: int) -> None:
        self._jobs.asked.append(("cancel", job_id))

    def retry(self, job_id: int) -> None:
        self._jobs.asked.append(("retry", job_id))

    def resume(self, job_id: int) -> None:
        self._jobs.asked.append(("resume", job_id))


class _Engine:
    def __init__(self, jobs: FakeJobs, library: Any) -> None:
        self._jobs = jobs
        self.jobs = _Runner(jobs)
        self.failures = Failures(library)

    def subscribe_jobs(self, callback: Callable[[Any], None]) -> Callable[[], None]:
        self._jobs.listeners.append(callback)
        return lambda: self._jobs.listeners.remove(callback)

    def retry_unreadable(self) -> None:
        self._jobs.asked.append(("retry-unreadable", None))

    def shutdown(self, _timeout: float = 5.0) -> None:
        pass


@pytest.fixture
def jobs() -> FakeJobs:
    return FakeJobs()


@pytest.fixture
def jobs_session(qapp: object, qtbot: QtBot, jobs: FakeJobs, tmp_path: Path) -> Iterator[Session]:
    library = _Library(jobs)
    engine = _Engine(jobs, library)
    made = Session(library, engine, Settings(tmp_path / "window.json"))  # type: ignore[arg-type]
    yield made
    made.close()


@pytest.fixture
def make_panel(jobs_session: Session, qtbot: QtBot) -> Callable[[], JobsPanel]:
    """Makes the panel, once the test has said what there is."""

    def make() -> JobsPanel:
        panel = JobsPanel(jobs_session)
        qtbot.addWidget(panel)
        panel.resize(1000, 220)
        panel.show()
        return panel

    return make
