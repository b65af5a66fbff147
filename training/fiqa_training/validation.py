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
from fiqa_training.metrics import srcc


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


@dataclass(frozen=True)
class Validation:
    """Figures of a checkpoint on people and photos it has not learned from."""

    faces_srcc: float
    rated_srcc: float
    steps_down: float
    clean_mean: float

    @property
    def criterion(self) -> float:
        """What chooses the checkpoint: no single figure may be bought with another."""
        return self.faces_srcc + self.rated_srcc + self.steps_down


def validate(
    view: DslFiqa, faces: Sequence[Group], rated: Sequence[Group], calibration: Calibration
) -> Validation:
    """Measure on held-out groups."""
    view.eval()
    scores = [predict(view, group) for group in faces]
    labels = [face_labels(group, calibration) for group in faces]
    down = [
        float(a > b)
        for values, group in zip(scores, faces, strict=True)
        # draw_samples: clean, then three growing severities of one core kind
        for a, b in itertools.pairwise(values[:4])
        if group.kinds[1] == group.kinds[3]
    ]
    photos = np.array([predict(view, group)[0] for group in rated])
    opinions = np.array([group.label for group in rated])
    return Validation(
        srcc(np.concatenate(scores), np.concatenate(labels).astype(np.float64)),
        srcc(photos, opinions),
        float(np.mean(down)),
        float(np.mean([values[0] for values in scores])),
    )


def stretch(
    network: DslFiqa, faces: Sequence[Group], calibration: Calibration
) -> tuple[float, float]:
    """Use the whole scale: put good and wrecked held-out faces where their labels are.

    Averages of regions and of weights pull every prediction towards the middle. A gain and a
    shift of the quality head's logits undo that; they are monotone, so they change no order of
    regions.

    Returns:
        The gain and the shift; (1, 0) where the faces hold no clear examples.
    """
    view = on_cached_features(network).eval()
    scores = np.concatenate([predict(view, group) for group in faces])
    labels = np.concatenate([face_labels(group, calibration) for group in faces])
    ends = (labels >= 0.75, labels <= 0.2)
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
