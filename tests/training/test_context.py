from __future__ import annotations

import msgspec
import numpy as np
import pytest
import torch

from fiqa_models.networks.context import STAGES, STATISTICS, SceneContext
from fiqa_training.context import solve
from fiqa_training.metrics import srcc
from fiqa_training.recipe import ContextRecipe, read_recipe

RECIPE = ContextRecipe(ridge=0.01, face_weight=0.5)
DIRECTIONS = 6


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
    return solve(bases(), photos, opinions - 0.3, faces, labels, RECIPE)


def test_a_bent_quality_is_found_on_pictures_it_never_saw(context: SceneContext) -> None:
    unseen, quality = material(80, 2)
    assert srcc(predicted(context, unseen), quality) > 0.95


def test_photos_and_faces_keep_their_own_levels(context: SceneContext) -> None:
    unseen, quality = material(80, 2)
    # The scale is that of the faces, however the raters of photos used theirs.
    assert abs(float(np.mean(predicted(context, unseen) - quality))) < 0.03


def test_no_training_picture_stays_in_the_weights(context: SceneContext) -> None:
    few = solve(bases(), *material(20, 0), *material(30, 1), RECIPE)
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
