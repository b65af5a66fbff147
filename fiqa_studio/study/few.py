"""Three or four people who rate everything several times: what can be said of their MOS.

With so few people P.910 cannot tell a rater's noise from his taste, and an interval over people
is wide whatever one does. Repetitions tell the noise apart, so two intervals are given: of *these*
people (would they say so again?) and of people in general (would others?).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fiqa_studio.study.matrix import Floats, Ratings
from fiqa_studio.study.numeric import divided, mean_by, sum_by, t_quantile

MOST_RATERS = 4
"""With more people than this an analysis over people says enough."""


@dataclass(frozen=True, eq=False, kw_only=True)
class FewRaters:
    """A panel's MOS; units of the scale.

    Attributes:
        mos: (E,) mean over people of each one's own mean, after his bias is taken off.
        panel_half_width: (E,) of the 95 % interval for this panel: noise within people only.
            NaN where nothing was rated twice.
        people_half_width: (E,) of the 95 % interval for people in general.
        within: Standard deviation of one person's ratings of one stimulus, pooled; NaN without
            repetitions.
        between: Standard deviation of people around the MOS beyond that noise, pooled.
        bias: (S,) what was taken off.
        repeatability: (S,) each person's own `within`.
    """

    mos: Floats
    panel_half_width: Floats
    people_half_width: Floats
    within: float
    between: float
    bias: Floats
    repeatability: Floats


def few_raters(ratings: Ratings) -> FewRaters:
    """Analyse a small panel.

    Works without repetitions too: then only people in general have an interval.
    """
    size, people = len(ratings.stimuli), len(ratings.raters)
    cell = ratings.stimulus * people + ratings.rater
    cells, place = np.unique(cell, return_inverse=True)
    place = place.reshape(-1)
    stimulus, rater = cells // people, cells % people
    times = sum_by(place, None, len(cells))
    own = sum_by(place, ratings.value, len(cells)) / times
    rest: Floats = ratings.value - own[place]
    degrees = times - 1.0
    square = sum_by(place, rest * rest, len(cells))
    repeatability = np.sqrt(divided(sum_by(rater, square, people), sum_by(rater, degrees, people)))
    freedom = float(degrees.sum())
    within = float(np.sqrt(square.sum() / freedom)) if freedom > 0 else float("nan")

    mean = mean_by(stimulus, own, size)
    bias = np.nan_to_num(mean_by(rater, own - mean[stimulus], people))
    bias -= bias.mean()
    corrected = own - bias[rater]
    mos = mean_by(stimulus, corrected, size)
    count = sum_by(stimulus, None, size)
    away = corrected - mos[stimulus]
    spread = divided(sum_by(stimulus, away * away, size), count - 1.0)  # variance over people
    noise = within**2 * mean_by(stimulus, 1.0 / times, size)
    extra = np.nan_to_num(spread - np.nan_to_num(noise))
    between = float(np.sqrt(max(0.0, float(extra[count > 1].mean())))) if (count > 1).any() else 0.0
    people_half = t_quantile(0.975, count - 1.0) * np.sqrt(divided(spread, count))
    panel = np.sqrt(divided(sum_by(stimulus, within**2 / times, size), count * count))
    panel_half = (t_quantile(0.975, freedom) if freedom > 0 else np.float64("nan")) * panel
    return FewRaters(
        mos=mos,
        panel_half_width=np.asarray(panel_half, dtype=np.float64),
        people_half_width=people_half,
        within=within,
        between=between,
        bias=bias,
        repeatability=repeatability,
    )
