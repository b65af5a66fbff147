"""Scoring a labelled set of pictures with any scorer: overall and by group.

    fiqa-train evaluate --images DIR --labels FILE.csv --aligned --group light --json

Three ways of looking at a picture:

* ``aligned``: it is a crop already (eyes level, side four times their distance); landmarks are
  found on it, or, where it is too bad for that, taken from where crops have them; square pictures
  of another size are resized to 512;
* ``largest-face``: its largest face, found and cropped by a function the caller gives (this
  package knows no face finder);
* ``whole-image``: windows of 512 pixels that cover it, without landmarks, and their mean.

SRCC, PLCC and KRCC are of the raw scores. RMSE is in the units of the labels: scores are first
mapped to them by the least-squares line over *all* scored pictures, and that one line serves every
group, so that a group the scorer is unfair to shows a larger error instead of its own line.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt

from fiqa_models.scoring import Scorer
from fiqa_training.data.faces import CROP_SIDE
from fiqa_training.data.labels_csv import LabelRow, Skipped, read_label_rows
from fiqa_training.data.landmarks import absent_landmarks, mesh_finder, usual_landmarks
from fiqa_training.errors import TrainingError
from fiqa_training.evaluation.metrics import Values, bootstrap, krcc, plcc, srcc
from fiqa_training.reading import read_rgb

log = logging.getLogger(__name__)

Mode = Literal["aligned", "largest-face", "whole-image"]
Crops = npt.NDArray[np.uint8]
Landmarks = npt.NDArray[np.float32]
FindCrop = Callable[[Path], tuple[Crops, Landmarks] | None]
"""A picture's largest face: crop (512, 512, 3) uint8 RGB and landmarks (478, 2) float32 in crop
pixels; None where there is no face. It raises `TrainingError` where the file is unusable."""

_LARGEST_SHORT_SIDE = 2 * CROP_SIDE
_FEWEST = 3
_AT_ONCE = 16


@dataclass(frozen=True)
class Scored:
    """One picture with its label and its score."""

    image: str
    label: float
    group: str
    score: float


def evaluate(
    scorer: Scorer,
    images: Path,
    labels: Path,
    *,
    mode: Mode,
    group: str = "",
    find_crop: FindCrop | None = None,
    draws: int = 1000,
) -> dict[str, Any]:
    """Score every labelled picture and report the agreement, ready for JSON.

    Args:
        scorer: any scorer of the registry.
        images: the folder that the labels' file names are relative to.
        labels: CSV with the columns ``image`` and ``mos``; others are allowed.
        mode: how to look at a picture; see the module.
        group: a column whose values split the pictures into groups.
        find_crop: the face finder of ``largest-face``.
        draws: bootstrap resamples of the SRCC interval (95 %, percentile).

    Returns:
        ``overall`` and ``groups`` (n, srcc, srcc_ci, plcc, krcc, rmse each; figures that cannot
        be had are None), ``skipped`` pictures with reasons, how many were ``labelled`` in all,
        the ``opinions`` that the labels are the means of, the scorer and the mode.

    Raises:
        TrainingError: the labels are unusable, or fewer than three pictures could be scored.
    """
    if mode == "largest-face" and find_crop is None:
        raise TrainingError(
            "There is no face finder here.",
            "Use `fiqa evaluate` for --largest-face, or name --aligned or --whole-image.",
        )
    if not images.is_dir():
        raise TrainingError(f"{images} is not a folder.", "Name the folder of the pictures.")
    rows, skipped = read_label_rows(labels, images, group)
    opinions_said = _opinions(rows)
    scored = _score_all(scorer, rows, mode, find_crop, skipped)
    if len(scored) < _FEWEST:
        first = f" The first reason: {skipped[0].reason}" if skipped else ""
        raise TrainingError(
            f"Only {len(scored)} of {len(scored) + len(skipped)} pictures could be scored; "
            f"agreement needs {_FEWEST}.{first}"
        )
    values = np.array([each.score for each in scored])
    opinions = np.array([each.label for each in scored])
    slope, offset = linear_link(values, opinions)
    mapped = slope * values + offset
    names = sorted({each.group for each in scored}) if group else []
    picks = {name: np.array([each.group == name for each in scored]) for name in names}
    return {
        "overall": figures(values, opinions, mapped, draws),
        "groups": {
            name: figures(values[pick], opinions[pick], mapped[pick], draws)
            for name, pick in picks.items()
        },
        "skipped": [{"image": each.image, "reason": each.reason} for each in skipped],
        "labelled": len(scored) + len(skipped),
        "opinions": opinions_said,
        "scorer": {"name": scorer.name, "hash": scorer.hash},
        "mode": mode,
        "label_from_score": {"slope": slope, "offset": offset},
    }


def _opinions(rows: Sequence[LabelRow]) -> dict[str, Any]:
    """How many rows the labels are the means of, and how far those are apart."""
    spreads = [row.spread for row in rows if row.spread is not None]
    counts = [row.count for row in rows]
    return {
        "rows": sum(counts),
        "fewest": min(counts, default=0),
        "most": max(counts, default=0),
        "mean_spread": float(np.mean(spreads)) if spreads else None,
    }


def linear_link(scores: Values, labels: Values) -> tuple[float, float]:
    """Slope and offset of the least-squares line from scores to labels."""
    centred = scores - scores.mean()
    power = float(centred @ centred)
    slope = float(centred @ (labels - labels.mean())) / power if power > 0 else 0.0
    return slope, float(labels.mean() - slope * scores.mean())


def figures(scores: Values, labels: Values, mapped: Values, draws: int = 1000) -> dict[str, Any]:
    """The six figures of one set; those that too few or constant values do not give are None."""
    enough = len(scores) >= _FEWEST and np.ptp(scores) > 0 and np.ptp(labels) > 0
    low, high = bootstrap(srcc, scores, labels, draws=draws) if enough else (math.nan, math.nan)
    return {
        "n": len(scores),
        "srcc": _number(srcc(scores, labels)) if enough else None,
        "srcc_ci": [_number(low), _number(high)],
        "plcc": _number(plcc(scores, labels)) if enough else None,
        "krcc": _number(krcc(scores, labels)) if enough else None,
        "rmse": _number(float(np.sqrt(np.mean((mapped - labels) ** 2)))),
    }


def _number(value: float) -> float | None:
    """JSON knows no NaN."""
    return float(value) if math.isfinite(value) else None


def cover(picture: Crops, side: int = CROP_SIDE) -> Crops:
    """(N, side, side, 3): evenly spaced windows that cover a whole picture.

    Pictures are never enlarged: short ones are mirrored. Large ones are reduced until their
    shorter side is twice the window, as nobody judges a photo pixel by pixel.
    """
    height, width = picture.shape[:2]
    reduction = min(height, width) / _LARGEST_SHORT_SIDE
    if reduction > 1:
        size = (max(side, round(width / reduction)), max(side, round(height / reduction)))
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    short_y, short_x = (max(0, side - extent) for extent in picture.shape[:2])
    if short_y or short_x:
        picture = np.pad(picture, ((0, short_y), (0, short_x), (0, 0)), mode="symmetric")
    places = [
        np.linspace(0, extent - side, -(-extent // side)).round().astype(int)
        for extent in picture.shape[:2]
    ]
    return np.stack([picture[y : y + side, x : x + side] for y in places[0] for x in places[1]])


def as_aligned(picture: Crops) -> Crops:
    """A square picture at the crop's size.

    Raises:
        TrainingError: it is not square, so it cannot be an aligned crop.
    """
    height, width = picture.shape[:2]
    if height != width:
        raise TrainingError(f"It is {width} x {height}; an aligned crop is square.")
    if height == CROP_SIDE:
        return picture
    how = cv2.INTER_AREA if height > CROP_SIDE else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, (CROP_SIDE, CROP_SIDE), interpolation=how), np.uint8)


_Look = Callable[[Path], tuple[Crops, Landmarks]]


def _look(mode: Mode, find_crop: FindCrop | None, mesh: Callable[[Crops], Landmarks]) -> _Look:
    """How a file becomes (N, 512, 512, 3) crops with (N, 478, 2) landmarks."""

    def aligned(path: Path) -> tuple[Crops, Landmarks]:
        crop = as_aligned(read_rgb(path))
        points = mesh(crop)
        if not np.isfinite(points).all():
            # It is a face all the same, and a scorer may judge a face's crop as such.
            points = usual_landmarks()
        return crop[None], points[None]

    def whole(path: Path) -> tuple[Crops, Landmarks]:
        crops = cover(read_rgb(path))
        return crops, np.repeat(absent_landmarks()[None], len(crops), axis=0)

    def largest(path: Path) -> tuple[Crops, Landmarks]:
        found = find_crop(path) if find_crop else None
        if found is None:
            raise TrainingError("No face was found in it.")
        return found[0][None], np.asarray(found[1], np.float32)[None]

    return {"aligned": aligned, "whole-image": whole, "largest-face": largest}[mode]


def _score_all(
    scorer: Scorer,
    rows: Sequence[LabelRow],
    mode: Mode,
    find_crop: FindCrop | None,
    skipped: list[Skipped],
) -> list[Scored]:
    """Scores of all usable rows, in their order; the others are added to `skipped`."""
    scored: list[Scored] = []
    finder: AbstractContextManager[Callable[[Crops], Landmarks]] = (
        mesh_finder() if mode == "aligned" else nullcontext(lambda _: absent_landmarks())
    )
    with finder as mesh:
        look = _look(mode, find_crop, mesh)
        for start in range(0, len(rows), _AT_ONCE):
            held: list[tuple[LabelRow, Crops, Landmarks]] = []
            for row in rows[start : start + _AT_ONCE]:
                try:
                    held.append((row, *look(row.path)))
                except (TrainingError, cv2.error, MemoryError) as error:
                    skipped.append(Skipped(row.image, _reason(error)))
            scored += _score_held(scorer, held, skipped)
            log.info("%d of %d pictures", min(start + _AT_ONCE, len(rows)), len(rows))
    return scored


def _score_held(
    scorer: Scorer, held: Sequence[tuple[LabelRow, Crops, Landmarks]], skipped: list[Skipped]
) -> list[Scored]:
    if not held:
        return []
    results = scorer.score(
        np.concatenate([crops for _, crops, _ in held]),
        np.concatenate([landmarks for _, _, landmarks in held]),
    )
    scored, place = [], 0
    for row, crops, _ in held:
        value = float(np.mean([each.value for each in results[place : place + len(crops)]]))
        place += len(crops)
        if math.isfinite(value):
            scored.append(Scored(row.image, row.mos, row.group, value))
        else:
            skipped.append(Skipped(row.image, "The scorer gave no finite number."))
    return scored


def _reason(error: Exception) -> str:
    if isinstance(error, TrainingError):
        return error.message
    text = str(error).strip().splitlines()
    return text[0] if text else type(error).__name__
