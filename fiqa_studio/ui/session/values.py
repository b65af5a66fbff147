"""What things are sorted by, in words: the second line of a card."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fiqa_studio.domain.photos import FaceRow, PhotoRow
from fiqa_studio.domain.query import SortKey
from fiqa_studio.domain.scores import shown_score
from fiqa_studio.ui.widgets.words import bytes_said

Row = FaceRow | PhotoRow


def sorted_by(row: Row, key: SortKey) -> str:
    """The value that a row is sorted by; empty where a card shows it anyway, or it has none.

    A card always has the score, the name and the time.
    """
    words = _WORDS.get(key)
    return "" if words is None else words(row)


def _size(row: Row) -> str:
    size = row.eye_distance if isinstance(row, FaceRow) else row.largest_face
    return "" if size is None else f"{size:.0f} px between the eyes"


def _eyes(row: Row) -> str:
    return "" if row.eyes_open is None else f"Eyes {row.eyes_open:.0%} open"


def _quality(row: Row) -> str:
    return "" if row.quality is None else f"Quality {shown_score(row.quality)}"


def _faces(row: Row) -> str:
    return "1 face" if row.face_count == 1 else f"{row.face_count} faces"


def _stars(row: Row) -> str:
    return "\u2605" * row.marks.stars or "No stars"


_WORDS: Mapping[SortKey, Callable[[Row], str]] = {
    SortKey.FACE_SIZE: _size,
    SortKey.EYES: _eyes,
    SortKey.QUALITY: _quality,
    SortKey.FACES: _faces,
    SortKey.FILE_SIZE: lambda row: bytes_said(row.size),
    SortKey.STARS: _stars,
}
