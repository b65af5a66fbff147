"""What each term keeps: one function a name, in `FILTERS`.

A function answers for the term as if it were not negated, in one of two ways: with a condition on
columns that every covering index has (it is checked while an order is walked), or with a mask of
what is asked for, from a walk of its own. It need not ask whether a face is current.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, and_, func, literal_column, not_, select

from fiqa_studio.domain.albums import AlbumKind
from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.photos import FaceFlag, PhotoStatus
from fiqa_studio.domain.query import PhotoRule
from fiqa_studio.domain.terms import TERMS, Between, Contains, InIds, OneOf, Period, Term, Words
from fiqa_studio.store import likeness, planes, rows, search, words
from fiqa_studio.store.asked import Asked, Mask, mask_of, standing_for
from fiqa_studio.store.schema import (
    AlbumEntry,
    AlbumItem,
    Face,
    FaceQuality,
    FaceState,
    Opinion,
    Photo,
    Score,
)

Condition = ColumnElement[bool]
Found = Condition | Mask
_CURRENT = Face.state == FaceState.CURRENT


def split(asked: Asked) -> tuple[list[Condition], list[Mask]]:
    """What the terms of a query keep, negation and all: conditions and masks.

    Raises:
        KnownError: ``query.unknown``: the library cannot answer a term (yet).
    """
    conditions: list[Condition] = []
    masks: list[Mask] = []
    for term in asked.query.where:
        found = FILTERS[term.name](asked, term)
        if isinstance(found, np.ndarray):
            masks.append(~found if term.negated else found)
        else:
            # NULL is no answer either way; what has no value is not what was asked for.
            conditions.append(not_(func.ifnull(found, False)) if term.negated else found)
    return conditions, masks


# --- of faces, and of photos by one of their faces ------------------------------------------------


def _score(asked: Asked, term: Between) -> Found:
    if asked.of_faces:
        return asked.mask(asked.ids(asked.scores(Score.face_id, *bounds(Score.value, term))))
    if asked.query.photo_rule is PhotoRule.MEDIAN:
        return _by_median_score(asked, term)

    def having(*conditions: Condition) -> Mask:
        return asked.mask(asked.ids(asked.scores(Score.photo_id, *conditions).order_by(None)))

    return _by_extreme(having, Score.value, term, asked.query.photo_rule)


def _scored(asked: Asked, _term: Term) -> Found:
    column = Score.face_id if asked.of_faces else Score.photo_id
    return asked.mask(asked.ids(asked.scores(column).order_by(None)))


def _eyes(asked: Asked, term: Between) -> Found:
    if asked.of_faces:
        return asked.mask(asked.ids(asked.base(*bounds(Face.eyes_open, term))))

    def having(*conditions: Condition) -> Mask:
        if not conditions:
            return asked.shown_photos
        return asked.mask(asked.ids(select(Face.photo_id).where(_CURRENT, *conditions)))

    return _by_extreme(having, Face.eyes_open, term, PhotoRule.WORST)


def _size(asked: Asked, term: Between) -> Found:
    column = Face.eye_distance if asked.of_faces else Photo.largest_face
    return asked.mask(asked.ids(asked.base(*bounds(column, term))))


def _quality(asked: Asked, term: Between) -> Found:
    return _judged(asked, FaceQuality.face_id, bounds(FaceQuality.quality, term))


def _mos(asked: Asked, term: Between) -> Found:
    if asked.connection.scalar(select(Opinion.face_id).limit(1)) is None:
        raise _unanswerable(
            "mos", "No study's opinions are in this library.", "Publish the results of a study."
        )
    return _judged(asked, Opinion.face_id, bounds(Opinion.mos, term))


def _judged(asked: Asked, face_id: Any, conditions: list[Condition]) -> Mask:
    """What people said of faces: of all that are shown; a photo has what one of its faces has."""
    if asked.of_faces:
        return asked.mask(asked.ids(select(face_id).where(*conditions)))
    joined = select(Face.photo_id).select_from(face_id.class_)
    joined = joined.join(Face, Face.id == face_id).where(_CURRENT, *conditions)
    return asked.mask(asked.ids(joined))


def _flaw(asked: Asked, term: OneOf) -> Found:
    unknown = set(term.values) - set(FaceFlag) - {""}
    if unknown:
        raise _unanswerable(
            "flaw",
            f"“{min(unknown)}” is not known of any face here.",
            f"What is known: {', '.join(FaceFlag)}, none.",
        )
    wanted = set(term.values)
    texts = [
        flags
        for flags in asked.distinct(Face.flags, _CURRENT)
        if wanted & set(flags.split(","))  # the text of no flags splits into one empty word
    ]
    # By the flags' own index: by photo it would be a look at every row.
    statement = select(Face.id).where(_CURRENT, Face.flags.in_(texts))
    return asked.faces(asked.ids(statement))


# --- of photos ------------------------------------------------------------------------------------


def _faces(asked: Asked, term: Between) -> Found:
    # The sign keeps SQLite from the index of this column alone, out of any order.
    column = Face.photo_faces if asked.of_faces else literal_column("+photo.face_count")
    return and_(True, *bounds(column, term))


def _stars(asked: Asked, term: Between) -> Found:
    stars = np.arange(planes.STARS_BITS[1] + 1)
    low = 0.0 if term.low is None else term.low
    kept = (stars >= low) & (stars <= (np.inf if term.high is None else term.high))
    return _of_plane(asked, planes.STARS_BITS, kept)


def _flag(asked: Asked, term: OneOf) -> Found:
    return _of_plane(asked, planes.FLAG_BITS, np.isin(planes.FLAGS, term.values))


def _colour(asked: Asked, term: OneOf) -> Found:
    return _of_plane(asked, planes.COLOUR_BITS, np.isin(planes.COLOURS, term.values))


def _of_plane(asked: Asked, bits: tuple[int, int], kept: Mask) -> Mask:
    """Photos whose part of the marks is one of those kept."""
    padded = np.zeros(bits[1] + 1, np.bool_)
    padded[: len(kept)] = kept
    mask = np.full(asked.photo_size, padded[0])
    values = planes.part_of(planes.all_marks(asked.connection), bits)[: asked.photo_size]
    mask[: len(values)] = padded[values]
    return asked.of_photos(mask)


def _tag(asked: Asked, term: OneOf) -> Found:
    mask = np.zeros(asked.photo_size, np.bool_)
    for value in term.values:
        if value and not words.storable(value):
            continue  # no tag is so
        if value:
            mask |= mask_of(planes.tagged(asked.connection, value), asked.photo_size)
        else:
            mask |= ~mask_of(planes.tagged_like(asked.connection, ""), asked.photo_size)
    return asked.of_photos(mask)


def _album(asked: Asked, term: OneOf) -> Found:
    found = asked.connection.execute(
        select(AlbumEntry.id, AlbumEntry.name, AlbumEntry.kind, AlbumEntry.query_text)
    ).all()
    mask = np.zeros(asked.size, np.bool_)
    for value in term.values:
        if not value:  # in no album that was put together by hand
            mask |= ~asked.photos(asked.ids(select(AlbumItem.photo_id)))
            continue
        albums = [album for album in found if words.folded(album.name) == words.folded(value)]
        if not albums:
            raise _unanswerable("album", f"There is no album “{value}”.", "Look at their names.")
        for album in albums:
            if album.kind == AlbumKind.SMART:
                mask |= _of_smart_album(asked, album.name, album.query_text)
            else:
                items = select(AlbumItem.photo_id).where(AlbumItem.album_id == album.id)
                mask |= asked.photos(asked.ids(items))
    return mask


def _of_smart_album(asked: Asked, name: str, text: str) -> Mask:
    if name in asked.inside:
        raise _unanswerable("album", f"The album “{name}” asks for itself.", "Edit its query.")
    if asked.read_text is None:
        raise _unanswerable("album", f"“{name}” is a saved query.", "Ask for its terms instead.")
    return matching(asked.within(asked.read_text(text), name))


def matching(asked: Asked) -> Mask:
    """All that a query asks for, in no order."""
    return matching_of(asked, *split(asked))


def matching_of(asked: Asked, conditions: Sequence[Condition], masks: Sequence[Mask]) -> Mask:
    """What fulfils conditions and is in every mask, in no order."""
    mask = asked.candidates(conditions)
    for other in masks:
        mask &= other
    return mask


def _time(asked: Asked, term: Period) -> Found:
    column = Face.sort_time if asked.of_faces else Photo.taken_at
    conditions: list[Condition] = [column.is_not(None)]
    if term.start is not None:
        conditions.append(column >= term.start)
    if term.end is not None:
        conditions.append(column < term.end)
    return asked.mask(asked.ids(asked.base(*conditions)))


def _camera(asked: Asked, term: Contains) -> Found:
    wanted = words.folded(term.text)
    cameras = [name for name in asked.distinct(Photo.camera) if wanted in words.folded(name)]
    return asked.photos(asked.ids(select(Photo.id).where(rows.texts_in(Photo.camera, cameras))))


def _folder(asked: Asked, term: Contains) -> Found:
    wanted = words.folded(term.text)
    whole = wanted.startswith("/")
    if whole:
        wanted = wanted.rstrip("/") + "/"
    folders = [
        folder
        for folder in asked.distinct(Photo.folder)
        if (words.folded(folder).startswith(wanted) if whole else wanted in words.folded(folder))
    ]
    return asked.photos(asked.ids(select(Photo.id).where(rows.texts_in(Photo.folder, folders))))


def _root(asked: Asked, term: InIds) -> Found:
    # As with the number of faces: by another index than the order's, all would have to be sorted.
    column = Face.root_id if asked.of_faces else literal_column("+photo.root_id")
    return column.in_(term.ids)


def _file_size(asked: Asked, term: Between) -> Found:
    return asked.photos(asked.ids(select(Photo.id).where(*bounds(Photo.size, term))))


def _missing(asked: Asked, _term: Term) -> Found:
    return (Face.missing if asked.of_faces else Photo.missing).is_(True)


def _failed(asked: Asked, _term: Term) -> Found:
    if asked.of_faces:  # what could not be read shows none
        return np.zeros(asked.size, np.bool_)
    return Photo.status == PhotoStatus.FAILED


def _text(asked: Asked, term: Words) -> Found:
    return asked.of_photos(search.photos_with(asked.connection, term.words, asked.photo_size))


# --- by number ------------------------------------------------------------------------------------


def _ids(asked: Asked, term: InIds) -> Found:
    return asked.mask(np.array(term.ids, np.int64))


def _like(asked: Asked, term: InIds) -> Found:
    found = None
    if asked.vectors is not None:
        wanted = np.array(term.ids, np.int64)
        found = likeness.most_alike(asked.vectors, asked.scorer_hash, wanted)
    if found is None:
        raise _unanswerable(
            "like",
            "What the flaws of this face look like is not known.",
            "Score it with a scorer that tells, or fill up what is missing: fiqa score --fill.",
        )
    return asked.faces(found)


FILTERS: Mapping[str, Callable[[Asked, Any], Found]] = {
    "score": _score,
    "scored": _scored,
    "quality": _quality,
    "mos": _mos,
    "faces": _faces,
    "size": _size,
    "eyes": _eyes,
    "flaw": _flaw,
    "stars": _stars,
    "flag": _flag,
    "colour": _colour,
    "tag": _tag,
    "album": _album,
    "time": _time,
    "camera": _camera,
    "folder": _folder,
    "root": _root,
    "filesize": _file_size,
    "missing": _missing,
    "failed": _failed,
    "like": _like,
    "ids": _ids,
    "text": _text,
}
"""What answers each term, by its name."""


# --- parts ----------------------------------------------------------------------------------------


def album_named(asked: Asked, name: str) -> int:
    """The id of a plain album; 0 where there is none of this name."""
    albums = asked.connection.execute(
        select(AlbumEntry.id, AlbumEntry.name).where(AlbumEntry.kind == AlbumKind.PLAIN)
    )
    wanted = words.folded(name)
    return next((album.id for album in albums if words.folded(album.name) == wanted), 0)


def bounds(column: Any, term: Between) -> list[Condition]:
    """A column within a range; where the range has no bounds, any value at all."""
    found: list[Condition] = []
    if term.low is not None:
        found.append(column >= term.low)
    if term.high is not None:
        found.append(column <= term.high)
    return found or [column.is_not(None)]


def by_eyes(column: Any) -> Any:
    """Select a column of the faces, the least open eyes first, then by photo."""
    return select(column).where(_CURRENT).order_by(Face.eyes_open, Face.photo_id, Face.id)


def _by_extreme(having: Callable[..., Mask], column: Any, term: Between, rule: PhotoRule) -> Mask:
    """The photos whose lowest (worst) or highest (best) face is within bounds.

    The lowest is at least so much where no face is below it, and at most so much where any face
    is; the highest likewise. So only faces on one side of a bound are read.

    Args:
        having: The photos with a face that fulfils conditions.
        column: Of the face.
        term: The bounds.
        rule: `PhotoRule.WORST` or `PhotoRule.BEST`.
    """
    if rule is PhotoRule.WORST:
        inner = [] if term.high is None else [column <= term.high]
        outer = [] if term.low is None else [column < term.low]
    else:
        inner = [] if term.low is None else [column >= term.low]
        outer = [] if term.high is None else [column > term.high]
    found = having(*inner)
    return found & ~having(*outer) if outer else found


def _by_median_score(asked: Asked, term: Between) -> Mask:
    """The photos whose median face's score is within bounds, told by its place in the order."""
    photos = asked.ids(asked.scores(Score.photo_id))
    places = standing_for(photos, PhotoRule.MEDIAN)

    def number(condition: Condition) -> int:
        counted = asked.scores(Score.photo_id, condition).order_by(None)
        return asked.connection.scalar(counted.with_only_columns(func.count())) or 0

    if term.low is not None:
        places = places[places >= number(Score.value < term.low)]
    if term.high is not None:
        places = places[places < number(Score.value <= term.high)]
    return asked.mask(photos[places])


def _unanswerable(name: str, cause: str, remedy: str) -> KnownError:
    return KnownError(
        f"“{TERMS[name].name}” cannot be answered.",
        cause=cause,
        remedy=remedy,
        code="query.unknown",
    )
