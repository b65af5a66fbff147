"""Ratings that were given elsewhere, brought into a study's database: tables of other studies."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select
from sqlalchemy.exc import IntegrityError

from fiqa_studio.study import schema as s
from fiqa_studio.study.database import StudyDatabase
from fiqa_studio.study.errors import StudyError
from fiqa_studio.study.reading import Rating

_ROWS_AT_ONCE = 2_000


def record(database: StudyDatabase, ratings: Iterable[Rating]) -> int:
    """Bring in ratings of raters who are not in the study yet: all of them, or none.

    Ids of raters, sessions, trials and assignments are made anew. Ratings of one rater with the
    same non-empty ``trial`` become one trial (several attributes or attempts); without it, each
    is a trial of its own. Raters and trials are numbered in the order given.

    Returns:
        The number of ratings.

    Raises:
        StudyError: ``rater.name``: a rater is in the study already; ``study.database``.
    """
    found = list(ratings)
    own: dict[str, list[Rating]] = {}
    for rating in found:
        own.setdefault(rating.rater, []).append(rating)

    def work(connection: Connection) -> None:
        _insert(connection, own)

    try:
        database.write(work)
    except IntegrityError as error:
        raise StudyError(
            "One of these raters is in the study already.",
            cause=str(error.orig),
            remedy="Rename the rater, or bring the table into a new study.",
            code="rater.name",
        ) from error
    return len(found)


def _insert(connection: Connection, own: dict[str, list[Rating]]) -> None:
    highest = connection.execute(select(func.coalesce(func.max(s.rater.c.number), -1)))
    number = int(highest.scalar_one())
    last = connection.execute(select(func.coalesce(func.max(s.assignment.c.id), 0)))
    assignment = int(last.scalar_one())
    rows: dict[Table, list[dict[str, Any]]] = {
        table: [] for table in (s.rater, s.session, s.assignment, s.trial, s.rating)
    }
    for name, ratings in own.items():
        number += 1
        assignment += 1
        _rows_of(rows, name, number, assignment, ratings)
    for table, found in rows.items():
        for start in range(0, len(found), _ROWS_AT_ONCE):
            connection.execute(insert(table), found[start : start + _ROWS_AT_ONCE])


def _rows_of(
    rows: dict[Table, list[dict[str, Any]]],
    name: str,
    number: int,
    assignment: int,
    ratings: Sequence[Rating],
) -> None:
    rater, session = uuid.uuid4().hex, uuid.uuid4().hex
    times = [int(rating.at.timestamp() * 1000) for rating in ratings]
    rows[s.rater].append(
        {
            "id": rater, "number": number, "name": name, "token": secrets.token_urlsafe(24),
            "created_ms": times[0], "ended": "done", "ended_ms": times[-1],
        }
    )  # fmt: skip
    rows[s.session].append(
        {
            "id": session, "rater_id": rater, "started_ms": times[0], "client": "import",
            "display_scale": ratings[0].display_scale, "version": ratings[0].version,
        }
    )  # fmt: skip
    rows[s.assignment].append(
        {
            "id": assignment, "rater_id": rater, "number": 0, "purpose": "import",
            "batch": None, "given_ms": times[0], "active_ms": times[-1], "done_ms": times[-1],
        }
    )  # fmt: skip
    trials: dict[str, dict[str, Any]] = {}
    for index, (rating, at_ms) in enumerate(zip(ratings, times, strict=True)):
        key = rating.trial or f"#{index}"
        trial = trials.get(key)
        if trial is None:
            trial = trials[key] = {
                "id": uuid.uuid4().hex, "rater_id": rater, "assignment_id": assignment,
                "position": len(trials), "kind": str(rating.kind), "stimulus": rating.stimulus,
                "other": rating.other, "swapped": rating.swapped, "attempts": 0,
                "done_ms": at_ms,
            }  # fmt: skip
        trial["attempts"] = max(trial["attempts"], rating.attempt + 1)
        rows[s.rating].append(
            {
                "trial_id": trial["id"], "attempt": rating.attempt,
                "attribute": rating.attribute, "value": rating.value,
                "slider_start": rating.slider_start, "reaction_ms": rating.reaction_ms,
                "at_ms": at_ms, "session_id": session,
            }
        )  # fmt: skip
    rows[s.trial].extend(trials.values())
