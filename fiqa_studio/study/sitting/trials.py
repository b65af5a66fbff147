"""The trials of one rater in the database: handed out, found again, answered.

Every function runs inside a transaction of `StudyDatabase.write` or a connection of
`StudyDatabase.read`. Two windows, two tabs and two desks meet here: a rater's row is locked while
something of that rater's is decided (SQLite locks the whole file).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, case, delete, func, insert, select, update

from fiqa_studio.domain.hashing import content_hash
from fiqa_studio.study import raters
from fiqa_studio.study import schema as s
from fiqa_studio.study.database import StudyDatabase
from fiqa_studio.study.errors import StudyError
from fiqa_studio.study.planning.allocation import Assigned, next_batch
from fiqa_studio.study.planning.batches import compose, compose_round, to_carry
from fiqa_studio.study.planning.chance import Chance
from fiqa_studio.study.planning.order import Planned, alike, arrange
from fiqa_studio.study.planning.pairing import Compared, next_pairs
from fiqa_studio.study.raters import Ending, Rater
from fiqa_studio.study.values import Lesson, Method, Study, TrialKind

TRAINING, REFRESHER, BATCH = "training", "refresher", "batch"
WANTED = "raters.wanted"
"""Key of ``study_info``: how many ratings each stimulus is to reach, where the owner changed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A trial that waits for an answer."""

    id: str
    assignment: int
    purpose: str
    position: int
    kind: TrialKind
    stimulus: str
    other: str
    swapped: bool
    attempts: int
    done: bool


def lock(connection: Connection, rater_id: str) -> Row[Any] | None:
    """Hold a rater's row until the transaction ends; None where there is no such rater."""
    return connection.execute(
        select(s.rater).where(s.rater.c.id == rater_id).with_for_update()
    ).first()


def pending(connection: Connection, rater_id: str, *, count: int = 1) -> list[Pending]:
    """The next trials without an answer; training comes before a batch that was begun."""
    later = case((s.assignment.c.purpose == BATCH, 1), else_=0)
    query = (
        _trials()
        # By the one assignment that is open: a rater of the whole GFIQA-20k has 25,000 trials.
        .where(
            s.assignment.c.rater_id == rater_id,
            s.assignment.c.done_ms.is_(None),
            s.trial.c.done_ms.is_(None),
        )
        .order_by(later, s.trial.c.position)
        .limit(count)
    )
    return [_pending(row) for row in connection.execute(query)]


def find(connection: Connection, rater_id: str, trial_id: str) -> Pending | None:
    """A rater's trial by its id."""
    query = _trials().where(s.trial.c.id == trial_id, s.trial.c.rater_id == rater_id)
    row = connection.execute(query).first()
    return None if row is None else _pending(row)


def last_answered(connection: Connection, rater_id: str) -> Pending | None:
    """The trial that was answered last, if it is of a batch."""
    query = (
        _trials()
        .where(s.trial.c.rater_id == rater_id, s.trial.c.done_ms.is_not(None))
        .order_by(s.trial.c.position.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return None if row is None or row.purpose != BATCH else _pending(row)


def span(connection: Connection, assignment: int) -> tuple[int, int]:
    """First position and number of trials of an assignment."""
    query = select(func.min(s.trial.c.position), func.count()).where(
        s.trial.c.assignment_id == assignment
    )
    first, count = connection.execute(query).one()
    return int(first), int(count)


def answers(connection: Connection, trial_id: str, attempt: int) -> dict[str, float]:
    """What was answered, an attribute each; empty before."""
    query = select(s.rating.c.attribute, s.rating.c.value).where(
        s.rating.c.trial_id == trial_id, s.rating.c.attempt == attempt
    )
    return {row.attribute: row.value for row in connection.execute(query)}


def attempts_used(connection: Connection, rater_id: str) -> int:
    """How many trainings a rater has begun."""
    query = select(func.count()).where(
        s.assignment.c.rater_id == rater_id, s.assignment.c.purpose == TRAINING
    )
    return int(connection.execute(query).scalar_one())


def first_right(connection: Connection, assignment: int) -> tuple[int, int]:
    """Of a training: how many were right at the first try, and how many there are."""
    query = select(func.sum(case((s.trial.c.attempts == 1, 1), else_=0)), func.count()).where(
        s.trial.c.assignment_id == assignment
    )
    right, count = connection.execute(query).one()
    return int(right or 0), int(count)


def hand_out_training(
    connection: Connection, study: Study, rater: Rater, purpose: str, now_ms: int
) -> None:
    """Give a rater the training, or the short one that refreshes it."""
    number = _next_number(connection, rater.id)
    chance = Chance(study.seed, purpose, rater.number, number)
    known = study.by_hash()
    lessons: Sequence[Lesson] = study.training
    if purpose == REFRESHER:
        lessons = chance.shuffled(lessons)[: study.rules.refresher_lessons]
    items = [
        Planned(
            kind=TrialKind.TRAINING,
            stimulus=lesson.hash,
            other=known[lesson.hash].reference if study.method in {Method.DCR, Method.CCR} else "",
            swapped=study.method is Method.DCR,
            alike=alike(known[lesson.hash]),
        )
        for lesson in lessons
    ]
    _hand_out(connection, study, rater, arrange(items, chance), purpose, number, None, now_ms)


def hand_out_batch(connection: Connection, study: Study, rater: Rater, now_ms: int) -> bool:
    """Give a rater the next batch; False where there is none left."""
    everything = assigned(connection)
    number = _next_number(connection, rater.id)
    chance = Chance(study.seed, "allocation", rater.number, number)
    batch = next_batch(
        study, everything, rater.id, chance, now_ms=now_ms, wanted=wanted(connection, study)
    )
    if batch is None:
        return False
    planned = plan(connection, study, rater, batch)
    if not planned:
        return False
    _hand_out(connection, study, rater, planned, BATCH, number, batch, now_ms)
    return True


def plan(connection: Connection, study: Study, rater: Rater, batch: int) -> list[Planned]:
    """The order of a batch for a rater, as the seed decides it."""
    seen = connection.execute(
        select(s.trial.c.kind, s.trial.c.stimulus, s.trial.c.other)
        .where(s.trial.c.rater_id == rater.id)
        .order_by(s.trial.c.position)
    ).all()
    exposures: Counter[str] = Counter()
    for kind, stimulus, other in seen:
        if kind in {TrialKind.GOLD, TrialKind.TRAP}:
            exposures.update([stimulus, other] if other else [stimulus])
    known = study.by_hash()
    last = (
        [known[digest] for digest in (seen[-1].stimulus, seen[-1].other) if digest] if seen else []
    )
    before = alike(*last)
    chance = Chance(study.seed, "order", rater.number, batch)
    if study.method is Method.PAIRS:
        pairs = _pairs(connection, study, rater, chance)
        return compose_round(study, pairs, chance, exposures=exposures, before=before)
    previous = connection.execute(
        select(s.assignment.c.batch)
        .where(s.assignment.c.rater_id == rater.id, s.assignment.c.purpose == BATCH)
        .order_by(s.assignment.c.number.desc())
        .limit(1)
    ).scalar()
    carried = (
        to_carry(study, previous, Chance(study.seed, "carry", rater.number, previous))
        if previous is not None
        else []
    )
    return compose(study, batch, chance, exposures=exposures, carried=carried, before=before)


def assigned(connection: Connection) -> list[Assigned]:
    """All batches in all hands, and whose work counts."""
    decided = (
        select(s.decision.c.rater_id, s.decision.c.value)
        .where(s.decision.c.kind == "use")
        .order_by(s.decision.c.id)
    )
    used = {row.rater_id: row.value for row in connection.execute(decided)}
    rows = connection.execute(
        select(
            s.assignment.c.rater_id, s.assignment.c.batch, s.assignment.c.active_ms,
            s.assignment.c.done_ms, s.rater.c.ended, s.rater.c.pack_id,
        )
        .join(s.rater, s.rater.c.id == s.assignment.c.rater_id)
        .where(s.assignment.c.purpose == BATCH)
        .order_by(s.assignment.c.id)
    )  # fmt: skip
    return [
        Assigned(
            rater_id=row.rater_id,
            batch=row.batch,
            # What is out in a pack is under way for as long as the pack is out.
            active_ms=2**62 if row.pack_id else row.active_ms,
            done=row.done_ms is not None,
            counts=used.get(row.rater_id, True)
            and (row.done_ms is not None or row.ended not in {Ending.QUIT, Ending.UNQUALIFIED}),
        )
        for row in rows
    ]


def wanted(connection: Connection, study: Study) -> int:
    """How many ratings each stimulus is to reach."""
    found = connection.execute(select(s.info.c.value).where(s.info.c.key == WANTED)).scalar()
    return study.rules.raters_wanted if found is None else int(found)


def set_wanted(database: StudyDatabase, count: int) -> None:
    """Ask for more or fewer ratings of each stimulus; the design itself stays as it is.

    Raises:
        StudyError: ``study.wanted``: less than one.
    """
    if count < 1:
        raise StudyError("At least one rating of each picture is needed.", code="study.wanted")

    def work(connection: Connection) -> None:
        connection.execute(delete(s.info).where(s.info.c.key == WANTED))
        connection.execute(insert(s.info).values(key=WANTED, value=str(count)))

    database.write(work)


def write_answer(
    connection: Connection,
    trial: Pending,
    values: Mapping[str, float],
    *,
    session: str,
    at_ms: int,
    slider_start: float | None,
    reaction_ms: float | None,
    done: bool,
) -> bool:
    """Write one answer; True where it was the last of its assignment."""
    connection.execute(
        insert(s.rating),
        [
            {
                "trial_id": trial.id, "attempt": trial.attempts, "attribute": attribute,
                "value": value, "slider_start": slider_start, "reaction_ms": reaction_ms,
                "at_ms": at_ms, "session_id": session,
            }
            for attribute, value in values.items()
        ],
    )  # fmt: skip
    changed: dict[str, Any] = {"attempts": trial.attempts + 1}
    if done:
        changed["done_ms"] = at_ms
    connection.execute(update(s.trial).where(s.trial.c.id == trial.id).values(**changed))
    state: dict[str, Any] = {"active_ms": at_ms}
    finished = done and not _left(connection, trial.assignment)
    if finished:
        state["done_ms"] = at_ms
    connection.execute(
        update(s.assignment).where(s.assignment.c.id == trial.assignment).values(**state)
    )
    return finished


def reopen(connection: Connection, trial: Pending) -> None:
    """Let a trial be answered again; the answers it had are kept, and no longer final."""
    connection.execute(update(s.trial).where(s.trial.c.id == trial.id).values(done_ms=None))
    connection.execute(
        update(s.assignment).where(s.assignment.c.id == trial.assignment).values(done_ms=None)
    )


def qualify(
    connection: Connection, study: Study, rater: Rater, assignment: int, at_ms: int
) -> bool:
    """Judge a training that was finished: passed, to be tried again, or the end."""
    right, count = first_right(connection, assignment)
    passed = right >= study.rules.training_pass * count - 1e-9
    used = attempts_used(connection, rater.id)
    facts = {"right": right, "count": count, "attempt": used, "passed": passed}
    raters.note(connection, rater.id, TRAINING, facts, at_ms)
    if not passed and used >= study.rules.training_attempts:
        connection.execute(
            update(s.rater)
            .where(s.rater.c.id == rater.id)
            .values(ended=str(Ending.UNQUALIFIED), ended_ms=at_ms)
        )
    elif not passed:
        hand_out_training(connection, study, rater, TRAINING, at_ms)
    return passed


def _left(connection: Connection, assignment: int) -> bool:
    query = (
        select(s.trial.c.id)
        .where(s.trial.c.assignment_id == assignment, s.trial.c.done_ms.is_(None))
        .limit(1)
    )
    return connection.execute(query).first() is not None


def _pairs(
    connection: Connection, study: Study, rater: Rater, chance: Chance
) -> list[tuple[str, str]]:
    names = study.batches[0]
    place = {digest: i for i, digest in enumerate(names)}
    rows = connection.execute(
        select(s.trial.c.stimulus, s.trial.c.other, s.rating.c.value)
        .join(s.rating, s.rating.c.trial_id == s.trial.c.id)
        .where(s.trial.c.kind == str(TrialKind.STUDY), s.rating.c.attempt == s.trial.c.attempts - 1)
    )
    compared = [
        Compared(place[a], place[b], value) for a, b, value in rows if a in place and b in place
    ]
    shown = connection.execute(
        select(s.trial.c.stimulus, s.trial.c.other).where(s.trial.c.rater_id == rater.id)
    )
    seen = [(place[a], place[b]) for a, b in shown if a in place and b in place]
    chosen = next_pairs(len(names), study.rules.batch_size, compared, chance, seen=seen)
    return [(names[a], names[b]) for a, b in chosen]


def _hand_out(
    connection: Connection,
    study: Study,
    rater: Rater,
    planned: Sequence[Planned],
    purpose: str,
    number: int,
    batch: int | None,
    now_ms: int,
) -> None:
    added = connection.execute(
        insert(s.assignment)
        .values(
            rater_id=rater.id, number=number, purpose=purpose, batch=batch, given_ms=now_ms,
            active_ms=now_ms,
        )
        .returning(s.assignment.c.id)
    )  # fmt: skip
    assignment = int(added.scalar_one())
    last = connection.execute(
        select(func.coalesce(func.max(s.trial.c.position), -1)).where(
            s.trial.c.rater_id == rater.id
        )
    )
    start = int(last.scalar_one()) + 1
    connection.execute(
        insert(s.trial),
        [
            {
                # Not to be guessed, and without a word about what kind of trial it is.
                "id": content_hash(f"{study.id}/{rater.id}/{position}".encode()),
                "rater_id": rater.id, "assignment_id": assignment, "position": position,
                "kind": str(item.kind), "stimulus": item.stimulus, "other": item.other,
                "swapped": item.swapped,
            }
            for position, item in enumerate(planned, start=start)
        ],
    )  # fmt: skip


def _next_number(connection: Connection, rater_id: str) -> int:
    highest = connection.execute(
        select(func.coalesce(func.max(s.assignment.c.number), -1)).where(
            s.assignment.c.rater_id == rater_id
        )
    )
    return int(highest.scalar_one()) + 1


def _trials() -> Any:
    return select(
        s.trial.c.id, s.trial.c.assignment_id, s.assignment.c.purpose, s.trial.c.position,
        s.trial.c.kind, s.trial.c.stimulus, s.trial.c.other, s.trial.c.swapped,
        s.trial.c.attempts, s.trial.c.done_ms,
    ).join(s.assignment, s.assignment.c.id == s.trial.c.assignment_id)  # fmt: skip


def _pending(row: Row[Any]) -> Pending:
    return Pending(
        id=row.id, assignment=row.assignment_id, purpose=row.purpose, position=row.position,
        kind=TrialKind(row.kind), stimulus=row.stimulus, other=row.other, swapped=row.swapped,
        attempts=row.attempts, done=row.done_ms is not None,
    )  # fmt: skip
