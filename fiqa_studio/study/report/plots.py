"""The plots of a report: the paper's figures 2 and 4, the MOS, its spread, and its convergence."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from fiqa_studio.study.agreement import Convergence
from fiqa_studio.study.analysis import Analysis
from fiqa_studio.study.matrix import Floats
from fiqa_studio.study.model_vs_mos import Agreement
from fiqa_studio.study.reliability import (
    PAPER_ACCURACY,
    PAPER_PLCC,
    PAPER_REPEATS,
    RaterReport,
    Thresholds,
)
from fiqa_studio.study.report.drawing import BLUE, GREEN, GREY, RED, Axes, Plot

_MOST_ERROR_BARS = 400


def figure_2(reports: Sequence[RaterReport], thresholds: Thresholds) -> Plot | None:
    """Repeat SRCC over gold accuracy, a dot a rater; the paper's own range as a dashed box."""
    known = [
        (one, one.gold_accuracy, one.repeat_srcc)
        for one in reports
        if one.gold_accuracy is not None and one.repeat_srcc is not None
    ]
    if not known:
        return None
    low = min(0.0, *(srcc for _, _, srcc in known))
    axes = Axes((0.0, 1.0), (low, 1.0), "accuracy on gold", "SRCC on repeats")
    (left, right), (below, above) = PAPER_ACCURACY, PAPER_REPEATS
    corners = [(left, below), (right, below), (right, above), (left, above), (left, below)]
    for start, end in itertools.pairwise(corners):
        axes.line(start, end, GREEN, dashed=True)
    gold, repeats = thresholds.gold_accuracy, thresholds.repeat_srcc
    axes.line((gold, low), (gold, 1.0), RED, dashed=True)
    axes.line((0.0, repeats), (1.0, repeats), RED, dashed=True)
    for one, accuracy, srcc in known:
        axes.dot(accuracy, srcc, RED if one.flags else BLUE, one.rater, 4.0)
        axes.text(accuracy, srcc, one.rater, "middle", 7.0)
    return axes.plot("gold-and-repeats", "Self-consistency and accuracy of each rater")


def figure_4(reports: Sequence[RaterReport], thresholds: Thresholds) -> Plot | None:
    """PLCC with the mean of the others (filled) and with the MOS, as the paper has it (grey)."""
    known = [one for one in reports if one.loo_plcc is not None]
    if not known:
        return None
    values = [one.loo_plcc for one in known if one.loo_plcc is not None]
    axes = Axes((0.5, len(known) + 0.5), (min(0.0, *values), 1.0), "rater", "PLCC")
    for edge in PAPER_PLCC:
        axes.line((0.5, edge), (len(known) + 0.5, edge), GREEN, dashed=True)
    axes.line((0.5, thresholds.loo_plcc), (len(known) + 0.5, thresholds.loo_plcc), RED, dashed=True)
    for i, one in enumerate(known, start=1):
        if one.mos_plcc is not None:
            axes.dot(i, one.mos_plcc, GREY, f"{one.rater}, with the MOS")
        if one.loo_plcc is not None:
            axes.dot(i, one.loo_plcc, RED if one.flags else BLUE, one.rater, 4.0)
    return axes.plot("correlations", "Correlation of each rater with the others")


def mos_plot(found: Analysis) -> Plot | None:
    """The MOS in rising order with its intervals."""
    known = sorted(
        ((one.mos, one.half_width, one.name) for one in found.stimuli if one.mos is not None),
        key=lambda one: one[0],
    )
    if not known:
        return None
    low = min(found.low, *(mos for mos, _, _ in known))
    high = max(found.high, *(mos for mos, _, _ in known))
    axes = Axes((0.0, len(known) + 1.0), (low, high), "stimulus, by its MOS", "MOS")
    for i, (mos, half, name) in enumerate(known, start=1):
        if half is not None and len(known) <= _MOST_ERROR_BARS:
            ends = (max(low, mos - half), min(high, mos + half))
            axes.line((i, ends[0]), (i, ends[1]), GREY, 0.7)
        axes.dot(i, mos, BLUE, name, 1.8)
    return axes.plot("mos", "MOS with 95 % intervals")


def histogram(found: Analysis) -> Plot | None:
    """How many stimuli have which MOS."""
    known = np.array([one.mos for one in found.stimuli if one.mos is not None])
    if not len(known):
        return None
    counts, edges = np.histogram(np.clip(known, found.low, found.high), 20, (found.low, found.high))
    axes = Axes((found.low, found.high), (0.0, float(counts.max()) * 1.05), "MOS", "stimuli")
    for count, left, right in zip(counts, edges, edges[1:], strict=False):
        if count:
            axes.bar(float(left), float(right), float(count))
    return axes.plot("distribution", "Distribution of the MOS")


def sos_plot(found: Analysis) -> Plot | None:
    """Variance over MOS, with the curve of the SOS hypothesis."""
    known = [
        (one.mos, one.sd**2, one.name)
        for one in found.stimuli
        if one.mos is not None and one.sd is not None
    ]
    if not known or found.sos is None:
        return None
    a, low, high = found.sos.a, found.low, found.high
    curve = [(m, a * (high - m) * (m - low)) for m in np.linspace(low, high, 60).tolist()]
    top = max(*(v for _, v, _ in known), *(v for _, v in curve), 1e-9) * 1.05
    axes = Axes((low, high), (0.0, top), "MOS", "variance of the ratings")
    for mos, variance, name in known:
        axes.dot(float(np.clip(mos, low, high)), variance, BLUE, name, 2.2)
    axes.curve(curve, RED)
    return axes.plot("sos", f"SOS: a = {a:.3f}")


def convergence_plot(found: Convergence) -> Plot | None:
    """The mean half width of the interval of the plain MOS with more and more raters."""
    if len(found.raters) < 2:
        return None
    top = max(found.half_width) * 1.05 or 1.0
    axes = Axes((float(found.raters[0]), float(found.raters[-1])), (0.0, top), "raters", "± 95 %")
    points = [(float(k), width) for k, width in zip(found.raters, found.half_width, strict=True)]
    axes.curve(points, BLUE)
    for k, width in points:
        axes.dot(k, width)
    return axes.plot("convergence", "Interval of the plain MOS with more raters")


def model_plot(names: Sequence[str], score: Floats, mos: Floats, found: Agreement) -> Plot:
    """A model's score against the MOS, with the mapping between them."""
    known = np.isfinite(score) & np.isfinite(mos)
    mapping = found.mapping
    steps = np.linspace(mapping.low, mapping.high, 80)
    curve = list(zip(steps.tolist(), mapping(steps).tolist(), strict=True))
    low = float(min(mos[known].min(), *(y for _, y in curve)))
    high = float(max(mos[known].max(), *(y for _, y in curve)))
    if low == high:
        low, high = low - 0.5, high + 0.5
    axes = Axes((mapping.low, mapping.high), (low, high), "score of the model", "MOS")
    for i in np.flatnonzero(known):
        axes.dot(float(score[i]), float(mos[i]), BLUE, names[i], 2.2)
    axes.curve(curve, RED)
    return axes.plot("model", "Model and people")
