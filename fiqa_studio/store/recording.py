"""What becomes of the rows when a file is new, changed, moved, copied or broken.

A photo's identity is its picture, whatever else is written in the file. So for a file at a path,
in this order:

1. the photo at the path has this content: nothing new, its size and time are noted;
2. a photo with this content is known and its file is gone from where it was: the file was moved,
   the photo takes the path; a photo that held the path until now is missing (its file may turn
   up elsewhere: two files that swapped names both keep what belongs to them);
3. the photo at the path has other content: it was changed in place and keeps its marks; its old
   faces go, or retire where a person spoke of them;
4. else it is a new photo; where a photo with this content is still there (a copy), scores come
   with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import numpy as np
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from fiqa_studio.domain.changes import Kind
from fiqa_studio.domain.image_data import Fingerprint
from fiqa_studio.domain.moments import changed_at_ns
from fiqa_studio.domain.paths import display_path, path_from_bytes
from fiqa_studio.domain.photos import FaceId, IndexedPhoto, PhotoId, PhotoStatus
from fiqa_studio.store import protect, recorded_faces, rows, search, thumbnails, vectors, words
from fiqa_studio.store.schema import Face, FaceState, Photo
from fiqa_studio.store.writer import Transaction


class Outcome(StrEnum):
    """What a file turned out to be."""

    NEW = "new"
    UNCHANGED = "unchanged"
    CHANGED = "changed"
    MOVED = "moved"
    COPIED = "copied"


@dataclass(frozen=True, slots=True)
class FileAt:
    """A file as the scan saw it."""

    root_id: int | None
    path: bytes
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was recorded.

    Attributes:
        face_ids: In the order of `IndexedPhoto.faces`.
        moved_from: Where the photo was before; None unless it was moved.
    """

    photo_id: PhotoId
    face_ids: tuple[FaceId, ...]
    moved_from: bytes | None = None
    outcome: Outcome = Outcome.NEW


def record(transaction: Transaction, file: FileAt, indexed: IndexedPhoto) -> Recorded:
    """Record an indexed file; see the module's description."""
    session = transaction.session
    here = photo_at(session, file.path)
    twins = _with_content(session, indexed.content_hash)
    moved_from: bytes | None = None
    outcome = Outcome.NEW
    photo: Photo
    if here is not None and here.content_hash == indexed.content_hash:
        photo, outcome = here, Outcome.UNCHANGED
    elif (gone := _first_gone(twins, file.path)) is not None:
        moved_from = gone.path if gone.path != file.path else None
        photo, outcome = gone, Outcome.MOVED if moved_from is not None else Outcome.UNCHANGED
        _displace(transaction, here, photo)
    elif here is not None:
        photo, outcome = here, Outcome.CHANGED if here.content_hash else Outcome.NEW
    else:
        photo = Photo(content_hash="", sort_name="", path_text="", folder="", camera="")
        session.add(photo)
    others = [twin for twin in twins if twin is not photo]
    if others and outcome in (Outcome.NEW, Outcome.CHANGED):
        outcome = Outcome.COPIED
    same_content = photo.content_hash == indexed.content_hash
    _fill(photo, file, indexed)
    first_time = photo.id is None
    session.flush()
    search.refresh(session, [photo.id])
    if first_time:
        faces = recorded_faces.add_faces(transaction, photo, indexed.faces)
    else:
        faces = recorded_faces.record_faces(transaction, photo, indexed, same_content=same_content)
    thumbnails.put(
        session,
        photo_id=photo.id,
        thumbnail=indexed.thumbnail,
        face_ids=faces,
        face_thumbnails=indexed.face_thumbnails,
    )
    vectors.put_hashes(session, zip(faces, indexed.face_hashes, strict=False))
    if outcome is Outcome.COPIED:
        recorded_faces.adopt_scores(transaction, others[0].id, photo.id)
    transaction.touch(Kind.PHOTO, photo.id)
    return Recorded(PhotoId(photo.id), tuple(FaceId(key) for key in faces), moved_from, outcome)


def record_failure(transaction: Transaction, file: FileAt, code: str, message: str) -> PhotoId:
    """Record that a file cannot be used, and why.

    What was known of it stays, its faces set aside: it may be readable again tomorrow.
    """
    session = transaction.session
    photo = photo_at(session, file.path)
    if photo is None:
        photo = Photo(content_hash="")
        session.add(photo)
    _place(photo, file)
    photo.status = PhotoStatus.FAILED
    photo.failure_code, photo.failure_message = code, message
    photo.face_count, photo.largest_face = 0, None
    session.flush()
    recorded_faces.set_state(transaction, photo.id, FaceState.CURRENT, FaceState.SET_ASIDE)
    search.refresh(session, [photo.id])
    transaction.touch(Kind.PHOTO, photo.id)
    return PhotoId(photo.id)


def record_move(
    transaction: Transaction, photo_id: int, file: FileAt, prints: Fingerprint | None = None
) -> None:
    """A known photo's file is at another path now, or was rewritten around its picture."""
    session = transaction.session
    photo = session.get_one(Photo, photo_id)
    _displace(transaction, photo_at(session, file.path), photo)
    _place(photo, file)
    if prints is not None:
        photo.content_hash, photo.file_hash = prints.picture, prints.file
    session.flush()
    search.refresh(session, [photo_id])
    transaction.touch(Kind.PHOTO, photo_id)


def record_copy(transaction: Transaction, photo_id: int, file: FileAt) -> Recorded:
    """A file has the content of a known photo: it gets the same faces and scores."""
    session = transaction.session
    source = session.get_one(Photo, photo_id)
    here = photo_at(session, file.path)
    if here is source:
        record_move(transaction, photo_id, file)
        return Recorded(
            PhotoId(photo_id),
            recorded_faces.current_faces(session, photo_id),
            None,
            Outcome.UNCHANGED,
        )
    if here is None:
        here = Photo()
        session.add(here)
    for name in _OF_CONTENT:
        setattr(here, name, getattr(source, name))
    _place(here, file)
    session.flush()
    search.refresh(session, [here.id])
    recorded_faces.drop_faces(transaction, here.id)
    pairs = recorded_faces.copy_faces(session, source.id, here)
    thumbnails.adopt(session, photo=(source.id, here.id), faces=pairs)
    recorded_faces.adopt_scores(transaction, source.id, here.id)
    faces = tuple(FaceId(new) for _, new in pairs)
    transaction.touch(Kind.PHOTO, here.id)
    transaction.touch(Kind.FACE, *faces)
    return Recorded(PhotoId(here.id), faces, None, Outcome.COPIED)


def delete_photos(transaction: Transaction, photo_ids: Iterable[int]) -> None:
    """Delete photos that no person spoke of, with all that belongs to them."""
    session = transaction.session
    photos = list(photo_ids)
    faces = list(session.scalars(select(Face.id).where(rows.ids_in(Face.photo_id, photos))))
    session.execute(delete(Photo).where(rows.ids_in(Photo.id, photos)))
    thumbnails.forget(session, photo_ids=photos, face_ids=faces)
    vectors.forget(session, faces)
    transaction.touch(Kind.PHOTO, *photos)
    transaction.touch(Kind.FACE, *faces)


def photo_at(session: Session, path: bytes) -> Photo | None:
    """The photo that holds a path: the present one, or a missing one never read."""
    found = session.scalars(select(Photo).where(Photo.path == path)).all()
    for photo in found:
        if not photo.missing:
            return photo
    return next((photo for photo in found if not photo.content_hash), None)


_OF_CONTENT = (
    *(
        "content_hash",
        "file_hash",
        "status",
        "width",
        "height",
        "format",
        "taken_at",
        "camera",
        "exif",
    ),
    *("notes", "face_count", "largest_face", "failure_code", "failure_message"),
)


def _with_content(session: Session, content_hash: str) -> Sequence[Photo]:
    if not content_hash:
        return ()
    return session.scalars(
        select(Photo).where(Photo.content_hash == content_hash).order_by(Photo.id)
    ).all()


def _first_gone(twins: Sequence[Photo], path: bytes) -> Photo | None:
    """Of photos with one content, one whose file is no longer where it was."""
    for photo in twins:  # the one that was here before, then any other
        if photo.missing and photo.path == path:
            return photo
    return next((photo for photo in twins if photo.missing or not _still_there(photo)), None)


def _still_there(photo: Photo) -> bool:
    try:
        found = path_from_bytes(photo.path).stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:  # it may well be there: its folder cannot be read now
        return True
    return found.st_size == photo.size and changed_at_ns(found) == photo.mtime_ns


def _displace(transaction: Transaction, here: Photo | None, by: Photo) -> None:
    """Another photo takes the path of ``here``; its own file may turn up elsewhere."""
    if here is None or here is by:
        return
    session = transaction.session
    spoken_of = protect.photos(session.connection(), np.array([here.id], np.int64))
    if here.content_hash or len(spoken_of):
        here.missing = True
        session.flush()  # before the path is taken: only one present photo may hold it
        transaction.touch(Kind.PHOTO, here.id)
    else:
        session.expunge(here)
        delete_photos(transaction, [here.id])


def _place(photo: Photo, file: FileAt) -> None:
    text = display_path(file.path)
    photo.root_id = file.root_id if file.root_id is not None else photo.root_id
    photo.path, photo.path_text = file.path, text
    folder, slash, name = text.rpartition("/")
    photo.folder, photo.sort_name = folder + slash, words.sort_key(name)
    photo.size, photo.mtime_ns = file.size, file.mtime_ns
    photo.missing = False
    photo.recorded_at = datetime.now(UTC)


def _fill(photo: Photo, file: FileAt, indexed: IndexedPhoto) -> None:
    _place(photo, file)
    photo.content_hash, photo.file_hash = indexed.content_hash, indexed.file_hash
    photo.status = PhotoStatus.INDEXED
    photo.failure_code = photo.failure_message = ""
    photo.width, photo.height, photo.format = indexed.width, indexed.height, indexed.format
    photo.taken_at, photo.camera = indexed.exif.taken_at, indexed.exif.camera
    photo.exif = rows.exif_json(indexed.exif)
    photo.notes = json.dumps(list(indexed.notes))
    photo.face_count = len(indexed.faces)
    photo.largest_face = max((face.eye_distance for face in indexed.faces), default=None)
