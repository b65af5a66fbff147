"""The scale on which people read scores. No numpy: the window needs it before its first paint."""

from __future__ import annotations

from enum import StrEnum


class QualityWord(StrEnum):
    """The five categories of absolute category rating (ACR)."""

    BAD = "Bad"
    POOR = "Poor"
    FAIR = "Fair"
    GOOD = "Good"
    EXCELLENT = "Excellent"


def shown_score(score: float) -> int:
    """The score in [0, 1] as people see it, 1-100 (GFIQA-20k, section III.B).

    The slider of that study maps the five ACR categories x = 1..5 to
    ``(x - 1) / 4 * 0.99 + 0.01``; a score in [0, 1] is its ``(x - 1) / 4``.
    """
    return round(100 * (0.99 * min(max(score, 0.0), 1.0) + 0.01))


def score_shown_as(shown: int) -> float:
    """The score in [0, 1] in the middle of those that people see as this number."""
    return min(max((shown - 1) / 99, 0.0), 1.0)


def lowest_shown_as(shown: float) -> float:
    """The lowest score in [0, 1] that people see as this number or a higher one."""
    return min(max((shown - 1.5) / 99, 0.0), 1.0)


def highest_shown_as(shown: float) -> float:
    """The highest score in [0, 1] that people see as this number or a lower one."""
    return min(max((shown - 0.5) / 99, 0.0), 1.0)


def quality_word(score: float) -> QualityWord:
    """The ACR category nearest to a score in [0, 1]."""
    words = list(QualityWord)
    return words[min(int(min(max(score, 0.0), 1.0) * 4 + 0.5), 4)]
