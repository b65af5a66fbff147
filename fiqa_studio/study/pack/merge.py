"""Taking what came back from a pack into the study: checked, whole or not at all, and once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, func, insert, select, update

from fiqa_studio.study import schema as s
from fiqa_studio.study.errors import AnswerError, StudyError
from fiqa_studio.study.file import OpenStudy
from fiqa_studio.study.pack.content import (
    RETURN,
    BackTrial,
    Return,
    altered,
    not_a_pack,
    unsealed,
)
from fiqa_studio.study.raters import Ending, now_ms
from fiqa_studio.study.scale import scale_for
from fiqa_studio.study.sitting import trials
from fiqa_studio.study.values import Study, TrialKind

_LARGEST = 256 << 20


@dataclass(frozen=True, slots=True)
class Merged:
    """What a return brought.

    Attributes:
        rater: Whose it is.
        new: Trials that were not in the study yet.
        known: Trials that were, from an earlier return.
        complete: Everything that was in the pack is rated; the rater may go on elsewhere.
    """

    rater: str
    new: int
    known: int
    complete: bool


def merge(opened: OpenStudy, path: Path) -> Merged:
    """Bring a return into its study.

    Raises:
        StudyError: ``pack.not-a-pack``, ``pack.newer``, ``pack.altered``; ``pack.other``: of
            another study or a pack that is not known here; ``pack.forgotten``: its rater is not
            in the study any more; ``pack.conflict``: a trial was rated otherwise meanwhile.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise not_a_pack(path.name, "It is too large")
        data = path.read_bytes()
    except OSError as error:
        raise StudyError(
            f"“{path}” cannot be read.", cause=error.strerror or "", code="pack.not-a-pack"
        ) from error
    content, _ = unsealed(RETURN, data, Return, path.name)
    if content.study_id != opened.study.id:
        raise StudyError(
            f"“{path.name}” belongs to another study.",
            remedy="Bring it into the study that its pack was made from.",
            code="pack.other",
        )
    _check(opened.study, content, path.name)
    return opened.database.write(
        lambda connection: _merge(connection, opened.study, content, path.name)
    )


def _check(study: Study, content: Return, name: str) -> None:
    scale = scale_for(study)
    sessions = {session.id for session in content.sessions}
    numbers = {assignment.number for assignment in content.assignments}
    if content.ended not in {"", *Ending}:
        raise altered(name, "The rater's end is not one")
    for trial in content.trials:
        seen = {(rating.attempt, rating.attribute) for rating in trial.ratings}
        wanted = {(a, name) for a in range(trial.attempts) for name in study.attributes}
        if seen != wanted or len(seen) != len(trial.ratings) or trial.assignment not in numbers:
            raise altered(name, f"Trial {trial.position} is not complete")
        for rating in trial.ratings:
            try:
                scale.checked(rating.value)
            except AnswerError as error:
                raise altered(name, f"Trial {trial.position}: {error.message}") from error
            if rating.session not in sessions:
                raise altered(name, f"Trial {trial.position} has no session")


def _merge(connection: Connection, study: Study, content: Return, name: str) -> Merged:
    row = trials.lock(connection, content.rater_id)
    if row is None:
        raise StudyError(
            f"The rater of “{name}” is no longer in the study.",
            cause="The rater was forgotten, with everything that was rated.",
            code="pack.forgotten",
        )
    pack = connection.execute(select(s.pack).where(s.pack.c.id == content.pack)).first()
    if pack is None or pack.rater_id != content.rater_id:
        raise StudyError(f"“{name}” is from a pack that is not known here.", code="pack.other")
    _sessions(connection, content)
    assignments = _assignments(connection, content)
    lessons = {lesson.hash for lesson in study.training}
    new = known = 0
    for trial in content.trials:
        if _trial(connection, trial, content.rater_id, assignments, lessons, name):
            new += 1
        else:
            known += 1
    _events(connection, content)
    complete = _close(connection, content, assignments)
    return Merged(row.name, new, known, complete)


def _sessions(connection: Connection, content: Return) -> None:
    there = set(connection.execute(select(s.session.c.id)).scalars())
    for session in content.sessions:
        if session.id not in there:
            connection.execute(
                insert(s.session).values(
                    id=session.id, rater_id=content.rater_id, started_ms=session.started_ms,
                    client="pack", display_scale=session.display_scale, display=session.display,
                    version=session.version,
                )
            )  # fmt: skip


def _assignments(connection: Connection, content: Return) -> dict[int, int]:
    """Ids of the rater's assignments by their number; trainings of the pack are added."""
    query = select(s.assignment.c.number, s.assignment.c.id).where(
        s.assignment.c.rater_id == content.rater_id
    )
    found: dict[int, int] = {row.number: row.id for row in connection.execute(query)}
    for assignment in content.assignments:
        if assignment.number not in found and assignment.purpose != trials.BATCH:
            added = connection.execute(
                insert(s.assignment)
                .values(
                    rater_id=content.rater_id, number=assignment.number,
                    purpose=assignment.purpose, given_ms=assignment.given_ms,
                    active_ms=assignment.active_ms, done_ms=assignment.done_ms,
                )
                .returning(s.assignment.c.id)
            )  # fmt: skip
            found[assignment.number] = int(added.scalar_one())
        elif assignment.number in found:
            connection.execute(
                update(s.assignment)
                .where(s.assignment.c.id == found[assignment.number])
                .values(active_ms=assignment.active_ms, done_ms=assignment.done_ms)
            )
    return found


def _trial(
    connection: Connection,
    trial: BackTrial,
    rater_id: str,
    assignments: dict[int, int],
    lessons: set[str],
    name: str,
) -> bool:
    """Take one trial in; False where it was known already."""
    row = connection.execute(select(s.trial).where(s.trial.c.id == trial.id)).first()
    if row is None:
        if not trial.training or trial.stimulus not in lessons:
            raise altered(name, f"Trial {trial.position} was not in the pack")
        connection.execute(
            insert(s.trial).values(
                id=trial.id, rater_id=rater_id, assignment_id=assignments[trial.assignment],
                position=trial.position, kind=str(TrialKind.TRAINING), stimulus=trial.stimulus,
                other=trial.other, swapped=trial.swapped,
            )
        )  # fmt: skip
    elif (row.rater_id, row.position, row.stimulus, row.other, row.swapped) != (
        rater_id, trial.position, trial.stimulus, trial.other, trial.swapped,
    ):  # fmt: skip
        raise altered(name, f"Trial {trial.position} is not the one that was packed")
    query = select(s.rating).where(s.rating.c.trial_id == trial.id)
    there = {(r.attempt, r.attribute): r.value for r in connection.execute(query)}
    fresh = [r for r in trial.ratings if (r.attempt, r.attribute) not in there]
    for rating in trial.ratings:
        if there.get((rating.attempt, rating.attribute), rating.value) != rating.value:
            raise StudyError(
                f"Trial {trial.position} in “{name}” was rated otherwise already.",
                cause="The study has another answer to it, from an earlier return or elsewhere.",
                remedy="Nothing was changed; the answer that came first counts.",
                code="pack.conflict",
            )
    if not fresh:
        return False
    connection.execute(
        insert(s.rating),
        [
            {
                "trial_id": trial.id, "attempt": r.attempt, "attribute": r.attribute,
                "value": r.value, "slider_start": r.slider_start, "reaction_ms": r.reaction_ms,
                "at_ms": r.at_ms, "session_id": r.session,
            }
            for r in fresh
        ],
    )  # fmt: skip
    connection.execute(
        update(s.trial)
        .where(s.trial.c.id == trial.id)
        .values(attempts=trial.attempts, done_ms=trial.done_ms)
    )
    return True


def _events(connection: Connection, content: Return) -> None:
    """Events have no ids; how many of a pack are here already is remembered instead."""
    key = f"pack.{content.pack}.events"
    known = connection.execute(select(s.info.c.value).where(s.info.c.key == key)).scalar()
    fresh = content.events[int(known or 0) :]
    if fresh:
        connection.execute(
            insert(s.event),
            [
                {"rater_id": content.rater_id, "at_ms": e.at_ms, "kind": e.kind, "data": e.data}
                for e in fresh
            ],
        )
    count = str(max(int(known or 0), len(content.events)))
    if known is None:
        connection.execute(insert(s.info).values(key=key, value=count))
    else:
        connection.execute(update(s.info).where(s.info.c.key == key).values(value=count))


def _close(connection: Connection, content: Return, assignments: dict[int, int]) -> bool:
    """Where all of the pack is rated, or the rater has ended, the rater is free again."""
    mine = [assignments[a.number] for a in content.assignments if a.number in assignments]
    left = select(func.count()).where(
        s.trial.c.assignment_id.in_(mine), s.trial.c.done_ms.is_(None)
    )
    complete = bool(content.ended) or not connection.execute(left).scalar_one()
    connection.execute(update(s.pack).where(s.pack.c.id == content.pack).values(back_ms=now_ms()))
    if complete:
        change: dict[str, object] = {"pack_id": ""}
        if content.ended:
            change |= {"ended": content.ended, "ended_ms": now_ms()}
        connection.execute(
            update(s.rater)
            .where(s.rater.c.id == content.rater_id, s.rater.c.pack_id == content.pack)
            .values(**change)
        )
    return complete
