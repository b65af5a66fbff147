"""Background work: its list, its place in the status bar, and going on with what was left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fiqa_studio.ui.actions.action import Action, with_library
from fiqa_studio.ui.actions.feature import Feature, Panel, Side, Tool

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from fiqa_studio.ui.actions.context import Context


def _jobs(context: Context) -> QWidget:
    from fiqa_studio.ui.jobs.dock import JobsPanel  # noqa: PLC0415 - after first paint

    return JobsPanel(context.session)


def _status(context: Context) -> QWidget:
    from fiqa_studio.ui.jobs.status import JobStatus  # noqa: PLC0415 - light all the same

    return JobStatus(context)


def _unreadable(context: Context) -> None:
    from fiqa_studio.ui.jobs.dock import JobsPanel  # noqa: PLC0415 - after first paint

    context.window.show_panel("jobs", shown=True)
    panel = context.window.panel("jobs")
    if isinstance(panel, JobsPanel):
        panel.show_unreadable()


def _offer(context: Context) -> None:
    from fiqa_studio.ui.jobs.resuming import offer_to_resume  # noqa: PLC0415 - after first paint

    offer_to_resume(context)


FEATURE = Feature(
    name="jobs",
    panels=(
        Panel(
            name="jobs",
            title="Jobs",
            side=Side.BELOW,
            make=_jobs,
            shown=False,
            keys=("F6",),
            icon="activity",
        ),
    ),
    actions=(
        Action(
            id="jobs.unreadable",
            title="Unreadable Photos",
            menu="View",
            group=30,
            run=_unreadable,
            when=with_library,
            tip="List the photos that could not be read, with the reason",
        ),
    ),
    status=(Tool(place=10, make=_status),),
    attached=_offer,
)
