"""Rows by page: faces and photos as they are shown, with their marks and their scores."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, literal_column, select

from fiqa_studio.domain.geometry import Box, HeadPose
from fiqa_studio.domain.marks import PhotoMarks
from fiqa_studio.domain.photos import (
    FaceDetail,
    FaceFlag,
    FaceId,
    FaceRow,
    PhotoId,
    PhotoRow,
    PhotoStatus,
)
from fiqa_studio.store import planes, rows
from fiqa_studio.store.schema import (
    Face,
    FaceLandmarks,
    FaceQuality,
    FaceState,
    Photo,
    Score,
    Scorer,
)

NO_FACE = "No face was found."
NOT_SCORED = "Not scored yet."
_CURRENT = int(FaceState.CURRENT)


def faces(connection: Connection, ids: Sequence[int], scorer: str = "") -> list[FaceRow]:
    """The faces of these ids, in this order; ids that are gone are left out."""
    found = connection.execute(_select_faces(scorer).where(rows.ids_in(Face.id, ids))).all()
    marks = planes.photo_marks(connection, [row.photo_id for row in found])
    by_id = {row.id: _face(row, marks[row.photo_id]) for row in found}
    return [by_id[key] for key in ids if key in by_id]


def photos(connection: Connection, ids: Sequence[int], scorer: str = "") -> list[PhotoRow]:
    """The photos of these ids, in this order; ids that are gone are left out."""
    found = connection.execute(_select_photos().where(rows.ids_in(Photo.id, ids))).all()
    marks = planes.photo_marks(connection, [row.id for row in found])
    shown = _shown_faces(connection, [row.id for row in found], scorer)
    by_id = {row.id: _photo(row, marks[row.id], shown[row.id]) for row in found}
    return [by_id[key] for key in ids if key in by_id]


def face_details(connection: Connection, which: Any, scorer: str = "") -> list[FaceDetail]:
    """Faces whole, by a condition, largest of their photo first."""
    found = connection.execute(
        _select_faces(scorer)
        .add_columns(Face.confidence, FaceLandmarks.points)
        .outerjoin(FaceLandmarks, FaceLandmarks.face_id == Face.id)
        .where(which)
        .order_by(Face.photo_id, Face.ordinal)
    ).all()
    marks = planes.photo_marks(connection, [row.photo_id for row in found])
    return [
        FaceDetail(
            row=_face(row, marks[row.photo_id]),
            confidence=row.confidence,
            landmarks=rows.points_array(row.points),
        )
        for row in found
    ]


# --- faces ----------------------------------------------------------------------------------------


def _select_faces(scorer: str) -> Select[*tuple[Any, ...]]:
    """Columns for `_face`, with the score of one scorer (the active one where none is named)."""
    return (
        select(
            *(Face.id, Face.photo_id, Face.x, Face.y, Face.width, Face.height),
            *(Face.eye_distance, Face.flags, Face.eyes_open, Face.yaw, Face.pitch, Face.roll),
            Score.value.label("score"),
            Score.spread,
            Scorer.name.label("scorer"),
            Scorer.hash.label("scorer_hash"),
            FaceQuality.quality,
            *(Photo.path_text, Photo.taken_at, Photo.missing, Photo.camera, Photo.size),
            *(Photo.face_count, Photo.content_hash),
        )
        .select_from(Face)
        .join(Photo, Photo.id == Face.photo_id)
        .outerjoin(Score, and_(Score.face_id == Face.id, Score.scorer_id == rows.scorer_id(scorer)))
        .outerjoin(Scorer, Scorer.id == Score.scorer_id)
        .outerjoin(FaceQuality, FaceQuality.face_id == Face.id)
    )


def _face(row: Row[*tuple[Any, ...]], marks: PhotoMarks) -> FaceRow:
    return FaceRow(
        id=FaceId(row.id),
        photo_id=PhotoId(row.photo_id),
        path=row.path_text,
        box=Box(row.x, row.y, row.width, row.height),
        eye_distance=row.eye_distance,
        score=row.score,
        spread=row.spread,
        scorer=row.scorer or "",
        scorer_hash=row.scorer_hash or "",
        flags=frozenset(FaceFlag(flag) for flag in row.flags.split(",") if flag),
        taken_at=row.taken_at,
        eyes_open=row.eyes_open,
        pose=HeadPose(row.yaw, row.pitch, row.roll),
        missing=bool(row.missing),
        quality=row.quality,
        marks=marks,
        camera=row.camera,
        size=row.size,
        face_count=row.face_count,
        content_hash=row.content_hash,
    )


# --- photos ---------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Shown:
    """What the faces of one photo are."""

    scores: list[float] = field(default_factory=list)
    eyes: list[float] = field(default_factory=list)
    qualities: list[float] = field(default_factory=list)


def _shown_faces(
    connection: Connection, photo_ids: Sequence[int], scorer: str
) -> dict[int, _Shown]:
    shown: dict[int, _Shown] = defaultdict(_Shown)
    for photo, score, eyes, quality in connection.execute(
        select(Face.photo_id, Score.value, Face.eyes_open, FaceQuality.quality)
        .select_from(Face)
        .outerjoin(Score, and_(Score.face_id == Face.id, Score.scorer_id == rows.scorer_id(scorer)))
        .outerjoin(FaceQuality, FaceQuality.face_id == Face.id)
        # The sign keeps SQLite from the indexes that begin with the state: it is no choice.
        .where(rows.ids_in(Face.photo_id, photo_ids), literal_column("+face.state") == _CURRENT)
    ):
        one = shown[photo]
        one.eyes.append(eyes)
        if score is not None:
            one.scores.append(score)
        if quality is not None:
            one.qualities.append(quality)
    return shown


def _select_photos() -> Select[*tuple[Any, ...]]:
    """Columns for `_photo`."""
    return select(
        *(Photo.id, Photo.path_text, Photo.width, Photo.height, Photo.format, Photo.size),
        *(Photo.content_hash, Photo.taken_at, Photo.camera, Photo.status, Photo.missing),
        *(Photo.face_count, Photo.largest_face, Photo.failure_message),
    )


def _photo(row: Row[*tuple[Any, ...]], marks: PhotoMarks, shown: _Shown) -> PhotoRow:
    status = PhotoStatus(row.status)
    scores = sorted(shown.scores)
    reason = ""
    if status is PhotoStatus.FAILED:
        reason = row.failure_message
    elif row.face_count == 0:
        reason = NO_FACE
    elif not scores:
        reason = NOT_SCORED
    return PhotoRow(
        id=PhotoId(row.id),
        path=row.path_text,
        name=row.path_text.rpartition("/")[2],
        width=row.width,
        height=row.height,
        format=row.format,
        size=row.size,
        content_hash=row.content_hash,
        taken_at=row.taken_at,
        camera=row.camera,
        status=status,
        missing=bool(row.missing),
        face_count=row.face_count,
        best_score=scores[-1] if scores else None,
        median_score=scores[(len(scores) - 1) // 2] if scores else None,
        worst_score=scores[0] if scores else None,
        reason=reason,
        largest_face=row.largest_face,
        eyes_open=min(shown.eyes, default=None),
        quality=min(shown.qualities, default=None),
        marks=marks,
    )
