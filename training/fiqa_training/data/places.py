"""Where in a crop a degradation is, and what it then costs.

A portrait's soft background is no fault of it, and a blurred face before a sharp background is
ruined. Measures that compare whole crops say the opposite, for two thirds of a crop are hair,
clothes and background. So some degraded copies suffer on the face only or around it only, and
their labels count the two as raters of faces do.

**The shares are an assumption of ours that stands in for raters**, not measured on any.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from fiqa_training.degradations import ByteImage
from fiqa_training.degradations.registry import mix, to_bytes, to_float
from fiqa_training.face_regions import RegionMasks

WHOLE, FACE, BACKGROUND = "whole", "face", "background"
COSTS: Mapping[str, float] = MappingProxyType({WHOLE: 1.0, FACE: 0.85, BACKGROUND: 0.15})
"""Share of what a degradation of the whole crop costs, by its place."""
EDGE = 6.0
"""Standard deviation of the soft edge of a place in pixels, so that it is no edge to be seen."""


def worse_there(face: ByteImage, worse: ByteImage, masks: RegionMasks, place: str) -> ByteImage:
    """`worse` in one place of the crop, the clean face elsewhere."""
    if place == WHOLE:
        return worse
    mask = masks.background if place == BACKGROUND else 1 - masks.background
    return to_bytes(mix(to_float(face), to_float(worse), np.asarray(mask, np.float32)))
