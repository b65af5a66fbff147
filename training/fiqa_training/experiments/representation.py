"""What the degradation encoder has learned: t-SNE (figure 4) and retrieval (table 4).

Both compare dual-set learning with the patch-based baseline, trained equally: the same pictures,
steps, rate and encoder, on the same seed. Measured on faces of people neither has seen, each with
six degradations of drawn severity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from msgspec.structs import replace

from fiqa_models.networks import build_network
from fiqa_models.networks.degradation import DegradationEncoder
from fiqa_training.data.labelled import LabelledSet, read_set
from fiqa_training.degradations import CORE_KINDS, ByteImage, degrade
from fiqa_training.encoding.encoder import embed, measure_norms
from fiqa_training.errors import TrainingError
from fiqa_training.experiments.pictures import write_text
from fiqa_training.experiments.tsne import tsne
from fiqa_training.loop.parallel import Team
from fiqa_training.loop.recipe import ImageRecipe, Learning
from fiqa_training.pictures.training import (
    RunFolders,
    choose,
    encoder_steps,
    network_config,
    train_encoder,
)
from fiqa_training.reading import read_rgb

COMPARED: tuple[Learning, ...] = ("dsl", "patch")
Embeddings = npt.NDArray[np.float32]
_COLOURS = (
    (214, 39, 40),
    (31, 119, 180),
    (44, 160, 44),
    (255, 127, 14),
    (148, 103, 189),
    (0, 0, 0),
)
_PANEL, _EDGE, _THUMB = 640, 40, 128
_BAR, _LEGEND = 32, 160
_TOP = 5


@dataclass(frozen=True)
class Views:
    """Degraded pictures of held-out people.

    Attributes:
        pictures: each (512, 512, 3).
        kinds: index into `CORE_KINDS` of each.
        people: number of the person of each.
    """

    pictures: Sequence[ByteImage]
    kinds: npt.NDArray[np.int64]
    people: npt.NDArray[np.int64]


def degraded_views(faces: Sequence[Path], seed: int = 0) -> Views:
    """Every face with each of the six kinds, at a severity drawn from [0.4, 1]."""
    pictures: list[ByteImage] = []
    for number, path in enumerate(faces):
        face = read_rgb(path)
        rng = np.random.default_rng([seed, number])
        for kind in CORE_KINDS:
            severity, draw = float(rng.uniform(0.4, 1.0)), int(rng.integers(2**31))
            pictures.append(degrade(face, kind, severity, draw))
    count = len(CORE_KINDS)
    return Views(
        pictures,
        np.tile(np.arange(count), len(faces)),
        np.repeat(np.arange(len(faces)), count),
    )


def train_compared(
    places: RunFolders, recipe: ImageRecipe, team: Team, folder: str = "encoders"
) -> dict[str, DegradationEncoder]:
    """Both encoders, trained equally; goes on where it was stopped.

    Args:
        places: of the experiment.
        recipe: its seed decides the first weights and the pictures.
        team: the processes.
        folder: below `places.out`. In the default one `experiments.ablation_variants` finds them,
            so that table 3 and table 4 share encoders.
    """
    found = _chosen(places, recipe)
    encoders: dict[str, DegradationEncoder] = {}
    for learning in COMPARED:
        own = replace(recipe, ablation=replace(recipe.ablation, degradation=learning))
        # Only the encoder learns here: the guide's 110 M parameters need not be made.
        config = network_config(replace(own, ablation=replace(own.ablation, landmarks=False)))
        torch.manual_seed(recipe.seed)  # both start from the same weights
        network = build_network(config)
        train_encoder(network, found, own, places.out / folder / learning, team)
        encoders[learning] = network.degradation
    return encoders


def untrained(places: RunFolders, recipe: ImageRecipe) -> DegradationEncoder:
    """The encoder that `train_compared` starts from: what learning is measured against."""
    own = replace(recipe, ablation=replace(recipe.ablation, landmarks=False))
    torch.manual_seed(recipe.seed)
    encoder = build_network(network_config(own)).degradation
    measure_norms(encoder, encoder_steps(_chosen(places, recipe), recipe))
    return encoder


def _chosen(places: RunFolders, recipe: ImageRecipe) -> LabelledSet:
    choices = {"attribute": recipe.data.attribute, "split": recipe.data.split}
    named = choices if recipe.data.kind == "piq23" else {}
    return choose(read_set(recipe.data.kind, places.data, **named), recipe)


def embed_all(
    encoders: Mapping[str, DegradationEncoder], views: Views, team: Team
) -> dict[str, Embeddings]:
    """Embeddings of all views by each encoder."""
    return {name: embed(each, views.pictures, team.device) for name, each in encoders.items()}


def average_precisions(
    embeddings: Embeddings, views: Views, *, top: int = 0
) -> npt.NDArray[np.float64]:
    """Average precision of each query.

    Pictures of the first half of the people ask, those of the second half answer, nearest first;
    right are the ones of the query's kind.

    Args:
        embeddings: (N, D).
        views: what was embedded.
        top: only the first so many answers count (the paper looks at five); 0: all.
    """
    asks, order = _ranked(embeddings, views)
    right = views.kinds[order] == views.kinds[asks][:, None]
    if top:
        right = right[:, :top]
    precision = np.cumsum(right, 1) / np.arange(1, right.shape[1] + 1)
    return np.asarray((precision * right).sum(1) / np.maximum(right.sum(1), 1), np.float64)


def _ranked(
    embeddings: Embeddings, views: Views
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Indices of the queries, and for each the indices of the gallery, nearest first."""
    half = (int(views.people.max()) + 1) // 2
    asks, gallery = np.flatnonzero(views.people < half), np.flatnonzero(views.people >= half)
    if not asks.size or not gallery.size:
        raise TrainingError("Retrieval needs at least two people.")
    gaps = _gaps(embeddings[asks], embeddings[gallery])
    return asks, gallery[np.argsort(gaps, axis=1, kind="stable")]


def _gaps(a: Embeddings, b: Embeddings) -> npt.NDArray[np.float64]:
    """(N, M) squared distances, without an array of N x M x D."""
    a64, b64 = a.astype(np.float64), b.astype(np.float64)
    squares = (a64**2).sum(1)[:, None] + (b64**2).sum(1)[None]
    return np.asarray(squares - 2 * a64 @ b64.T, np.float64)


def retrieval_report(embeddings: Mapping[str, Embeddings], views: Views) -> dict[str, Any]:
    """Table 4: mAP of each, with 95 % intervals over the people who ask."""
    report: dict[str, Any] = {"kinds": list(CORE_KINDS)}
    every: dict[str, npt.NDArray[np.float64]] = {}
    asking = views.people[_ranked(next(iter(embeddings.values())), views)[0]]
    for name, points in embeddings.items():
        every[name] = average_precisions(points, views)
        report[name] = {
            "queries": len(every[name]),
            "map": float(every[name].mean()),
            "map_ci": _interval(every[name], asking),
            "map_at_5": float(average_precisions(points, views, top=_TOP).mean()),
        }
    if {"dsl", "patch"} <= set(every):
        gap = every["dsl"] - every["patch"]
        report["dsl_minus_patch"] = {"map": float(gap.mean()), "map_ci": _interval(gap, asking)}
    return report


def over_seeds(reports: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    """Table 4 over several trainings: mean, spread and each, by seed.

    Args:
        reports: of `retrieval_report`, by seed.
    """
    names = [name for name in next(iter(reports.values())) if name != "kinds"]
    summary: dict[str, Any] = {"kinds": list(CORE_KINDS), "seeds": list(reports)}
    for name in names:
        values = [float(report[name]["map"]) for report in reports.values()]
        summary[name] = {
            "map": float(np.mean(values)),
            # The sample's: few seeds stand for all.
            "map_sd": float(np.std(values, ddof=1)) if len(values) > 1 else None,
            "map_least": min(values),
            "each": [dict(report[name]) for report in reports.values()],
        }
    return summary


def _interval(
    values: npt.NDArray[np.float64], people: npt.NDArray[np.int64], draws: int = 1000
) -> list[float]:
    """95 % percentile interval of the mean over resampled people: one person's are alike."""
    means = np.array([values[people == person].mean() for person in np.unique(people)])
    picks = np.random.default_rng(0).integers(len(means), size=(draws, len(means)))
    return [float(each) for each in np.percentile(means[picks].mean(1), [2.5, 97.5])]


def neighbour_purity(embeddings: Embeddings, views: Views, nearest: int = 10) -> float:
    """Share of the nearest neighbours, of other people, that have the same kind.

    No more neighbours count than there are other people, so that 1 can be reached.
    """
    nearest = min(nearest, int(views.people.max()))
    gaps = _gaps(embeddings, embeddings)
    gaps[views.people[:, None] == views.people[None]] = np.inf
    order = np.argsort(gaps, axis=1, kind="stable")[:, :nearest]
    return float((views.kinds[order] == views.kinds[:, None]).mean())


def draw_tsne(embeddings: Mapping[str, Embeddings], views: Views) -> ByteImage:
    """Figure 4: one panel for each encoder, one colour for each kind."""
    panels = []
    for name, points in embeddings.items():
        panel = np.full((_PANEL, _PANEL, 3), 255, np.uint8)
        places = tsne(points)
        low, reach = places.min(0), np.maximum(np.ptp(places, axis=0), 1e-9)
        spots = _EDGE + (places - low) / reach * (_PANEL - 2 * _EDGE)
        for (x, y), kind in zip(spots, views.kinds, strict=True):
            centre = (round(float(x)), round(float(y)))
            cv2.circle(panel, centre, 3, _COLOURS[kind], -1, cv2.LINE_AA)
        title = np.full((_BAR, _PANEL, 3), 255, np.uint8)
        write_text(title, name, (_EDGE, 22), 0.7, (0, 0, 0))
        panels.append(np.concatenate([title, panel]))
    return np.concatenate([*panels, _legend(_PANEL + _BAR)], 1)


def _legend(height: int) -> ByteImage:
    """What the colours of figure 4 mean; beside the panels, where no point can lie under it."""
    legend = np.full((height, _LEGEND, 3), 255, np.uint8)
    for row, kind_name in enumerate(CORE_KINDS):
        y = _BAR + _EDGE + 22 * row
        cv2.circle(legend, (10, y), 5, _COLOURS[row], -1, cv2.LINE_AA)
        write_text(legend, kind_name, (24, y + 5), 0.45, (0, 0, 0))
    return legend


def draw_retrieval(embeddings: Mapping[str, Embeddings], views: Views) -> ByteImage:
    """One query of each kind and its five nearest by each encoder; the wrong ones crossed out."""
    rows: list[ByteImage] = []
    for name, points in embeddings.items():
        asks, order = _ranked(points, views)
        for query in range(len(CORE_KINDS)):
            cells = [_thumb(views, int(asks[query]), f"{name}: {CORE_KINDS[query]}", wrong=False)]
            for index in order[query, :_TOP]:
                kind = int(views.kinds[index])
                wrong = kind != int(views.kinds[asks[query]])
                cells.append(_thumb(views, int(index), CORE_KINDS[kind], wrong=wrong))
            while len(cells) < _TOP + 1:
                cells.append(np.full_like(cells[0], 255))
            rows.append(np.concatenate(cells, 1))
    return np.concatenate(rows)


def _thumb(views: Views, index: int, text: str, *, wrong: bool) -> ByteImage:
    size = (_THUMB, _THUMB)
    small = cv2.resize(views.pictures[index], size, interpolation=cv2.INTER_AREA)
    cell = np.full((_THUMB + 16, _THUMB + 4, 3), 255, np.uint8)
    cell[:_THUMB, 2:-2] = small
    if wrong:
        cv2.line(cell, (2, 0), (_THUMB + 2, _THUMB), (214, 39, 40), 3, cv2.LINE_AA)
    write_text(cell, text, (2, _THUMB + 12), 0.35, (0, 0, 0))
    return cell
