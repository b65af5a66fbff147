"""A job that the last run of the program left: an offer to go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fiqa_studio.domain.jobs import JobKind, JobState

if TYPE_CHECKING:
    from fiqa_studio.ui.actions.context import Context


def offer_to_resume(context: Context) -> None:
    """Look off the thread, and offer where something was left."""
    session = context.session
    if session.library.read_only:
        return

    def interrupted() -> bool:
        recent = session.library.jobs.recent()
        stopped = (JobState.INTERRUPTED, JobState.CANCELLED)
        return bool(recent) and recent[0].state in stopped and recent[0].kind is JobKind.INDEX

    def offer(wanted: bool) -> None:
        if wanted:
            context.window.say(
                "info",
                "The last index did not finish. Nothing is lost: it goes on where it was.",
                "Go On",
                context.window.action("library.rescan").trigger,
            )

    session.run(interrupted, offer, key="resume", slow=True)
