"""Degradation learning: dual-set (paper, equations 2-6) and the patch baseline (equation 1).

Set S holds m degradations of one face, set R n real pictures. A representation of S is pulled
to its own soft proximity mapping in R, all others of S are pushed from that mapping; and the
other way round. Similarity is L2: ``sim(a, b) = -|a - b|`` in the contrastive terms, and its
softmax over R as the weights of equation 4, so that the mapping is a convex combination.
"""

from __future__ import annotations

import torch
from torch import Tensor


def similarity(a: Tensor, b: Tensor) -> Tensor:
    """L2 similarity of all pairs: (m, D), (n, D) -> (m, n), 0 where equal, negative elsewhere."""
    squared = ((a[:, None, :] - b[None, :, :]) ** 2).sum(-1)
    return -torch.sqrt(squared + 1e-12)


def soft_proximity_mapping(queries: Tensor, others: Tensor, temperature: float = 1.0) -> Tensor:
    """Equation 4: each query as a combination of the other set, (m, D)."""
    return torch.softmax(similarity(queries, others) / temperature, dim=1) @ others


def contrastive(
    queries: Tensor, others: Tensor, temperature: float = 0.1, mapping_temperature: float = 1.0
) -> Tensor:
    """Equation 5: L_Con(queries, others).

    The denominator runs over the *other* members of the query's own set, as written.

    Args:
        queries: (m, D), the set whose members are told apart.
        others: (n, D), the set they are mapped into.
        temperature: theta.
        mapping_temperature: of the mapping's weights. On embeddings of length one distances end
            at 2, so that at 1 every mapping is nearly the mean of `others`, the same for all.
    """
    mapped = soft_proximity_mapping(queries, others, mapping_temperature)
    logits = similarity(queries, mapped) / temperature  # [j, i]: member j against mapping i
    own = logits.diagonal()
    itself = torch.eye(len(queries), dtype=torch.bool, device=queries.device)
    rest = torch.logsumexp(logits.masked_fill(itself, float("-inf")), dim=0)
    return (rest - own).mean()


def dual_set(
    synthetic: Tensor, real: Tensor, temperature: float = 0.1, mapping_temperature: float = 1.0
) -> Tensor:
    """Equation 6: the bidirectional loss of two sets of representations (m, D) and (n, D)."""
    there = contrastive(synthetic, real, temperature, mapping_temperature)
    return there + contrastive(real, synthetic, temperature, mapping_temperature)


def patch_based(queries: Tensor, positives: Tensor, temperature: float = 0.1) -> Tensor:
    """Equation 1: patches of one image attract, patches of the other images repel.

    Args:
        queries: (B, D) one patch of each image.
        positives: (B, D) another patch of the same images, in the same order.
        temperature: theta.
    """
    logits = queries @ positives.T / temperature
    own = logits.diagonal()
    itself = torch.eye(len(queries), dtype=torch.bool, device=queries.device)
    return (torch.logsumexp(logits.masked_fill(itself, float("-inf")), dim=1) - own).mean()
