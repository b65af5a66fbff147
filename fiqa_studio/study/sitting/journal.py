"""What a rater did besides rating, as far as the next step depends on it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, func, select

from fiqa_studio.study import raters
from fiqa_studio.study import schema as s
from fiqa_studio.study.database import StudyDatabase

CONSENT, QUESTIONS, CHECK, INSTRUCTIONS = "consent", "questions", "check", "instructions"
TRAINING, REFRESHER, AWAY, CLOCK = "training", "refresher", "away", "clock"
BREAK, PAUSE, BACK, DISPLAY = "break", "pause", "back", "display"


@dataclass(slots=True)
class Journal:
    """A rater's events, newest of each kind, kept in memory while the rater sits.

    Attributes:
        latest: Kind to time and data of the newest; checks as ``check:NAME``.
        counts: How many there are of each kind.
        last_ms: Time of the last sign of life, 0 before the first.
    """

    latest: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    last_ms: int = 0

    def add(self, kind: str, at_ms: int, data: Mapping[str, Any]) -> None:
        """Take in one event."""
        key = f"{kind}:{data.get('name', '')}" if kind == CHECK else kind
        self.latest[key] = (at_ms, dict(data))
        self.counts[key] += 1
        self.last_ms = at_ms

    def has(self, kind: str) -> bool:
        """Whether there was ever one."""
        return kind in self.latest

    def data(self, kind: str) -> dict[str, Any]:
        """Data of the newest, empty before the first."""
        return self.latest[kind][1] if kind in self.latest else {}

    def age_minutes(self, kind: str, now_ms: int) -> float:
        """Minutes since the newest; endless before the first and after the clock went back."""
        if kind not in self.latest:
            return float("inf")
        minutes = (now_ms - self.latest[kind][0]) / 60_000
        return minutes if minutes >= 0 else float("inf")


def read(connection: Connection, rater_id: str) -> Journal:
    """A rater's events, and the time of the last one or of the last rating after it."""
    journal = Journal()
    query = (
        select(s.event.c.kind, s.event.c.at_ms, s.event.c.data)
        .where(s.event.c.rater_id == rater_id)
        .order_by(s.event.c.id)
    )
    for kind, at_ms, data in connection.execute(query):
        journal.add(kind, at_ms, json.loads(data))
    row, at_ms = _last_rating(connection, rater_id)
    # A rating from before the clock was set back says nothing about the time since.
    if row > int(journal.data(CLOCK).get("rating", 0)):
        journal.last_ms = max(journal.last_ms, at_ms)
    return journal


def last_rating_row(connection: Connection, rater_id: str) -> int:
    """Row of the newest rating, 0 before the first."""
    return _last_rating(connection, rater_id)[0]


def write(
    database: StudyDatabase, rater_id: str, kind: str, data: Mapping[str, Any], at_ms: int
) -> None:
    """Write one event in a transaction of its own."""
    database.write(lambda connection: raters.note(connection, rater_id, kind, data, at_ms))


def _last_rating(connection: Connection, rater_id: str) -> tuple[int, int]:
    newest = select(func.max(s.trial.c.position)).where(
        s.trial.c.rater_id == rater_id, s.trial.c.attempts > 0
    )
    query = (
        select(s.rating.c.id, s.rating.c.at_ms)
        .join(s.trial, s.trial.c.id == s.rating.c.trial_id)
        .where(s.trial.c.rater_id == rater_id, s.trial.c.position == newest.scalar_subquery())
        .order_by(s.rating.c.id.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return (0, 0) if row is None else (int(row[0]), int(row[1]))
