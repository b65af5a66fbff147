"""What becomes of the faces of a photo when its file is new, changed, copied or broken."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sqlalchemy import delete, insert, literal, select, update
from sqlalchemy.orm import Session

from fiqa_studio.domain.changes import Kind
from fiqa_studio.domain.photos import FaceId, FoundFace, IndexedPhoto
from fiqa_studio.store import protect, rows, thumbnails, vectors
from fiqa_studio.store.schema import Face, FaceLandmarks, FaceState, Photo, Score
from fiqa_studio.store.writer import Transaction


def record_faces(
    transaction: Transaction, photo: Photo, indexed: IndexedPhoto, *, same_content: bool
) -> list[int]:
    """The ids of the faces, in order: known ones where they are the same, else new ones."""
    session = transaction.session
    set_state(transaction, photo.id, FaceState.SET_ASIDE, FaceState.CURRENT)
    known = _same_faces(session, photo.id, indexed, same_content=same_content)
    if known is not None:
        return known
    drop_faces(transaction, photo.id)
    return add_faces(transaction, photo, indexed.faces)


def add_faces(transaction: Transaction, photo: Photo, found: Sequence[FoundFace]) -> list[int]:
    """Insert the faces of a photo; returns their ids, in order."""
    session = transaction.session
    points = [rows.points_bytes(face.landmarks) for face in found]
    faces = [_face(photo, ordinal, face) for ordinal, face in enumerate(found)]
    session.add_all(faces)
    session.flush()
    ids = [face.id for face in faces]
    if ids:
        session.execute(
            insert(FaceLandmarks),
            [{"face_id": key, "points": one} for key, one in zip(ids, points, strict=True)],
        )
    transaction.touch(Kind.FACE, *ids)
    return ids


def _same_faces(
    session: Session, photo_id: int, indexed: IndexedPhoto, *, same_content: bool
) -> list[int] | None:
    """The current faces, where the new ones are the same, pixel for pixel; else None.

    A file whose metadata alone were rewritten has another content hash and the same faces:
    their crops are equal to the byte. Then scores and marks still hold.
    """
    current = session.execute(
        select(Face.id, FaceLandmarks.points)
        .outerjoin(FaceLandmarks, FaceLandmarks.face_id == Face.id)
        .where(Face.photo_id == photo_id, Face.state == FaceState.CURRENT)
        .order_by(Face.ordinal)
    ).all()
    if len(current) != len(indexed.faces):
        return None
    for (_, points), face in zip(current, indexed.faces, strict=True):
        if points != rows.points_bytes(face.landmarks):
            return None
    ids = [row[0] for row in current]
    if not same_content:
        # The crops that are still there must be the same; lost ones say nothing against it.
        before = thumbnails.face_jpegs(session, ids)
        pairs = zip(before, indexed.face_thumbnails, strict=False)
        if any(old is not None and old != new for old, new in pairs):
            return None
    return ids


def drop_faces(transaction: Transaction, photo_id: int) -> None:
    """The file shows something else now: its faces go, those a person spoke of retire."""
    session = transaction.session
    session.flush()
    old = np.array(
        session.scalars(
            select(Face.id).where(Face.photo_id == photo_id, Face.state != FaceState.RETIRED)
        ).all(),
        np.int64,
    )
    retired = protect.faces(session.connection(), old)
    gone = np.setdiff1d(old, retired)
    for statement, ids in (
        (update(Face).values(state=FaceState.RETIRED), retired.tolist()),
        (delete(Face), gone.tolist()),
    ):
        if ids:
            session.execute(statement.where(rows.ids_in(Face.id, ids)))
    thumbnails.forget(session, face_ids=gone.tolist())
    vectors.forget(session, gone.tolist())
    transaction.touch(Kind.FACE, *retired.tolist(), *gone.tolist())


def _face(photo: Photo, ordinal: int, face: FoundFace) -> Face:
    return Face(
        photo_id=photo.id,
        ordinal=ordinal,
        x=face.box.x,
        y=face.box.y,
        width=face.box.width,
        height=face.box.height,
        eye_distance=face.eye_distance,
        yaw=face.pose.yaw,
        pitch=face.pose.pitch,
        roll=face.pose.roll,
        eyes_open=face.eyes_open,
        confidence=face.confidence,
        flags=",".join(sorted(face.flags)),
        root_id=photo.root_id,
        missing=photo.missing,
        photo_faces=photo.face_count,
        sort_time=photo.taken_at,
        sort_name=photo.sort_name,
    )


_COPIED_FACE = (
    *("ordinal", "x", "y", "width", "height", "eye_distance", "yaw", "pitch", "roll"),
    *("eyes_open", "confidence", "flags"),
)


def copy_faces(session: Session, source_id: int, photo: Photo) -> list[tuple[int, int]]:
    """Give a photo the faces of another; returns pairs of (old id, new id)."""
    pairs: list[tuple[int, int]] = []
    for old in session.scalars(
        select(Face)
        .where(Face.photo_id == source_id, Face.state != FaceState.RETIRED)
        .order_by(Face.ordinal)
    ).all():
        new = Face(
            photo_id=photo.id,
            state=old.state,
            root_id=photo.root_id,
            missing=photo.missing,
            photo_faces=photo.face_count,
            sort_time=photo.taken_at,
            sort_name=photo.sort_name,
            **{name: getattr(old, name) for name in _COPIED_FACE},
        )
        session.add(new)
        session.flush()
        session.execute(
            insert(FaceLandmarks).from_select(
                ["face_id", "points"],
                select(literal(new.id), FaceLandmarks.points).where(
                    FaceLandmarks.face_id == old.id
                ),
            )
        )
        pairs.append((old.id, new.id))
    return pairs


_COPIED_SCORE = ("scorer_id", "value", "spread", "precision", "device", "scored_at")


def adopt_scores(transaction: Transaction, source_id: int, photo_id: int) -> None:
    """The scores of equal faces of equal content hold for the copy too."""
    session = transaction.session
    session.flush()
    theirs = _by_landmarks(session, source_id)
    pairs = [
        (theirs[points], face)
        for points, face in _by_landmarks(session, photo_id).items()
        if points in theirs
    ]
    for old, new in pairs:
        session.execute(
            insert(Score)
            .prefix_with("OR IGNORE")
            .from_select(
                ["face_id", "photo_id", "state", *_COPIED_SCORE],
                select(
                    literal(new),
                    literal(photo_id),
                    Score.state,
                    *(getattr(Score, name) for name in _COPIED_SCORE),
                ).where(Score.face_id == old),
            )
        )
    thumbnails.adopt_maps(session, pairs)
    vectors.adopt(session, pairs)
    transaction.touch(Kind.SCORE, *(new for _, new in pairs))


def _by_landmarks(session: Session, photo_id: int) -> dict[bytes, int]:
    return {
        points: face
        for face, points in session.execute(
            select(Face.id, FaceLandmarks.points)
            .join(FaceLandmarks, FaceLandmarks.face_id == Face.id)
            .where(Face.photo_id == photo_id, Face.state != FaceState.RETIRED)
        )
    }


def current_faces(session: Session, photo_id: int) -> tuple[FaceId, ...]:
    """The faces that a photo shows now, in their order."""
    return tuple(
        FaceId(key)
        for key in session.scalars(
            select(Face.id)
            .where(Face.photo_id == photo_id, Face.state == FaceState.CURRENT)
            .order_by(Face.ordinal)
        )
    )


def set_state(transaction: Transaction, photo_id: int, before: FaceState, after: FaceState) -> None:
    """Move all faces of a photo from one state to another."""
    changed = transaction.session.scalars(
        update(Face)
        .where(Face.photo_id == photo_id, Face.state == before)
        .values(state=after)
        .returning(Face.id)
    ).all()
    transaction.touch(Kind.FACE, *changed)
