"""ACR with hidden reference: what a stimulus lost against its own undistorted picture.

ITU-T P.910, clause 6.3: DV = V(stimulus) - V(reference) + the best category, for each rater. So
the taste that a rater has for the face itself is taken off. A value above the best category
means that somebody liked the stimulus better than its reference; it stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from fiqa_studio.study.matrix import Ratings


def differential(ratings: Ratings, reference: Mapping[str, str]) -> Ratings:
    """Differential ratings of the stimuli that have a reference.

    Args:
        ratings: Of stimuli and references.
        reference: Stimulus -> its reference. Others are left out, references among them.

    Returns:
        The ratings of raters who rated both; a rater's repetitions of a reference are averaged.
    """
    places = {name: i for i, name in enumerate(ratings.stimuli)}
    of = np.full(len(ratings.stimuli), -1, dtype=np.int64)
    for name, other in reference.items():
        if name in places and other in places:
            of[places[name]] = places[other]
    table = ratings.table()
    known = of[ratings.stimulus] >= 0
    against = np.full(len(ratings), np.nan)
    against[known] = table[of[ratings.stimulus[known]], ratings.rater[known]]
    rated = np.isfinite(against)
    kept = ratings.keep(rated)
    chosen = of >= 0
    numbers = (np.cumsum(chosen) - 1).astype(np.int64)
    return replace(
        kept,
        stimuli=tuple(name for name, yes in zip(ratings.stimuli, chosen, strict=True) if yes),
        stimulus=numbers[kept.stimulus],
        value=kept.value - against[rated] + ratings.high,
    )
