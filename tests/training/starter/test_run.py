"""The one recorded command of the starter, on a handful of made-up pictures."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from fiqa_models.dsl_scorer import DslScorer
from fiqa_models.intervals import from_manifest
from fiqa_models.manifest import read_manifest
from fiqa_training.cli import main
from fiqa_training.data.faces import read_faces, split_faces
from fiqa_training.starter import run as starter
from tests.training.starter_material import write_material


@pytest.fixture
def material(tmp_path: Path, face: np.ndarray, write_faces: Callable[..., Path]) -> list[str]:
    """Arguments of the command."""
    return write_material(tmp_path, face, write_faces)


@pytest.mark.slow
def test_one_command_leaves_weights_that_score(
    material: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, face: np.ndarray, capsys
) -> None:
    held_out = split_faces(read_faces(tmp_path / "faces")).test
    assert held_out  # by the names chosen above
    monkeypatch.setattr(starter, "HELD_OUT_PERSONS", len(held_out))
    out = tmp_path / "out"
    assert main(["starter", *material, "--out", str(out)]) == 0
    manifest = read_manifest(out / "starter.json")
    assert manifest.network["context"] == "by_view"
    assert len(manifest.figures["rated_fold_srcc"]) == starter.FOLDS
    assert manifest.figures["rated_five_fold_srcc"] > 0.3  # the blur is seen
    # The photo itself, the enlarged part that it has for the maps, and one enlargement more.
    assert len(manifest.figures["rated_crops_five_fold_srcc"]) == 3
    interval = from_manifest(manifest)
    assert interval is not None
    assert interval.coverage == starter.COVERAGE
    assert str(tmp_path) not in (out / "starter.json").read_text()  # no place of this machine

    crop = cv2.resize(face, (512, 512), interpolation=cv2.INTER_CUBIC)[None]
    points = np.full((1, 478, 2), 256.0, np.float32)
    scored = DslScorer(out / "starter.safetensors", device="cpu").score(crop, points)[0]
    assert 0.0 < scored.value < 1.0
    assert scored.quality_map.std() > 0  # regions differ

    # A second run takes everything from the cache and gives the same weights.
    capsys.readouterr()
    assert main(["starter", *material, "--out", str(out)]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["rated_fold_srcc"] == manifest.figures["rated_fold_srcc"]
    assert read_manifest(out / "starter.json").hash == manifest.hash


def test_a_fold_without_photos_is_refused(
    material: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    held_out = split_faces(read_faces(tmp_path / "faces")).test
    monkeypatch.setattr(starter, "HELD_OUT_PERSONS", len(held_out))
    ratings = tmp_path / "rated" / "ratings.csv"
    ratings.write_text("\n".join(ratings.read_text().splitlines()[:9]) + "\n")
    assert main(["starter", *material, "--out", str(tmp_path / "out")]) == 2
    assert "rated photos" in capsys.readouterr().err
    assert not (tmp_path / "out" / "starter.json").exists()
