"""Labels of groups, measuring a network on them, and the link between two scales."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fiqa_models.networks import DslFiqa
from fiqa_training.data.degraded_regions import COSTS, WHOLE
from fiqa_training.features.cached_network import on_cached_features, predict
from fiqa_training.features.feature_cache import Group
from fiqa_training.pseudo_mos.fusion import Calibration, calibrate, pseudo_mos


def fit_labels(groups: Sequence[Group]) -> Calibration:
    """Calibrate the full-reference measures on the single kinds of the training groups."""
    measures = np.concatenate([group.measures for group in groups])
    severities = np.concatenate([group.severities for group in groups])
    whole = np.concatenate([[place == WHOLE for place in group.places] for group in groups])
    single = np.isfinite(severities) & whole
    return calibrate(measures[single], severities[single])


def face_labels(group: Group, calibration: Calibration) -> npt.NDArray[np.float32]:
    """Pseudo-MOS of a face's pictures."""
    relative = calibration(group.measures)
    relative[[not kind for kind in group.kinds]] = 1.0
    clean = pseudo_mos(1.0, None, group.label)
    labels = []
    for value, severity, place in zip(relative, group.severities, group.places, strict=True):
        known = None if np.isnan(severity) else float(severity)
        whole = pseudo_mos(float(value), known, group.label)
        labels.append(clean - COSTS[place] * (clean - whole))
    return np.array(labels, np.float32)


def predict_groups(network: DslFiqa, groups: Sequence[Group]) -> list[npt.NDArray[np.float64]]:
    """Scores of every picture of every group, as the scorer gives them."""
    view = on_cached_features(network)
    was_training = network.training
    network.eval()
    try:
        return [predict(view, group) for group in groups]
    finally:
        network.train(was_training)


def falling_share(scores: Sequence[npt.NDArray[np.float64]], groups: Sequence[Group]) -> float:
    """Share of steps in which the score falls while a face gets worse by one core kind."""
    falls = [
        float(a > b)
        for values, group in zip(scores, groups, strict=True)
        # draw_samples: clean, then three growing severities of one core kind
        for a, b in itertools.pairwise(values[:4])
        if group.kinds[1] == group.kinds[3]
    ]
    return float(np.mean(falls))


@dataclass(frozen=True)
class Link:
    """Our scale and the raters' of a set of photos: a line between the logits.

    Attributes:
        slope: of opinion over score.
        offset: of opinion at score 0.5.
    """

    slope: float
    offset: float

    def back(self, opinions: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The scores that stand for opinions, both in (0, 1)."""
        logits = (_logits(opinions) - self.offset) / self.slope
        return np.asarray(1 / (1 + np.exp(-logits)), np.float64)


def fit_link(scores: npt.NDArray[np.float64], opinions: npt.NDArray[np.float64]) -> Link:
    """The line that gives both sides the same mean and spread (reduced major axis).

    Least squares would take the scores' errors for a flatter scale.
    """
    x, y = _logits(scores), _logits(opinions)
    slope = float(y.std() / x.std())
    return Link(slope, float(y.mean() - slope * x.mean()))


def _logits(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    inside = np.clip(values, 1e-3, 1 - 1e-3)
    return np.asarray(np.log(inside / (1 - inside)), np.float64)
