"""The bar at the bottom: how many, what is going on, which scorer, how large."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QSlider,
    QStatusBar,
    QToolButton,
    QWidget,
)

from fiqa_studio.ui import theme
from fiqa_studio.ui.browser.layout import MAX_THUMBNAIL, MIN_THUMBNAIL
from fiqa_studio.ui.session.kinds import ViewKind
from fiqa_studio.ui.shell.state import State

if TYPE_CHECKING:
    from fiqa_studio.domain.jobs import JobProgress


class StatusBar(QStatusBar):
    """Counts on the left, jobs in the middle, scorer and size of thumbnails on the right.

    Signals:
        jobs_clicked: The user wants to see the jobs.
        thumbnail_moved: Another size of thumbnails (int).
    """

    jobs_clicked = Signal()
    thumbnail_moved = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self._counts = QLabel()
        self._note = QLabel()
        self._job = QToolButton()
        theme.set_role(self._job, "status")
        self._job.setToolTip("Show the jobs")
        self._job.clicked.connect(self.jobs_clicked)
        self._bar = QProgressBar()
        self._bar.setFixedWidth(120)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName("Progress of the job")
        self._scorer = QLabel()
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setRange(MIN_THUMBNAIL, MAX_THUMBNAIL)
        self._slider.setPageStep(32)
        self._slider.setFixedWidth(110)
        self._slider.setAccessibleName("Size of thumbnails")
        self._slider.setToolTip("Size of thumbnails")
        self._slider.valueChanged.connect(self.thumbnail_moved)
        left = QWidget()
        row = QHBoxLayout(left)
        row.setContentsMargins(theme.Space.M, 0, 0, 0)
        row.setSpacing(theme.Space.L)
        for widget in (self._counts, self._job, self._bar, self._note):
            row.addWidget(widget)
        row.addStretch()
        self.addWidget(left, 1)
        right = QWidget()
        row = QHBoxLayout(right)
        row.setContentsMargins(0, 0, theme.Space.M, 0)
        row.setSpacing(theme.Space.M)
        row.addWidget(self._scorer)
        row.addWidget(self._slider)
        self.addPermanentWidget(right)
        self.set_job(None)

    def sizeHint(self) -> QSize:
        """As high as a row of text and a slider."""
        return QSize(super().sizeHint().width(), 28)

    def update_state(self, state: State, scorer: str, thumbnail: int) -> None:
        """Show how many are listed and selected, and by whom they were scored."""
        self._counts.setText(counts_words(state) if state.library else "")
        self._scorer.setText(f"Scored by {scorer}" if scorer else "")
        self._slider.setEnabled(state.library and not state.loupe)
        self._slider.blockSignals(True)
        self._slider.setValue(thumbnail)
        self._slider.blockSignals(False)

    def set_job(self, job: JobProgress | None) -> None:
        """Show how far a job is, or nothing."""
        self._job.setVisible(job is not None)
        self._bar.setVisible(job is not None)
        if job is not None:
            self._job.setText(job_words(job))
            self._bar.setRange(0, job.total or 0)
            self._bar.setValue(job.done)

    def set_note(self, text: str) -> None:
        """Show a passing remark."""
        self._note.setText(text)


def counts_words(state: State) -> str:
    """Such as ``1,204 faces · 37 selected``."""
    one, many = ("face", "faces") if state.kind is ViewKind.FACES else ("photo", "photos")
    words = f"{state.listed:,} {one if state.listed == 1 else many}"
    return f"{words} · {state.selected:,} selected" if state.selected else words


def job_words(job: JobProgress) -> str:
    """Such as ``Index Holidays · 120 of 800 · about 2 min left``."""
    parts = [job.title]
    if job.total is not None:
        parts.append(f"{job.done:,} of {job.total:,}")
    if job.seconds_left is not None:
        minutes = round(job.seconds_left / 60)
        parts.append(f"about {minutes} min left" if minutes else "less than a minute left")
    return " · ".join(parts)
