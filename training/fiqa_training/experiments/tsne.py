"""Exact t-SNE (van der Maaten and Hinton, 2008) for a few thousand points; figure 4 of the paper.

Small enough to own: no dependency for one picture. Starts from the principal components instead
of random places, so the same embeddings always give the same picture.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

_EXAGGERATION, _EXAGGERATED_STEPS = 12.0, 250
_SEARCH_STEPS = 40


def tsne(
    points: npt.NDArray[np.float32], *, perplexity: float = 30.0, steps: int = 750
) -> npt.NDArray[np.float32]:
    """(N, 2) places of (N, D) points; time and memory grow with N squared."""
    x = torch.from_numpy(np.asarray(points, np.float64))
    joint = _affinities(torch.cdist(x, x).square(), min(perplexity, (len(x) - 1) / 3))
    y = _principal(x)
    y = y / y[:, 0].std().clamp_min(1e-12) * 1e-4
    velocity, gains = torch.zeros_like(y), torch.ones_like(y)
    rate = max(len(x) / _EXAGGERATION / 4, 50.0)
    for step in range(steps):
        early = step < _EXAGGERATED_STEPS
        gradient = _gradient(joint * _EXAGGERATION if early else joint, y)
        same = gradient.sign() == velocity.sign()
        gains = torch.where(same, gains * 0.8, gains + 0.2).clamp_min(0.01)
        velocity = (0.5 if early else 0.8) * velocity - rate * gains * gradient
        y = y + velocity
        y = y - y.mean(0)
    return y.float().numpy()


def _principal(x: Tensor) -> Tensor:
    centred = x - x.mean(0)
    _, _, axes = torch.linalg.svd(centred, full_matrices=False)
    two = axes[:2]
    # The sign of an axis is arbitrary: its largest entry is made positive.
    largest = two.gather(1, two.abs().argmax(1, keepdim=True)).sign()
    places: Tensor = centred @ (two * largest).T
    return places


def _affinities(squared: Tensor, perplexity: float) -> Tensor:
    """Symmetric joint probabilities whose rows' entropy is the logarithm of the perplexity."""
    count = len(squared)
    squared = squared / squared.mean().clamp_min(1e-12)
    itself = torch.eye(count, dtype=torch.bool)
    low, high = torch.zeros(count, 1), torch.full((count, 1), float("inf"))
    low, high = low.double(), high.double()
    beta = torch.ones(count, 1, dtype=torch.float64)
    wanted = float(np.log(perplexity))
    rows = torch.zeros_like(squared)
    for _ in range(_SEARCH_STEPS):
        rows = torch.softmax((-squared * beta).masked_fill(itself, float("-inf")), 1)
        entropy = -(rows * rows.clamp_min(1e-300).log()).sum(1, keepdim=True)
        wide = entropy > wanted
        low, high = torch.where(wide, beta, low), torch.where(wide, high, beta)
        beta = torch.where(high.isinf(), beta * 2, (low + high) / 2)
    joint = rows + rows.T
    return joint / joint.sum()


def _gradient(joint: Tensor, y: Tensor) -> Tensor:
    kernel = 1 / (1 + torch.cdist(y, y).square())
    kernel.fill_diagonal_(0)
    pull = (joint - kernel / kernel.sum()) * kernel
    return 4 * (pull.sum(1, keepdim=True) * y - pull @ y)
