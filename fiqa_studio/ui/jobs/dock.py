"""The jobs panel: what runs, what ran, and what failed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QSplitter, QVBoxLayout, QWidget

from fiqa_studio.domain.changes import Changes, Kind
from fiqa_studio.domain.jobs import JobFailure, JobProgress, JobRecord
from fiqa_studio.domain.paths import display_path
from fiqa_studio.domain.photos import JobId
from fiqa_studio.ui import theme
from fiqa_studio.ui.jobs.failures import FailureList
from fiqa_studio.ui.jobs.row import JobRow
from fiqa_studio.ui.theme import Space
from fiqa_studio.ui.widgets.small import label

if TYPE_CHECKING:
    from fiqa_studio.ui.session.session import Session

_REDRAW_MS = 200
"""Figures that change faster cannot be read."""
_REMEMBERED = 25
_BESIDE_FROM = 860
_NO_JOB = JobId(0)
"""In place of a job's id where the list is of the whole library."""


class JobsPanel(QWidget):
    """Live jobs above those that ended; failures of one job beside them.

    Signals:
        failures_shown: Job id; the window may make room.
    """

    failures_shown = Signal(int)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._rows: dict[int, JobRow] = {}
        self._live: dict[int, JobProgress] = {}
        self._records: dict[int, JobRecord] = {}
        self._unfinished: set[int] = set()
        self._dirty: set[int] = set()
        self._idle = label("No work is running.", "muted")
        self._list = QVBoxLayout()
        self._failures = FailureList(read_only=session.library.read_only)
        self._redraw = QTimer(self, singleShot=True, interval=_REDRAW_MS)
        self._redraw.timeout.connect(self._draw_dirty)
        self._failures.retry_wanted.connect(self._on_retry)
        self._failures.closed.connect(self._close_failures)
        self._lay_out()
        session.job_changed.connect(self._on_job)
        session.changed.connect(self._on_changes)
        for progress in session.engine.jobs.progress():
            self._live[int(progress.id)] = progress
        self._arrange()
        self._read_records()

    # --- what the window calls ----------------------------------------------------------------

    def show_failures(self, job_id: int) -> None:
        """Open the list of what failed in a job."""
        jobs = self._session.engine.jobs
        self._session.run(
            lambda: jobs.failures(JobId(job_id)),
            partial(self._on_failures, job_id),
            key=f"jobs-failures-{id(self)}",
        )

    def show_unreadable(self) -> None:
        """Open the list of every photo and folder that could not be read, in whichever job."""
        failures = self._session.engine.failures

        def read() -> list[JobFailure]:
            now = datetime.now(UTC)
            return [
                JobFailure(_NO_JOB, display_path(one.path), one.path, one.code, one.reason, now)
                for one in failures.in_library()
            ]

        self._session.run(
            read, partial(self._on_failures, _NO_JOB), key=f"jobs-failures-{id(self)}"
        )

    @property
    def running(self) -> int:
        """How many jobs are running."""
        return sum(not progress.state.finished for progress in self._live.values())

    def rows(self) -> list[JobRow]:
        """The rows in the order shown."""
        return [self._rows[job_id] for job_id in self._order()]

    @property
    def failures(self) -> FailureList:
        """The list beside the jobs; hidden until asked for."""
        return self._failures

    # --- construction ---------------------------------------------------------------------------

    def _lay_out(self) -> None:
        theme.set_role(self, "panel")
        page = QWidget()
        theme.set_role(page, "panel")
        column = QVBoxLayout(page)
        column.setContentsMargins(0, Space.XS, 0, Space.S)
        column.setSpacing(0)
        self._idle.setContentsMargins(Space.M, Space.XS, Space.M, Space.XS)
        column.addWidget(self._idle)
        self._list.setSpacing(0)
        column.addLayout(self._list)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(page)
        self._jobs_side = scroll
        splitter = QSplitter()
        splitter.addWidget(scroll)
        splitter.addWidget(self._failures)
        splitter.setStretchFactor(0, 1)
        splitter.setStretchFactor(1, 1)
        splitter.setChildrenCollapsible(False)
        self._failures.hide()
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(splitter)

    # --- the list -------------------------------------------------------------------------------

    def _order(self) -> list[int]:
        known = {**dict.fromkeys(self._records), **dict.fromkeys(self._live)}
        return sorted(
            (job_id for job_id in known if job_id in self._rows),
            key=lambda job_id: (self._is_running(job_id), job_id),
            reverse=True,
        )

    def _is_running(self, job_id: int) -> bool:
        progress = self._live.get(job_id)
        return progress is not None and not progress.state.finished

    def _on_job(self, progress: JobProgress) -> None:
        job_id = int(progress.id)
        before = self._live.get(job_id)
        self._live[job_id] = progress
        self._dirty.add(job_id)
        if before is None or before.state is not progress.state:
            self._arrange()
            if progress.state.finished:
                self._read_records()
        elif not self._redraw.isActive():
            self._redraw.start()

    def _draw_dirty(self) -> None:
        for job_id in self._dirty & self._rows.keys():
            self._draw(job_id)
        self._dirty.clear()

    def _arrange(self) -> None:
        """Rows for all jobs, running ones first."""
        wanted = set(self._records) | set(self._live)
        for job_id in [job_id for job_id in self._rows if job_id not in wanted]:
            self._rows.pop(job_id).deleteLater()
        for job_id in wanted - self._rows.keys():
            self._rows[job_id] = self._new_row(job_id)
        for place, job_id in enumerate(self._order()):
            row = self._rows[job_id]
            if self._list.indexOf(row) != place:
                self._list.removeWidget(row)
                self._list.insertWidget(place, row)
            self._draw(job_id)
        self._idle.setVisible(self.running == 0)
        self._dirty.clear()

    def _new_row(self, job_id: int) -> JobRow:
        known = self._live.get(job_id) or self._records[job_id]
        row = JobRow(job_id, known.kind)
        row.cancel_wanted.connect(partial(self._on_cancel, job_id))
        row.failures_wanted.connect(partial(self.show_failures, job_id))
        row.resume_wanted.connect(partial(self._on_resume, job_id))
        return row

    def _draw(self, job_id: int) -> None:
        row, record = self._rows[job_id], self._records.get(job_id)
        if self._is_running(job_id) or record is None or not record.state.finished:
            progress = self._live.get(job_id)
            if progress is not None:
                row.show_progress(progress)
            elif record is not None:
                row.show_record(record, resumable=False)
        else:
            row.show_record(record, resumable=self._is_resumable(record))

    def _is_resumable(self, record: JobRecord) -> bool:
        """It ended early, and no later job has taken over."""
        return int(record.id) in self._unfinished and not self._session.library.read_only

    # --- reading --------------------------------------------------------------------------------

    def _on_changes(self, changes: Changes) -> None:
        touched = changes.ids(Kind.JOB)
        if touched - {job_id for job_id in self._live if self._is_running(job_id)}:
            self._read_records()
        if not self._failures.isVisible():
            return
        if self._failures.job_id in touched:
            self.show_failures(self._failures.job_id)
        elif self._failures.job_id == _NO_JOB and changes.ids(Kind.PHOTO):
            self.show_unreadable()

    def _read_records(self) -> None:
        library, jobs = self._session.library, self._session.engine.jobs
        self._session.run(
            lambda: (library.jobs.recent(_REMEMBERED), jobs.unfinished(_REMEMBERED)),
            self._on_records,
            key=f"jobs-records-{id(self)}",
        )

    def _on_records(self, found: tuple[list[JobRecord], list[JobRecord]]) -> None:
        records, unfinished = found
        self._records = {int(record.id): record for record in records}
        self._unfinished = {int(record.id) for record in unfinished}
        self._arrange()

    def _close_failures(self) -> None:
        self._failures.hide()
        self._make_room()

    def _make_room(self) -> None:
        """In a narrow window the failures take the place of the jobs."""
        beside = self.width() >= _BESIDE_FROM
        self._jobs_side.setVisible(beside or self._failures.isHidden())

    def _on_failures(self, job_id: int, failures: list[JobFailure]) -> None:
        self._failures.show_failures(job_id, failures)
        self._failures.show()
        self._make_room()
        self.failures_shown.emit(job_id)

    # --- doing ----------------------------------------------------------------------------------

    def _on_cancel(self, job_id: int) -> None:
        self._session.engine.jobs.cancel(JobId(job_id))

    def _on_retry(self, job_id: int) -> None:
        engine = self._session.engine
        if job_id == _NO_JOB:
            self._start(engine.retry_unreadable)
        else:
            self._start(lambda: engine.jobs.retry(JobId(job_id)))

    def _on_resume(self, job_id: int) -> None:
        """Do again what was left: an index skips unchanged files, a rescore what has a score."""
        engine = self._session.engine
        self._start(lambda: engine.jobs.resume(JobId(job_id)))

    def _start(self, start: Callable[[], object]) -> None:
        """Starting writes a record, so it waits for the writer: not here."""
        self._session.run(start, lambda _job: self._read_records())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Jobs and failures beside each other, or one of them."""
        super().resizeEvent(event)
        self._make_room()
