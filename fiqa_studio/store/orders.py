"""Orders: one walk of one index for each sort key, or a look at an array.

An order is ascending here; the other way round it is read from its end. Ties are broken by id,
with two exceptions where only the photo has the value: faces then come photo by photo.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, select

from fiqa_studio.domain.query import PhotoRule, SortKey
from fiqa_studio.domain.terms import Between, OneOf
from fiqa_studio.store import planes
from fiqa_studio.store.asked import Asked, Mask, standing_for
from fiqa_studio.store.columns import Ids
from fiqa_studio.store.filters import Condition, album_named, bounds, by_eyes
from fiqa_studio.store.schema import AlbumItem, Face, FaceQuality, FaceState, Photo, Score

_CURRENT = Face.state == FaceState.CURRENT


@dataclass(frozen=True, slots=True, eq=False)
class Ordered:
    """Ids by a value, lowest first.

    Attributes:
        ids: Those that have the value.
        rest: Those that have none, by id; None where nobody looked yet.
        chosen: Whether the conditions were seen to on the way.
    """

    ids: Ids
    rest: Ids | None = None
    chosen: bool = False


def in_order(asked: Asked, conditions: Sequence[Condition], masks: Sequence[Mask]) -> Ids:
    """All that fulfils conditions and is in every mask, in the order of the query.

    What has no value to be sorted by comes last in either direction.
    """
    order = asked.query.order
    orders = _OF_FACES if asked.of_faces else _OF_PHOTOS
    found = orders[order.key](asked, conditions)
    ids, rest = found.ids, found.rest
    kept: Mask | None = None
    if not found.chosen or rest is None:
        kept = asked.candidates(conditions)
    for mask in masks:
        kept = mask if kept is None else kept & mask
    if kept is not None:
        ids = ids[kept[ids]]
        if rest is None:
            left = kept.copy()
            left[ids] = False
            rest = np.flatnonzero(left)
        else:
            rest = rest[kept[rest]]
    rest = np.empty(0, np.int64) if rest is None else rest
    return np.concatenate([ids[::-1], rest[::-1]] if order.descending else [ids, rest])


def _column(key: Any, identity: Any) -> Callable[[Asked, Sequence[Condition]], Ordered]:
    """An order by a column whose covering index has all that conditions ask for."""

    def walk(asked: Asked, conditions: Sequence[Condition]) -> Ordered:
        ids = asked.ids(asked.base(*conditions).order_by(key, identity))
        without = 0  # NULL is SQLite's least value
        if key.nullable:
            counted = asked.counted(key.is_(None), *conditions)
            without = asked.connection.scalar(counted) or 0
        return Ordered(ids[without:], ids[:without], chosen=True)

    return walk


def _scores(asked: Asked, _conditions: Sequence[Condition]) -> Ordered:
    within: list[ColumnElement[bool]] = []
    for term in asked.query.terms(Between, "score"):
        if asked.of_faces and not term.negated:  # then nothing else is walked twice
            within += bounds(Score.value, term)
    if asked.of_faces:
        return Ordered(asked.ids(asked.scores(Score.face_id, *within)))
    photos = asked.ids(asked.scores(Score.photo_id))
    return Ordered(photos[standing_for(photos, asked.query.photo_rule)])


def _eyes_of_faces(asked: Asked, _conditions: Sequence[Condition]) -> Ordered:
    return Ordered(asked.ids(by_eyes(Face.id)))


def _eyes_of_photos(asked: Asked, _conditions: Sequence[Condition]) -> Ordered:
    photos = asked.ids(by_eyes(Face.photo_id))
    return Ordered(photos[standing_for(photos, PhotoRule.WORST)])


def _qualities(asked: Asked, _conditions: Sequence[Condition]) -> Ordered:
    column = FaceQuality.face_id if asked.of_faces else Face.photo_id
    ids = asked.ids(
        select(column)
        .select_from(FaceQuality)
        .join(Face, Face.id == FaceQuality.face_id)
        .where(_CURRENT)
        .order_by(FaceQuality.quality, column)
    )
    if asked.of_faces:
        return Ordered(ids)
    return Ordered(ids[standing_for(ids, PhotoRule.WORST)])


def _photo_column(key: Any) -> Callable[[Asked, Sequence[Condition]], Ordered]:
    """An order by a column of photos that every photo has; its index has nothing else."""

    def walk(asked: Asked, conditions: Sequence[Condition]) -> Ordered:
        photos = asked.ids(select(Photo.id).order_by(key, Photo.id))
        if asked.of_faces:
            ranks = np.zeros(asked.photo_size, np.int64)
            ranks[photos] = np.arange(len(photos))
            return _by_photo(asked, ranks, conditions)
        return Ordered(photos, np.empty(0, np.int64), chosen=not conditions)

    return walk


def _stars(asked: Asked, conditions: Sequence[Condition]) -> Ordered:
    stars = np.zeros(asked.photo_size, np.int64)
    marked = planes.stars(asked.connection)[: asked.photo_size]
    stars[: len(marked)] = marked
    if asked.of_faces:
        return _by_photo(asked, stars * asked.photo_size + np.arange(asked.photo_size), conditions)
    ids = np.flatnonzero(asked.candidates(conditions))
    return Ordered(_sorted_by(ids, stars[ids]), np.empty(0, np.int64), chosen=True)


def _places(asked: Asked, conditions: Sequence[Condition]) -> Ordered:
    """By place in the plain album that is asked for; nothing has a place where there is not one."""
    asked_for = [term for term in asked.query.terms(OneOf, "album") if not term.negated]
    photos = np.empty(0, np.int64)
    if len(asked_for) == 1 and len(asked_for[0].values) == 1:
        photos = asked.ids(
            select(AlbumItem.photo_id)
            .where(AlbumItem.album_id == album_named(asked, asked_for[0].values[0]))
            .order_by(AlbumItem.place)
        )
    if not asked.of_faces:
        return Ordered(photos)
    ranks = np.full(asked.photo_size, -1, np.int64)
    ranks[photos] = np.arange(len(photos))
    found = _by_photo(asked, ranks + 1, conditions)
    placed = ranks[asked.owners[found.ids]] >= 0
    return Ordered(found.ids[placed], np.sort(found.ids[~placed]), chosen=True)


def _added(asked: Asked, conditions: Sequence[Condition]) -> Ordered:
    ids = np.flatnonzero(asked.candidates(conditions))
    return Ordered(ids, np.empty(0, np.int64), chosen=True)


def _by_photo(asked: Asked, ranks: Ids, conditions: Sequence[Condition]) -> Ordered:
    """Faces by a rank of their photos, no two of which are equal."""
    faces = np.flatnonzero(asked.candidates(conditions))
    return Ordered(
        _sorted_by(faces, ranks[asked.owners[faces]]), np.empty(0, np.int64), chosen=True
    )


def _sorted_by(ids: Ids, values: Ids) -> Ids:
    """Ids by a value of theirs below 2**42, then by id."""
    if not len(ids):
        return ids
    if values.max() * (ids.max() + 1) < 2**62:  # one sort of numbers beats one with an index
        found: Ids = np.sort(values * (ids.max() + 1) + ids) % (ids.max() + 1)
        return found
    order: Ids = np.lexsort((ids, values))
    return ids[order]


_OF_FACES: Mapping[SortKey, Callable[[Asked, Sequence[Condition]], Ordered]] = {
    SortKey.SCORE: _scores,
    SortKey.TIME: _column(Face.sort_time, Face.id),
    SortKey.NAME: _column(Face.sort_name, Face.id),
    SortKey.FACE_SIZE: _column(Face.eye_distance, Face.id),
    SortKey.EYES: _eyes_of_faces,
    SortKey.STARS: _stars,
    SortKey.FACES: _photo_column(Photo.face_count),
    SortKey.FILE_SIZE: _photo_column(Photo.size),
    SortKey.QUALITY: _qualities,
    SortKey.PLACE: _places,
    SortKey.ADDED: _added,
}
_OF_PHOTOS: Mapping[SortKey, Callable[[Asked, Sequence[Condition]], Ordered]] = {
    SortKey.SCORE: _scores,
    SortKey.TIME: _column(Photo.taken_at, Photo.id),
    SortKey.NAME: _column(Photo.sort_name, Photo.id),
    SortKey.FACE_SIZE: _column(Photo.largest_face, Photo.id),
    SortKey.EYES: _eyes_of_photos,
    SortKey.STARS: _stars,
    SortKey.FACES: _photo_column(Photo.face_count),
    SortKey.FILE_SIZE: _photo_column(Photo.size),
    SortKey.QUALITY: _qualities,
    SortKey.PLACE: _places,
    SortKey.ADDED: _added,
}
