"""The tables, as SQLAlchemy declarations. Rows of these classes never leave ``store``.

Two things are stored twice so that every view is one scan of one covering index: what faces are
filtered and sorted by lives on their photo and, kept equal by the trigger ``photo_to_face``, on
the face; the state of a face also stands on its scores (trigger ``face_to_score``).

The text filter's table ``photo_search`` (FTS5, see `PHOTO_SEARCH`) is made by the migrations: no
declaration describes it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import IntEnum
from typing import Any

from sqlalchemy import (
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Text,
    TypeDecorator,
    column,
    table,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

REVISION = "0003"
"""The Alembic revision these declarations describe. Revisions count up, in four digits."""


PHOTO_SEARCH = table("photo_search", column("rowid", Integer), column("words", Text))
"""What the text filter looks into: name and camera of the photo whose id is ``rowid``, folded to
one case. Folders are not in it, since they are few, nor tags: giving one to a million photos must
not index a million texts."""


class FaceState(IntEnum):
    """Whether a face belongs to what the file shows now."""

    CURRENT = 0
    RETIRED = 1
    """Of a content that was replaced; kept for what people said of it."""
    SET_ASIDE = 2
    """The file cannot be read at present; current again once it can."""


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC times, stored without their zone."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Store in UTC."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return with the zone."""
        return None if value is None else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """Declarative base; text is TEXT, bytes are BLOB, constraints are named."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {str: Text(), bytes: LargeBinary(), datetime: DateTime()}  # noqa: RUF012


class Setting(Base):
    """One named value of the library, such as its id and the active scorer."""

    __tablename__ = "setting"

    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class Root(Base):
    """An indexed folder."""

    __tablename__ = "root"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[bytes] = mapped_column(unique=True)
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Photo(Base):
    """A file. Its identity is its content; its path is an attribute.

    Several rows may share a path while at most one of them is present: the others are photos
    whose file was replaced by another known photo, waiting to be found elsewhere.
    """

    __tablename__ = "photo"
    __table_args__ = (
        Index("ix_photo_path", "path"),
        Index("ix_photo_path_present", "path", unique=True, sqlite_where=text("missing = 0")),
        Index("ix_photo_content_hash", "content_hash"),
        Index("ix_photo_size", "size"),
        Index("ix_photo_faces", "face_count"),
        Index("ix_photo_camera", "camera"),
        Index("ix_photo_folder", "folder"),
        Index("ix_photo_root", "root_id", "missing", "status", "face_count"),
        Index("ix_photo_time", "taken_at", "id", "missing", "status", "face_count", "root_id"),
        Index("ix_photo_name", "sort_name", "id", "missing", "status", "face_count", "root_id"),
        Index(
            "ix_photo_largest", "largest_face", "id", "missing", "status", "face_count", "root_id"
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    root_id: Mapped[int | None] = mapped_column(ForeignKey("root.id"))
    path: Mapped[bytes]
    path_text: Mapped[str]
    folder: Mapped[str]
    """The folder of the path as text, with the slash after it."""
    sort_name: Mapped[str]
    size: Mapped[int]
    mtime_ns: Mapped[int]
    content_hash: Mapped[str]
    """Of the picture in the file; empty where it could never be read."""
    file_hash: Mapped[str] = mapped_column(default="", server_default="")
    """Of everything in the file. Equal to ``content_hash`` where an older version read the file
    and no scan has learned its picture since."""
    status: Mapped[str]
    missing: Mapped[bool] = mapped_column(default=False)
    width: Mapped[int] = mapped_column(default=0)
    height: Mapped[int] = mapped_column(default=0)
    format: Mapped[str] = mapped_column(default="")
    taken_at: Mapped[datetime | None]
    camera: Mapped[str] = mapped_column(default="")
    exif: Mapped[str] = mapped_column(default="{}")
    """The rest of the EXIF values, as a JSON object."""
    notes: Mapped[str] = mapped_column(default="[]")
    face_count: Mapped[int] = mapped_column(default=0)
    largest_face: Mapped[float | None]
    """Greatest eye distance among its faces, in pixels."""
    failure_code: Mapped[str] = mapped_column(default="")
    failure_message: Mapped[str] = mapped_column(default="")
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Face(Base):
    """One face of a photo. Geometry in upright full-resolution pixels."""

    __tablename__ = "face"
    __table_args__ = (
        Index("ix_face_photo", "photo_id", "state"),
        Index(
            "ix_face_time",
            *("state", "sort_time", "id", "missing", "photo_faces", "root_id", "photo_id"),
        ),
        Index(
            "ix_face_name",
            *("state", "sort_name", "id", "missing", "photo_faces", "root_id", "photo_id"),
        ),
        Index(
            "ix_face_size",
            *("state", "eye_distance", "id", "missing", "photo_faces", "root_id", "photo_id"),
        ),
        Index("ix_face_eyes", "state", "eyes_open", "photo_id"),
        Index("ix_face_flags", "state", "flags"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    photo_id: Mapped[int] = mapped_column(ForeignKey("photo.id", ondelete="CASCADE"))
    ordinal: Mapped[int]
    state: Mapped[int] = mapped_column(default=int(FaceState.CURRENT))
    x: Mapped[float]
    y: Mapped[float]
    width: Mapped[float]
    height: Mapped[float]
    eye_distance: Mapped[float]
    yaw: Mapped[float]
    pitch: Mapped[float]
    roll: Mapped[float]
    eyes_open: Mapped[float]
    confidence: Mapped[float]
    flags: Mapped[str]
    """Sorted, separated by commas."""
    root_id: Mapped[int | None]
    missing: Mapped[bool]
    photo_faces: Mapped[int]
    sort_time: Mapped[datetime | None]
    sort_name: Mapped[str]


class FaceLandmarks(Base):
    """The mesh of a face, apart: views never read it. (478, 2) float32, little-endian."""

    __tablename__ = "face_landmarks"

    face_id: Mapped[int] = mapped_column(
        ForeignKey("face.id", ondelete="CASCADE"), primary_key=True
    )
    points: Mapped[bytes]


class Scorer(Base):
    """A scorer that gave scores here."""

    __tablename__ = "scorer"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    hash: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    title: Mapped[str]
    summary: Mapped[str]
    kind: Mapped[str]
    first_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Score(Base):
    """One scorer's score of one face, with its provenance."""

    __tablename__ = "score"
    __table_args__ = (
        Index("ix_score_value", "scorer_id", "state", "value", "face_id"),
        Index("ix_score_photo", "scorer_id", "state", "value", "photo_id"),
        {"sqlite_with_rowid": False},
    )

    face_id: Mapped[int] = mapped_column(
        ForeignKey("face.id", ondelete="CASCADE"), primary_key=True
    )
    scorer_id: Mapped[int] = mapped_column(ForeignKey("scorer.id"), primary_key=True)
    photo_id: Mapped[int]
    state: Mapped[int] = mapped_column(default=int(FaceState.CURRENT))
    value: Mapped[float]
    spread: Mapped[float]
    precision: Mapped[str]
    device: Mapped[str]
    scored_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Action(Base):
    """One thing a user did, with all its marks. Only ever added to.

    Taking an action back is an action that ``undoes`` it.
    """

    __tablename__ = "action"
    __table_args__ = (
        Index("ix_action_undoes", "undoes", sqlite_where=text("undoes IS NOT NULL")),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    session: Mapped[str]
    """Of which opening of the library by a program; empty before these were noted."""
    origin: Mapped[str]
    author: Mapped[str]
    title: Mapped[str]
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    undoes: Mapped[int | None] = mapped_column(ForeignKey("action.id"))
    size: Mapped[int]
    """How many photos and faces it changed."""


class MarkEventEntry(Base):
    """What one action changed by one kind of mark, on any number of photos or faces.

    Ids and values are packed (`store.packing`): a million of them are a few thousand bytes, so
    that marking all of a library is as quick to write, and to take back, as marking one photo.
    """

    __tablename__ = "mark_event"
    __table_args__ = (
        Index("ix_mark_event_action", "action_id"),
        Index("ix_mark_event_ids", "first_id", "last_id", "kind"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    action_id: Mapped[int] = mapped_column(ForeignKey("action.id"))
    kind: Mapped[str]
    """``stars``, ``flag``, ``colour``, ``tag`` (of photos) or ``quality`` (of faces)."""
    tag_id: Mapped[int | None] = mapped_column(ForeignKey("tag.id"))
    count: Mapped[int]
    first_id: Mapped[int]
    last_id: Mapped[int]
    ids: Mapped[bytes]
    before: Mapped[bytes]
    after: Mapped[bytes]


class MarkBlock(Base):
    """The stars, flags and colours that hold now, one byte a photo (`store.planes`)."""

    __tablename__ = "mark_block"

    block: Mapped[int] = mapped_column(primary_key=True)
    marks: Mapped[bytes]


class Tag(Base):
    """A tag that was ever given."""

    __tablename__ = "tag"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    folded: Mapped[str]
    """As the text filter compares it."""


class TagBlock(Base):
    """The photos that carry a tag now, one bit a photo (`store.planes`)."""

    __tablename__ = "tag_block"
    __table_args__ = (
        Index("ix_tag_block_block", "block"),
        {"sqlite_with_rowid": False},
    )

    tag_id: Mapped[int] = mapped_column(ForeignKey("tag.id"), primary_key=True)
    block: Mapped[int] = mapped_column(primary_key=True)
    count: Mapped[int]
    bits: Mapped[bytes]


class SaidBlock(Base):
    """Of which photos and faces a person ever said something, one bit each (`store.protect`)."""

    __tablename__ = "said_block"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    subject: Mapped[str] = mapped_column(primary_key=True)
    """``photos`` or ``faces``."""
    block: Mapped[int] = mapped_column(primary_key=True)
    bits: Mapped[bytes]


class FaceQuality(Base):
    """A face's quality as the user sees it now."""

    __tablename__ = "face_quality"

    face_id: Mapped[int] = mapped_column(ForeignKey("face.id"), primary_key=True)
    quality: Mapped[float]


class Opinion(Base):
    """The mean opinion score of a face from one study. Replaced as a whole, study by study."""

    __tablename__ = "opinion"
    __table_args__ = (
        Index("ix_opinion_study", "study", "mos", "face_id"),
        {"sqlite_with_rowid": False},
    )

    face_id: Mapped[int] = mapped_column(ForeignKey("face.id"), primary_key=True)
    study: Mapped[str] = mapped_column(primary_key=True)
    mos: Mapped[float]
    ci_low: Mapped[float]
    ci_high: Mapped[float]
    n: Mapped[int]
    """How many ratings it rests on."""
    raters: Mapped[int]
    disagreement: Mapped[float]
    """Standard deviation of the ratings."""


class AlbumEntry(Base):
    """An album: a saved query, or a set of photos."""

    __tablename__ = "album"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    query_text: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class AlbumItem(Base):
    """A photo in a plain album. Places are unique and in order; gaps mean nothing."""

    __tablename__ = "album_item"
    __table_args__ = (
        Index("ix_album_item_place", "album_id", "place", "photo_id"),
        Index("ix_album_item_photo", "photo_id"),
        {"sqlite_with_rowid": False},
    )

    album_id: Mapped[int] = mapped_column(
        ForeignKey("album.id", ondelete="CASCADE"), primary_key=True
    )
    photo_id: Mapped[int] = mapped_column(ForeignKey("photo.id"), primary_key=True)
    place: Mapped[int]


class Job(Base):
    """A piece of background work."""

    __tablename__ = "job"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(index=True)
    title: Mapped[str]
    params: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)


class JobFailureEntry(Base):
    """One item of a job that failed."""

    __tablename__ = "job_failure"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"), index=True)
    path: Mapped[bytes]
    path_text: Mapped[str]
    code: Mapped[str]
    message: Mapped[str]
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    retried: Mapped[bool] = mapped_column(default=False)
