"""Which photo each face is in, kept in memory: how what is known of photos reaches faces."""

from __future__ import annotations

import threading

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, func, select, text

from fiqa_studio.store.columns import Ids, int_columns
from fiqa_studio.store.schema import Face

_FEW = 20_000


class Owners:
    """The photo of each face, by face id.

    A face never changes its photo and its id is never given again, so what was read once holds
    for good; only faces that are newer are read. Entries of faces that are gone by now do no
    harm: no list has them. Eight bytes a face.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._photos: npt.NDArray[np.int64] = np.zeros(1, np.int64)

    def photos(self, connection: Connection) -> Ids:
        """Photo ids by face id, for at least all faces that the connection sees; 0 for none."""
        last = connection.scalar(select(func.max(Face.id))) or 0
        with self._guard:
            known = len(self._photos) - 1
            if last > known:
                self._photos = self._grown(connection, known, last)
            return self._photos

    def _grown(self, connection: Connection, known: int, last: int) -> Ids:
        statement = select(Face.id, Face.photo_id)
        if last - known <= _FEW:
            statement = statement.where(Face.id > known)
        else:  # the sign keeps SQLite from walking the wide rows in place of a narrow index
            statement = statement.where(text("+face.id > :known").bindparams(known=known))
        faces, photos = int_columns(connection, statement)
        grown = np.zeros(last + 1, np.int64)
        grown[: known + 1] = self._photos
        grown[faces] = photos
        return grown
