"""Several faces in sum, whether a photo's few or a million that are selected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from fiqa_studio.domain.photos import FaceFlag, FaceRow

if TYPE_CHECKING:
    from fiqa_studio.store.summary import Summary


@dataclass(frozen=True, slots=True)
class Sum:
    """What is shown of several faces.

    Attributes:
        count: How many.
        scored: How many of them have a score.
        scores: Their scores, or of very many some evenly spread; lowest first.
        middle: The median of all scores; None without any.
        flags: How many faces have which flag, most frequent first.
    """

    count: int
    scored: int
    scores: Sequence[float]
    middle: float | None
    flags: Mapping[FaceFlag, int]


def of_rows(rows: Sequence[FaceRow]) -> Sum:
    """The sum of a few faces."""
    scores = sorted(row.score for row in rows if row.score is not None)
    flags = Counter(flag for row in rows for flag in row.flags)
    middle = median(scores) if scores else None
    return Sum(len(rows), len(scores), scores, middle, dict(flags.most_common()))


def of_summary(summary: Summary) -> Sum:
    """The sum of any number of faces, as the library made it."""
    return Sum(summary.faces, summary.scored, summary.scores, summary.median, summary.flags)
