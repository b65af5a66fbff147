"""Jobs that the last run of the program left: an offer to go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fiqa_studio.domain.jobs import JobRecord, JobState

if TYPE_CHECKING:
    from fiqa_studio.ui.actions.context import Context


def offer_to_resume(context: Context) -> None:
    """Look off the thread, and offer where something was left."""
    session = context.session
    if session.library.read_only:
        return
    jobs = session.engine.jobs

    def interrupted() -> list[JobRecord]:
        # What the user stopped is known to the user; the jobs panel offers it all the same.
        return [one for one in jobs.unfinished() if one.state is JobState.INTERRUPTED]

    def offer(records: list[JobRecord]) -> None:
        if not records:
            return
        oldest_first = records[::-1]
        what = f"“{records[0].title}”" if len(records) == 1 else f"{len(records):,} jobs"

        def go_on() -> None:
            session.run(
                lambda: [jobs.resume(record.id) for record in oldest_first],
                lambda _jobs: None,
                slow=True,
            )

        context.window.say(
            "info",
            f"{what} did not finish. Nothing is lost: it goes on where it was.",
            "Go On",
            go_on,
        )

    session.run(interrupted, offer, key="resume", slow=True)
