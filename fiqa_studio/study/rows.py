"""One rating as a row: what databases, packs and tables hand on to each other."""

from __future__ import annotations

from dataclasses import dataclass

STUDY, GOLD, REPEAT, TRAINING, TRAP = "study", "gold", "repeat", "training", "trap"
"""Why a trial was shown; the values of ``RatingRow.kind``."""

RATED = frozenset({STUDY, REPEAT})
"""The kinds that make a MOS: the answers to gold, training and traps are known before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RatingRow:
    """One answer of one rater.

    Attributes:
        stimulus: The hash or, in tables of others, the name of the picture.
        rater: The rater's name or pseudonym.
        value: The rating in the units of the study's scale.
        kind: `STUDY`, `GOLD`, `REPEAT`, `TRAINING` or `TRAP`.
        attribute: What was judged.
        session: Names the sitting in which it was given; empty where unknown.
        batch: Names the batch; empty where unknown.
        trial: Position in the rater's order, from 0; -1 where unknown.
        presentation: 0 for the first time this rater saw the stimulus, 1 for the second, …
        reaction_ms: Milliseconds from the picture to the answer.
        slider_start: Where the slider stood at first, in units of the scale.
        at: When, ISO 8601 in UTC; empty where unknown.
        display_scale: Device pixels a unit of the desktop.
        version: Of the program that took it.
    """

    stimulus: str
    rater: str
    value: float
    kind: str = STUDY
    attribute: str = "quality"
    session: str = ""
    batch: str = ""
    trial: int = -1
    presentation: int = 0
    reaction_ms: float | None = None
    slider_start: float | None = None
    at: str = ""
    display_scale: float | None = None
    version: str = ""
