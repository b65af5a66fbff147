"""Training of the full network's decoder, heads and landmark layer on cached features.

Everything before the decoder is frozen, and costs seconds a patch: it looks once at one random
patch of each picture, drawn as published. The label is the picture's pseudo-MOS.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from fiqa_models.networks import DslFiqa
from fiqa_training.evaluation.metrics import srcc
from tests.benchmarks.quality_faces import SEED, Faces, draw_origin, patch_of
from tests.benchmarks.scoring_processes import ScoringProcesses, View

COARSE, COARSE_SIDE, WHOLE = 8, 8, 1
"""Epochs on fields reduced to 8 x 8 tokens, nine times cheaper, and then on whole ones."""
BATCH, RATE = 16, 3e-4
_SIDE = 24
_SAVE_EVERY = 20

Features = dict[str, Tensor]


def cached_features(network: DslFiqa, faces: Faces, stored: Path, processes: int) -> Features:
    """What the frozen parts make of one random patch of each picture.

    Args:
        network: plain, in evaluation mode.
        faces: N pictures.
        stored: where they are kept; goes on where it was stopped.
        processes: that many at once.

    Returns:
        "field" (N, 384, 24, 24) and "degradation" (N, 96, 256) in float16; "landmarks"
        (N, 10500), what the landmark layer's last part sees.
    """
    rng = np.random.default_rng(SEED)
    views = [
        View(crop, mesh, draw_origin(rng))
        for crop, mesh in zip(faces.crops, faces.landmarks, strict=True)
    ]
    rows: list[tuple[Tensor, Tensor]] = torch.load(stored) if stored.is_file() else []
    with ScoringProcesses(network, processes) as pool:
        for seen in pool.seen(views[len(rows) :]):
            rows.append((torch.from_numpy(seen.field), torch.from_numpy(seen.degradation)))
            if len(rows) % _SAVE_EVERY == 0 or len(rows) == len(views):
                torch.save(rows, stored)
    return {
        "field": torch.stack([field for field, _ in rows]),
        "degradation": torch.stack([tokens for _, tokens in rows]),
        "landmarks": torch.cat([_landmark_code(network, view) for view in views]),
    }


@torch.inference_mode()
def _landmark_code(network: DslFiqa, view: View) -> Tensor:
    seen: list[Tensor] = []
    hook = network.guide.reduce.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    network.guide.forget()
    network.guide(patch_of(*view)[1], _SIDE, _SIDE)
    hook.remove()
    return seen[0].half().clone()


class _LastOfGuide(nn.Module):
    """The landmark layer's last part, for maps of any side that divides 24."""

    def __init__(self, reduce: nn.Linear) -> None:
        super().__init__()
        self.reduce = reduce

    def forward(self, code: Tensor, height: int, width: int) -> Tensor:
        field = torch.sigmoid(self.reduce(code.float())).view(-1, 1, _SIDE, _SIDE)
        return nn.functional.adaptive_avg_pool2d(field, (height, width)).flatten(1)


def fit(
    network: DslFiqa,
    train: Features,
    held: Features,
    labels: npt.NDArray[np.float64],
    held_labels: npt.NDArray[np.float64],
) -> list[dict[str, float]]:
    """Train decoder, heads and the landmark layer's last part.

    Args:
        network: its tensors change in place, its landmark layer is replaced by its last part.
        train: from `cached_features`.
        held: the same of other people; looked at after every epoch, never chosen by.
        labels: of the training pictures.
        held_labels: of the other people's.

    Returns:
        Loss and held-out SRCC of each epoch.
    """
    network.guide = _LastOfGuide(network.guide.reduce)
    parts = (
        network.decoder_in,
        network.decoder,
        network.quality_head,
        network.confidence_head,
        network.guide,
    )
    learned = [p.requires_grad_() for part in parts for p in part.parameters()]
    optimizer = torch.optim.AdamW(learned, lr=RATE, weight_decay=0.05)
    epochs = COARSE + WHOLE
    steps = epochs * -(-len(labels) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    targets = torch.from_numpy(labels).float()
    generator = torch.Generator().manual_seed(SEED)
    coarse, coarse_held = (reduced(part, COARSE_SIDE) for part in (train, held))
    history = []
    for epoch in range(epochs):
        seen, seen_held = (coarse, coarse_held) if epoch < COARSE else (train, held)
        losses = []
        for pick in torch.randperm(len(labels), generator=generator).split(BATCH):
            error = _scores(network, seen, pick) - targets[pick]
            loss = (error.square() + 1e-6).sqrt().mean()  # Charbonnier
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(learned, 1.0)
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        found = predict(network, seen_held)
        history.append({"loss": float(np.mean(losses)), "srcc": srcc(found, held_labels)})
        sys.stdout.write(f"epoch {epoch + 1}: {history[-1]}\n")
        sys.stdout.flush()
    return history


def reduced(features: Features, side: int) -> Features:
    """The same with fields (N, 384, side, side), means of the tokens of the whole ones."""
    parts = [
        nn.functional.adaptive_avg_pool2d(part.float(), side).half()
        for part in features["field"].split(BATCH)
    ]
    return {**features, "field": torch.cat(parts)}


@torch.inference_mode()
def predict(network: DslFiqa, features: Features) -> npt.NDArray[np.float64]:
    """Scores (N,) of cached patches."""
    picks = torch.arange(len(features["field"])).split(BATCH)
    found = torch.cat([_scores(network, features, pick) for pick in picks])
    return found.double().numpy()


def _scores(network: DslFiqa, features: Features, pick: Tensor) -> Tensor:
    """Scores (B,) through the network's own decoder and heads."""
    field = network.decoder_in(features["field"][pick].float())
    height, width = field.shape[2:]
    x = field.flatten(2).transpose(1, 2)
    for block in network.decoder:
        x = block(x, features["degradation"][pick].float(), height, width)
    decoded = x.transpose(1, 2).reshape(len(pick), -1, height, width)
    quality, confidence = network._heads(decoded, features["landmarks"][pick])
    return (quality * confidence).sum((1, 2)) / confidence.sum((1, 2)).clamp(min=1e-12)
