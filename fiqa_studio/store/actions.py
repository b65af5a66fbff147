"""Actions as rows: added, never altered; read for the history and to be taken back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, Row, Select, insert, or_, select

from fiqa_studio.domain.changes import Kind
from fiqa_studio.domain.marks import (
    ActionId,
    ActionRecord,
    AddTag,
    Mark,
    MarkEvent,
    Origin,
    RemoveTag,
    SetColour,
    SetFlag,
    SetQuality,
    SetStars,
)
from fiqa_studio.domain.query import Subject
from fiqa_studio.store import packing, planes, protect
from fiqa_studio.store.columns import Ids
from fiqa_studio.store.schema import Action, Face, MarkEventEntry, Tag
from fiqa_studio.store.writer import Transaction

_UNDO, _REDO = "Undo: ", "Redo: "
NAMED_AT_MOST = 10_000
"""Above this, an action's changes are told as "everything"."""


class EventKind(StrEnum):
    """What an event set."""

    STARS = "stars"
    FLAG = "flag"
    COLOUR = "colour"
    TAG = "tag"
    QUALITY = "quality"


@dataclass(frozen=True, slots=True)
class Event:
    """What one action changed by one kind of mark. ``ids`` ascend; values are one an id."""

    id: int
    kind: EventKind
    tag_id: int | None
    ids: Ids
    before: npt.NDArray[Any]
    after: npt.NDArray[Any]


class Draft:
    """An action in the making, within a transaction. Without an event it leaves no row."""

    def __init__(
        self,
        transaction: Transaction,
        session: str,
        origin: Origin,
        author: str,
        title: str,
        undoes: int | None = None,
    ):
        self.connection = transaction.session.connection()
        self._transaction = transaction
        self._row = {
            "session": session,
            "origin": str(origin),
            "author": author,
            "title": title,
            "at": datetime.now(UTC),
            "undoes": undoes,
        }
        self._events: list[dict[str, Any]] = []
        self._about: dict[Subject, Ids] = {}

    @property
    def size(self) -> int:
        """How many photos and faces it changes."""
        return sum(len(ids) for ids in self._about.values())

    def add(
        self,
        kind: EventKind,
        tag_id: int | None,
        ids: Ids,
        before: npt.NDArray[Any],
        after: npt.NDArray[Any],
    ) -> None:
        """Note what was changed. ``ids`` ascend and are at least one."""
        self._events.append(
            {
                "kind": str(kind),
                "tag_id": tag_id,
                "count": len(ids),
                "first_id": int(ids[0]),
                "last_id": int(ids[-1]),
                "ids": packing.pack_ids(ids),
                "before": packing.pack_values(before),
                "after": packing.pack_values(after),
            }
        )
        subject = Subject.FACES if kind is EventKind.QUALITY else Subject.PHOTOS
        known = self._about.get(subject)
        self._about[subject] = ids if known is None else np.union1d(known, ids)

    def record(self) -> ActionId | None:
        """Add it to the library, and tell what it touched; None where it changes nothing."""
        if not self._events:
            return None
        key = self.connection.execute(
            insert(Action).values(**self._row, size=self.size).returning(Action.id)
        ).scalar_one()
        self.connection.execute(
            insert(MarkEventEntry), [{**event, "action_id": key} for event in self._events]
        )
        for subject, ids in self._about.items():
            protect.note(self.connection, subject, ids)
            kind = Kind.OVERRIDE if subject is Subject.FACES else Kind.MARK
            if len(ids) > NAMED_AT_MOST:
                self._transaction.touch_all(kind)
            else:
                self._transaction.touch(kind, *ids.tolist())
        return ActionId(key)


def undo_title(record: ActionRecord) -> str:
    """What taking an action back is called; taking that back does the action again."""
    if record.undoes is None:
        return _UNDO + record.title
    bare = record.title.removeprefix(_UNDO).removeprefix(_REDO)
    return (_REDO if record.title.startswith(_UNDO) else _UNDO) + bare


# --- reading ----------------------------------------------------------------------------------


def get(connection: Connection, action_id: int) -> ActionRecord | None:
    """One action; None where there is none of this id."""
    row = connection.execute(_select().where(Action.id == action_id)).one_or_none()
    return None if row is None else _record(row, _taken_back(connection, action_id))


def latest(connection: Connection, limit: int, before: int | None) -> list[ActionRecord]:
    """Actions, latest first."""
    statement = _select().order_by(Action.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(Action.id < before)
    found = connection.execute(statement).all()
    if not found:
        return []
    taken_back = _taken_back(connection, found[-1][0])
    return [_record(row, taken_back) for row in found]


def events_of(connection: Connection, action_id: int) -> list[Event]:
    """What an action changed, the last first."""
    entry = MarkEventEntry
    found = connection.execute(
        _select_events().where(entry.action_id == action_id).order_by(entry.id.desc())
    ).all()
    return [_event(row) for row in found]


def spoken_of_since(connection: Connection, event: Event, action_id: int) -> Ids:
    """Of whose things an action that stands changed the same after an event.

    Equal values are no proof that nobody spoke: three stars given, taken away and given again by
    someone else are three stars of theirs. Actions that were taken back since, and what took
    them back, said nothing together.
    """
    entry = MarkEventEntry
    later = connection.execute(
        _select_events()
        .add_columns(entry.action_id)
        .where(
            entry.id > event.id,
            entry.action_id > action_id,
            entry.kind == str(event.kind),
            entry.tag_id.is_(event.tag_id),
            entry.first_id <= int(event.ids[-1]),
            entry.last_id >= int(event.ids[0]),
        )
    ).all()
    if not later:
        return np.empty(0, np.int64)
    void = _void(connection, action_id)
    parts = [_event(row).ids for row in later if row[-1] not in void]
    return np.unique(np.concatenate(parts)) if parts else np.empty(0, np.int64)


def history(connection: Connection, photo_id: int) -> list[MarkEvent]:
    """All that was said of a photo and of its faces, in the order it was said."""
    entry = MarkEventEntry
    faces = connection.scalars(select(Face.id).where(Face.photo_id == photo_id)).all()
    quality = entry.kind == str(EventKind.QUALITY)
    spans = [(entry.first_id <= key) & (entry.last_id >= key) & quality for key in faces]
    spans.append((entry.first_id <= photo_id) & (entry.last_id >= photo_id) & ~quality)
    found = connection.execute(
        _select_events()
        .add_columns(Tag.name, entry.action_id)
        .outerjoin(Tag, Tag.id == entry.tag_id)
        .where(or_(*spans))
        .order_by(entry.id)
    ).all()
    said: list[tuple[int, Mark, Mark, int | None]] = []
    for row in found:
        event, tag = _event(row), row[-2]
        of_faces = event.kind is EventKind.QUALITY
        for key in faces if of_faces else [photo_id]:
            place = int(np.searchsorted(event.ids, key))
            if place < len(event.ids) and event.ids[place] == key:
                marks = [_mark(event.kind, one[place], tag) for one in (event.before, event.after)]
                said.append((row[-1], marks[0], marks[1], key if of_faces else None))
    records: dict[int, ActionRecord] = {}
    for key in dict.fromkeys(one[0] for one in said):
        record = get(connection, key)
        if record is not None:
            records[key] = record
    return [MarkEvent(records[key], before, after, face) for key, before, after, face in said]


def _select() -> Select[*tuple[Any, ...]]:
    return select(
        Action.id,
        Action.session,
        Action.origin,
        Action.author,
        Action.title,
        Action.at,
        Action.undoes,
        Action.size,
    )


def _record(row: Row[*tuple[Any, ...]], taken_back: dict[int, int]) -> ActionRecord:
    key, session, origin, author, title, at, undoes, size = row
    undone_by = taken_back.get(key)
    return ActionRecord(
        ActionId(key),
        session,
        Origin(origin),
        author,
        title,
        at,
        None if undoes is None else ActionId(undoes),
        None if undone_by is None else ActionId(undone_by),
        size,
    )


def _taken_back(connection: Connection, since: int) -> dict[int, int]:
    """Actions from one on that are taken back, and by which action that still holds.

    What takes an action back is later than it, so one pass from the end sees first whether that
    was taken back itself.
    """
    found = connection.execute(
        select(Action.id, Action.undoes)
        .where(Action.undoes.is_not(None), Action.id > since)
        .order_by(Action.id.desc())
    ).all()
    taken_back: dict[int, int] = {}
    for key, undoes in found:
        if key not in taken_back and undoes is not None:
            taken_back.setdefault(undoes, key)
    return taken_back


def _void(connection: Connection, since: int) -> set[int]:
    """Actions after one that were taken back, and those that did so."""
    taken_back = _taken_back(connection, since)
    return {key for pair in taken_back.items() if pair[0] > since for key in pair}


def _select_events() -> Select[*tuple[Any, ...]]:
    entry = MarkEventEntry
    return select(
        entry.id, entry.kind, entry.tag_id, entry.first_id, entry.ids, entry.before, entry.after
    )


def _event(row: Row[*tuple[Any, ...]]) -> Event:
    return Event(
        row[0],
        EventKind(row[1]),
        row[2],
        packing.unpack_ids(row[4], row[3]),
        packing.unpack_values(row[5]),
        packing.unpack_values(row[6]),
    )


def _mark(kind: EventKind, value: Any, tag: str | None) -> Mark:
    match kind:
        case EventKind.STARS:
            return SetStars(int(value))
        case EventKind.FLAG:
            return SetFlag(planes.FLAGS[int(value)])
        case EventKind.COLOUR:
            return SetColour(planes.COLOURS[int(value)])
        case EventKind.QUALITY:
            return SetQuality(None if np.isnan(value) else float(value))
        case EventKind.TAG:
            return AddTag(tag or "") if value else RemoveTag(tag or "")
