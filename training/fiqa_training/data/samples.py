"""What a face becomes in training: its clean crop and a handful of degraded copies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from fiqa_training.data.degraded_regions import BACKGROUND, FACE, WHOLE, worse_there
from fiqa_training.data.face_regions import RegionMasks
from fiqa_training.degradations import CORE_KINDS, ByteImage, degrade, kind, kinds

_STRATA = ((0.04, 0.35), (0.35, 0.7), (0.7, 1.0))
CHAINS = ("imaging_chain", "mixture")
"""Kinds that are several degradations at once."""


@dataclass(frozen=True)
class Sample:
    """One picture of a face's group: how it was degraded ("" is the clean one), and where.

    Attributes:
        kind: name of the degradation.
        severity: in [0, 1].
        seed: what else it draws.
        place: see `places`; the local kinds have one of their own and are whole here.
    """

    kind: str
    severity: float
    seed: int
    place: str = WHOLE

    @property
    def single(self) -> bool:
        """Whether its severity means the same for every face (not so for chains)."""
        return not self.kind or kind(self.kind).family != "chain"


def placed(sample: Sample) -> list[Sample]:
    """The same degradation behind the face only, and on the face only."""
    return [replace(sample, place=place) for place in (BACKGROUND, FACE)]


def draw_samples(rng: np.random.Generator) -> list[Sample]:
    """Eight pictures: clean, a core kind growing worse in three steps, another in two, two chains.

    The growing ones share kind and seed, so that they are one scene growing worse.
    """
    others = [each.name for each in kinds() if each.name not in (*CORE_KINDS, *CHAINS)]
    first = str(rng.choice(CORE_KINDS))
    pool = others if rng.random() < 0.7 else [name for name in CORE_KINDS if name != first]
    second = str(rng.choice(pool))
    seeds = [int(seed) for seed in rng.integers(2**31, size=4)]
    low, high = rng.uniform(0.1, 0.5), rng.uniform(0.5, 1.0)
    return [
        Sample("", 0.0, 0),
        *(Sample(first, float(rng.uniform(*stratum)), seeds[0]) for stratum in _STRATA),
        Sample(second, float(low), seeds[1]),
        Sample(second, float(high), seeds[1]),
        *(
            Sample(str(rng.choice(CHAINS, p=(0.7, 0.3))), float(rng.uniform(0.15, 1.0)), seed)
            for seed in seeds[2:]
        ),
    ]


def render(
    face: ByteImage, samples: Sequence[Sample], masks: RegionMasks | None = None
) -> list[ByteImage]:
    """The pictures of a face's samples.

    Args:
        face: the clean crop.
        samples: what becomes of it.
        masks: where its regions lie; needed where a sample has a place.
    """
    return [_picture(face, sample, masks) for sample in samples]


def _picture(face: ByteImage, sample: Sample, masks: RegionMasks | None) -> ByteImage:
    if not sample.kind:
        return face
    worse = degrade(face, sample.kind, sample.severity, sample.seed)
    if sample.place == WHOLE:
        return worse
    if masks is None:
        raise ValueError("a sample with a place needs the face's regions")
    return worse_there(face, worse, masks, sample.place)
