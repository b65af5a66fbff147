"""Measuring a network on held-out groups, and putting its scores on the scale of the labels."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from torch import nn, no_grad

from fiqa_models.networks import DslFiqa
from fiqa_training.cached_network import on_cached_features, predict
from fiqa_training.data.feature_cache import Group
from fiqa_training.labels import Calibration, calibrate, pseudo_mos

_GOOD, _BAD = 0.75, 0.2


def fit_labels(groups: Sequence[Group]) -> Calibration:
    """Calibrate the full-reference measures on the single kinds of the training groups."""
    measures = np.concatenate([group.measures for group in groups])
    severities = np.concatenate([group.severities for group in groups])
    single = np.isfinite(severities)
    return calibrate(measures[single], severities[single])


def face_labels(group: Group, calibration: Calibration) -> npt.NDArray[np.float32]:
    """Pseudo-MOS of a face's pictures."""
    relative = calibration(group.measures)
    relative[[not kind for kind in group.kinds]] = 1.0
    return np.array(
        [
            pseudo_mos(float(value), None if np.isnan(severity) else float(severity), group.label)
            for value, severity in zip(relative, group.severities, strict=True)
        ],
        np.float32,
    )


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


def stretch(
    network: DslFiqa, faces: Sequence[Group], calibration: Calibration
) -> tuple[float, float]:
    """Use the whole scale: put good and wrecked faces where their labels are.

    Averages of regions and of weights pull every prediction towards the middle. A gain and a
    shift of the quality head's logits undo that; they are monotone, so they change no order of
    regions.

    Returns:
        The gain and the shift; (1, 0) where the faces hold no clear examples.
    """
    scores = np.concatenate(predict_groups(network, faces))
    labels = np.concatenate([face_labels(group, calibration) for group in faces])
    ends = (labels >= _GOOD, labels <= _BAD)
    if not all(end.any() for end in ends):
        return 1.0, 0.0
    good, bad = (_logit(float(scores[end].mean())) for end in ends)
    good_label, bad_label = (_logit(float(labels[end].mean())) for end in ends)
    if good <= bad:
        return 1.0, 0.0
    gain = float(np.clip((good_label - bad_label) / (good - bad), 0.5, 2.5))
    shift = (good_label + bad_label - gain * (good + bad)) / 2
    last = network.quality_head[2]
    if not isinstance(last, nn.Linear):
        raise TypeError("the quality head no longer ends in a linear layer")
    with no_grad():
        last.weight.mul_(gain)
        last.bias.mul_(gain).add_(shift)
    return gain, shift


def _logit(value: float) -> float:
    inside = min(max(value, 1e-4), 1 - 1e-4)
    return float(np.log(inside / (1 - inside)))
