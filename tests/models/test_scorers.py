"""A face's score depends on the face alone."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from fiqa_models import dsl_scorer
from fiqa_models.devices import choose_device
from fiqa_models.dsl_scorer import DslScorer, grid_of, spread_inside, stitch
from fiqa_models.errors import ModelError
from fiqa_models.networks import CONFIGS
from fiqa_models.scoring import FaceScore, Scorer
from fiqa_models.sharpness import SharpnessScorer
from fiqa_models.weights import load_checkpoint


@pytest.fixture(scope="module", params=["dsl-fiqa", "sharpness"])
def scorer(request: pytest.FixtureRequest, checkpoint: Path) -> Scorer:
    if request.param == "sharpness":
        return SharpnessScorer()
    return DslScorer(checkpoint, device="cpu")


def _close(one: FaceScore, other: FaceScore) -> bool:
    return (
        abs(one.value - other.value) < 1e-4
        and abs(one.spread - other.spread) < 1e-4
        and np.allclose(one.quality_map, other.quality_map, atol=2e-3)
        and np.allclose(one.embedding, other.embedding, atol=1e-4)
    )


def test_score_and_maps_have_their_ranges(scorer: Scorer, faces: tuple) -> None:
    for score in scorer.score(*faces):
        assert 0 <= score.value <= 1
        assert 0 <= score.spread <= 1
        assert score.quality_map.dtype == score.confidence_map.dtype == np.float16
        assert score.quality_map.shape == score.confidence_map.shape == (32, 32)
        for field in (score.quality_map, score.confidence_map):
            assert 0 <= field.min() <= field.max() <= 1
        assert score.embedding.dtype == np.float32


def test_company_and_order_do_not_matter(scorer: Scorer, faces: tuple) -> None:
    crops, landmarks = faces
    together = scorer.score(crops, landmarks)
    backwards = scorer.score(crops[::-1], landmarks[::-1])[::-1]
    alone = [scorer.score(crops[i : i + 1], landmarks[i : i + 1])[0] for i in range(len(crops))]
    for one, two, three in zip(together, backwards, alone, strict=True):
        assert _close(one, two)
        assert _close(one, three)


def test_larger_batches_agree_too(
    checkpoint: Path, faces: tuple, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = DslScorer(checkpoint, device="cpu").score(*faces)
    monkeypatch.setattr(dsl_scorer, "_FACES_ON_CPU", 3)
    large = DslScorer(checkpoint, device="cpu").score(*faces)
    assert all(_close(one, two) for one, two in zip(small, large, strict=True))


def test_no_faces_no_scores(scorer: Scorer) -> None:
    empty = scorer.score(np.empty((0, 512, 512, 3), np.uint8), np.empty((0, 478, 2), np.float32))
    assert empty == []


def test_other_shapes_are_refused(scorer: Scorer) -> None:
    with pytest.raises(ValueError, match="crops are uint8"):
        scorer.score(np.zeros((1, 256, 256, 3), np.uint8), np.zeros((1, 478, 2), np.float32))


def test_out_of_memory_halves_the_batch_and_says_so(
    checkpoint: Path, faces: tuple, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dsl_scorer, "_FACES_ON_CPU", 4)
    notices: list[str] = []
    scorer = DslScorer(checkpoint, device="cpu", on_notice=notices.append)
    real = scorer._network.grid

    def small_memory(images: torch.Tensor, *rest: object) -> object:
        if len(images) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(images, *rest)

    monkeypatch.setattr(scorer._network, "grid", small_memory)
    assert len(scorer.score(*faces)) == len(faces[0])
    assert [notice.split(" with ")[1][0] for notice in notices] == ["2", "1"]


def test_no_memory_for_one_face_is_an_error(
    checkpoint: Path, faces: tuple, monkeypatch: pytest.MonkeyPatch
) -> None:
    scorer = DslScorer(checkpoint, device="cpu")

    def no_memory(*_: object) -> object:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(scorer._network, "grid", no_memory)
    with pytest.raises(ModelError, match="not enough memory"):
        scorer.score(*faces)


def test_folding_batch_norms_changes_nothing(checkpoint: Path, faces: tuple) -> None:
    network, _ = load_checkpoint(checkpoint)
    scorer = DslScorer(checkpoint, device="cpu")
    images = dsl_scorer.normalise(torch.from_numpy(faces[0][:1]))
    ids = torch.from_numpy(scorer._identifiers(faces[1][:1]))
    with torch.inference_mode():
        plain = network.grid(images, dsl_scorer.GRID, ids).score.mean()
    assert scorer.score(faces[0][:1], faces[1][:1])[0].value == pytest.approx(
        float(plain), abs=1e-5
    )


def test_stitched_maps_lie_where_their_patches_lay() -> None:
    maps = torch.stack([torch.full((24, 24), float(i)) for i in range(len(dsl_scorer.GRID))])
    whole = stitch(maps, 1)[0].astype(float)
    corners = {(0, 0): whole[0, 0], (128, 0): whole[0, -1], (0, 128): whole[-1, 0]}
    for origin, value in corners.items():
        assert value == dsl_scorer.GRID.index(origin)
    assert whole[16, 16] == 1.5


def test_one_patch_in_the_middle_leaves_a_margin_it_did_not_see() -> None:
    maps = torch.linspace(0.1, 0.9, 24 * 24).view(1, 24, 24)
    confidence = stitch(maps, 1, dsl_scorer.CENTRE)[0]
    quality = stitch(maps, 1, dsl_scorer.CENTRE, surround=True)[0]
    inside = (slice(4, 28), slice(4, 28))
    assert np.array_equal(confidence[inside], maps[0].numpy().astype(np.float16))
    assert np.array_equal(quality[inside], confidence[inside])
    assert confidence.astype(float).sum() == confidence[inside].astype(float).sum()
    assert (quality[0, 0], quality[31, 31], quality[0, 10]) == (
        confidence[4, 4],
        confidence[27, 27],
        confidence[4, 10],
    )


def test_spread_inside_a_patch_is_that_of_its_windows() -> None:
    even = torch.full((2, 24, 24), 0.5)
    halves = even.clone()
    halves[1, :, 12:] = 0.9
    spread = spread_inside(halves, torch.ones(2, 24, 24))
    assert spread[0] == 0
    # Windows of 18 columns see 6 or 12 of the better half's 12.
    assert spread[1] == pytest.approx(0.4 * (12 - 6) / 18 / 2, abs=1e-6)
    # Where nothing is believed, the spread is that of nothing, and finite.
    assert spread_inside(halves, torch.zeros(2, 24, 24))[1] == 0


def test_only_a_network_with_one_pass_a_crop_sees_four_patches() -> None:
    assert grid_of(CONFIGS["starter"]) == dsl_scorer.GRID
    (place,) = grid_of(CONFIGS["paper"])
    assert all(abs(each - 64) < 8 for each in place), "near the middle"
    assert all(each % 8 for each in place), "off the blocks of a JPEG"


def test_an_absent_device_is_explained() -> None:
    with pytest.raises(ModelError, match="cannot be used here"):
        choose_device("cuda:63")


def test_sharpness_falls_with_blur_and_hardly_rises_with_noise(shared: Path) -> None:
    path = min((shared / "faces").glob("portrait_*.jpg"))
    crop = cv2.resize(cv2.imread(str(path))[..., ::-1], (512, 512))
    noise = np.random.default_rng(0).normal(0, 12, crop.shape)
    noisy = np.clip(crop + noise, 0, 255).astype(np.uint8)
    blurred = [cv2.GaussianBlur(crop, (0, 0), sigma) for sigma in (1.5, 3, 6)]
    crops = np.stack([crop, *blurred, noisy])
    values = [s.value for s in SharpnessScorer().score(crops, np.zeros((5, 478, 2), np.float32))]
    assert values[0] > values[1] > values[2] > values[3]
    assert values[4] < values[0] + 0.15
