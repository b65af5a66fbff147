"""Learning on cached features must be the same network, and leave what any scorer can load."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from msgspec.structs import replace

from fiqa_models.networks import build_network
from fiqa_models.weights import load_checkpoint
from fiqa_training.cli import main
from fiqa_training.data.labelled import LabelledSet, read_set
from fiqa_training.errors import TrainingError
from fiqa_training.loop.parallel import Team
from fiqa_training.loop.recipe import read_image_recipe
from fiqa_training.pictures.cached_task import FrozenFeatures, cached_task
from fiqa_training.pictures.task import predict_all
from fiqa_training.pictures.training import RunFolders, network_config, train_quality
from tests.training.tiny import TINY_NETWORK

RECIPE = f"""
seed = 5
[network]
config = "starter"
freeze_backbone = true
cache_features = true
{TINY_NETWORK}
[encoder]
steps = 1
synthetic = 2
real = 2
side = 64
patch_side = 32
[training]
steps = 3
batch = 2
rate = 1e-3
check_every = 3
save_every = 1
flip = false
"""
TEAM = Team(0, 1, torch.device("cpu"))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine noisy pictures with landmarks, and the tiny recipe."""
    folder = tmp_path_factory.mktemp("set")
    rng = np.random.default_rng(1)
    lines = ["image,mos,split,landmarks"]
    for index in range(9):
        noise = rng.normal(0, 3 + 6 * index, (512, 512, 3))
        cv2.imwrite(str(folder / f"{index}.png"), np.clip(128 + noise, 0, 255).astype(np.uint8))
        np.save(folder / f"{index}.npy", rng.uniform(0, 512, (478, 2)).astype(np.float32))
        part = ("train", "val", "test")[index % 3]
        lines.append(f"{index}.png,{100 - 5 * index},{part},{index}.npy")
    (folder / "labels.csv").write_text("\n".join(lines))
    (folder / "tiny.toml").write_text(RECIPE)
    return folder


def all_of(found: LabelledSet) -> list:
    return [*found.train, *found.validation, *found.test]


def test_cached_features_score_as_the_pictures_do(data: Path, tmp_path: Path) -> None:
    recipe = read_image_recipe(data / "tiny.toml")
    found = read_set("csv", data)
    torch.manual_seed(0)
    network = build_network(network_config(recipe)).eval()
    task = cached_task(network, found, recipe, tmp_path / "a.safetensors", tmp_path, TEAM)
    network.eval()
    cached = task.predict(network, all_of(found), TEAM)
    assert cached == pytest.approx(predict_all(network, all_of(found), TEAM), abs=2e-3)
    assert np.ptp(cached) > 1e-4


def test_features_are_computed_once_and_follow_the_weights(data: Path, tmp_path: Path) -> None:
    recipe = read_image_recipe(data / "tiny.toml")
    found = read_set("csv", data)
    for seed, files in ((0, 18), (0, 18), (1, 36)):  # nine of the backbone, nine of the encoder
        torch.manual_seed(seed)
        network = build_network(network_config(recipe)).eval()
        FrozenFeatures(network, tmp_path, TEAM.device).prepare(all_of(found))
        assert len(list(tmp_path.rglob("*.npy"))) == files


def test_standardisation_is_that_of_the_pictures(data: Path, tmp_path: Path) -> None:
    recipe = read_image_recipe(data / "tiny.toml")
    found = read_set("csv", data)
    torch.manual_seed(0)
    network = build_network(network_config(recipe)).eval()
    features = FrozenFeatures(network, tmp_path, TEAM.device)
    features.standardise(network, found.train)
    packed = features.packed(network, found.train)[:, : features.width]
    spread = packed.std((0, 2, 3))
    # A channel that hardly varies is not blown up beyond a scale of 100.
    flat = network.tokens.scale.flatten() > 99
    assert packed.mean((0, 2, 3)).abs().max() < 0.05
    assert spread[~flat] == pytest.approx(1.0, abs=0.05)
    assert (spread[flat] < 1.05).all()
    assert not flat.all()


def test_a_run_leaves_a_checkpoint_and_goes_on_exactly(data: Path, tmp_path: Path) -> None:
    recipe = read_image_recipe(data / "tiny.toml")
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    features = tmp_path / "features"
    result = train_quality(RunFolders(data, whole, features=features), recipe, TEAM)
    assert result["test"]["n"] == 3
    train_quality(RunFolders(data, parts, features=features), recipe, TEAM)
    newest = max((parts / "state").iterdir())
    for file in newest.iterdir():
        file.unlink()
    newest.rmdir()  # as if killed a step before the end
    assert train_quality(RunFolders(data, parts, features=features), recipe, TEAM) == result
    ours, theirs = (load_checkpoint(each / "quality.safetensors")[0] for each in (whole, parts))
    for name, value in ours.state_dict().items():
        assert torch.equal(value, theirs.state_dict()[name]), name
    assert json.loads((parts / "result.json").read_text()) == result


def test_what_cannot_be_cached_is_said(data: Path, tmp_path: Path, capsys) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(RECIPE.replace("flip = false", "flip = true"))
    command = ["quality", "--data", str(data), "--out", str(tmp_path), "--device", "cpu"]
    assert main([*command, "--recipe", str(wrong)]) == 2
    assert "flip = false" in capsys.readouterr().err
    paper = build_network("starter", tokens="mobilenet")
    paper.config = network_config(read_image_recipe(Path("paper")))
    with pytest.raises(TrainingError, match="small backbone"):
        FrozenFeatures(paper, tmp_path, TEAM.device)


def test_the_confidence_can_learn_at_a_rate_of_its_own(data: Path, tmp_path: Path) -> None:
    recipe = read_image_recipe(data / "tiny.toml")
    found = read_set("csv", data)

    def counts(**changes: object) -> dict[float, int]:
        changed = replace(recipe, network=replace(recipe.network, confidence_share=3.0))
        changed = replace(changed, ablation=replace(recipe.ablation, **changes))
        network = build_network(network_config(changed)).eval()
        task = cached_task(network, found, changed, tmp_path / "a.safetensors", tmp_path, TEAM)
        learned = [parameter for group in task.groups() for parameter in group.parameters]
        # Nothing twice, nothing that is frozen, nothing left out.
        assert len({id(parameter) for parameter in learned}) == len(learned)
        everything = [p for p in task.module.parameters() if p.requires_grad]
        assert {id(p) for p in learned} == {id(p) for p in everything}
        return {group.share: len(group.parameters) for group in task.groups()}

    guided, plain = counts(), counts(landmarks=False)
    # Three linear layers of the guide, two of the head.
    assert guided == {1.0: plain[1.0], 3.0: 10}
    assert plain[3.0] == 4
