"""The one rule of what is never deleted: whatever carries a word of a person.

A word is a mark, now or ever (a mark taken back was still said, and the history shows it), an
opinion from a study, or a place in an album. A face with a word keeps its photo.
"""

from __future__ import annotations

import numpy as np
from sqlalchemy import Connection, select

from fiqa_studio.domain.query import Subject
from fiqa_studio.store import planes, rows
from fiqa_studio.store.columns import Ids, int_columns
from fiqa_studio.store.schema import AlbumItem, Face, Opinion, SaidBlock


def note(connection: Connection, subject: Subject, ids: Ids) -> None:
    """A person said something of these."""
    planes.put_bits(connection, SaidBlock, str(subject), ids, values=1)


def faces(connection: Connection, ids: Ids) -> Ids:
    """Those of these faces that carry a word of a person."""
    if not len(ids):
        return ids
    said = planes.bits_at(connection, SaidBlock, str(Subject.FACES), ids)
    rated = int_columns(
        connection, select(Opinion.face_id).where(rows.ids_in(Opinion.face_id, ids)).distinct()
    )[0]
    return ids[said | np.isin(ids, rated)]


def photos(connection: Connection, ids: Ids) -> Ids:
    """Those of these photos that carry a word of a person, themselves or through a face."""
    if not len(ids):
        return ids
    said = planes.bits_at(connection, SaidBlock, str(Subject.PHOTOS), ids)
    placed = int_columns(
        connection,
        select(AlbumItem.photo_id).where(rows.ids_in(AlbumItem.photo_id, ids)).distinct(),
    )[0]
    face_ids, owners = int_columns(
        connection, select(Face.id, Face.photo_id).where(rows.ids_in(Face.photo_id, ids))
    )
    through = owners[np.isin(face_ids, faces(connection, face_ids))]
    return ids[said | np.isin(ids, placed) | np.isin(ids, through)]
