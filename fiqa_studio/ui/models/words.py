"""Scorers as people read them. No Qt."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fiqa_studio.ui.widgets.words import bytes_said

if TYPE_CHECKING:
    from fiqa_studio.engine.scoring.installed import Comparison, InstalledScorer

ORIGINS = {
    "built-in": "Part of the program",
    "bundled": "Comes with the program",
    "own": "Your own",
    "plug-in": "From another package",
}
KINDS = {
    "dsl-fiqa": "Network of the DSL-FIQA design",
    "classical": "Classical measure, no weights",
    "plug-in": "Plug-in",
}
LANDMARKS = {
    "mesh468": "Face mesh, 468 points (mesh468)",
    "ibug68": "iBUG 300-W, 68 points (ibug68)",
}
DATASETS = (
    ("GFIQA-20k", "mesh468"),
    ("CGFIQA-40k", "mesh468"),
    ("custom", "ibug68"),
)
"""The published pairs: what they were trained on, and with which landmarks."""

_FIGURES = {
    "pseudo_mos_srcc": "Held-out people, SRCC",
    "rated_srcc": "Human ratings, SRCC",
    "core_steps_down": "Worse picture, lower score",
    "srcc": "SRCC",
    "plcc": "PLCC",
}
_SHARES = frozenset(["core_steps_down"])
"""Figures that are shares, said in per cent."""

_FURTHEST = 3
"""Of the numbers that deviate, so many are named beside the verdict."""
_LARGE = 100

Rows = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a verification comes to by one rule.

    Attributes:
        title: The rule's name and how it ended.
        passed: Whether no number breaks the rule.
        said: The rule, and how many break it.
        furthest: The numbers that lie furthest off; of a rule that nothing breaks the first one.
    """

    title: str
    passed: bool
    said: str
    furthest: tuple[str, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """All of it, in reading order."""
        return (self.title, self.said, *self.furthest)


def facts_of(scorer: InstalledScorer) -> Rows:
    """What a scorer is; what is not known is said only of weights, which should tell."""
    weights = bool(scorer.landmarks)
    unknown = "Not stated" if weights else ""
    size = f" ({bytes_said(scorer.size)})" if scorer.size else ""
    return (
        ("Name", scorer.name),
        ("Kind", KINDS.get(scorer.kind, scorer.kind)),
        ("Version", scorer.hash),
        ("Landmarks", LANDMARKS.get(scorer.landmarks, scorer.landmarks)),
        ("Trained on", scorer.dataset or unknown),
        ("Licence", scorer.licence or unknown),
        ("Date", scorer.date or unknown),
        ("Source", scorer.source or unknown),
        ("File", f"{scorer.file}{size}"),
    )


def figures_of(scorer: InstalledScorer) -> Rows:
    """The measured figures of its manifest, and its interval."""
    rows = [
        (_FIGURES.get(name, _spoken(name)), _figure_said(name, value))
        for name, value in scorer.figures.items()
    ]
    interval = scorer.interval
    if interval is not None:
        low, high = (round(99 * width) for width in _ends(interval.half_widths))
        width = f"± {low}" if low == high else f"± {low} to {high}, by the score"
        rows.append(("Range", f"{width}; holds {100 * interval.coverage:.3g} % of the labels"))
        rows.append(("Range from", interval.calibrated_on))
    return tuple((name, value) for name, value in rows if value)


def subtitle_of(scorer: InstalledScorer) -> str:
    """Under its title in the list."""
    if not scorer.available:
        return f"{scorer.name} · cannot be used"
    return f"{scorer.name} · {ORIGINS.get(scorer.origin, scorer.origin).lower()}"


def name_from(text: str) -> str:
    """A scorer's name made of anything: small letters, digits, dots, dashes, underscores."""
    return re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("-._")[:64]


def verdict_of(comparison: Comparison) -> str:
    """Whether a number agrees with the published one."""
    if comparison.agrees:
        return "agrees"
    return "within rounding" if comparison.within_rounding else "deviates"


def deviation_said(comparison: Comparison) -> str:
    """By how much, in parts of the published number."""
    if comparison.deviation is None:
        return "–"
    return f"{100 * comparison.deviation:+.4f} %"


def verdicts_of(comparisons: list[Comparison]) -> tuple[Verdict, Verdict]:
    """The strict verdict and the one that allows for rounding, as ``fiqa models verify`` tells."""
    return (
        _verdict(
            "Strict",
            comparisons,
            lambda c: c.tolerance_used,
            "within 0.001 of the published number",
            "the tolerance",
        ),
        _verdict(
            "With rounding",
            comparisons,
            lambda c: c.rounding_used,
            "within the tolerance and six times the measured effect of rounding",
            "what is allowed",
        ),
    )


def _verdict(
    title: str, comparisons: list[Comparison], used: Callable[[Comparison], float], rule: str,
    limit: str,
) -> Verdict:  # fmt: skip
    ranked = sorted(comparisons, key=used, reverse=True)
    beyond = sum(not used(c) <= 1 for c in comparisons)  # what is no number agrees with nothing
    count = len(comparisons)
    furthest = ranked[: min(beyond, _FURTHEST)] or ranked[:1]
    return Verdict(
        title=f"{title}: {'failed' if beyond else 'passed'}",
        passed=not beyond,
        said=(
            f"{beyond:,} of {count:,} numbers {'is' if beyond == 1 else 'are'} not {rule}."
            if beyond
            else f"All {count:,} numbers are {rule}."
        ),
        furthest=tuple(
            f"{'' if beyond else 'Furthest: '}{c.what} ({c.case}): {times_said(used(c))} {limit}"
            for c in furthest
        ),
    )


def times_said(times: float) -> str:
    """A multiple, short; also of what is no number."""
    if not math.isfinite(times):
        return "beyond"
    return f"{times:.2f} ×" if times < _LARGE else f"{times:,.0f} ×"


def table_of(comparisons: list[Comparison]) -> str:
    """A verification as lines of cells divided by tabulators, for a spreadsheet."""
    lines = ["case\twhat\tpublished\tfound\tdeviation\ttolerances\tverdict"]
    lines += [
        f"{c.case}\t{c.what}\t{c.published:.9g}\t{c.found:.9g}\t"
        f"{'' if c.deviation is None else f'{c.deviation:.3e}'}\t"
        f"{c.tolerance_used:.4g}\t{verdict_of(c)}"
        for c in comparisons
    ]
    return "\n".join(lines)


def _ends(values: tuple[float, ...]) -> tuple[float, float]:
    return min(values), max(values)


def _spoken(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _figure_said(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{100 * value:.1f} %" if name in _SHARES else f"{value:.4g}"
    if isinstance(value, list):
        return ", ".join(_figure_said("", part) for part in value)
    if isinstance(value, Mapping):
        parts = (f"{_spoken(str(k)).lower()} {_figure_said('', v)}" for k, v in value.items())
        return "; ".join(parts)
    return str(value)
