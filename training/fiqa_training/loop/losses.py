"""Losses of quality learning: Charbonnier (paper, equation 7), ranking, correlation."""

from __future__ import annotations

import torch
from torch import Tensor


def charbonnier(predicted: Tensor, target: Tensor, epsilon: float = 1e-3) -> Tensor:
    """Equation 7: a smooth absolute difference, averaged over the batch."""
    return torch.sqrt((predicted - target) ** 2 + epsilon**2).mean()


def ranking(scores: Tensor, labels: Tensor, groups: Tensor, margin: float = 0.5) -> Tensor:
    """Pairs of one group must be in the order of their labels, by a share of their distance.

    Used for the severities of one face, and for a photo against its own degraded copy.

    Args:
        scores: (B,) predictions.
        labels: (B,) targets, higher is better.
        groups: (B,) integers; only pairs of equal group count, negative groups never.
        margin: the share of the labels' distance that the scores must keep.
    """
    pair = (groups[:, None] == groups[None, :]) & (groups[:, None] >= 0)
    gap = labels[:, None] - labels[None, :]
    pair &= gap > 0.005
    if not bool(pair.any()):
        return scores.sum() * 0.0
    short = torch.relu(margin * gap - (scores[:, None] - scores[None, :]))
    return short[pair].mean()


def decorrelation(scores: Tensor, labels: Tensor) -> Tensor:
    """One minus Pearson's correlation over the batch, halved: 0 is perfect, 1 is opposite."""
    a, b = scores - scores.mean(), labels - labels.mean()
    norm = torch.sqrt((a * a).sum() * (b * b).sum()).clamp_min(1e-8)
    return (1.0 - (a * b).sum() / norm) / 2.0
