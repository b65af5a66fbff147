"""Where in a crop a degradation is, and what it then costs.

A portrait's soft background is no fault of it, and a blurred face before a sharp background is
ruined. Measures that compare whole crops say the opposite, for two thirds of a crop are hair,
clothes and background. So some degraded copies suffer on the face only or around it only, and
their labels count the two as raters of faces do.

**The weights are an assumption of ours that stands in for raters**, not measured on any.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from fiqa_training.data.face_regions import RegionMasks
from fiqa_training.degradations import ByteImage
from fiqa_training.degradations.registry import mix, to_bytes, to_float

WEIGHTS: Mapping[str, float] = MappingProxyType({"features": 0.5, "skin": 0.35, "background": 0.15})
"""What each region counts in a label: the features half of it, though they are a fifteenth of the
crop; the background, two thirds of the crop, a seventh."""

WHOLE, FACE, BACKGROUND = "whole", "face", "background"
_REGIONS = {WHOLE: tuple(WEIGHTS), FACE: ("features", "skin"), BACKGROUND: ("background",)}
COSTS: Mapping[str, float] = MappingProxyType(
    {place: sum(WEIGHTS[region] for region in regions) for place, regions in _REGIONS.items()}
)
"""Share of what a degradation of the whole crop costs, by its place."""
EDGE = 6.0
"""Standard deviation of the soft edge of a place in pixels, so that it is no edge to be seen."""


def worse_there(face: ByteImage, worse: ByteImage, masks: RegionMasks, place: str) -> ByteImage:
    """`worse` in one place of the crop, the clean face elsewhere."""
    return worse if place == WHOLE else degrade_within(face, worse, masks, _REGIONS[place])


def degrade_within(
    face: ByteImage, worse: ByteImage, masks: RegionMasks, regions: Sequence[str]
) -> ByteImage:
    """`worse` inside some regions of the crop, the clean face elsewhere."""
    mask = sum(getattr(masks, region) for region in regions)
    return to_bytes(mix(to_float(face), to_float(worse), np.asarray(mask, np.float32)))
