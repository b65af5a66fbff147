"""DSL-FIQA as a network: configurations, parts, and the published weights' names."""

from fiqa_models.networks.config import (
    CONFIGS,
    CROP_SIDE,
    MAX_LANDMARKS,
    PATCH_SIDE,
    NetworkConfig,
)
from fiqa_models.networks.dsl_fiqa import DslFiqa, Output, build_network, normalise
from fiqa_models.networks.landmarks import identifiers_inside, padding_id

__all__ = [
    "CONFIGS",
    "CROP_SIDE",
    "MAX_LANDMARKS",
    "PATCH_SIDE",
    "DslFiqa",
    "NetworkConfig",
    "Output",
    "build_network",
    "identifiers_inside",
    "normalise",
    "padding_id",
]
