"""Figure 5: where a network looks, with landmark guidance and without, as a number and a picture.

A confidence map says how much each region counts in the score. Its share inside the facial
features is the confidence that lies on eyes with brows, nose and mouth, divided by all of it. A
flat map has the features' share of the area, about a tenth of an aligned crop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from fiqa_models.dsl_scorer import DslScorer
from fiqa_training.data.face_regions import FEATURES, Mask, masks_of
from fiqa_training.data.faces import CROP_SIDE
from fiqa_training.data.labelled import LabelledImage
from fiqa_training.data.landmarks import POINTS
from fiqa_training.data.patches import read_crop
from fiqa_training.degradations import ByteImage
from fiqa_training.errors import TrainingError
from fiqa_training.experiments.pictures import write_text

Map = npt.NDArray[np.float64]
"""(32, 32): one number for each token of a 512 x 512 crop."""

_CELL = 16
_DRAWS = 2000
_SHOWN_SIDE, _GAP, _BAR = 192, 4, 22
_FULL = 3.0


@dataclass(frozen=True)
class Regions:
    """How much of each token lies in the facial features, and in the face: (32, 32) in [0, 1]."""

    features: Map
    face: Map


@dataclass(frozen=True)
class Shares:
    """Shares of the confidence of each picture, (N,) each.

    Attributes:
        features: inside eyes, brows, nose and mouth.
        skin: inside the face's outline, but in none of them.
        background: outside the outline: hair, neck, clothes, background.
    """

    features: npt.NDArray[np.float64]
    skin: npt.NDArray[np.float64]
    background: npt.NDArray[np.float64]


def regions_of(points: npt.NDArray[np.float32]) -> Regions:
    """Regions of a crop with mesh landmarks (468 or more, 2) in its pixels."""
    masks = masks_of(points)
    return Regions(_by_token(masks.features), _by_token(masks.features + masks.skin))


def _by_token(mask: Mask) -> Map:
    cells = CROP_SIDE // _CELL
    return np.asarray(mask.reshape(cells, _CELL, cells, _CELL).mean((1, 3)), np.float64)


def shares(maps: Sequence[Map], regions: Sequence[Regions]) -> Shares:
    """Shares of the confidence by region; a map of zeros counts as flat."""
    parts = []
    for each, region in zip(maps, regions, strict=True):
        weight = each.astype(np.float64)
        weight = weight / weight.sum() if weight.sum() > 0 else np.full(each.shape, 1 / each.size)
        inside, face = float((weight * region.features).sum()), float((weight * region.face).sum())
        parts.append((inside, face - inside, 1 - face))
    table = np.array(parts)
    return Shares(table[:, 0], table[:, 1], table[:, 2])


def confidence_maps(
    checkpoint: Path, images: Sequence[LabelledImage], device: str = ""
) -> list[Map]:
    """What a checkpoint shows as its confidence map of each picture, by the scorer itself."""
    scorer = DslScorer(checkpoint, device=device)
    maps = []
    for image in images:
        crop, points = read_crop(image, POINTS)
        if points is None:
            raise TrainingError(f"{image.path} has no landmarks.")
        result = scorer.score(crop[None], points[None])[0]
        if result.confidence_map is None:
            raise TrainingError(f"{checkpoint} gives no confidence maps.")
        maps.append(result.confidence_map.astype(np.float64))
    return maps


def landmarks_of(images: Sequence[LabelledImage]) -> list[npt.NDArray[np.float32]]:
    """Mesh landmarks of pictures that have them, in pixels of their 512 x 512 crops."""
    found = [read_crop(image, POINTS)[1] for image in images]
    return [points for points in found if points is not None]


def one_clean_each(images: Sequence[LabelledImage], count: int) -> list[int]:
    """Index of the best picture of each of the first `count` people."""
    best: dict[str, int] = {}
    for index, image in enumerate(images):
        known = best.get(person_of(image))
        if known is None or image.mos > images[known].mos:
            best[person_of(image)] = index
    return list(best.values())[:count]


def with_landmarks(images: Sequence[LabelledImage], people: int) -> list[LabelledImage]:
    """All pictures of the first so many people that have landmarks.

    Raises:
        TrainingError: there are none.
    """
    usable = [image for image in images if image.landmarks is not None]
    names = list(dict.fromkeys(person_of(image) for image in usable))[:people]
    chosen = [image for image in usable if person_of(image) in names]
    if not chosen:
        raise TrainingError("No test picture of the set has landmarks.")
    return chosen


def person_of(image: LabelledImage) -> str:
    """Who is shown: the set's column ``person``, or each picture for itself."""
    return image.fields.get("person") or image.path.name


def share_report(
    unguided: Sequence[Shares],
    guided: Sequence[Shares],
    regions: Sequence[Regions],
    people: Sequence[str],
) -> dict[str, Any]:
    """The figures of networks without guidance against as many with it.

    Intervals are 95 % percentile bootstrap over people; the difference is paired by picture.

    Args:
        unguided: of each network trained without landmarks.
        guided: of each network trained with them.
        regions: of each picture.
        people: of each picture.
    """
    flat = shares([np.ones_like(region.features) for region in regions], regions)
    mean = {"without": _mean(unguided), "with": _mean(guided)}
    report: dict[str, Any] = {
        "pictures": len(people),
        "people": len(set(people)),
        "networks": {"without": len(unguided), "with": len(guided)},
        "area": _figures(flat, people),
        **{name: _figures(each, people) for name, each in mean.items()},
    }
    gap = mean["with"].features - mean["without"].features
    report["with_minus_without"] = _figure(gap, people)
    return report


def _mean(several: Sequence[Shares]) -> Shares:
    return Shares(
        np.mean([each.features for each in several], 0),
        np.mean([each.skin for each in several], 0),
        np.mean([each.background for each in several], 0),
    )


def _figures(found: Shares, people: Sequence[str]) -> dict[str, Any]:
    return {
        "features": _figure(found.features, people),
        "skin": _figure(found.skin, people),
        "background": _figure(found.background, people),
    }


def _figure(values: npt.NDArray[np.float64], people: Sequence[str]) -> dict[str, Any]:
    """Mean and interval; people, not pictures, are drawn: one person's pictures are alike."""
    names = np.asarray(people)
    means = np.array([values[names == person].mean() for person in np.unique(names)])
    picks = np.random.default_rng(0).integers(len(means), size=(_DRAWS, len(means)))
    low, high = np.percentile(means[picks].mean(1), [2.5, 97.5])
    return {"mean": float(means.mean()), "ci": [float(low), float(high)]}


def draw_maps(images: Sequence[LabelledImage], columns: Mapping[str, Sequence[Map]]) -> ByteImage:
    """Figure 5: each face, and beside it the confidence of each network on one scale.

    Colours run from none to three times what a flat map has, so that maps can be compared.
    """
    rows = [_titles(["input", *columns])]
    for number, image in enumerate(images):
        crop, points = read_crop(image, POINTS)
        coloured = [_coloured(crop, maps[number], points) for maps in columns.values()]
        rows.append(_row([_small(crop), *coloured]))
    return np.concatenate(rows)


def _small(picture: ByteImage) -> ByteImage:
    size = (_SHOWN_SIDE, _SHOWN_SIDE)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _coloured(
    crop: ByteImage, confidence: Map, points: npt.NDArray[np.float32] | None
) -> ByteImage:
    density = confidence / max(float(confidence.mean()), 1e-12)
    levels = np.clip(density / _FULL * 255, 0, 255).astype(np.uint8)
    large = cv2.resize(levels, (_SHOWN_SIDE, _SHOWN_SIDE), interpolation=cv2.INTER_CUBIC)
    heat = cv2.applyColorMap(large, cv2.COLORMAP_INFERNO)[..., ::-1]
    grey = cv2.cvtColor(cv2.cvtColor(_small(crop), cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    mixed = np.asarray(cv2.addWeighted(grey, 0.35, heat, 0.65, 0), np.uint8)
    if points is not None:
        scaled = points * (_SHOWN_SIDE / CROP_SIDE)
        for indices in FEATURES.values():
            hull = cv2.convexHull(np.rint(scaled[list(indices)]).astype(np.int32))
            cv2.polylines(mixed, [hull], isClosed=True, color=(255, 255, 255), lineType=cv2.LINE_AA)
    return mixed


def _row(cells: Sequence[ByteImage]) -> ByteImage:
    gap = np.full((_SHOWN_SIDE + _GAP, _GAP, 3), 255, np.uint8)
    padded = [np.pad(cell, ((0, _GAP), (0, 0), (0, 0)), constant_values=255) for cell in cells]
    return np.concatenate([part for cell in padded for part in (cell, gap)], 1)


def _titles(names: Sequence[str]) -> ByteImage:
    bar = np.full((_BAR, (_SHOWN_SIDE + _GAP) * len(names), 3), 255, np.uint8)
    for number, name in enumerate(names):
        write_text(bar, name, ((_SHOWN_SIDE + _GAP) * number + 4, 15), 0.42, (0, 0, 0))
    return bar
