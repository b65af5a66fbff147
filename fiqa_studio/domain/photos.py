"""Photos and faces as values: what the index found, and what the views show."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

import numpy as np
import numpy.typing as npt

from fiqa_studio.domain.geometry import Box, HeadPose
from fiqa_studio.domain.marks import PhotoMarks
from fiqa_studio.domain.query import PhotoRule

RootId = NewType("RootId", int)
PhotoId = NewType("PhotoId", int)
FaceId = NewType("FaceId", int)
ScorerId = NewType("ScorerId", int)
JobId = NewType("JobId", int)

LANDMARK_COUNT = 478
"""Points of MediaPipe's refined face mesh: 468 of the mesh, then 10 of the irises."""


class PhotoStatus(StrEnum):
    """What became of a file at its last index."""

    INDEXED = "indexed"
    FAILED = "failed"


class FaceFlag(StrEnum):
    """What a user should know of a face besides its score."""

    UPSCALED = "upscaled"
    """The crop had fewer than 512 source pixels a side and was enlarged."""
    PADDED = "padded"
    """More than a sixth of the crop lies outside the photo."""
    PROFILE = "profile"
    """The head is turned more than 45 degrees: the alignment is approximate."""
    EYES_CLOSED = "eyes-closed"
    """The eyes are less open than `EYES_CLOSED_BELOW`."""


@dataclass(frozen=True, slots=True)
class Exif:
    """What the camera wrote, as far as present.

    ``taken_at`` is the camera's local time with its part of a second, no zone;
    ``utc_offset_minutes`` is how far that lies east of UTC, None where the camera does not say.
    """

    taken_at: datetime | None = None
    utc_offset_minutes: int | None = None
    camera: str = ""
    lens: str = ""
    exposure_seconds: float | None = None
    f_number: float | None = None
    iso: int | None = None
    focal_length_mm: float | None = None
    has_gps: bool = False
    orientation: int = 1


@dataclass(frozen=True, slots=True)
class FoundFace:
    """One face as the index found it. Geometry in upright full-resolution pixels.

    Attributes:
        box: The face as detected.
        landmarks: Face mesh, ``(478, 2)`` float32, x then y.
        eye_distance: Between the two eye centres, in pixels.
        pose: Head rotation in degrees.
        eyes_open: Eye aspect ratio mapped to [0, 1]; 0 is closed, 1 wide open.
        confidence: Of the detector, in [0, 1].
        flags: What a user should know of this face.
    """

    box: Box
    landmarks: npt.NDArray[np.float32]
    eye_distance: float
    pose: HeadPose
    eyes_open: float
    confidence: float
    flags: frozenset[FaceFlag] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class IndexedPhoto:
    """Everything the index learned of one file's content.

    Attributes:
        content_hash: BLAKE2b-128 of the picture in the file, 32 hex digits: the photo's identity.
        width: Upright full-resolution width in pixels.
        height: Upright full-resolution height in pixels.
        format: ``JPEG``, ``HEIF``, ``NEF`` and so on, as decoded (not as the name says).
        exif: What the camera wrote.
        faces: In order of size, largest first.
        thumbnail: JPEG, upright, at most 512 pixels a side.
        face_thumbnails: JPEG, one a face in the same order, the aligned crop at 256 x 256.
        face_hashes: One perceptual hash a face, 64 bits each; empty where they were not made.
        notes: Sentences worth showing, such as ``the second half of the file is missing``.
        file_hash: Of everything in the file; empty where not known.
    """

    content_hash: str
    width: int
    height: int
    format: str
    exif: Exif
    faces: tuple[FoundFace, ...]
    thumbnail: bytes
    face_thumbnails: tuple[bytes, ...]
    face_hashes: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    file_hash: str = ""


@dataclass(frozen=True, slots=True)
class FaceRow:
    """A face as the grid, the CLI and the exports show it (with the active scorer's score).

    ``score`` and ``spread`` are in [0, 1], None while the scorer has not seen the face.
    ``scorer`` is the scorer's name, empty where there is no score. ``quality`` is a person's
    word on the face, in [0, 1]; ``marks`` and what follows are its photo's.
    """

    id: FaceId
    photo_id: PhotoId
    path: str
    box: Box
    eye_distance: float
    score: float | None
    spread: float | None
    scorer: str
    scorer_hash: str
    flags: frozenset[FaceFlag]
    taken_at: datetime | None
    eyes_open: float
    pose: HeadPose
    missing: bool
    quality: float | None = None
    marks: PhotoMarks = field(default_factory=PhotoMarks)
    camera: str = ""
    size: int = 0
    face_count: int = 0
    content_hash: str = ""

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class PhotoRow:
    """A photo as the grid, the CLI and the exports show it.

    The scores are those of its best, worst and median face (of an even number the lower of the
    two in the middle) with the active scorer. ``reason`` says why there is none: no face, not
    scored yet, or why the file could not be used. ``largest_face`` is the greatest eye distance
    in pixels, ``eyes_open`` that of the least open face, ``quality`` the lowest that a person gave
    one of its faces.
    """

    id: PhotoId
    path: str
    name: str
    width: int
    height: int
    format: str
    size: int
    content_hash: str
    taken_at: datetime | None
    camera: str
    status: PhotoStatus
    missing: bool
    face_count: int
    best_score: float | None
    reason: str
    median_score: float | None = None
    worst_score: float | None = None
    largest_face: float | None = None
    eyes_open: float | None = None
    quality: float | None = None
    marks: PhotoMarks = field(default_factory=PhotoMarks)

    def score(self, rule: PhotoRule) -> float | None:
        """The photo's score, by a rule which of its faces' that is."""
        return {
            PhotoRule.BEST: self.best_score,
            PhotoRule.WORST: self.worst_score,
            PhotoRule.MEDIAN: self.median_score,
        }[rule]


@dataclass(frozen=True, slots=True)
class PhotoDetail:
    """One photo whole, for the loupe and the inspector."""

    row: PhotoRow
    path_bytes: bytes
    exif: Exif
    face_ids: tuple[FaceId, ...]
    notes: tuple[str, ...]
    failure_code: str = ""
    failure_message: str = ""


@dataclass(frozen=True, slots=True)
class FaceDetail:
    """One face whole, for the loupe's drawings and for scoring."""

    row: FaceRow
    landmarks: npt.NDArray[np.float32]
    confidence: float
