"""The ratings as one long table: what boards, analyses, exports and tests read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, func, select

from fiqa_studio.study import schema as s
from fiqa_studio.study.database import StudyDatabase
from fiqa_studio.study.values import TrialKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """One value that one rater gave, with what is needed to judge it.

    Attributes:
        rater: Name of the rater, unique in the study.
        session: Id of the session (one opening of window or page) it was given in.
        index: Position of the trial with this rater, over all sessions, from 0.
        batch: Index into `Study.batches`; -1 in training and in imported tables.
        stimulus: Hash of the picture that is judged.
        other: Hash of the reference, or of the second of a pair; else empty.
        swapped: ``other`` was shown first (or left). ``value`` is of ``stimulus`` all the same.
        attempt: From 0. Only training is tried again, and an answer taken back is replaced.
        final: The last attempt of its trial: the one that counts.
        slider_start: Where the first click or key put the slider; None where there is none.
        value: In the units of the study's scale, see `fiqa_studio.study.scale`.
        reaction_ms: From the picture's first paint to the answer.
        at: When it was committed.
        display_scale: Device pixels a logical pixel on that display.
        version: Of the program that took it.
    """

    rater: str
    rater_id: str
    session: str
    trial: str
    index: int
    batch: int
    kind: TrialKind
    stimulus: str
    other: str = ""
    swapped: bool = False
    attribute: str = "quality"
    attempt: int = 0
    final: bool = True
    slider_start: float | None = None
    value: float
    reaction_ms: float | None = None
    at: datetime
    display_scale: float | None = None
    version: str = ""


_COLUMNS = (
    s.rater.c.name, s.rater.c.id, s.rating.c.session_id, s.trial.c.id, s.trial.c.position,
    s.assignment.c.batch, s.trial.c.kind, s.trial.c.stimulus, s.trial.c.other,
    s.trial.c.swapped, s.rating.c.attribute, s.rating.c.attempt, s.trial.c.attempts,
    s.rating.c.slider_start, s.rating.c.value, s.rating.c.reaction_ms, s.rating.c.at_ms,
    s.session.c.display_scale, s.session.c.version,
)  # fmt: skip


def ratings(database: StudyDatabase, *, after: int = 0) -> list[Rating]:
    """All ratings, by rater and trial; from any thread, one snapshot.

    With ``after``, only those whose row came after that one (`last_row`): news for a board.
    """
    with database.read() as connection:
        rows = connection.execute(_select(after)).all()
    return [
        Rating(
            rater=name, rater_id=rater_id, session=session, trial=trial, index=index,
            batch=-1 if batch is None else batch, kind=TrialKind(kind), stimulus=stimulus,
            other=other, swapped=swapped, attribute=attribute, attempt=attempt,
            final=attempt == attempts - 1, slider_start=start, value=value,
            reaction_ms=reaction, at=moment(at_ms), display_scale=display, version=version,
        )
        for (
            name, rater_id, session, trial, index, batch, kind, stimulus, other, swapped,
            attribute, attempt, attempts, start, value, reaction, at_ms, display, version,
        ) in rows
    ]  # fmt: skip


def last_row(database: StudyDatabase) -> int:
    """The newest rating's row number, 0 without ratings; grows with each rating."""
    with database.read() as connection:
        newest = connection.execute(select(func.coalesce(func.max(s.rating.c.id), 0)))
        return int(newest.scalar_one())


def counted(found: list[Rating]) -> Iterator[Rating]:
    """Those that a MOS is made of: final answers on studied stimuli, first showing only."""
    return (rating for rating in found if rating.final and rating.kind is TrialKind.STUDY)


def moment(at_ms: int) -> datetime:
    """Milliseconds since 1970 as a time in UTC."""
    return datetime.fromtimestamp(at_ms / 1000, UTC)


def _select(after: int) -> Select[Any]:
    joined = (
        s.rating.join(s.trial, s.rating.c.trial_id == s.trial.c.id)
        .join(s.assignment, s.trial.c.assignment_id == s.assignment.c.id)
        .join(s.rater, s.trial.c.rater_id == s.rater.c.id)
        .join(s.session, s.rating.c.session_id == s.session.c.id)
    )
    query = select(*_COLUMNS).select_from(joined)
    if after:
        query = query.where(s.rating.c.id > after)
    return query.order_by(s.rater.c.number, s.trial.c.position, s.rating.c.attempt, s.rating.c.id)
