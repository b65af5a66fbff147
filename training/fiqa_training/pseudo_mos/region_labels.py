"""Faces degraded in a part of the crop, and pseudo-MOS that count a face as raters would.

`labels` compares whole crops, two thirds of which are hair, clothes and background. Raters of
faces look elsewhere: at eyes, nose and mouth first, and nobody marks a portrait down for its soft
background. So a face is degraded in every combination of facial features, other skin and
background, each region is judged by itself, and the label is their weighted mean.

**The weights (`places.WEIGHTS`) are an assumption of ours that stands in for raters**, not measured
on any. What a network makes of it, is what figure 5 then asks: a label is one number for a whole
picture, and nothing tells a network which regions it came from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from fiqa_training.data.degraded_regions import WEIGHTS, degrade_within
from fiqa_training.data.face_regions import RegionMasks
from fiqa_training.data.samples import Sample
from fiqa_training.degradations import ByteImage, degrade, kinds
from fiqa_training.pseudo_mos.fusion import Calibration, calibrate, measure_pairs

PLACES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "+".join(regions): regions
        for count in range(1, len(WEIGHTS) + 1)
        for regions in combinations(WEIGHTS, count)
    }
)
"""Where a degradation may be, and which regions suffer there: every combination of the three."""

FAMILIES = ("blur", "noise", "compression", "resampling")
"""Kinds that change texture: each can be seen in a small region without the rest beside it."""

_LEAST_SEVERITY = 0.3
"""Weaker ones hardly show in a small region."""


@dataclass(frozen=True)
class Draw:
    """One degradation of one face, wherever it may then be.

    Attributes:
        sample: kind, severity and seed.
        measures: (3,) full-reference measures of the face with it in one region alone, by region.
    """

    sample: Sample
    measures: Mapping[str, npt.NDArray[np.float64]]


def draw_region_samples(rng: np.random.Generator, count: int) -> list[Sample]:
    """So many different kinds of `FAMILIES`."""
    names = [kind.name for kind in kinds() if kind.family in FAMILIES]
    return [
        Sample(str(name), float(rng.uniform(_LEAST_SEVERITY, 1.0)), int(rng.integers(2**31)))
        for name in rng.choice(names, count, replace=False)
    ]


def degrade_everywhere(
    face: ByteImage, masks: RegionMasks, sample: Sample
) -> tuple[Draw, dict[str, ByteImage]]:
    """What measures say of one degradation in each region, and the face with it in each place."""
    worse = degrade(face, sample.kind, sample.severity, sample.seed)
    pictures = {
        place: degrade_within(face, worse, masks, regions) for place, regions in PLACES.items()
    }
    measured = measure_pairs([face] * len(WEIGHTS), [pictures[region] for region in WEIGHTS])
    return Draw(sample, dict(zip(WEIGHTS, measured, strict=True))), pictures


def calibrate_regions(draws: Sequence[Draw]) -> dict[str, Calibration]:
    """Each region's own link from measures to quality: a small one changes a crop less."""
    severities = np.array([draw.sample.severity for draw in draws])
    return {
        region: calibrate(np.stack([draw.measures[region] for draw in draws]), severities)
        for region in WEIGHTS
    }


def relative_quality(draw: Draw, place: str, links: Mapping[str, Calibration]) -> float:
    """Quality in [0, 1] of a face degraded in one place, relative to the clean one.

    A region that suffers has the mean of what measures say and of one minus the severity, as
    whole pictures have in `labels.pseudo_mos`; one that does not has 1.
    """
    total = 0.0
    for region, weight in WEIGHTS.items():
        quality = 1.0
        if region in PLACES[place]:
            measured = float(links[region](draw.measures[region][None])[0])
            quality = 0.5 * measured + 0.5 * (1.0 - draw.sample.severity)
        total += weight * quality
    return total
