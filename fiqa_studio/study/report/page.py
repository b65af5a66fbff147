"""The report as one HTML page with everything in it: no script, nothing fetched from anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fiqa_studio.study import agreement, stored
from fiqa_studio.study.analysis import Analysis, analyse
from fiqa_studio.study.decisions import Decision, current, left_out
from fiqa_studio.study.exchange.writing import save_bytes, save_text
from fiqa_studio.study.file import OpenStudy
from fiqa_studio.study.mos import MosMethod
from fiqa_studio.study.reliability import RaterReport, Thresholds
from fiqa_studio.study.report import plots
from fiqa_studio.study.report.drawing import Plot, png, svg
from fiqa_studio.study.values import Study

_TEMPLATE = Path(__file__).with_name("report.html.j2")

METHODS = {
    MosMethod.P910: "ITU-T P.910, annex E: bias and inconsistency of each rater are modelled.",
    MosMethod.MOS: "The mean of all ratings.",
    MosMethod.GFIQA: "The mean of the ratings within the mean ± 1 SD of their stimulus "
    "(GFIQA-20k, section III.C).",
    MosMethod.BT500: "The mean without the raters whom ITU-R BT.500 rejects.",
    MosMethod.P913: "The mean without each rater's bias and without the raters whom BT.500 "
    "rejects after that (ITU-T P.913, 12.4).",
    MosMethod.LOO: "The mean without raters who do not go with the others.",
}
_HALF_WIDTHS = (0.1, 0.075, 0.05)
"""Wanted half widths of an interval, as shares of the scale."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything that a report shows.

    Attributes:
        study: The design.
        analysis: The MOS and the raters.
        board: What each rater's ratings say of him.
        decisions: The owner's, the newest of each kind.
        thresholds: That the flags follow from.
        plain: Stimulus -> plain MOS, to stand beside.
        needed: Wanted half width -> raters a stimulus.
        plots: In the order shown.
        ratings: How many, and fewest, mean and most a stimulus.
    """

    study: Study
    analysis: Analysis
    board: tuple[RaterReport, ...]
    decisions: tuple[Decision, ...]
    thresholds: Thresholds
    plain: dict[str, float | None]
    needed: dict[float, int]
    plots: tuple[Plot, ...]
    ratings: tuple[int, int, float, int]


def report_of(
    opened: OpenStudy,
    method: MosMethod = MosMethod.P910,
    *,
    attribute: str = "",
    thresholds: Thresholds | None = None,
) -> Report:
    """Compute all that a report shows.

    Raises:
        StudyError: There is nothing to analyse, see `stored.ratings_of`.
    """
    limits = thresholds or Thresholds()
    taken = stored.decisions(opened.database)
    ratings = stored.named(stored.ratings_of(opened, attribute), opened.study)
    found = analyse(ratings, method, left_out=left_out(taken))
    plain = analyse(ratings, MosMethod.MOS, left_out=left_out(taken), draws=0)
    board = stored.board(opened, limits)
    drawn = (
        plots.mos_plot(found),
        plots.histogram(found),
        plots.figure_2(board, limits),
        plots.figure_4(board, limits),
        plots.sos_plot(found),
        plots.convergence_plot(agreement.convergence(ratings)),
    )
    needed = {}
    if found.median_sd is not None:
        for share in _HALF_WIDTHS:
            wanted = share * (found.high - found.low)
            needed[wanted] = agreement.raters_needed(found.median_sd, wanted)
    fewest, mean, most = agreement.ratings_per_stimulus(ratings)
    return Report(
        study=opened.study,
        analysis=found,
        board=board,
        decisions=tuple(current(taken).values()),
        thresholds=limits,
        plain={one.name: one.mos for one in plain.stimuli},
        needed=needed,
        plots=tuple(plot for plot in drawn if plot is not None),
        ratings=(len(ratings), fewest, mean, most),
    )


def html(report: Report) -> str:
    """The page; names in it are texts and never markup."""
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 - only for this
    from markupsafe import Markup  # noqa: PLC0415

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["number"] = _number
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    return template.render(
        report=report,
        analysis=report.analysis,
        method=METHODS[report.analysis.method],
        # Written by us, with every name escaped.
        drawings=[(plot, Markup(svg(plot))) for plot in report.plots],  # noqa: S704
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )


def save(report: Report, target: Path, plots_in: Path | None = None) -> None:
    """Write the page, and each plot as SVG and PNG into a folder.

    Raises:
        StudyError: ``export.write``.
    """
    save_text(html(report), target)
    if plots_in is not None:
        plots_in.mkdir(parents=True, exist_ok=True)
        for plot in report.plots:
            save_text(svg(plot), plots_in / f"{plot.name}.svg")
            save_bytes(png(plot), plots_in / f"{plot.name}.png")


def _number(value: float | None, digits: int = 2) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
