"""The running job, in the status bar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QToolButton, QWidget

from fiqa_studio.ui import theme
from fiqa_studio.ui.actions.action import State

if TYPE_CHECKING:
    from fiqa_studio.domain.jobs import JobProgress
    from fiqa_studio.ui.actions.context import Context


class JobStatus(QWidget):
    """How far a job is; a click shows them all."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._button = QToolButton()
        theme.set_role(self._button, "status")
        self._button.setToolTip("Show the jobs")
        self._button.clicked.connect(lambda: context.window.show_panel("jobs"))
        self._bar = QProgressBar()
        self._bar.setFixedWidth(120)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName("Progress of the job")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.Space.L)
        row.addWidget(self._button)
        row.addWidget(self._bar)
        self.hide()

    def update_state(self, _: State) -> None:
        """Show how far it is, or nothing."""
        job = self._context.session.busy if self._context.has_session else None
        self.setVisible(job is not None)
        if job is not None:
            self._button.setText(job_words(job))
            self._bar.setRange(0, job.total or 0)
            self._bar.setValue(job.done)


def job_words(job: JobProgress) -> str:
    """Such as ``Index Holidays · 120 of 800 · about 2 min left``."""
    parts = [job.title]
    if job.total is not None:
        parts.append(f"{job.done:,} of {job.total:,}")
    if job.seconds_left is not None:
        minutes = round(job.seconds_left / 60)
        parts.append(f"about {minutes} min left" if minutes else "less than a minute left")
    return " · ".join(parts)
