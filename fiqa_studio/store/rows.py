"""From columns to the values of the domain: the selects that several repositories share."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import ColumnElement, Row, Select, and_, func, select
from sqlalchemy.orm import Session

from fiqa_studio.domain.geometry import Box, HeadPose
from fiqa_studio.domain.photos import (
    LANDMARK_COUNT,
    Exif,
    FaceDetail,
    FaceFlag,
    FaceId,
    FaceRow,
    PhotoId,
    PhotoRow,
    PhotoStatus,
)
from fiqa_studio.store.schema import (
    Face,
    FaceLandmarks,
    FaceState,
    Photo,
    Score,
    Scorer,
    Setting,
)

ACTIVE_SCORER = "scorer.active"
NO_FACE = "No face was found."
NOT_SCORED = "Not scored yet."


def scorer_id(scorer_hash: str) -> ColumnElement[int]:
    """The id of a scorer, as a subquery; of the active one where the hash is empty."""
    query = select(Scorer.id)
    if scorer_hash:
        return query.where(Scorer.hash == scorer_hash).scalar_subquery()
    active = select(Setting.value).where(Setting.key == ACTIVE_SCORER).scalar_subquery()
    return query.where(Scorer.hash == active).scalar_subquery()


def ids_in(column: Any, ids: Sequence[int] | npt.NDArray[np.int64]) -> ColumnElement[bool]:
    """Whether a column is among ids; any number of them, as one bound value."""
    keys = ids.tolist() if isinstance(ids, np.ndarray) else [int(key) for key in ids]
    values = func.json_each(json.dumps(keys)).table_valued("value")
    return column.in_(select(values.c.value))  # type: ignore[no-any-return]


def select_faces(scorer_hash: str = "") -> Select[*tuple[Any, ...]]:
    """Columns for `face_row`, with the score of one scorer."""
    return (
        select(
            Face.id,
            Face.photo_id,
            Photo.path_text,
            Face.x,
            Face.y,
            Face.width,
            Face.height,
            Face.eye_distance,
            Score.value,
            Score.spread,
            Scorer.name,
            Scorer.hash,
            Face.flags,
            Photo.taken_at,
            Face.eyes_open,
            Face.yaw,
            Face.pitch,
            Face.roll,
            Photo.missing,
        )
        .join(Photo, Photo.id == Face.photo_id)
        .outerjoin(Score, and_(Score.face_id == Face.id, Score.scorer_id == scorer_id(scorer_hash)))
        .outerjoin(Scorer, Scorer.id == Score.scorer_id)
    )


def face_row(row: Row[*tuple[Any, ...]]) -> FaceRow:
    """A row of `select_faces` as a value."""
    return FaceRow(
        id=FaceId(row[0]),
        photo_id=PhotoId(row[1]),
        path=row[2],
        box=Box(row[3], row[4], row[5], row[6]),
        eye_distance=row[7],
        score=row[8],
        spread=row[9],
        scorer=row[10] or "",
        scorer_hash=row[11] or "",
        flags=frozenset(FaceFlag(flag) for flag in row[12].split(",") if flag),
        taken_at=row[13],
        eyes_open=row[14],
        pose=HeadPose(row[15], row[16], row[17]),
        missing=bool(row[18]),
    )


def select_face_details(scorer_hash: str = "") -> Select[*tuple[Any, ...]]:
    """Columns for `face_detail`."""
    return (
        select_faces(scorer_hash)
        .add_columns(Face.confidence, FaceLandmarks.points)
        .outerjoin(FaceLandmarks, FaceLandmarks.face_id == Face.id)
    )


def face_detail(row: Row[*tuple[Any, ...]]) -> FaceDetail:
    """A row of `select_face_details` as a value."""
    return FaceDetail(row=face_row(row), confidence=row[19], landmarks=points_array(row[20]))


def points_array(points: bytes | None) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Landmarks as they are stored, as an array; an empty one where there are none."""
    if points is None:
        return np.empty((0, 2), np.float32)
    return np.frombuffer(points, "<f4").reshape(-1, 2)


def points_bytes(landmarks: np.ndarray[Any, np.dtype[np.float32]]) -> bytes:
    """Landmarks as they are stored. Raises ValueError for another shape than (478, 2)."""
    if landmarks.shape != (LANDMARK_COUNT, 2):
        raise ValueError(f"landmarks of shape {landmarks.shape}, not ({LANDMARK_COUNT}, 2)")
    return np.ascontiguousarray(landmarks, "<f4").tobytes()


def select_photos(scorer_hash: str = "") -> Select[*tuple[Any, ...]]:
    """Columns for `photo_row`, with the best score by one scorer."""
    best = (
        select(func.max(Score.value))
        .join(Face, Face.id == Score.face_id)
        .where(
            Score.scorer_id == scorer_id(scorer_hash),
            Face.photo_id == Photo.id,
            Face.state == FaceState.CURRENT,
        )
        .correlate(Photo)
        .scalar_subquery()
    )
    return select(
        Photo.id,
        Photo.path,
        Photo.path_text,
        Photo.width,
        Photo.height,
        Photo.format,
        Photo.size,
        Photo.content_hash,
        Photo.taken_at,
        Photo.camera,
        Photo.status,
        Photo.missing,
        Photo.face_count,
        best,
        Photo.failure_message,
    )


def photo_row(row: Row[*tuple[Any, ...]]) -> PhotoRow:
    """A row of `select_photos` as a value."""
    status, faces, best = PhotoStatus(row[10]), row[12], row[13]
    reason = ""
    if status is PhotoStatus.FAILED:
        reason = row[14]
    elif faces == 0:
        reason = NO_FACE
    elif best is None:
        reason = NOT_SCORED
    return PhotoRow(
        id=PhotoId(row[0]),
        path=row[2],
        name=row[2].rpartition("/")[2],
        width=row[3],
        height=row[4],
        format=row[5],
        size=row[6],
        content_hash=row[7],
        taken_at=row[8],
        camera=row[9],
        status=status,
        missing=bool(row[11]),
        face_count=faces,
        best_score=best,
        reason=reason,
    )


def exif_json(exif: Exif) -> str:
    """The EXIF values that have no column of their own."""
    return json.dumps(
        {
            "utc_offset_minutes": exif.utc_offset_minutes,
            "lens": exif.lens,
            "exposure_seconds": exif.exposure_seconds,
            "f_number": exif.f_number,
            "iso": exif.iso,
            "focal_length_mm": exif.focal_length_mm,
            "has_gps": exif.has_gps,
            "orientation": exif.orientation,
        }
    )


def exif_value(text: str, taken_at: datetime | None, camera: str) -> Exif:
    """The EXIF values of a photo, from its columns."""
    return Exif(taken_at=taken_at, camera=camera, **json.loads(text))


def setting(session: Session, key: str) -> str:
    """A setting as the writer sees it; empty where it is not set."""
    return session.scalar(select(Setting.value).where(Setting.key == key)) or ""
