"""From columns to the values of the domain: the selects that several repositories share."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from fiqa_studio.domain.photos import (
    LANDMARK_COUNT,
    Exif,
)
from fiqa_studio.store.schema import (
    Scorer,
    Setting,
)

ACTIVE_SCORER = "scorer.active"


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


def texts_in(column: Any, texts: Sequence[str]) -> ColumnElement[bool]:
    """Whether a column is among texts; any number of them, as one bound value."""
    values = func.json_each(json.dumps(list(texts))).table_valued("value")
    return column.in_(select(values.c.value))  # type: ignore[no-any-return]


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
