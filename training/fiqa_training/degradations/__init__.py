"""Degradations: composable, seeded, with one continuous severity in [0, 1].

from fiqa_training.degradations import degrade, kinds
worse = degrade(face, "motion_blur", 0.6, seed=1)
"""

from fiqa_training.degradations import (  # registering is the import's purpose
    artefacts,
    atmosphere,
    blur,
    chain,
    colour,
    compression,
    exposure,
    local,
    noise,
    resampling,
)
from fiqa_training.degradations.registry import (
    ByteImage,
    FloatImage,
    Kind,
    degrade,
    degrade_float,
    kind,
    kinds,
)

CORE_KINDS = (
    "gaussian_blur",
    "motion_blur",
    "gaussian_noise",
    "jpeg",
    "low_resolution",
    "low_light",
)
"""The kinds whose effect on the score is promised and tested step by step."""

__all__ = [
    "CORE_KINDS",
    "ByteImage",
    "FloatImage",
    "Kind",
    "artefacts",
    "atmosphere",
    "blur",
    "chain",
    "colour",
    "compression",
    "degrade",
    "degrade_float",
    "exposure",
    "kind",
    "kinds",
    "local",
    "noise",
    "resampling",
]
