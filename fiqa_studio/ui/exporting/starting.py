"""The export action: the dialog, and what is said at the end of the job."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices

from fiqa_studio.domain.jobs import JobProgress, JobState
from fiqa_studio.ui.exporting.dialog import ExportDialog
from fiqa_studio.ui.session.selection import Chosen

if TYPE_CHECKING:
    from fiqa_studio.engine.jobs.job import Job
    from fiqa_studio.ui.actions.context import Context


def export(context: Context) -> None:
    """Ask what is to be exported, and say it when it is done."""
    listing = context.listing
    ids = None if listing.is_answer else listing.ids.copy()
    shown = Chosen(listing.subject, listing.count, ids, listing.query)
    dialog = ExportDialog(context.session, shown, context.selection.chosen(), context.window.widget)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.begun.connect(lambda job: _follow(context, job, dialog.path or Path()))
    dialog.open()


def _follow(context: Context, job: Job, path: Path) -> None:
    """Say how it ended; while it runs the jobs panel does."""
    session, window, job_id = context.session, context.window, job.id

    def on_job(progress: JobProgress) -> None:
        if progress.id != job_id or not progress.state.finished:
            return
        session.job_changed.disconnect(on_job)
        if progress.state is JobState.FAILED and job.error is not None:
            window.complain(job.error)
        elif progress.state is JobState.DONE:
            failed = f"; {progress.failed:,} could not be written" if progress.failed else ""
            window.say(
                "warning" if progress.failed else "info",
                f"Exported {progress.message}{failed}.",
                "Show",
                lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent))),
            )

    session.job_changed.connect(on_job)
    on_job(job.progress)  # it may have ended already
