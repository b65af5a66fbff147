"""What a write applies to, as ids: asked for on the writer's thread, where nothing moves."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from sqlalchemy import Connection, select

from fiqa_studio.domain.query import Subject
from fiqa_studio.domain.target import Target
from fiqa_studio.store import rows
from fiqa_studio.store.columns import Ids, int_columns
from fiqa_studio.store.schema import Face, FaceState, Photo
from fiqa_studio.store.views import Views

_MANY = 50_000
"""From here on a look at the whole table beats one row by row."""


class Targets:
    """The photos and the faces of a target; ascending, each once, and only what is there."""

    def __init__(self, connection: Connection, views: Views, target: Target):
        self._connection = connection
        self._views = views
        self._target = target

    @cached_property
    def photos(self) -> Ids:
        """Photo ids."""
        if self._target.subject is Subject.FACES:
            return np.unique(self._faces_with_photos[1])
        if self._target.query is not None:
            return np.sort(self._views.photo_ids(self._target.query))
        ids = self._given
        if len(ids) < _MANY:
            statement = select(Photo.id).where(rows.ids_in(Photo.id, ids))
            return np.sort(int_columns(self._connection, statement)[0])
        (known,) = int_columns(self._connection, select(Photo.id))
        there: Ids = np.intersect1d(ids, known, assume_unique=True)
        return there

    @cached_property
    def faces(self) -> Ids:
        """Face ids."""
        if self._target.subject is Subject.FACES:
            return np.unique(self._faces_with_photos[0])
        current = select(Face.id, Face.photo_id).where(Face.state == FaceState.CURRENT)
        if len(self.photos) < _MANY:
            current = current.where(rows.ids_in(Face.photo_id, self.photos))
        faces, photos = int_columns(self._connection, current)
        found: Ids = np.unique(faces[np.isin(photos, self.photos)])
        return found

    @cached_property
    def _faces_with_photos(self) -> tuple[Ids, Ids]:
        query = self._target.query
        ids = self._given if query is None else np.sort(self._views.face_ids(query))
        statement = select(Face.id, Face.photo_id)
        if len(ids) < _MANY:
            faces, photos = int_columns(
                self._connection, statement.where(rows.ids_in(Face.id, ids))
            )
            return faces, photos
        faces, photos = int_columns(self._connection, statement)
        wanted = np.isin(faces, ids)
        return faces[wanted], photos[wanted]

    @property
    def _given(self) -> Ids:
        return np.unique(np.array(self._target.ids or (), np.int64))
