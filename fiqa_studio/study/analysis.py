"""One analysis of a study as a value: the MOS with its intervals, the raters, and why.

The JSON form is stable (`as_json`): stimuli with name, mos, sd, ci95, n; raters with name, bias,
inconsistency, loo_plcc, used, why. Numbers that are undefined are null, never NaN.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fiqa_studio.study import agreement, bootstrap
from fiqa_studio.study.errors import StudyError
from fiqa_studio.study.few import MOST_RATERS, FewRaters, few_raters
from fiqa_studio.study.matrix import Floats, Ratings
from fiqa_studio.study.mos import Estimate, MosMethod, estimate
from fiqa_studio.study.numeric import finite
from fiqa_studio.study.screening import LOO_THRESHOLD, correlations_with_others


@dataclass(frozen=True, slots=True, kw_only=True)
class StimulusResult:
    """One stimulus; units of the scale. None: undefined.

    Attributes:
        name: Its name in the study.
        mos: The MOS; None where every rating was left out.
        sd: Standard deviation (n - 1) of the ratings that count.
        ci95: Lower and upper end of the 95 % interval; both None with fewer than two ratings.
        n: Ratings that count.
        removed: Ratings that were left out.
    """

    name: str
    mos: float | None
    sd: float | None
    ci95: tuple[float | None, float | None]
    n: int
    removed: int = 0

    @property
    def half_width(self) -> float | None:
        """Half the interval's width."""
        low, high = self.ci95
        return None if low is None or high is None else (high - low) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class RaterResult:
    """One rater.

    Attributes:
        name: His name in the study.
        bias: Mean distance from the MOS.
        inconsistency: Standard deviation (n) of those distances.
        loo_plcc: Pearson's correlation with the mean of all other raters.
        used: Whether his ratings count.
        why: What was left out and why, empty where nothing was.
        ratings: Ratings that he gave.
        removed: Those left out.
    """

    name: str
    bias: float | None
    inconsistency: float | None
    loo_plcc: float | None
    used: bool
    why: str
    ratings: int = 0
    removed: int = 0


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """What an analysis says.

    Attributes:
        method: How the MOS was made.
        low: The scale's lower end.
        high: Its upper end.
        stimuli: In the order of the study.
        raters: In the order of the study; those the owner left out as well.
        icc: ICC(2,k); None where no two raters share two stimuli.
        alpha: Krippendorff's alpha, interval metric.
        alpha_ordinal: The same, ordinal; None on a continuous scale.
        sos: The SOS fit.
        median_sd: Median standard deviation of a stimulus.
        few: The panel's analysis where there are no more than `MOST_RATERS`.
        notes: What the owner should know.
    """

    method: MosMethod
    low: float
    high: float
    stimuli: tuple[StimulusResult, ...]
    raters: tuple[RaterResult, ...]
    icc: agreement.Icc | None
    alpha: float | None
    alpha_ordinal: float | None
    sos: agreement.Sos | None
    median_sd: float | None
    few: FewRaters | None = None
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The stable form of ``fiqa study analyse --json``."""
        return {
            "stimuli": [
                {"name": s.name, "mos": s.mos, "sd": s.sd, "ci95": list(s.ci95), "n": s.n}
                for s in self.stimuli
            ],
            "raters": [
                {
                    "name": r.name,
                    "bias": r.bias,
                    "inconsistency": r.inconsistency,
                    "loo_plcc": r.loo_plcc,
                    "used": r.used,
                    "why": r.why,
                }
                for r in self.raters
            ],
        }


def analyse(
    ratings: Ratings,
    method: MosMethod = MosMethod.P910,
    *,
    left_out: Mapping[str, str] | None = None,
    loo_threshold: float = LOO_THRESHOLD,
    draws: int | None = None,
) -> Analysis:
    """Analyse a study.

    Args:
        ratings: All ratings that may make a MOS.
        method: How.
        left_out: Raters whom the owner's decisions leave out, with the reason.
        loo_threshold: For ``loo``.
        draws: Of the bootstrap; None: as many as `bootstrap.draws_for` says, 0: no intervals.

    Raises:
        StudyError: No ratings are there, or none are left.
    """
    excluded = dict(left_out or {})
    chosen = np.array([name not in excluded for name in ratings.raters], dtype=bool)
    used = ratings.keep(chosen[ratings.rater])
    if len(ratings) and not len(used):
        raise StudyError(
            "All raters are left out.",
            remedy="Take back the decision not to use one of them.",
            code="study.nobody-left",
        )
    result = estimate(used, method, loo_threshold=loo_threshold)
    half = np.full(len(ratings.stimuli), np.nan)
    if draws != 0:
        half = bootstrap.half_widths(used, result, draws=draws, loo_threshold=loo_threshold)
    kept = used.keep(result.kept)
    people = int((used.by_rater() > 0).sum())
    fit = agreement.sos(ratings, result)
    return Analysis(
        method=method,
        low=ratings.low,
        high=ratings.high,
        stimuli=_stimuli(ratings, result, half),
        raters=_raters(ratings, used, result, excluded),
        icc=agreement.icc(kept),
        alpha=agreement.alpha(kept),
        alpha_ordinal=agreement.alpha(kept, ordinal=True),
        sos=fit,
        median_sd=agreement.median_sd(result),
        few=few_raters(used) if people <= MOST_RATERS else None,
        notes=(*result.notes, *_said(ratings, result, people)),
    )


def _stimuli(ratings: Ratings, result: Estimate, half: Floats) -> tuple[StimulusResult, ...]:
    given = ratings.by_stimulus()
    low, high = result.mos - half, result.mos + half
    return tuple(
        StimulusResult(
            name=name,
            mos=finite(result.mos[i]),
            sd=finite(result.sd[i]),
            ci95=(finite(low[i]), finite(high[i])),
            n=int(result.n[i]),
            removed=int(given[i] - result.n[i]),
        )
        for i, name in enumerate(ratings.stimuli)
    )


def _raters(
    ratings: Ratings, used: Ratings, result: Estimate, excluded: Mapping[str, str]
) -> tuple[RaterResult, ...]:
    loo, _ = correlations_with_others(ratings)
    given = ratings.by_rater()
    counted = used.by_rater(result.kept.astype(np.float64))
    bias, inconsistency = result.bias.copy(), result.inconsistency.copy()
    away = ratings.value - result.mos[ratings.stimulus]
    for i, name in enumerate(ratings.raters):
        if name in excluded:  # he is measured all the same, against a MOS without him
            own = away[(ratings.rater == i) & np.isfinite(away)]
            bias[i] = own.mean() if len(own) else np.nan
            inconsistency[i] = own.std() if len(own) else np.nan
    return tuple(
        RaterResult(
            name=name,
            bias=finite(bias[i]),
            inconsistency=finite(inconsistency[i]),
            loo_plcc=finite(loo[i]),
            used=bool(result.used[i]),
            why=excluded.get(name, result.why[i]),
            ratings=int(given[i]),
            removed=int(given[i] - counted[i]),
        )
        for i, name in enumerate(ratings.raters)
    )


def _said(ratings: Ratings, result: Estimate, people: int) -> tuple[str, ...]:
    notes = []
    alone = int((result.n == 1).sum())
    if alone:
        notes.append(f"{alone:,} stimuli have one rating only: no spread and no interval.")
    nothing = int((result.n == 0).sum())
    if nothing:
        notes.append(f"{nothing:,} stimuli have no rating that counts: no MOS.")
    if people == 1:
        notes.append("One person's ratings are an opinion, not a MOS.")
    elif people <= MOST_RATERS:
        notes.append(
            f"{people} raters: the interval over people is wide; the panel's own is in the report."
        )
    below, above = int((result.mos < ratings.low).sum()), int((result.mos > ratings.high).sum())
    if below or above:
        notes.append(
            f"The MOS of {below + above:,} stimuli lies outside the scale, since biases are taken "
            "off ratings at its ends."
        )
    return tuple(notes)
