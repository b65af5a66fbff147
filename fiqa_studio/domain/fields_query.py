"""What a view asks for: filters and an order, as one comparable value."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SortKey(StrEnum):
    """What to sort faces or photos by. Ties are broken by id, so the order is stable."""

    SCORE = "score"
    """Of the face; of a photo's best face."""
    TIME = "time"
    NAME = "name"
    FACE_SIZE = "face-size"
    """Eye distance in pixels; of a photo's largest face."""


@dataclass(frozen=True, slots=True)
class Query:
    """Filters and order for faces or photos; equal queries give equal results.

    Attributes:
        sort: What to sort by; things without the value come last in either direction.
        descending: Highest first.
        min_score: Lowest score shown, in [0, 1]; None for no bound. With either bound set,
            things without a score are left out.
        max_score: Highest score shown.
        min_faces: Least number of faces in the photo.
        max_faces: Greatest number of faces in the photo; 0 shows photos without faces.
        text: Words that must all occur in the path, camera or tags, in any case.
        root_id: Only this folder; None for all.
        scorer: Hash of the scorer whose scores count; empty for the active one.
        include_missing: Whether photos whose file is gone are shown.
        missing_only: Whether only those are shown.
        include_failed: Whether files that could not be used are shown (photos only).
    """

    sort: SortKey = SortKey.SCORE
    descending: bool = True
    min_score: float | None = None
    max_score: float | None = None
    min_faces: int | None = None
    max_faces: int | None = None
    text: str = ""
    root_id: int | None = None
    scorer: str = ""
    include_missing: bool = True
    missing_only: bool = False
    include_failed: bool = True
