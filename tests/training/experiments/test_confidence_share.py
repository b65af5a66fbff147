from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from fiqa_models.networks import build_network
from fiqa_models.weights import save_checkpoint
from fiqa_training.cli import main
from fiqa_training.data.labelled import LabelledImage, read_set
from fiqa_training.errors import TrainingError
from fiqa_training.experiments.confidence_share import (
    Regions,
    confidence_maps,
    draw_maps,
    one_clean_each,
    regions_of,
    share_report,
    shares,
    with_landmarks,
)
from tests.training.faces import disc_mesh

SMALL = {
    "stage_channels": (16, 16),
    "swin_hidden": (16, 16),
    "token_channels": 16,
    "decoder_channels": 16,
    "decoder_hidden": 16,
    "degradation_channels": 16,
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three people, two pictures each, in the test part."""
    folder = tmp_path_factory.mktemp("set")
    rng = np.random.default_rng(1)
    np.save(folder / "mesh.npy", disc_mesh())
    lines = ["image,mos,split,landmarks,person", "train.png,1,train,,p"]
    for index in range(6):
        picture = rng.integers(0, 255, (512, 512, 3)).astype(np.uint8)
        cv2.imwrite(str(folder / f"{index}.png"), picture)
        lines.append(f"{index}.png,{index},test,mesh.npy,person-{index // 2}")
    cv2.imwrite(str(folder / "train.png"), picture)
    (folder / "labels.csv").write_text("\n".join(lines))
    return folder


def test_regions_have_the_area_of_their_shapes() -> None:
    region = regions_of(disc_mesh())
    assert region.features.shape == (32, 32)
    discs = np.pi * (2 * 40**2 + 30**2 + 45**2) / 512**2
    assert region.features.mean() == pytest.approx(discs, rel=0.06)
    assert region.face.mean() == pytest.approx(np.pi * 180**2 / 512**2, rel=0.03)
    assert (region.face >= region.features).all()


def test_shares_of_known_maps() -> None:
    region = regions_of(disc_mesh())
    flat, inside = np.ones((32, 32)), region.features
    background = 1 - region.face
    found = shares([flat, inside, background, np.zeros((32, 32))], [region] * 4)
    area = region.features.mean()
    assert found.features == pytest.approx(
        [area, (inside**2).sum() / inside.sum(), 0, area], abs=1e-2
    )
    assert found.features + found.skin + found.background == pytest.approx(np.ones(4))
    assert found.features[1] > 0.75
    assert found.features[0] < 0.2


def test_the_report_pairs_pictures_and_draws_people() -> None:
    region = regions_of(disc_mesh())
    rng = np.random.default_rng(0)
    maps = [rng.uniform(0.5, 1.5, (32, 32)) for _ in range(8)]
    people = [f"p{index // 2}" for index in range(8)]
    plain = shares(maps, [region] * 8)
    guided = shares([each * (1 + region.features) for each in maps], [region] * 8)
    report = share_report([plain], [guided], [region] * 8, people)
    assert report["people"] == 4
    gap = report["with_minus_without"]
    assert gap["ci"][0] > 0.05
    assert gap["mean"] == pytest.approx(
        report["with"]["features"]["mean"] - report["without"]["features"]["mean"]
    )
    # Paired, the interval is much narrower than the difference between faces.
    assert gap["ci"][1] - gap["ci"][0] < 0.02
    same = share_report([plain, plain], [plain], [region] * 8, people)["with_minus_without"]
    assert same == {"mean": 0.0, "ci": [0.0, 0.0]}


def test_pictures_are_chosen_by_person(data: Path) -> None:
    images = with_landmarks(read_set("csv", data).test, 2)
    assert [image.path.name for image in images] == ["0.png", "1.png", "2.png", "3.png"]
    assert one_clean_each(images, 5) == [1, 3]  # the better of each
    with pytest.raises(TrainingError, match="landmarks"):
        with_landmarks([LabelledImage(Path("a.png"), 0.5, 1.0)], 2)


def test_maps_are_drawn_beside_their_faces(data: Path) -> None:
    images = with_landmarks(read_set("csv", data).test, 2)[:2]
    picture = draw_maps(images, {"a": [np.ones((32, 32))] * 2, "b": [np.eye(32)] * 2})
    assert picture.shape[1] == 3 * (192 + 4)
    assert picture.shape[0] == 22 + 2 * (192 + 4)
    assert isinstance(regions_of(disc_mesh()), Regions)


def test_the_command_compares_two_checkpoints(data: Path, tmp_path: Path, capsys) -> None:
    for name, guide in (("without", "none"), ("with", "set")):
        torch.manual_seed(0)
        network = build_network("starter", guide=guide, **SMALL).eval()
        save_checkpoint(network, tmp_path / f"{name}.safetensors", title="t", summary="s")
    command = ["confidence-share", "--data", str(data), "--out", str(tmp_path), "--device", "cpu"]
    for name in ("without", "with"):
        command += [f"--{name}", str(tmp_path / f"{name}.safetensors")]
    assert main([*command, "--count", "2", "--shown", "1"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report == json.loads((tmp_path / "confidence-share.json").read_text())
    assert report["pictures"] == 4
    assert 0 < report["with"]["features"]["mean"] < 1
    assert cv2.imread(str(tmp_path / "confidence-share.jpg")) is not None
    images = with_landmarks(read_set("csv", data).test, 1)
    maps = confidence_maps(tmp_path / "with.safetensors", images)
    assert {each.shape for each in maps} == {(32, 32)}
