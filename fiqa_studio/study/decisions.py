"""Two decisions on each rater: *accept* his work (he did what was asked) and *use* his ratings.

They are apart because they are owed to different people: the rater is paid for work done in good
faith, the reader of the paper is owed ratings that mean something. Both are reversible: decisions
are appended, the newest counts, and each says who took it, why and by which version of the rules.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from fiqa_studio.study.reliability import RaterReport, Thresholds

_BAD_FAITH = frozenset({"straight-lining", "fast", "traps"})
"""Flags that say that somebody did not look; the others may be an honest taste."""


class What(StrEnum):
    """What is decided."""

    ACCEPT = "accept"
    USE = "use"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One decision on one rater.

    Attributes:
        rater: On whom.
        what: Accept his work, or use his ratings.
        yes: The decision.
        reason: A sentence.
        rule: Version of the thresholds it follows from; empty: the owner's own judgement.
        author: Who took it; empty: a rule.
        at: When, ISO 8601 in UTC.
    """

    rater: str
    what: What
    yes: bool
    reason: str = ""
    rule: str = ""
    author: str = ""
    at: str = ""


def current(decisions: Iterable[Decision]) -> dict[tuple[str, What], Decision]:
    """The newest decision for each rater and question; ``decisions`` come oldest first."""
    return {(decision.rater, decision.what): decision for decision in decisions}


def left_out(decisions: Iterable[Decision]) -> dict[str, str]:
    """Raters whose ratings are not used, with the reason; without a decision they are."""
    return {
        rater: decision.reason or "left out by the owner"
        for (rater, what), decision in current(decisions).items()
        if what is What.USE and not decision.yes
    }


def proposed(report: RaterReport, thresholds: Thresholds) -> tuple[Decision, ...]:
    """What the flags of a rater suggest; empty where there are none.

    Any flag but a bias suggests not to use his ratings (P.910 takes a bias off); only a sign
    that he did not look suggests not to accept his work.
    """
    names = {flag.name for flag in report.flags}
    said = "; ".join(flag.said for flag in report.flags)
    found = []
    if names & _BAD_FAITH:
        found.append(What.ACCEPT)
    if names - {"bias"}:
        found.append(What.USE)
    return tuple(
        Decision(rater=report.rater, what=what, yes=False, reason=said, rule=thresholds.version)
        for what in found
    )
