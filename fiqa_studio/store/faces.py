"""Faces: whole ones for the loupe, and those a scorer has yet to see."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sqlalchemy import ColumnElement, and_, select

from fiqa_studio.domain.photos import FaceDetail, FaceId, PhotoId
from fiqa_studio.store import pages, rows
from fiqa_studio.store.database import Database
from fiqa_studio.store.schema import Face, FaceLandmarks, FaceState, Photo, Score


class PhotoFaces(NamedTuple):
    """A photo and those of its faces that are to be scored."""

    photo_id: PhotoId
    path: bytes
    content_hash: str
    face_ids: list[FaceId]


class Faces:
    """Reads faces."""

    def __init__(self, database: Database):
        self._database = database

    def detail(self, face_id: int, *, scorer: str = "") -> FaceDetail | None:
        """One face whole, with a scorer's score (the active one's); None where there is none."""
        with self._database.read() as connection:
            found = pages.face_details(connection, Face.id == face_id, scorer)
        return found[0] if found else None

    def of_photo(self, photo_id: int, *, scorer: str = "") -> list[FaceDetail]:
        """The faces that a photo shows, largest first."""
        with self._database.read() as connection:
            shown = and_(Face.photo_id == photo_id, Face.state == FaceState.CURRENT)
            return pages.face_details(connection, shown, scorer)

    def unscored(self, scorer_hash: str) -> list[PhotoFaces]:
        """Faces of present photos that a scorer has not seen, by photo, in order of path."""
        scorer = rows.scorer_id(scorer_hash)
        seen = (
            select(Score.face_id)
            .where(Score.face_id == Face.id, Score.scorer_id == scorer)
            .exists()
        )
        return self._by_photo(~seen)

    def by_photo(self, face_ids: Sequence[int]) -> list[PhotoFaces]:
        """These faces, as far as their photos are present, by photo, in order of path."""
        return self._by_photo(rows.ids_in(Face.id, face_ids))

    def landmarks(self, face_ids: Sequence[int]) -> dict[FaceId, npt.NDArray[np.float32]]:
        """The meshes of these faces, (478, 2) each, in upright full-resolution pixels."""
        with self._database.read() as connection:
            found = connection.execute(
                select(FaceLandmarks.face_id, FaceLandmarks.points).where(
                    rows.ids_in(FaceLandmarks.face_id, face_ids)
                )
            ).all()
        return {FaceId(key): rows.points_array(points) for key, points in found}

    def _by_photo(self, which: ColumnElement[bool]) -> list[PhotoFaces]:
        query = (
            select(Photo.id, Photo.path, Photo.content_hash, Face.id)
            .join(Face, and_(Face.photo_id == Photo.id, Face.state == FaceState.CURRENT))
            .where(Photo.missing.is_(False), which)
            .order_by(Photo.path, Photo.id, Face.ordinal)
        )
        with self._database.read() as connection:
            found: Sequence[Any] = connection.execute(query).all()
        return [
            PhotoFaces(PhotoId(photo_id), path, content_hash, [FaceId(row[3]) for row in group])
            for (photo_id, path, content_hash), group in groupby(found, key=lambda row: row[:3])
        ]
