"""What the shipped starter weights promise, on a real face."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from skimage import data

import fiqa_resources
from fiqa_models.dsl_scorer import DslScorer
from fiqa_models.networks import identifiers_inside, padding_id
from fiqa_models.weights import load_checkpoint
from fiqa_training.data.degraded_regions import BACKGROUND, EDGE, FACE, worse_there
from fiqa_training.data.face_regions import masks_of
from fiqa_training.data.landmarks import absent_landmarks, usual_landmarks

WEIGHTS = Path(fiqa_resources.__file__).parent / "weights" / "starter.safetensors"


@pytest.fixture(scope="module")
def crop() -> np.ndarray:
    """A sharp face, its eyes in the middle of the crop."""
    part = data.astronaut()[18:186, 140:308]
    return np.asarray(cv2.resize(part, (512, 512), interpolation=cv2.INTER_CUBIC), np.uint8)


def scores(pictures: list[np.ndarray], points: np.ndarray) -> list[float]:
    scorer = DslScorer(WEIGHTS, device="cpu")
    found = scorer.score(np.stack(pictures), np.repeat(points[None], len(pictures), 0))
    return [each.value for each in found]


def test_a_soft_background_costs_less_than_a_soft_face(crop: np.ndarray) -> None:
    soft = cv2.GaussianBlur(crop, (0, 0), 8)
    masks = masks_of(usual_landmarks(), soft=EDGE)
    places = [worse_there(crop, soft, masks, place) for place in (BACKGROUND, FACE)]
    clean, around, face, whole = scores([crop, *places, soft], usual_landmarks())
    assert clean > face > whole
    assert clean - around < 0.5 * (clean - face)


def test_a_face_is_judged_as_a_face_and_a_photo_as_a_photo(crop: np.ndarray) -> None:
    # One picture may have the same score by chance; one that grows softer cannot.
    pictures = [crop, *(cv2.GaussianBlur(crop, (0, 0), width) for width in (3, 6, 10))]
    as_faces, as_photos = (
        np.array(scores(pictures, p)) for p in (usual_landmarks(), absent_landmarks())
    )
    assert np.abs(as_faces - as_photos).max() > 0.02


def test_the_landmark_guide_answers_to_landmarks() -> None:
    network, _ = load_checkpoint(WEIGHTS)
    usual = usual_landmarks()
    lefts = (0, 128)
    ids = [identifiers_inside(usual, left=left, top=0, side=384, landmarks=468) for left in lefts]
    none = np.full_like(ids[0], padding_id(468))
    assert network.guide is not None
    with torch.inference_mode():
        maps = network.guide.eval()(torch.from_numpy(np.stack([*ids, none])), 24, 24)
    assert (maps[0] - maps[2]).abs().max() > 0.02
    assert maps[0].std() > 0.005
