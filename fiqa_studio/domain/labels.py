"""Labels: append-only events with author and time; the current state is derived."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from fiqa_studio.domain.photos import FaceId, PhotoId


class LabelKind(StrEnum):
    """What can be said of a photo (all but the last) or of a face (the last)."""

    STARS = "stars"
    """``0`` to ``5``."""
    FLAG = "flag"
    """``pick``, ``reject`` or the empty string."""
    COLOUR = "colour"
    """``Red``, ``Yellow``, ``Green``, ``Blue``, ``Purple`` or the empty string."""
    TAG_ADDED = "tag-added"
    TAG_REMOVED = "tag-removed"
    QUALITY = "quality"
    """A face's quality as the user sees it: ``0`` to ``1`` as text, or empty to withdraw."""


@dataclass(frozen=True, slots=True)
class LabelEvent:
    """One thing a user said. Exactly one of ``photo_id`` and ``face_id`` is set."""

    kind: LabelKind
    value: str
    author: str
    at: datetime
    photo_id: PhotoId | None = None
    face_id: FaceId | None = None


@dataclass(frozen=True, slots=True)
class PhotoLabels:
    """The current labels of one photo, derived from its events."""

    stars: int = 0
    flag: str = ""
    colour: str = ""
    tags: frozenset[str] = frozenset()
