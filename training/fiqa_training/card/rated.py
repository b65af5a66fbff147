"""A model card's figures on real photos that people rated: overall, with faces, by light."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fiqa_models.manifest import Manifest
from fiqa_models.scoring import Scorer
from fiqa_training.data.rated import read_rated, split_fold
from fiqa_training.errors import TrainingError
from fiqa_training.evaluation.appearance import luminance
from fiqa_training.evaluation.labelled_set import figures, linear_link
from fiqa_training.evaluation.metrics import Values
from fiqa_training.evaluation.slices import FEWEST, Slice, by_name, thirds
from fiqa_training.evaluation.whole_photos import rated_score
from fiqa_training.reading import read_rgb

log = logging.getLogger(__name__)

_LEAST_PHOTOS = 3


def measure_rated(
    scorer: Scorer, manifest: Manifest | None, folder: Path, fold: int
) -> dict[str, Any]:
    """Agreement with human ratings on one fold's photos.

    ``error`` is the mean of the score, mapped to the raters' scale by one straight line over all
    photos, less the opinion, in [0, 1]: whether a group is scored too high or too low. ``fold``
    is what the scorer's manifest says it left out; None where it does not say. ``five_folds`` are
    the SRCC of a starter that learned from all photos in the end, each of a solution without that
    fold; empty for other scorers.

    Raises:
        TrainingError: the folder is unusable, or the fold holds fewer than three photos.
    """
    _, photos = split_fold(read_rated(folder), fold)
    if len(photos) < _LEAST_PHOTOS:
        raise TrainingError(f"Fold {fold} holds {len(photos)} photos, {_LEAST_PHOTOS} are needed.")
    log.info("rated photos: %d", len(photos))
    scores, light = [], []
    for photo in photos:
        picture = read_rgb(photo.path)
        scores.append(rated_score(scorer, picture))
        light.append(float(luminance(picture).mean()))
    values, opinions = np.array(scores), np.array([photo.mos for photo in photos])
    if not np.isfinite(values).all():
        raise TrainingError(f"{scorer.name} gave no finite number for a rated photo.")
    slope, offset = linear_link(values, opinions)
    mapped = slope * values + offset
    slicings = {
        "largest face": by_name(["face" if photo.face_px else "no face" for photo in photos]),
        "luminance of the photo": thirds(light),
    }
    everyone = Slice("all", tuple(range(len(photos))))
    return {
        "fold": fold,
        "left_out": _fold_left_out(manifest),
        "five_folds": list(manifest.figures.get("rated_fold_srcc", ())) if manifest else [],
        "overall": _row(everyone, values, opinions, mapped),
        "slicings": {
            name: [_row(each, values, opinions, mapped) for each in slices]
            for name, slices in slicings.items()
            if len(slices) > 1
        },
    }


def _row(part: Slice, scores: Values, opinions: Values, mapped: Values) -> dict[str, Any]:
    pick = np.array(part.members)
    found = figures(scores[pick], opinions[pick], mapped[pick])
    if len(pick) < FEWEST:
        found |= dict.fromkeys(("srcc", "plcc", "krcc"), None) | {"srcc_ci": [None, None]}
    error = float((mapped - opinions)[pick].mean())
    return {
        "name": part.name,
        "range": part.extent,
        **found,
        "error": error if math.isfinite(error) else None,
    }


def _fold_left_out(manifest: Manifest | None) -> int | None:
    """The fold that the training says it never saw."""
    place: Any = manifest.provenance if manifest else None
    for key in ("recipe", "data", "rated_fold"):
        place = place.get(key) if isinstance(place, Mapping) else None
    return place if isinstance(place, int) else None
