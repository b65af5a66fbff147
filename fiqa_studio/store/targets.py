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
        """Photo ids; of faces, those of the photos that they are in."""
        if self._target.subject is Subject.FACES:
            return np.unique(self._faces_and_owners[1])
        if self._target.query is not None:  # answered a moment ago: they are all there
            return np.sort(self._asked)
        known = select(Photo.id)
        if len(self._asked) < _MANY:
            known = known.where(rows.ids_in(Photo.id, self._asked))
        there: Ids = np.intersect1d(int_columns(self._connection, known)[0], self._asked)
        return there

    @property
    def photos_in_order(self) -> Ids:
        """The same photos, in the order in which they (or the faces) were given or found."""
        if self._target.subject is Subject.PHOTOS:
            return self._asked[np.isin(self._asked, self.photos)]
        faces, owners = self._faces_and_owners
        asked = self._asked[np.isin(self._asked, faces)]
        owned = owners[np.searchsorted(faces, asked)]
        return _each_once(owned)

    @cached_property
    def faces(self) -> Ids:
        """Face ids; of photos, all that they show."""
        if self._target.subject is Subject.FACES:
            return self._faces_and_owners[0]
        shown = select(Face.id, Face.photo_id).where(Face.state == FaceState.CURRENT)
        if len(self.photos) < _MANY:
            shown = shown.where(rows.ids_in(Face.photo_id, self.photos))
        faces, owners = int_columns(self._connection, shown)
        return np.sort(faces[np.isin(owners, self.photos)])

    @property
    def faces_in_order(self) -> Ids:
        """The same faces; those of photos in the photos' order, the largest of each first."""
        if self._target.subject is Subject.FACES:
            return self._asked[np.isin(self._asked, self.faces)]
        shown = select(Face.id, Face.photo_id).where(Face.state == FaceState.CURRENT)
        if len(self.photos) < _MANY:
            shown = shown.where(rows.ids_in(Face.photo_id, self.photos))
        faces, owners = int_columns(self._connection, shown.order_by(Face.ordinal))
        chosen = np.isin(owners, self.photos)
        faces, owners = faces[chosen], owners[chosen]
        sorter = np.argsort(self._asked)
        places = sorter[np.searchsorted(self._asked, owners, sorter=sorter)]
        return faces[np.argsort(places, kind="stable")]

    @cached_property
    def _asked(self) -> Ids:
        """What was given or found, in its order, each once."""
        target = self._target
        if target.query is None:
            return _each_once(np.array(target.ids or (), np.int64))
        if target.subject is Subject.FACES:
            return self._views.face_ids(target.query)
        return self._views.photo_ids(target.query)

    @cached_property
    def _faces_and_owners(self) -> tuple[Ids, Ids]:
        """The faces of a target of faces, ascending, and the photo of each."""
        statement = select(Face.id, Face.photo_id)
        if len(self._asked) < _MANY:
            statement = statement.where(rows.ids_in(Face.id, self._asked))
        faces, owners = int_columns(self._connection, statement)
        chosen = np.flatnonzero(np.isin(faces, self._asked))
        chosen = chosen[np.argsort(faces[chosen])]
        return faces[chosen], owners[chosen]


def _each_once(ids: Ids) -> Ids:
    return ids[np.sort(np.unique(ids, return_index=True)[1])]
