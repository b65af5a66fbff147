"""Which scorer a job scores with."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fiqa_studio.ui.session.session import Session


def scorer_of(session: Session) -> str:
    """The scorer whose scores are shown; before the first, the best that works here.

    Reads the library: not for the window's thread.
    """
    from fiqa_studio.engine.engine import DEFAULT_SCORER  # noqa: PLC0415 - after first paint

    active = session.library.scores.active()
    return session.engine.scorers.name_of(active) if active else DEFAULT_SCORER
