"""Scorers as people read them. No Qt."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fiqa_studio.ui.viewer.words import bytes_said

if TYPE_CHECKING:
    from fiqa_studio.engine.scorers import Comparison, InstalledScorer

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

Rows = tuple[tuple[str, str], ...]


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


def outcome_said(comparisons: list[Comparison]) -> str:
    """A verification in one sentence; the words of ``fiqa models verify``."""
    agree = sum(c.agrees for c in comparisons)
    rounded = sum(c.within_rounding and not c.agrees for c in comparisons)
    return (
        f"{agree:,} of {len(comparisons):,} numbers agree to the tolerance, {rounded:,} more "
        f"within rounding, {len(comparisons) - agree - rounded:,} deviate."
    )


def table_of(comparisons: list[Comparison]) -> str:
    """A verification as lines of cells divided by tabulators, for a spreadsheet."""
    lines = ["case\twhat\tpublished\tfound\tdeviation\tverdict"]
    lines += [
        f"{c.case}\t{c.what}\t{c.published:.9g}\t{c.found:.9g}\t"
        f"{'' if c.deviation is None else f'{c.deviation:.3e}'}\t{verdict_of(c)}"
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
