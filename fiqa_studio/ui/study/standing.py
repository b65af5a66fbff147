"""How a study stands: what the board shows of each rater, read at one go off the thread."""

from __future__ import annotations

from dataclasses import dataclass

from fiqa_studio.study import raters, reading, stored
from fiqa_studio.study.decisions import What, current, proposed
from fiqa_studio.study.file import OpenStudy
from fiqa_studio.study.planning.allocation import connected, extend_list
from fiqa_studio.study.raters import now_ms
from fiqa_studio.study.reliability import RaterReport, Thresholds
from fiqa_studio.study.sitting import trials
from fiqa_studio.study.values import Method


@dataclass(frozen=True, slots=True, kw_only=True)
class RaterRow:
    """One rater on the board.

    Attributes:
        progress: Batches in words, or what ended it.
        report: What the ratings say; None before the first that counts.
        accept: The owner's decision; without one, yes.
        use: As ``accept``.
        reasons: Of those decisions, empty where none was taken.
        suggests: What the flags would lead to, in words; empty where there are none.
    """

    name: str
    progress: str
    report: RaterReport | None
    accept: bool
    use: bool
    reasons: str
    suggests: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The whole board.

    Attributes:
        mark: Differs whenever something was rated or decided.
        summary: A sentence or two on the design.
        rows: In the order raters were added.
    """

    title: str
    mark: tuple[object, ...]
    summary: str
    rows: tuple[RaterRow, ...]


def mark_of(opened: OpenStudy) -> tuple[object, ...]:
    """Cheap to ask: differs whenever the board would."""
    people = raters.everybody(opened.database)
    return (
        reading.last_row(opened.database),
        len(raters.decisions(opened.database)),
        tuple((one.name, one.ended) for one in people),
    )


def standing(opened: OpenStudy, thresholds: Thresholds | None = None) -> Standing:
    """Read the board."""
    limits = thresholds or Thresholds()
    mark = mark_of(opened)
    reports = {report.rater: report for report in stored.board(opened, limits)}
    decided = current(stored.decisions(opened.database))
    with opened.database.read() as connection:
        assigned = trials.assigned(connection)
        wanted = trials.wanted(connection, opened.study)
    rows = []
    for rater in raters.everybody(opened.database):
        mine = [one for one in assigned if one.rater_id == rater.id]
        done = sum(one.done for one in mine)
        of = opened.study.rules.batches_per_rater or len(opened.study.batches)
        words = f"{done} of {of} batches" if opened.study.method is not Method.PAIRS else f"{done}"
        report = reports.get(rater.name)
        taken = {what: decided.get((rater.name, what)) for what in What}
        suggested = proposed(report, limits) if report is not None else ()
        rows.append(
            RaterRow(
                name=rater.name,
                progress=f"{words}, {rater.ended}" if rater.ended else words,
                report=report,
                accept=_yes(taken[What.ACCEPT]),
                use=_yes(taken[What.USE]),
                reasons="; ".join(
                    f"{what}: {'yes' if one.yes else 'no'}, {one.reason}"
                    for what, one in taken.items()
                    if one is not None
                ),
                suggests=suggested[0].reason if suggested else "",
            )
        )
    short = extend_list(opened.study, assigned, now_ms=now_ms(), wanted=wanted)
    return Standing(
        title=opened.study.title,
        mark=mark,
        summary=_summary(opened, len(short), wanted, together=connected(opened.study, assigned)),
        rows=tuple(rows),
    )


def _yes(decision: object) -> bool:
    return bool(getattr(decision, "yes", True))


def _summary(opened: OpenStudy, short: int, wanted: int, *, together: bool) -> str:
    study = opened.study
    if study.method is Method.IMPORTED:
        return f"{len(study.stimuli):,} pictures, rated elsewhere."
    count = sum(len(batch) for batch in study.batches)
    if study.method is Method.PAIRS:
        return f"{count:,} pictures, compared in pairs."
    said = (
        f"{count:,} pictures in {len(study.batches):,} batches, {wanted} ratings wanted of each. "
    )
    if not short:
        return said + "All have them."
    said += f"{short:,} batches are short of that."
    return said if together else said + " Not all batches have raters in common yet."
