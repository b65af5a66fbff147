"""What marks do to what holds now: applied, and taken back where nobody spoke since."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert

from fiqa_studio.domain.marks import (
    AddTag,
    Mark,
    RemoveTag,
    SetColour,
    SetFlag,
    SetQuality,
    SetStars,
)
from fiqa_studio.store import actions, planes, rows, words
from fiqa_studio.store.actions import EventKind
from fiqa_studio.store.columns import Ids
from fiqa_studio.store.schema import FaceQuality, Tag, TagBlock
from fiqa_studio.store.targets import Targets

Values = npt.NDArray[Any]
"""uint8, or float64 of qualities with NaN for none; one an id."""
_MANY = 50_000


@dataclass(frozen=True, slots=True)
class Slot:
    """One thing that marks set: the stars of photos, say, or whether they carry a certain tag."""

    kind: EventKind
    tag_id: int | None = None


_BITS = {
    EventKind.STARS: planes.STARS_BITS,
    EventKind.FLAG: planes.FLAG_BITS,
    EventKind.COLOUR: planes.COLOUR_BITS,
}


def apply(action: actions.Draft, mark: Mark, targets: Targets) -> None:
    """Make a mark hold for all that it is aimed at; what it changes is added to the action."""
    connection = action.connection
    for slot, value in _slots(connection, mark):
        ids = targets.faces if slot.kind is EventKind.QUALITY else targets.photos
        before = read(connection, slot, ids)
        changed = ~_equal(before, value)
        ids, before = ids[changed], before[changed]
        if len(ids):
            after = np.full(len(ids), value, before.dtype)
            write(connection, slot, ids, after)
            action.add(slot.kind, slot.tag_id, ids, before, after)


def take_back(action: actions.Draft, action_id: int) -> int:
    """Bring back what an action changed, where it still holds; how many stay as they are."""
    connection = action.connection
    stayed: dict[bool, list[Ids]] = {True: [], False: []}
    for event in actions.events_of(connection, action_id):  # the last first
        slot = Slot(event.kind, event.tag_id)
        holds = _equal(read(connection, slot, event.ids), event.after)
        holds &= ~np.isin(event.ids, actions.spoken_of_since(connection, event, action_id))
        of_faces = slot.kind is EventKind.QUALITY
        stayed[of_faces].append(event.ids[~holds])
        ids = event.ids[holds]
        if len(ids):
            write(connection, slot, ids, event.before[holds])
            action.add(slot.kind, slot.tag_id, ids, event.after[holds], event.before[holds])
    return sum(len(np.unique(np.concatenate(parts))) for parts in stayed.values() if parts)


def read(connection: Connection, slot: Slot, ids: Ids) -> Values:
    """What holds now, one value an id."""
    if slot.kind is EventKind.QUALITY:
        return _qualities(connection, ids)
    if slot.kind is EventKind.TAG:
        return planes.bits_at(connection, TagBlock, slot.tag_id, ids).astype(np.uint8)
    return planes.part_of(planes.marks_at(connection, ids), _BITS[slot.kind])


def write(connection: Connection, slot: Slot, ids: Ids, values: Values) -> None:
    """Make values hold; each id at most once."""
    if slot.kind is EventKind.QUALITY:
        _put_qualities(connection, ids, values)
    elif slot.kind is EventKind.TAG:
        planes.put_bits(connection, TagBlock, slot.tag_id, ids, values)
    else:
        old = planes.marks_at(connection, ids)
        planes.put_marks(connection, ids, planes.with_part(old, _BITS[slot.kind], values))


def _equal(one: Values, other: Values | float) -> npt.NDArray[np.bool_]:
    same: npt.NDArray[np.bool_] = (one == other) | (np.isnan(one) & np.isnan(other))
    return same


def _slots(connection: Connection, mark: Mark) -> list[tuple[Slot, float]]:
    """What a mark sets, and to which value."""
    match mark:
        case SetStars(stars):
            return [(Slot(EventKind.STARS), stars)]
        case SetFlag(flag):
            return [(Slot(EventKind.FLAG), planes.FLAGS.index(flag))]
        case SetColour(colour):
            return [(Slot(EventKind.COLOUR), planes.COLOURS.index(colour))]
        case SetQuality(quality):
            return [(Slot(EventKind.QUALITY), np.nan if quality is None else float(quality))]
        case AddTag(tag):
            return [(Slot(EventKind.TAG, _tag_id(connection, tag)), 1)]
        case RemoveTag(tag):
            return [(Slot(EventKind.TAG, key), 0) for key in _tags_called(connection, tag)]


def _tag_id(connection: Connection, name: str) -> int:
    known = connection.scalar(select(Tag.id).where(Tag.name == name))
    if known is not None:
        return known
    return connection.execute(
        insert(Tag).values(name=name, folded=words.folded(name)).returning(Tag.id)
    ).scalar_one()


def _tags_called(connection: Connection, name: str) -> list[int]:
    """The tag spelled so; where there is none, those that differ in case only."""
    exact = connection.scalars(select(Tag.id).where(Tag.name == name)).all()
    if exact:
        return list(exact)
    return list(connection.scalars(select(Tag.id).where(Tag.folded == words.folded(name))))


def _qualities(connection: Connection, ids: Ids) -> npt.NDArray[np.float64]:
    statement = select(FaceQuality.face_id, FaceQuality.quality)
    if len(ids) < _MANY:
        statement = statement.where(rows.ids_in(FaceQuality.face_id, ids))
    found = connection.execute(statement).all()
    values = np.full(len(ids), np.nan)
    if not found or not len(ids):
        return values
    known = np.array([row[0] for row in found], np.int64)
    place = np.minimum(np.searchsorted(ids, known), len(ids) - 1)
    inside = ids[place] == known
    values[place[inside]] = np.array([row[1] for row in found])[inside]
    return values


def _put_qualities(connection: Connection, ids: Ids, values: Values) -> None:
    none = np.isnan(values)
    if none.any():
        connection.execute(delete(FaceQuality).where(rows.ids_in(FaceQuality.face_id, ids[none])))
    kept = list(zip(ids[~none].tolist(), values[~none].tolist(), strict=True))
    if kept:  # by the driver: a row as a tuple costs a third of one as a dictionary
        connection.exec_driver_sql(
            "INSERT INTO face_quality (face_id, quality) VALUES (?, ?)"
            " ON CONFLICT (face_id) DO UPDATE SET quality = excluded.quality",
            kept,
        )
