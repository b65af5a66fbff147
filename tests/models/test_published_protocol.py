"""The authors' procedure, beside ours."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from fiqa_models import registry
from fiqa_models.errors import ModelError
from fiqa_models.manifest import read_manifest
from fiqa_models.published_protocol import (
    PATCHES,
    PublishedScorer,
    load_published_scorer,
    run_patches,
    score_as_published,
)
from fiqa_models.weights import load_checkpoint
from fiqa_training.cli import main


def test_a_draw_is_repeatable_and_draws_differ(checkpoint: Path, faces: tuple) -> None:
    network, _ = load_checkpoint(checkpoint)
    crop, mesh = faces[0][1], faces[1][1]
    one, again, other = (
        score_as_published(network, crop, mesh, seed=seed, patches=4) for seed in (1, 1, 2)
    )
    assert one.value == again.value
    assert not np.array_equal(one.patches, other.patches)
    assert one.value == pytest.approx(one.patches.mean())
    assert len(one.patches) == 4


def test_every_patch_is_drawn_inside_the_crop_and_run_alone(checkpoint: Path, faces: tuple) -> None:
    network, _ = load_checkpoint(checkpoint)
    batches: list[int] = []
    network.register_forward_pre_hook(lambda _, given: batches.append(len(given[0])))
    origins, outputs = run_patches(
        network, faces[0][1], faces[1][1], generator=np.random.default_rng(3)
    )
    assert batches == [1] * PATCHES
    assert len(outputs) == len(set(origins)) == PATCHES
    assert all(0 <= side <= 128 for origin in origins for side in origin)
    assert np.ptp(origins, axis=0).min() > 64


def test_as_a_scorer_a_face_depends_on_itself_and_the_seed(checkpoint: Path, faces: tuple) -> None:
    crops, meshes = (part[:2] for part in faces)
    scorer = PublishedScorer(checkpoint, device="cpu")
    together = scorer.score(crops, meshes)
    alone = scorer.score(crops[1:], meshes[1:])[0]
    assert alone.value == together[1].value
    assert alone.quality_map.shape == alone.confidence_map.shape == (32, 32)
    assert alone.spread > 0
    other = PublishedScorer(checkpoint, device="cpu", seed=1)
    assert other.score(crops[1:], meshes[1:])[0].value != alone.value
    hashes = {scorer.hash, other.hash, read_manifest(checkpoint.with_suffix(".json")).hash}
    assert len(hashes) == 3


def test_evaluate_scores_by_it_when_told(
    checkpoint: Path,
    faces: tuple,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(registry, "models_folder", lambda: checkpoint.parent)
    for number, crop in enumerate(faces[0][:3]):
        cv2.imwrite(str(tmp_path / f"{number}.png"), crop)
    labels = tmp_path / "labels.csv"
    labels.write_text("image,mos\n0.png,1\n1.png,2\n2.png,3\n")
    places = ["--images", str(tmp_path), "--labels", str(labels), "--whole-image", "--json"]
    hashes = []
    for draw in ([], ["--published-protocol"], ["--published-protocol", "2"]):
        assert main(["evaluate", *places, "--scorer", "untrained", "--device", "cpu", *draw]) == 0
        hashes.append(json.loads(capsys.readouterr().out)["scorer"]["hash"])
    assert hashes[1:] == [
        PublishedScorer(checkpoint, device="cpu", seed=seed).hash for seed in (0, 2)
    ]
    assert len(set(hashes)) == 3


def test_by_name_and_only_for_a_checkpoint(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "models_folder", lambda: checkpoint.parent)
    assert load_published_scorer("untrained", device="cpu").name == "untrained"
    with pytest.raises(ModelError, match="no published protocol"):
        load_published_scorer("sharpness")
