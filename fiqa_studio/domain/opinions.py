"""Opinions: what a study found people to think of a face, as published into the library."""

from __future__ import annotations

from dataclasses import dataclass

from fiqa_studio.domain.photos import FaceId


@dataclass(frozen=True, slots=True)
class Opinion:
    """The mean opinion score (MOS) of one face from one study, after screening.

    Attributes:
        mos: In [0, 1], on the scale of scores.
        ci_low: Lower end of the 95 % confidence interval of the MOS.
        ci_high: Its upper end.
        n: How many ratings it rests on.
        raters: How many people gave them.
        disagreement: Standard deviation of the ratings, in [0, 1].
    """

    face_id: FaceId
    mos: float
    ci_low: float
    ci_high: float
    n: int
    raters: int
    disagreement: float
