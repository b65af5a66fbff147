from __future__ import annotations

import msgspec
import numpy as np
import pytest
import torch

from fiqa_models.networks.context import STAGES, STATISTICS, SceneContext
from fiqa_training.evaluation.metrics import srcc
from fiqa_training.starter.form import ContextRecipe, CropRecipe, read_recipe
from fiqa_training.starter.scene_context import (
    Problem,
    Statistics,
    enlarged_crop,
    face_problem,
    photo_problem,
    solve,
)

DIRECTIONS = 6
Material = tuple[np.ndarray, np.ndarray]


def problem(photos: Material, faces: Material) -> Problem:
    return Problem("photo", *photos, *faces, ridge=0.01, photo_weight=1.0, face_weight=0.5)


def bases() -> dict[str, torch.Tensor]:
    plain = SceneContext().state_dict()
    return {key: value for key, value in plain.items() if key.startswith(("basis", "centre"))}


def material(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Statistics of a few hidden directions, and a quality that bends with them."""
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(count, DIRECTIONS))
    spread = np.random.default_rng(99).normal(size=(DIRECTIONS, STATISTICS))
    noise = 0.05 * rng.normal(size=(count, STATISTICS))
    quality = 0.5 + 0.1 * hidden[:, 0] + 0.03 * (hidden[:, 1] ** 2 - 1)
    return (hidden @ spread + noise).astype(np.float32), quality


def predicted(context: SceneContext, statistics: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        return torch.sigmoid(context.judge(torch.from_numpy(statistics))).double().numpy()


@pytest.fixture(scope="module")
def context() -> SceneContext:
    photos, opinions = material(90, 0)
    faces, labels = material(110, 1)
    # These raters of photos were 0.3 stricter.
    return solve(bases(), problem((photos, opinions - 0.3), (faces, labels)))


def test_a_bent_quality_is_found_on_pictures_it_never_saw(context: SceneContext) -> None:
    unseen, quality = material(80, 2)
    assert srcc(predicted(context, unseen), quality) > 0.95


def test_photos_and_faces_keep_their_own_levels(context: SceneContext) -> None:
    unseen, quality = material(80, 2)
    # The scale is that of the faces, however the raters of photos used theirs.
    assert abs(float(np.mean(predicted(context, unseen) - quality))) < 0.03


def test_no_training_picture_stays_in_the_weights(context: SceneContext) -> None:
    few = solve(bases(), problem(material(20, 0), material(30, 1)))
    sizes = [{key: value.shape for key, value in c.state_dict().items()} for c in (few, context)]
    assert sizes[0] == sizes[1]


def test_every_stage_with_more_channels_than_it_keeps_has_a_basis() -> None:
    wanted = {f"basis{i}" for i, (first, end, kept) in enumerate(STAGES) if kept < end - first}
    assert {key for key in bases() if key.startswith("basis")} == wanted


def test_the_shipped_recipe_is_checked() -> None:
    recipe = read_recipe()
    assert recipe.context.ridge > 0
    with pytest.raises(msgspec.ValidationError, match="ridge"):
        msgspec.convert({"ridge": 0, "face_weight": 1}, ContextRecipe)


def test_each_view_learns_from_its_own_pictures() -> None:
    def rows(count: int, value: float) -> np.ndarray:
        return np.full((count, STATISTICS), value, np.float32)

    crops = np.stack([rows(3, 3.0), rows(3, 4.0)])
    crops[:, 2] = 9.0
    known = Statistics(bases(), rows(3, 1.0), rows(4, 2.0), crops, rows(6, 5.0), rows(2, 6.0))
    crop = CropRecipe(ridge=0.6, face_weight=0.3, weight=0.4, zooms=((1.0, 2.0),))
    recipe = ContextRecipe(ridge=0.3, face_weight=0.2, crops=crop)
    opinions, kept = np.array([0.1, 0.5, 0.9]), np.array([True, True, False])
    photos = photo_problem(known, opinions, np.zeros(4), recipe, kept)
    assert (photos.view, photos.photos[:, 0].tolist()) == ("photo", [1.0, 1.0])
    assert (photos.ridge, photos.photo_weight, photos.face_weight) == (0.3, 1.0, 0.2)
    faces = face_problem(known, opinions, np.zeros(6), crop, kept)
    # Both enlargements of the two photos, with their opinions, and nothing of the third.
    assert faces.photos[:, 0].tolist() == [3.0, 3.0, 4.0, 4.0]
    assert faces.opinions.tolist() == [0.1, 0.5, 0.1, 0.5]
    assert (faces.view, len(faces.faces)) == ("face", 6)
    assert (faces.ridge, faces.photo_weight, faces.face_weight) == (0.6, 0.4, 0.3)


def test_a_photo_is_enlarged_as_a_face_would_be() -> None:
    picture = np.zeros((300, 400, 3), np.uint8)
    picture[:, ::2] = 255
    crop = enlarged_crop(picture, 3.0, np.random.default_rng(0))
    assert crop.shape == (512, 512, 3)
    # A third of 300 pixels across the crop: fifty stripes.
    edges = np.diff((crop[256, :, 0] > 127).astype(int))
    assert int((edges != 0).sum()) == pytest.approx(100, abs=2)
    small = np.zeros((90, 64, 3), np.uint8)
    assert enlarged_crop(small, 1.0, np.random.default_rng(0)).shape == (512, 512, 3)
