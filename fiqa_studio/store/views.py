"""What the views show: ids in order from covering indexes, then rows by page.

An order comes from one scan of one index. Filters that are about other tables (scores, text)
come from a scan of their own, and the two meet in numpy: over a hundred thousand rows that is
several times faster than a join, row by row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, Integer, Select, cast, func, select
from sqlalchemy.orm import InstrumentedAttribute

from fiqa_studio.domain.fields_query import Query, SortKey
from fiqa_studio.domain.photos import FaceRow, PhotoRow, PhotoStatus
from fiqa_studio.store import rows, search
from fiqa_studio.store.columns import Ids, int_columns
from fiqa_studio.store.database import Database
from fiqa_studio.store.schema import Face, FaceState, Photo, Score

_FEW_PHOTOS = 2000
_FACE_ORDER = {
    SortKey.TIME: Face.sort_time,
    SortKey.NAME: Face.sort_name,
    SortKey.FACE_SIZE: Face.eye_distance,
}
_PHOTO_ORDER = {
    SortKey.TIME: Photo.taken_at,
    SortKey.NAME: Photo.sort_name,
    SortKey.FACE_SIZE: Photo.largest_face,
}


@dataclass(frozen=True, slots=True)
class Counts:
    """How many there are of what. ``scored`` are faces with the active scorer's score.

    ``photos`` counts every file that is known; ``failed`` and ``missing`` are among them.
    ``without_faces`` are photos that could be read and show none.
    """

    photos: int
    faces: int
    scored: int
    failed: int
    missing: int
    without_faces: int


class Views:
    """Answers queries; from any thread."""

    def __init__(self, database: Database):
        self._database = database

    def face_ids(self, query: Query) -> Ids:
        """The faces that a query asks for, in its order; ties by id in the same direction."""
        with self._database.read() as connection:
            if query.sort is not SortKey.SCORE:
                ids = _faces_in_order(connection, query, _FACE_ORDER[query.sort])
                if _has_bounds(query):
                    ids = _within(ids, _scored_faces(connection, query))
                return ids
            scored = _scored_faces(connection, query, in_order=True)
            candidates = _faces_in_order(connection, query, None)
            ordered = _within(scored, candidates)
            if _has_bounds(query):
                return ordered
            return np.concatenate([ordered, _without(candidates, scored, query)])

    def photo_ids(self, query: Query) -> Ids:
        """The photos that a query asks for, in its order; ties by id in the same direction."""
        with self._database.read() as connection:
            if query.sort is not SortKey.SCORE:
                ids = _photos_in_order(connection, query, _PHOTO_ORDER[query.sort])
                if _has_bounds(query):
                    ids = _within(ids, _scored_photos(connection, query))
                return ids
            scored = _scored_photos(connection, query)
            candidates = _photos_in_order(connection, query, None)
            ordered = _within(scored if query.descending else scored[::-1], candidates)
            if _has_bounds(query):
                return ordered
            return np.concatenate([ordered, _without(candidates, ordered, query)])

    def face_rows(self, ids: Sequence[int] | Ids, *, scorer: str = "") -> list[FaceRow]:
        """The faces of these ids, in this order; ids that are gone are left out."""
        keys = [int(key) for key in ids]
        with self._database.read() as connection:
            found = connection.execute(
                rows.select_faces(scorer).where(rows.ids_in(Face.id, keys))
            ).all()
        by_id = {row[0]: rows.face_row(row) for row in found}
        return [by_id[key] for key in keys if key in by_id]

    def photo_rows(self, ids: Sequence[int] | Ids, *, scorer: str = "") -> list[PhotoRow]:
        """The photos of these ids, in this order; ids that are gone are left out."""
        keys = [int(key) for key in ids]
        with self._database.read() as connection:
            found = connection.execute(
                rows.select_photos(scorer).where(rows.ids_in(Photo.id, keys))
            ).all()
        by_id = {row[0]: rows.photo_row(row) for row in found}
        return [by_id[key] for key in keys if key in by_id]

    def score_histogram(self, query: Query, bins: int, faces: bool = True) -> Ids:
        """How many faces (or photos, by their best face) have a score in each of ``bins``.

        The bins divide [0, 1] evenly. The query's own score bounds are ignored: this is what
        they are chosen on.
        """
        subject = Score.face_id if faces else Score.photo_id
        chosen = (
            select(subject, _bin(Score.value, bins))
            .where(*_of_scorer(query))
            .order_by(Score.value.desc())
        )
        with self._database.read() as connection:
            ids, numbers = int_columns(connection, chosen)
            if faces:
                candidates = _faces_in_order(connection, query, None)
            else:
                candidates = _photos_in_order(connection, query, None)
                first = _first_places(ids)  # of a photo's scores, the best
                ids, numbers = ids[first], numbers[first]
        return np.bincount(numbers[np.isin(ids, candidates)], minlength=bins)

    def score_range(self, scorer: str = "") -> tuple[float, float] | None:
        """Lowest and highest score that a scorer (the active one) gave; None without any."""
        of_scorer = _of_scorer(Query(scorer=scorer))
        # Apart: of one alone, SQLite looks at one end of the index; of both, at all of it.
        low = select(func.min(Score.value)).where(*of_scorer)
        high = select(func.max(Score.value)).where(*of_scorer)
        with self._database.read() as connection:
            found = connection.execute(select(low.scalar_subquery(), high.scalar_subquery())).one()
        return None if found[0] is None else (float(found[0]), float(found[1]))

    def counts(self) -> Counts:
        """How many photos and faces there are."""
        failed = Photo.status == PhotoStatus.FAILED
        none = (Photo.face_count == 0) & ~failed
        with self._database.read() as connection:
            photos = connection.execute(
                select(
                    func.count(),
                    func.coalesce(func.sum(cast(failed, Integer)), 0),
                    func.coalesce(func.sum(cast(Photo.missing, Integer)), 0),
                    func.coalesce(func.sum(cast(none, Integer)), 0),
                ).select_from(Photo)
            ).one()
            faces = connection.scalar(
                select(func.count()).select_from(Face).where(Face.state == FaceState.CURRENT)
            )
            scored = connection.scalar(
                select(func.count()).select_from(Score).where(*_of_scorer(Query()))
            )
        return Counts(
            photos=photos[0],
            faces=faces or 0,
            scored=scored or 0,
            failed=photos[1],
            missing=photos[2],
            without_faces=photos[3],
        )


# --- parts of queries -------------------------------------------------------------------------


def _faces_in_order(connection: Connection, query: Query, key: Any | None) -> Ids:
    """Face ids in order of a column (none: in no order), filtered by all but the score."""
    conditions: list[ColumnElement[bool]] = [Face.state == FaceState.CURRENT]
    if not query.include_missing:
        conditions.append(Face.missing.is_(False))
    if query.missing_only:
        conditions.append(Face.missing.is_(True))
    if query.min_faces is not None:
        conditions.append(Face.photo_faces >= query.min_faces)
    if query.max_faces is not None:
        conditions.append(Face.photo_faces <= query.max_faces)
    if query.root_id is not None:
        conditions.append(Face.root_id == query.root_id)
    order = _order(key, Face.id, query)
    if not query.text.strip():
        return _ids(connection, select(Face.id).where(*conditions).order_by(*order))
    chosen = search.photos_with(connection, query.text)
    if len(chosen) <= _FEW_PHOTOS:  # then their faces are looked up one by one
        conditions.append(rows.ids_in(Face.photo_id, chosen.tolist()))
        return _ids(connection, select(Face.id).where(*conditions).order_by(*order))
    statement = select(Face.id, Face.photo_id).where(*conditions).order_by(*order)
    faces, photos = int_columns(connection, statement)
    return faces[np.isin(photos, chosen)]


def _photos_in_order(connection: Connection, query: Query, key: Any | None) -> Ids:
    """Photo ids in order of a column (none: in no order), filtered by all but the score."""
    conditions: list[ColumnElement[bool]] = []
    if not query.include_missing:
        conditions.append(Photo.missing.is_(False))
    if query.missing_only:
        conditions.append(Photo.missing.is_(True))
    if not query.include_failed:
        conditions.append(Photo.status != PhotoStatus.FAILED)
    if query.min_faces is not None:
        conditions.append(Photo.face_count >= query.min_faces)
    if query.max_faces is not None:
        conditions.append(Photo.face_count <= query.max_faces)
    if query.root_id is not None:
        conditions.append(Photo.root_id == query.root_id)
    ids = _ids(
        connection, select(Photo.id).where(*conditions).order_by(*_order(key, Photo.id, query))
    )
    if query.text.strip():
        ids = _within(ids, search.photos_with(connection, query.text))
    return ids


def _of_scorer(query: Query) -> tuple[ColumnElement[bool], ...]:
    return (
        Score.scorer_id == rows.scorer_id(query.scorer),
        Score.state == FaceState.CURRENT,
    )


def _scored_faces(connection: Connection, query: Query, *, in_order: bool = False) -> Ids:
    """The faces with a score within the bounds."""
    statement = select(Score.face_id).where(*_of_scorer(query))
    if query.min_score is not None:
        statement = statement.where(Score.value >= query.min_score)
    if query.max_score is not None:
        statement = statement.where(Score.value <= query.max_score)
    if in_order:
        statement = statement.order_by(*_order(Score.value, Score.face_id, query))
    return _ids(connection, statement)


def _scored_photos(connection: Connection, query: Query) -> Ids:
    """The photos whose best score is within the bounds, in order of it, highest first.

    Face by face in order of score: where a photo comes first is its best.
    """
    by_score = select(Score.photo_id).where(*_of_scorer(query))
    order = (Score.value.desc(), Score.photo_id.desc())
    within = by_score.order_by(*order)
    if query.min_score is not None:
        within = within.where(Score.value >= query.min_score)
    if query.max_score is not None:
        within = within.where(Score.value <= query.max_score)
    photos = _ids(connection, within)
    photos = photos[_first_places(photos)]
    if query.max_score is None:
        return photos
    better = _ids(connection, by_score.where(Score.value > query.max_score))
    return photos[~np.isin(photos, better)]


def _first_places(ids: Ids) -> Ids:
    """Where each id occurs first, in order."""
    return np.sort(np.unique(ids, return_index=True)[1])


def _bin(score: ColumnElement[float] | InstrumentedAttribute[float], bins: int) -> Any:
    """Which of so many even parts of [0, 1] a score is in; 1 itself is in the last."""
    return func.min(cast(score * bins, Integer), bins - 1)


def _order(key: Any, identity: Any, query: Query) -> tuple[ColumnElement[Any], ...]:
    if key is None:
        return ()
    if query.descending:  # NULL is SQLite's least value, so it comes last by itself
        return key.desc(), identity.desc()
    return (key.asc().nulls_last() if key.nullable else key.asc()), identity.asc()


def _has_bounds(query: Query) -> bool:
    return query.min_score is not None or query.max_score is not None


def _ids(connection: Connection, statement: Select[*tuple[Any, ...]]) -> Ids:
    """The one integer column of a statement, in its order."""
    return int_columns(connection, statement)[0]


def _within(ids: Ids, allowed: Ids) -> Ids:
    return ids[np.isin(ids, allowed)]


def _without(ids: Ids, dropped: Ids, query: Query) -> Ids:
    rest = np.sort(ids[~np.isin(ids, dropped)])
    return rest[::-1] if query.descending else rest
