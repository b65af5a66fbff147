"""One job in the list: what it is, how far it is, and what can be done about it."""

from __future__ import annotations

from datetime import UTC, datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from fiqa_studio.domain.jobs import JobProgress, JobRecord, JobState
from fiqa_studio.ui import theme
from fiqa_studio.ui.jobs.words import outcome_said, progress_said
from fiqa_studio.ui.theme import Space
from fiqa_studio.ui.widgets.small import ElidedLabel, icon_button

_STEPS = 1000
_ICONS = {
    JobState.RUNNING: ("activity", "accent"),
    JobState.DONE: ("check", "success"),
    JobState.CANCELLED: ("stop", "text_muted"),
    JobState.FAILED: ("error", "danger"),
    JobState.INTERRUPTED: ("warning", "warning"),
}


class JobRow(QWidget):
    """A job, live or remembered.

    Attributes:
        job_id: Of the job.
        kind: What it does.
        state: Where it stands.

    Signals:
        cancel_wanted, failures_wanted, resume_wanted: A button was pressed.
    """

    cancel_wanted = Signal()
    failures_wanted = Signal()
    resume_wanted = Signal()

    def __init__(self, job_id: int, kind: str) -> None:
        super().__init__()
        self.job_id = job_id
        self.kind = kind
        self.state = JobState.RUNNING
        self._icon = QLabel()
        self._icon.setFixedWidth(18)
        self._title = ElidedLabel()
        self._figures = ElidedLabel()
        self._figures.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        theme.set_role(self._figures, "muted")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, _STEPS)
        self._failures = QPushButton()
        theme.set_role(self._failures, "chip")
        self._failures.setCursor(Qt.CursorShape.PointingHandCursor)
        self._failures.setToolTip("Show what failed, and why")
        self._resume = QPushButton("Resume")
        theme.set_icon(self._resume, "resume")
        self._cancel = icon_button("close", "Cancel this job; what is done stays done")
        self._failures.clicked.connect(self.failures_wanted)
        self._resume.clicked.connect(self.resume_wanted)
        self._cancel.clicked.connect(self._on_cancel)
        theme.manager.changed.connect(self._draw_icon)
        self._lay_out()

    @property
    def text(self) -> str:
        """What it says, for tests."""
        return f"{self._title.text()} | {self._figures.text()}"

    def show_progress(self, progress: JobProgress) -> None:
        """A job of this session."""
        self._set_state(progress.state)
        self._title.setText(progress.title)
        words = progress_said(progress)
        if progress.message:
            words = f"{words} · {progress.message}"
        self._figures.setText(words)
        if progress.total is None:
            self._bar.setRange(0, 0)  # Qt's way to say "busy, end unknown"
        else:
            self._bar.setRange(0, _STEPS)
            self._bar.setValue(round(_STEPS * progress.done / max(progress.total, 1)))
        self._bar.setAccessibleName(f"{progress.title}: {words}")
        self._set_failed(progress.failed)
        self._resume.hide()

    def show_record(self, record: JobRecord, *, resumable: bool) -> None:
        """A job that has ended."""
        self._set_state(record.state)
        self._title.setText(record.title)
        self._figures.setText(outcome_said(record, datetime.now(UTC)))
        self._set_failed(record.failed)
        self._resume.setVisible(resumable)

    def _set_state(self, state: JobState) -> None:
        self.state = state
        running = not state.finished
        self._bar.setVisible(running)
        self._cancel.setVisible(running)
        if not running:
            self._cancel.setEnabled(True)
        self._draw_icon()

    def _set_failed(self, failed: int) -> None:
        self._failures.setVisible(failed > 0)
        self._failures.setText(f"{failed:,} failed")

    def _draw_icon(self) -> None:
        name, token = _ICONS[self.state]
        colour = getattr(theme.manager.palette, token)
        self._icon.setPixmap(theme.pixmap(name, 16, colour, self.devicePixelRatioF()))

    def _on_cancel(self) -> None:
        """Cancelling takes a moment; say so at once."""
        self._cancel.setEnabled(False)
        self._figures.setText("Cancelling…")
        self.cancel_wanted.emit()

    def _lay_out(self) -> None:
        words = QHBoxLayout()
        words.setSpacing(Space.M)
        words.addWidget(self._title)
        words.addWidget(self._figures, 1)
        column = QVBoxLayout()
        column.setSpacing(6)
        column.addLayout(words)
        column.addWidget(self._bar)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.M, 5, Space.M, 5)
        row.setSpacing(Space.S)
        row.addWidget(self._icon)
        row.addLayout(column, 1)
        for button in (self._failures, self._resume, self._cancel):
            row.addWidget(button)
