"""What one cell of the grid shows, whether of a face or of a photo, and where it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from fiqa_studio.domain.fields_query import Query
from fiqa_studio.domain.photos import FaceFlag, FaceId, FaceRow, PhotoId, PhotoRow, PhotoStatus
from fiqa_studio.domain.scores import quality_word, shown_score
from fiqa_studio.ui.session.kinds import ViewKind

if TYPE_CHECKING:
    from fiqa_studio.store.library import Library

Ids = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Card:
    """A cell.

    Attributes:
        id: Of the face in a grid of faces, of the photo in a grid of photos.
        photo_id: The photo it belongs to.
        face_id: The face; None in a grid of photos.
        title: File name.
        detail: A second line, such as the time or the number of faces.
        score: In [0, 1], None without one.
        marks: Names of icons for what a user should know, with a word for each.
        problem: Why there is nothing to see; empty when all is well.
        missing: The file is gone.
        faces: Number of faces, shown in a grid of photos.
    """

    id: int
    photo_id: PhotoId
    face_id: FaceId | None
    title: str
    detail: str
    score: float | None
    marks: tuple[tuple[str, str], ...]
    problem: str
    missing: bool
    faces: int | None

    def spoken(self) -> str:
        """The cell in words, for assistive technology and tool tips."""
        parts = [self.title]
        if self.score is not None:
            parts.append(f"score {shown_score(self.score)}, {quality_word(self.score).lower()}")
        if self.faces is not None:
            parts.append("1 face" if self.faces == 1 else f"{self.faces} faces")
        parts += [word for _, word in self.marks]
        if self.missing:
            parts.append("file missing")
        if self.problem:
            parts.append(self.problem)
        return ", ".join(parts)


class Source(Protocol):
    """Where a grid gets ids, cells and thumbnails; called off the window's thread."""

    kind: ViewKind

    def ids(self, query: Query) -> Ids:
        """All ids of a query, in its order."""

    def cards(self, ids: Sequence[int]) -> list[Card]:
        """The cells of these ids; ids that are gone are left out."""

    def thumbnails(self, ids: Sequence[int]) -> dict[int, bytes]:
        """Encoded images by id; absent where there is none."""


class FaceSource:
    """The faces of a library."""

    kind = ViewKind.FACES

    def __init__(self, library: Library) -> None:
        self._library = library

    def ids(self, query: Query) -> Ids:
        """All faces of a query, in its order."""
        return self._library.views.face_ids(query)

    def cards(self, ids: Sequence[int]) -> list[Card]:
        """The cells of these faces."""
        return [_face_card(row) for row in self._library.views.face_rows(ids)]

    def thumbnails(self, ids: Sequence[int]) -> dict[int, bytes]:
        """The aligned crops as JPEG."""
        return {int(key): jpeg for key, jpeg in self._library.thumbnails.faces(ids).items()}


class PhotoSource:
    """The photos of a library."""

    kind = ViewKind.PHOTOS

    def __init__(self, library: Library) -> None:
        self._library = library

    def ids(self, query: Query) -> Ids:
        """All photos of a query, in its order."""
        return self._library.views.photo_ids(query)

    def cards(self, ids: Sequence[int]) -> list[Card]:
        """The cells of these photos."""
        return [_photo_card(row) for row in self._library.views.photo_rows(ids)]

    def thumbnails(self, ids: Sequence[int]) -> dict[int, bytes]:
        """The upright photos as JPEG."""
        return {int(key): jpeg for key, jpeg in self._library.thumbnails.photos(ids).items()}


_FLAG_MARKS = {
    FaceFlag.EYES_CLOSED: ("eyes-closed", "eyes closed"),
    FaceFlag.PROFILE: ("profile", "turned away"),
    FaceFlag.UPSCALED: ("upscaled", "enlarged"),
    FaceFlag.PADDED: ("padded", "cut by the edge"),
}


def _face_card(row: FaceRow) -> Card:
    return Card(
        id=row.id,
        photo_id=row.photo_id,
        face_id=row.id,
        title=PurePath(row.path).name,
        detail=f"{row.taken_at:%d %b %Y  %H:%M}" if row.taken_at else f"{row.eye_distance:.0f} px",
        score=row.score,
        marks=tuple(mark for flag, mark in _FLAG_MARKS.items() if flag in row.flags),
        problem="",
        missing=row.missing,
        faces=None,
    )


def _photo_card(row: PhotoRow) -> Card:
    failed = row.status is PhotoStatus.FAILED
    return Card(
        id=row.id,
        photo_id=row.id,
        face_id=None,
        title=row.name,
        detail=f"{row.taken_at:%d %b %Y  %H:%M}" if row.taken_at else row.format,
        score=row.best_score,
        marks=(),
        problem=row.reason if failed else "",
        missing=row.missing,
        faces=None if failed else row.face_count,
    )
