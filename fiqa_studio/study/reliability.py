"""What each rater's ratings say of him: the numbers of the live board, with thresholds.

The paper judges its freelancers by accuracy on gold and self-consistency on repeats (figure 2)
and by the correlation with a MOS that they are part of (figure 4). The correlation with the mean
of the *others* stands beside the latter: with twelve raters one's own share is visible in it.

Flags only propose: what follows from them are two decisions of the owner, see
`fiqa_studio.study.decisions`.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from fiqa_studio.study.errors import StudyError
from fiqa_studio.study.matrix import Ratings, from_rows
from fiqa_studio.study.mos import Estimate, MosMethod, estimate
from fiqa_studio.study.numeric import finite, pearson, spearman
from fiqa_studio.study.rows import GOLD, RATED, REPEAT, TRAINING, TRAP, RatingRow
from fiqa_studio.study.screening import correlations_with_others

PAPER_ACCURACY = (0.70, 0.92)
"""Gold accuracy of GFIQA-20k's raters, lowest and highest (figure 2)."""
PAPER_REPEATS = (0.90, 0.99)
"""SRCC of their first and second ratings (figure 2)."""
PAPER_PLCC = (0.832, 0.928)
"""PLCC with the MOS that they are part of (figure 4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """From where on a rater is flagged; every one can be adjusted.

    Attributes:
        version: Goes into each decision that follows from these.
        fewest: Ratings before anything is said of a rater.
        gold_accuracy: Share of right gold answers, at least (the paper's lowest: 0.70).
        fewest_gold: Gold answers before their share is judged.
        repeat_srcc: Correlation of first and second ratings, at least.
        fewest_repeats: Repeats before their correlation is judged.
        loo_plcc: Correlation with the mean of the others, at least.
        bias: Distance of the mean from the others', at most, as a share of the scale.
        inconsistency: Spread around the MOS, at most, in multiples of the raters' median.
        same_run: Equal ratings one after another, at most.
        same_share: Share of the most frequent rating, at most.
        fast_ms: An answer within so many milliseconds cannot follow from looking.
        fast_share: Share of such answers, at most.
        trap_accuracy: Share of traps answered right, at least.
    """

    version: str = "1"
    fewest: int = 10
    gold_accuracy: float = 0.7
    fewest_gold: int = 5
    repeat_srcc: float = 0.5
    fewest_repeats: int = 5
    loo_plcc: float = 0.5
    bias: float = 0.25
    inconsistency: float = 2.0
    same_run: int = 8
    same_share: float = 0.6
    fast_ms: float = 800.0
    fast_share: float = 0.1
    trap_accuracy: float = 0.75


_NO_NOISE = 0.005
"""Of the scale: nobody scatters so little over pictures of different quality."""


def parse_thresholds(given: Iterable[str]) -> Thresholds:
    """Thresholds with some of them changed by ``NAME=VALUE`` texts.

    Raises:
        StudyError: ``study.threshold``: no such one, or no number.
    """
    limits = Thresholds()
    known = {f.name for f in fields(Thresholds)} - {"version"}
    for text in given:
        name, _, value = (part.strip() for part in text.partition("="))
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if name not in known or not math.isfinite(number):
            raise StudyError(
                f"“{text}” is no threshold.",
                remedy=f"Write NAME=NUMBER with one of {', '.join(sorted(known))}.",
                code="study.threshold",
            )
        kind = type(getattr(limits, name))
        limits = replace(limits, version="adjusted", **{name: kind(number)})
    return limits


@dataclass(frozen=True, slots=True)
class Answers:
    """Right answers that are known before: the sides of gold and the answers of traps.

    Attributes:
        gold: Stimulus -> lowest and highest right answer, in units of the scale.
        traps: Likewise.
    """

    gold: Mapping[str, tuple[float, float]]
    traps: Mapping[str, tuple[float, float]]

    @classmethod
    def nothing(cls) -> Answers:
        """A study without gold and traps."""
        return cls({}, {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """One thing that is wrong with a rater: which number, and a sentence."""

    name: str
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RaterReport:
    """What one rater's ratings say; None: not defined, or too little to tell.

    Attributes:
        rater: His name.
        ratings: Answers that make the MOS, repeats included.
        gold: Gold answers.
        gold_accuracy: Share of them in the accepted range (figure 2, x).
        traps: Trap answers.
        trap_accuracy: Share of them in the accepted range.
        repeats: Stimuli that he rated twice.
        repeat_srcc: Spearman's correlation of first and second ratings (figure 2, y).
        loo_plcc: Pearson's correlation with the mean of the others.
        mos_plcc: Pearson's correlation with the plain MOS, his own ratings in it (figure 4).
        bias: Of P.910, in units of the scale.
        inconsistency: Of P.910, in units of the scale.
        same_run: Longest run of equal ratings in the order they were given.
        same_share: Share of his most frequent rating.
        median_ms: Median time of an answer in milliseconds.
        fast_share: Share of answers faster than the threshold.
        flags: What is beyond a threshold.
    """

    rater: str
    ratings: int
    gold: int
    gold_accuracy: float | None
    traps: int
    trap_accuracy: float | None
    repeats: int
    repeat_srcc: float | None
    loo_plcc: float | None
    mos_plcc: float | None
    bias: float | None
    inconsistency: float | None
    same_run: int
    same_share: float | None
    median_ms: float | None
    fast_share: float | None
    flags: tuple[Flag, ...] = ()


def reliability(
    rows: Iterable[RatingRow],
    *,
    low: float,
    high: float,
    answers: Answers | None = None,
    thresholds: Thresholds | None = None,
) -> tuple[RaterReport, ...]:
    """The board: a report for each rater, in the order in which they appear.

    Args:
        rows: All answers, of all kinds, in the order they were given.
        low: The scale's lower end.
        high: Its upper end.
        answers: Right answers of gold and traps.
        thresholds: From where on to flag.
    """
    limits = thresholds or Thresholds()
    known = answers or Answers.nothing()
    of_rater: dict[str, list[RatingRow]] = defaultdict(list)
    everything = [row for row in rows if row.kind != TRAINING]
    for row in everything:
        of_rater[row.rater].append(row)
    ratings = from_rows(everything, low=low, high=high)
    together = _Together.of(ratings)
    reports = []
    for rater, given in of_rater.items():
        found = _alone(rater, given, known, limits, together.numbers(rater))
        reports.append(_flagged(found, limits, high - low, together.middle_inconsistency))
    return tuple(reports)


@dataclass(frozen=True)
class _Together:
    """Numbers that need all raters: (S,) arrays, by the place of a rater's name."""

    ratings: Ratings
    plain: Estimate | None
    model: Estimate | None
    loo: Sequence[float]

    @classmethod
    def of(cls, ratings: Ratings) -> _Together:
        if not len(ratings):
            return cls(ratings, None, None, ())
        loo, _ = correlations_with_others(ratings)
        return cls(ratings, estimate(ratings, MosMethod.MOS), estimate(ratings), list(loo))

    @property
    def middle_inconsistency(self) -> float:
        if self.model is None:
            return float("nan")
        size = self.model.inconsistency
        return float(np.median(size[np.isfinite(size)]))

    def numbers(self, rater: str) -> dict[str, float | None]:
        """loo_plcc, mos_plcc, bias and inconsistency of one rater."""
        names = ("loo_plcc", "mos_plcc", "bias", "inconsistency")
        if self.plain is None or self.model is None or rater not in self.ratings.raters:
            return dict.fromkeys(names)
        place = self.ratings.raters.index(rater)
        table = self.ratings.table()[:, place]
        rated = np.isfinite(table)
        own = pearson(table[rated], self.plain.mos[rated])
        alone = self.ratings.by_rater()[place] == len(self.ratings)
        values = (
            finite(self.loo[place]),
            None if alone else own,
            finite(self.model.bias[place]),
            finite(self.model.inconsistency[place]),
        )
        return dict(zip(names, values, strict=True))


def _alone(
    rater: str,
    given: list[RatingRow],
    answers: Answers,
    limits: Thresholds,
    numbers: dict[str, float | None],
) -> RaterReport:
    rated = [row for row in given if row.kind in RATED]
    values = [row.value for row in rated]
    times = [row.reaction_ms for row in given if row.reaction_ms is not None]
    right_gold = _right(given, GOLD, answers.gold)
    right_traps = _right(given, TRAP, answers.traps)
    first, second = _twice(rated)
    most = Counter(values).most_common(1)
    return RaterReport(
        rater=rater,
        ratings=len(rated),
        gold=len(right_gold),
        gold_accuracy=_share(right_gold),
        traps=len(right_traps),
        trap_accuracy=_share(right_traps),
        repeats=len(first),
        repeat_srcc=spearman(np.array(first), np.array(second)),
        loo_plcc=numbers["loo_plcc"],
        mos_plcc=numbers["mos_plcc"],
        bias=numbers["bias"],
        inconsistency=numbers["inconsistency"],
        same_run=_longest_run(values),
        same_share=most[0][1] / len(values) if most else None,
        median_ms=float(np.median(times)) if times else None,
        fast_share=_share([time < limits.fast_ms for time in times]),
    )


def _right(
    given: list[RatingRow], kind: str, accepted: Mapping[str, tuple[float, float]]
) -> list[bool]:
    edge = 1e-9  # a slider's own rounding is forgiven
    return [
        accepted[row.stimulus][0] - edge <= row.value <= accepted[row.stimulus][1] + edge
        for row in given
        if row.kind == kind and row.stimulus in accepted
    ]


def _share(of: list[bool]) -> float | None:
    return sum(of) / len(of) if of else None


def _twice(rated: list[RatingRow]) -> tuple[list[float], list[float]]:
    """First and second ratings of the stimuli that were rated again."""
    first: dict[str, float] = {}
    pairs: dict[str, tuple[float, float]] = {}
    for row in sorted(rated, key=lambda row: row.kind == REPEAT):  # stable: the order is kept
        if row.stimulus not in first:
            first[row.stimulus] = row.value
        elif row.stimulus not in pairs:
            pairs[row.stimulus] = (first[row.stimulus], row.value)
    return [a for a, _ in pairs.values()], [b for _, b in pairs.values()]


def _longest_run(values: list[float]) -> int:
    longest = run = 0
    before: float | None = None
    for value in values:
        run = run + 1 if value == before else 1
        before, longest = value, max(longest, run)
    return longest


def _flagged(report: RaterReport, limits: Thresholds, width: float, middle: float) -> RaterReport:
    if report.ratings < limits.fewest:
        return report
    flags: list[Flag] = []

    def flag(name: str, said: str) -> None:
        flags.append(Flag(name=name, said=said))

    def too_low(name: str, value: float | None, least: float, said: str) -> None:
        if value is not None and value < least:
            flag(name, f"{said} {value:.2f}, less than {least:g}")

    if report.gold >= limits.fewest_gold:
        too_low("gold", report.gold_accuracy, limits.gold_accuracy, "gold answers right:")
    too_low("traps", report.trap_accuracy, limits.trap_accuracy, "traps answered right:")
    if report.repeats >= limits.fewest_repeats:
        too_low("repeats", report.repeat_srcc, limits.repeat_srcc, "repeats agree by")
    too_low("others", report.loo_plcc, limits.loo_plcc, "goes with the others by")
    if report.bias is not None and abs(report.bias) > limits.bias * width:
        flag("bias", f"rates {report.bias:+.1f} from the others")
    scatter = _scatter(report, width, middle)
    if scatter is not None and scatter > limits.inconsistency:
        flag("inconsistency", f"scatters {scatter:.1f} times the median")
    if report.same_share is not None and report.same_share > limits.same_share:
        flag("straight-lining", f"one rating in {report.same_share:.0%} of the answers")
    elif report.same_run > limits.same_run:
        flag("straight-lining", f"{report.same_run} equal ratings in a row")
    if report.fast_share is not None and report.fast_share > limits.fast_share:
        flag("fast", f"{report.fast_share:.0%} of the answers within {limits.fast_ms:g} ms")
    return replace(report, flags=tuple(flags))


def _scatter(report: RaterReport, width: float, middle: float) -> float | None:
    """A rater's inconsistency in multiples of the median; None where it is no measure.

    Of a handful of ratings P.910 may find no noise at all.
    """
    if report.inconsistency is None or not middle > _NO_NOISE * width:
        return None
    return report.inconsistency / middle
