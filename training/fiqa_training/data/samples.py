"""What a face becomes in training: its clean crop and a handful of degraded copies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fiqa_training.degradations import CORE_KINDS, ByteImage, degrade, kind, kinds

_STRATA = ((0.04, 0.35), (0.35, 0.7), (0.7, 1.0))
CHAINS = ("imaging_chain", "mixture")
"""Kinds that are several degradations at once."""


@dataclass(frozen=True)
class Sample:
    """One picture of a face's group: how it was degraded ("" is the clean one)."""

    kind: str
    severity: float
    seed: int

    @property
    def single(self) -> bool:
        """Whether its severity means the same for every face (not so for chains)."""
        return not self.kind or kind(self.kind).family != "chain"


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


def render(face: ByteImage, samples: Sequence[Sample]) -> list[ByteImage]:
    """The pictures of a face's samples."""
    return [degrade(face, s.kind, s.severity, s.seed) if s.kind else face for s in samples]
