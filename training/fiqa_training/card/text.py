"""A card's record as Markdown: scores on the shown scale, 1-100, errors in its points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fiqa_training.card.failure_sheet import shown
from fiqa_training.evaluation.slices import FEWEST

Record = dict[str, Any]

_SLICE_HEAD = (
    *("by", "group", "people", "SRCC [95 %]", "steps falling", "clean: score", "label"),
    *("clean: score less label [95 %]", "all: score less label [95 %]"),
)
_KIND_HEAD = (
    *("kind", "SRCC [95 %]", "steps falling", "score less label [95 %]", "response"),
    *("score, clean to worst", "label, clean to worst"),
)
_RATED_HEAD = ("photos", "n", "SRCC [95 %]", "PLCC", "RMSE", "score less opinion")
_FAILURE_HEAD = ("kind", "severity", "score", "label", "score less label")

_FIRST = """\
Measured on {date} with the scorer `{name}` (hash `{hash}`, {device}, {precision}):

    {command}

Labels: {labels}. Scores and labels are on the shown scale, 1-100, errors in its points. Intervals \
(95 %) draw people, not pictures. Fewer than {fewest} people: no SRCC, no interval."""

_ABOUT_SKIN = """\
ITA from uncalibrated photos mixes skin and light: a dark exposure looks like dark skin. It groups \
pictures by how light the skin looks in them."""

_ABOUT_KINDS = """\
{faces} held-out people, each kind at three severities beside the clean picture, the kinds seen \
least first. *Response*: the fall of the mean score from clean to the worst, over the fall of the \
mean label; 1 is as it should be, 0 is blind. Half of the label is the severity itself, so a kind \
that does not displease (a monochrome picture) has a label that is too low."""


def as_markdown(record: Record) -> str:
    """The whole fragment: slices, kinds, the calibrated range, rated photos, failures."""
    parts = [
        _FIRST.format(
            **record["scorer"],
            fewest=FEWEST,
            **{key: record[key] for key in ("date", "command", "labels")},
        ),
        "### Calibrated range",
        _ranges(record),
        "### Slices",
        *(_group(name, found) for name, found in record["groups"].items()),
        _ABOUT_SKIN,
        "### Kinds of degradation",
        _ABOUT_KINDS.format(faces=record["plan"]["faces_per_kind"]),
        _table(_KIND_HEAD, [_kind_row(*item) for item in _by_response(record["kinds"])]),
        _hardly_seen(record["hardly_seen"]),
    ]
    if record.get("rated"):
        parts.append(_rated(record["rated"]))
    parts += [
        "### Worst held-out cases",
        _table(_FAILURE_HEAD, [_failure_row(each) for each in record["failures"]]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _ranges(record: Record) -> str:
    rows = [
        (
            name,
            f"{found['interval']['n']}",
            _percent(found["interval"]["promised"]),
            _percent(found["interval"]["inside"]),
            f"{99 * found['interval']['mean_width']:.0f}",
        )
        for name, found in record["groups"].items()
        if found["interval"]
    ]
    if not rows:
        return "These weights carry no calibrated range."
    table = _table(("group", "pictures", "promised", "labels inside", "mean width"), rows)
    return f"Calibrated on: {record['calibrated_on'] or 'not stated'}.\n\n{table}"


def _group(name: str, found: Record) -> str:
    overall = found["overall"]
    rows = [_slice_row("", {"name": "all", "range": None, **overall})]
    gaps = []
    for slicing, each in found["slicings"].items():
        rows += [_slice_row(slicing, row) for row in each["slices"]]
        if each["clean_gap"]:
            gaps.append(_gap(slicing, each["clean_gap"]))
    title = f"#### {name.capitalize()}: {overall['n']} people, {overall['pictures']} pictures"
    gaps = ["Clean faces, their labels taken off:\n\n" + "\n".join(gaps)] if gaps else []
    return "\n\n".join([title, _table(_SLICE_HEAD, rows), *gaps])


def _slice_row(slicing: str, row: Record) -> tuple[str, ...]:
    span = f" ({row['range'][0]:.2f} to {row['range'][1]:.2f})" if row["range"] else ""
    return (
        slicing,
        row["name"] + span,
        f"{row['n']}" + (" (few)" if row["few"] else ""),
        _with_interval(row["srcc"], row["srcc_ci"], _plain),
        _percent(row["falling"]),
        f"{shown(row['clean_score']):.0f}",
        f"{shown(row['clean_label']):.0f}",
        _with_interval(row["clean_error"], row["clean_error_ci"], _points),
        _with_interval(row["error"], row["error_ci"], _points),
    )


def _gap(slicing: str, gap: Record) -> str:
    return (
        f"* {slicing}: *{gap['highest']}* is scored {99 * gap['difference']:.1f} points above "
        f"*{gap['lowest']}*; random divisions of the same people are as far apart in "
        f"{_percent(gap['p'])} of draws."
    )


def _by_response(kinds: Record) -> list[tuple[str, Record]]:
    return sorted(kinds.items(), key=lambda item: float(item[1]["response"]))


def _kind_row(name: str, row: Record) -> tuple[str, ...]:
    return (
        name,
        _with_interval(row["srcc"], row["srcc_ci"], _plain),
        _percent(row["falling"]),
        _with_interval(row["error"], row["error_ci"], _points),
        f"{row['response']:.2f}",
        " ".join(f"{shown(value):.0f}" for value in row["scores"]),
        " ".join(f"{shown(value):.0f}" for value in row["labels"]),
    )


def _hardly_seen(names: Sequence[str]) -> str:
    if not names:
        return "Hardly seen (response below 0.5): none."
    return f"Hardly seen (response below 0.5): {', '.join(names)}."


def _rated(found: Record) -> str:
    told = {
        None: _unless_all_learned(found["five_folds"]),
        found["fold"]: "The scorer's manifest says that its training left this fold out.",
    }.get(
        found["left_out"],
        f"**Not held out**: the scorer's manifest names fold {found['left_out']}.",
    )
    rows = [found["overall"], *(row for each in found["slicings"].values() for row in each)]
    head = f"### Human ratings of real photos\n\nFold {found['fold']} of 5. {told}"
    names = [name for name, each in found["slicings"].items() for _ in each]
    table = _table(
        _RATED_HEAD,
        [_rated_row(row, slicing) for row, slicing in zip(rows, ["", *names], strict=True)],
    )
    return f"{head} Errors are in points of the raters' 0-100.\n\n{table}"


def _unless_all_learned(five_folds: Sequence[float]) -> str:
    if not five_folds:
        return "The scorer's manifest does not say which fold its training left out."
    folds = ", ".join(map(_plain, five_folds))
    return (
        "**Not held out**: the scorer has learned from all five folds. Its manifest has the SRCC "
        f"of each by a solution without that fold's ratings: {folds}."
    )


def _rated_row(row: Record, slicing: str) -> tuple[str, ...]:
    span = f" ({row['range'][0]:.2f} to {row['range'][1]:.2f})" if row["range"] else ""
    return (
        (f"{slicing}: " if slicing else "") + row["name"] + span,
        f"{row['n']}",
        _with_interval(row["srcc"], row["srcc_ci"], _plain),
        _plain(row["plcc"]),
        "-" if row["rmse"] is None else f"{100 * row['rmse']:.1f}",
        "-" if row["error"] is None else f"{100 * row['error']:+.1f}",
    )


def _failure_row(case: Record) -> tuple[str, ...]:
    return (
        str(case["kind"]),
        f"{case['severity']:.2f}",
        f"{shown(case['score']):.0f}",
        f"{shown(case['label']):.0f}",
        _points(case["score"] - case["label"]),
    )


def _with_interval(value: float | None, ends: Sequence[float | None] | None, form: Any) -> str:
    said = str(form(value))
    if value is None or not ends or None in ends:
        return said
    return f"{said} [{form(ends[0])}, {form(ends[1])}]"


def _plain(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _points(value: float | None) -> str:
    return "-" if value is None else f"{99 * value:+.1f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
