"""Agreement of a scorer with the human ratings of whole photos.

Photos of `data.rated` mostly show no face, so they are scored as windows of 512 pixels without
landmarks, a mean over the windows. Evaluation on labelled faces, by group and with alignment,
comes with the model for real.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fiqa_models.scoring import Scorer
from fiqa_training.data.faces import CROP_SIDE
from fiqa_training.data.landmarks import absent_landmarks
from fiqa_training.data.rated import RatedPhoto
from fiqa_training.degradations import ByteImage
from fiqa_training.evaluation.metrics import Agreement, agreement
from fiqa_training.reading import read_rgb


def windows(picture: ByteImage, side: int = CROP_SIDE) -> npt.NDArray[np.uint8]:
    """(N, side, side, 3): the picture's corners, never resized; small pictures are mirrored."""
    height, width = picture.shape[:2]
    short_y, short_x = max(0, side - height), max(0, side - width)
    if short_y or short_x:
        picture = np.pad(picture, ((0, short_y), (0, short_x), (0, 0)), mode="symmetric")
        height, width = picture.shape[:2]
    origins = sorted({(y, x) for y in (0, height - side) for x in (0, width - side)})
    return np.stack([picture[y : y + side, x : x + side] for y, x in origins])


def rated_score(scorer: Scorer, picture: ByteImage) -> float:
    """Score of a whole photo: the mean over its windows, without landmarks."""
    crops = windows(picture)
    none = np.repeat(absent_landmarks()[None], len(crops), axis=0)
    return float(np.mean([result.value for result in scorer.score(crops, none)]))


def evaluate_rated(scorer: Scorer, photos: Sequence[RatedPhoto]) -> Agreement:
    """SRCC and the other figures of a scorer over rated photos."""
    scores = [rated_score(scorer, read_rgb(photo.path)) for photo in photos]
    return agreement(scores, [photo.mos for photo in photos])
