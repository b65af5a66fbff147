"""The one recorded command of the starter, on a handful of made-up pictures."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from timm import create_model

from fiqa_models.dsl_scorer import DslScorer
from fiqa_models.intervals import from_manifest
from fiqa_models.manifest import read_manifest
from fiqa_training import starter
from fiqa_training.cli import main
from fiqa_training.data.faces import read_faces, split_faces
from fiqa_training.data.rated import RatedPhoto, fold_of

PHOTOS = 25
RECIPE = """
seed = 3
[data]
faces = 3
rated_copies = 0.5
[degradation]
steps = 1
synthetic = 2
real = 2
window = 64
rate = 1e-3
temperature = 0.5
[quality]
steps = 2
check_every = 2
save_every = 1
rate = 1e-3
cosine_steps = 0
average = 0.9
deep_rate = 0.0
faces_per_step = 1
rated_per_step = 2
rated_weight = 1.0
correlation_weight = 0.5
ranking_weight = 1.0
without_landmarks = 0.1
whole_share = 0.0
[context]
ridge = 0.3
face_weight = 0.2
[context.crops]
ridge = 0.6
face_weight = 0.3
weight = 0.3
zooms = [[1.5, 2.0]]
"""


def names_in_all_folds() -> list[str]:
    """Names of photos, as many in each fold, the folds in turn."""
    by_fold: list[list[str]] = [[] for _ in range(starter.FOLDS)]
    for number in range(40 * PHOTOS):
        photo = RatedPhoto(Path(f"{number}.png"), 0.5, 0.1, str(number), 0)
        by_fold[fold_of(photo, starter.FOLDS)].append(photo.path.name)
    return [name for turn in zip(*by_fold, strict=False) for name in turn][:PHOTOS]


@pytest.fixture
def material(tmp_path: Path, face: np.ndarray, write_faces: Callable[..., Path]) -> list[str]:
    """Arguments of the command; the backbone is a fresh one."""
    names = [(f"{i}.png", "portrait", f"person-{i}") for i in range(14)]
    faces = write_faces(tmp_path / "faces", names)
    whole = cv2.resize(face, (512, 512), interpolation=cv2.INTER_CUBIC)
    for file, _, _ in names:
        cv2.imwrite(str(faces / file), whole[:, :, ::-1])
    rated = tmp_path / "rated"
    (rated / "images").mkdir(parents=True)
    lines = ["image,mos,std,n_faces,largest_face_px"]
    for number, name in enumerate(names_in_all_folds()):
        # The worse the photo, the more it is blurred: something to be learned.
        blurred = cv2.GaussianBlur(np.roll(whole, 9 * number, 1), (0, 0), 0.3 + number / 3)
        cv2.imwrite(str(rated / "images" / name), blurred[:416, :416])
        lines.append(f"{name},{90 - 3 * number},10,0,0")
    (rated / "ratings.csv").write_text("\n".join(lines) + "\n")
    torch.manual_seed(0)
    state = create_model("mobilenetv2_100", pad_type="same").state_dict()
    plain = {k: v.contiguous() for k, v in state.items() if not k.startswith("classifier")}
    save_file(plain, tmp_path / "backbone.safetensors")
    (tmp_path / "tiny.toml").write_text(RECIPE)
    return [
        *("--faces", str(faces), "--rated", str(rated)),
        *("--backbone", str(tmp_path / "backbone.safetensors")),
        *("--recipe", str(tmp_path / "tiny.toml"), "--cache", str(tmp_path / "cache")),
    ]


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
