"""Which photos and faces there are, and which photo each face is in: kept in memory.

So a list of all of them, and the step from photos to their faces, need no walk of an index.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, func, select, text

from fiqa_studio.store.columns import Ids, int_columns
from fiqa_studio.store.schema import Face, FaceState, Photo

Mask = npt.NDArray[np.bool_]
_FEW = 20_000


class Owners:
    """The photo of each face and the photos there are, by id; nine bytes each.

    A face never changes its photo and no id is ever given again, so what was read holds until
    something is deleted: newer ones are read as they come, and where there are fewer than are
    known, all is read anew. Every answer is that of the connection's own snapshot.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._faces: Ids = np.zeros(1, np.int64)
        self._photos: Ids = np.zeros(1, np.int64)

    def of_faces(self, connection: Connection) -> Ids:
        """The photo of each face by the face's id, 0 where there is none of this id."""
        with self._guard:
            self._faces = found = _known(connection, self._faces, Face, Face.photo_id)
            return found[: 1 + _last(connection, Face)]

    def current_faces(self, connection: Connection) -> Mask:
        """By id, whether there is such a face and its photo shows it."""
        mask: Mask = self.of_faces(connection) > 0
        states = [state for state in FaceState if state is not FaceState.CURRENT]
        hidden = select(Face.id).where(Face.state.in_(states))
        mask[int_columns(connection, hidden)[0]] = False
        return mask

    def photos(self, connection: Connection) -> Mask:
        """By id, whether there is such a photo."""
        with self._guard:
            self._photos = found = _known(connection, self._photos, Photo, Photo.id)
            mask: Mask = found[: 1 + _last(connection, Photo)] > 0
            return mask


def _last(connection: Connection, table: Any) -> int:
    return connection.scalar(select(func.max(table.id))) or 0


def _known(connection: Connection, known: Ids, table: Any, value: Any) -> Ids:
    """A value of each row by its id, with what came since; all anew where rows are gone."""
    last = _last(connection, table)
    if last >= len(known):
        known = _grown(connection, known, last, table, value)
    there = connection.scalar(select(func.count()).select_from(table)) or 0
    if np.count_nonzero(known[: last + 1]) == there:
        return known
    return _grown(connection, np.zeros(1, np.int64), last, table, value)


def _grown(connection: Connection, known: Ids, last: int, table: Any, value: Any) -> Ids:
    statement = select(table.id, value)
    if last - len(known) < _FEW:
        statement = statement.where(table.id >= len(known))
    else:  # the sign keeps SQLite from walking the wide rows in place of a narrow index
        newer = text(f"+{table.__tablename__}.id >= :first").bindparams(first=len(known))
        statement = statement.where(newer)
    keys, values = int_columns(connection, statement)
    grown = np.zeros(last + 1, np.int64)
    grown[: len(known)] = known
    grown[keys] = values
    return grown
