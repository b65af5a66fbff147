"""What the inspector reads of a face, off the window's thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtGui import QImage

from fiqa_studio.curation import reasons
from fiqa_studio.domain.photos import FaceDetail, FaceId, PhotoDetail
from fiqa_studio.domain.scores import Score, ScoreMaps, ScorerInfo

if TYPE_CHECKING:
    from fiqa_studio.store.library import Library


@dataclass(frozen=True, slots=True, eq=False)
class FaceFacts:
    """All that is shown of one face.

    Attributes:
        face: With the active scorer's score.
        photo: It is on this one.
        score: With its provenance.
        scorer: That gave it.
        maps: That came with it.
        crop: Its thumbnail.
        sentences: Why it has this score.
        scores: Lowest and highest score of the library's faces.
    """

    face: FaceDetail
    photo: PhotoDetail | None
    score: Score | None
    scorer: ScorerInfo | None
    maps: ScoreMaps | None
    crop: QImage
    sentences: list[str]
    scores: tuple[float, float] | None


def read_face(library: Library, face_id: FaceId) -> FaceFacts | None:
    """Read it all; None where the face is gone."""
    face = library.faces.detail(face_id)
    if face is None:
        return None
    name = face.row.scorer_hash
    scored = face.row.score is not None
    maps = library.scores.maps(face_id, name) if scored else None
    scorer = next((s for s in library.scores.scorers() if s.hash == name), None)
    return FaceFacts(
        face=face,
        photo=library.photos.detail(face.row.photo_id),
        score=library.scores.get(face_id, name) if scored else None,
        scorer=scorer,
        maps=maps,
        crop=QImage.fromData(library.thumbnails.face(face_id) or b""),
        sentences=reasons.sentences(maps, face.landmarks, face.row.spread) if scored else [],
        scores=library.views.score_range(name) if scored else None,
    )
