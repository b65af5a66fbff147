"""Raters: who they are, what the owner decided about them, and how one is forgotten."""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from fiqa_studio.study import schema as s
from fiqa_studio.study.database import StudyDatabase
from fiqa_studio.study.errors import StudyError

_LONGEST_NAME = 100


class Ending(StrEnum):
    """Why a rater is shown no more trials."""

    DONE = "done"
    QUIT = "quit"
    UNQUALIFIED = "unqualified"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rater:
    """One person who rates.

    Attributes:
        number: Counts up in a study; a part of every seed of this rater's order.
        token: Opens the web page for this rater and nobody else.
        ended: An `Ending`, or empty while there is something left to rate.
        pack_id: The pack that this rater rates in, while it is out.
    """

    id: str
    number: int
    name: str
    token: str
    created_ms: int
    ended: str = ""
    pack_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the owner decided about a rater. ``kind`` is ``accept`` or ``use``."""

    rater_id: str
    kind: str
    value: bool
    reason: str
    rule: str
    author: str
    at_ms: int


def now_ms() -> int:
    """The wall clock, in milliseconds since 1970."""
    return int(datetime.now(UTC).timestamp() * 1000)


def everybody(database: StudyDatabase) -> list[Rater]:
    """All raters, in the order they were added."""
    with database.read() as connection:
        rows = connection.execute(select(s.rater).order_by(s.rater.c.number)).all()
    return [_rater(row) for row in rows]


def named(database: StudyDatabase, name: str) -> Rater | None:
    """The rater of this name."""
    return _find(database, s.rater.c.name == name.strip())


def by_id(database: StudyDatabase, rater_id: str) -> Rater | None:
    """The rater of this id."""
    return _find(database, s.rater.c.id == rater_id)


def by_token(database: StudyDatabase, token: str) -> Rater | None:
    """Whose web page this token opens."""
    return _find(database, s.rater.c.token == token) if token else None


def add(database: StudyDatabase, name: str, *, rater_id: str = "", number: int = -1) -> Rater:
    """Add a rater; ``rater_id`` and ``number`` are those of another machine, in a pack.

    Raises:
        StudyError: ``rater.name``: empty, too long, or taken.
    """
    shown = " ".join(name.split())
    if not shown or len(shown) > _LONGEST_NAME or not shown.isprintable():
        raise StudyError(
            "A rater needs a name of up to 100 printable characters.", code="rater.name"
        )
    chosen_id, token, created = rater_id or uuid.uuid4().hex, secrets.token_urlsafe(24), now_ms()
    row = {"id": chosen_id, "name": shown, "token": token, "created_ms": created}

    def work(connection: Connection) -> int:
        mine = connection.execute(
            select(s.rater.c.number).where(s.rater.c.id == chosen_id)
        ).scalar()
        if mine is not None:  # the commit was done before the connection broke
            return int(mine)
        highest = connection.execute(select(func.coalesce(func.max(s.rater.c.number), -1)))
        chosen = number if number >= 0 else int(highest.scalar_one()) + 1
        connection.execute(insert(s.rater).values(**row, number=chosen))
        return chosen

    for _ in range(20):  # two desks may take the same number at once
        try:
            given = database.write(work)
            break
        except IntegrityError:
            if named(database, shown) is not None:
                raise StudyError(
                    f"There is a rater named “{shown}” already.",
                    remedy="Choose another name, or go on as that rater.",
                    code="rater.name",
                ) from None
    else:
        raise StudyError("The rater could not be added.", remedy="Try again.", code="rater.name")
    return Rater(id=chosen_id, number=given, name=shown, token=token, created_ms=created)


def new_token(database: StudyDatabase, rater_id: str) -> str:
    """Replace a rater's token, so that the old link opens nothing."""
    token = secrets.token_urlsafe(24)
    changed = update(s.rater).where(s.rater.c.id == rater_id).values(token=token)
    database.write(lambda connection: connection.execute(changed))
    return token


def anybody_began(database: StudyDatabase) -> bool:
    """Whether there is a trial or an agreement that the design must stay the same for."""
    with database.read() as connection:
        return (
            connection.execute(select(s.assignment.c.id).limit(1)).first() is not None
            or connection.execute(select(s.event.c.id).limit(1)).first() is not None
        )


def end(database: StudyDatabase, rater_id: str, why: Ending) -> None:
    """No more trials for this rater. What was rated stays."""
    changed = (
        update(s.rater).where(s.rater.c.id == rater_id).values(ended=str(why), ended_ms=now_ms())
    )
    database.write(lambda connection: connection.execute(changed))


def forget(database: StudyDatabase, rater_id: str) -> None:
    """Delete a rater with every rating, session, event and decision. Cannot be undone."""
    gone = delete(s.rater).where(s.rater.c.id == rater_id)
    database.write(lambda connection: connection.execute(gone))


def decide(
    database: StudyDatabase,
    rater_id: str,
    kind: str,
    *,
    value: bool,
    reason: str,
    rule: str = "",
    author: str = "",
) -> None:
    """Record a decision: ``accept`` (the work) or ``use`` (the ratings). The newest holds."""
    if kind not in {"accept", "use"}:
        raise ValueError(kind)
    row = {
        "rater_id": rater_id, "kind": kind, "value": value, "reason": reason, "rule": rule,
        "author": author, "at_ms": now_ms(),
    }  # fmt: skip
    database.write(lambda connection: connection.execute(insert(s.decision).values(**row)))


def decisions(database: StudyDatabase) -> list[Decision]:
    """All decisions, oldest first."""
    with database.read() as connection:
        rows = connection.execute(select(s.decision).order_by(s.decision.c.id)).all()
    return [
        Decision(
            rater_id=row.rater_id, kind=row.kind, value=row.value, reason=row.reason,
            rule=row.rule, author=row.author, at_ms=row.at_ms,
        )
        for row in rows
    ]  # fmt: skip


def note(
    connection: Connection, rater_id: str, kind: str, data: Mapping[str, Any], at_ms: int
) -> None:
    """Write an event, within the transaction of ``connection``."""
    text = json.dumps(data, ensure_ascii=False, sort_keys=True)
    connection.execute(insert(s.event).values(rater_id=rater_id, at_ms=at_ms, kind=kind, data=text))


def _find(database: StudyDatabase, condition: Any) -> Rater | None:
    with database.read() as connection:
        row = connection.execute(select(s.rater).where(condition)).first()
    return None if row is None else _rater(row)


def _rater(row: Row[Any]) -> Rater:
    return Rater(
        id=row.id, number=row.number, name=row.name, token=row.token, created_ms=row.created_ms,
        ended=row.ended, pack_id=row.pack_id,
    )  # fmt: skip
