from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from fiqa_training.data.labelled import read_landmark_file, read_set
from fiqa_training.errors import TrainingError


def picture(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.zeros((8, 8, 3), np.uint8))


@pytest.fixture
def gfiqa(tmp_path: Path) -> Path:
    """Three splits of four pictures; the opinions of each split have another range."""
    folder = tmp_path / "GFIQA"
    for number, split in enumerate(("train", "val", "test")):
        names = [f"{split}-{i}.png" for i in range(4)]
        for name in names:
            picture(folder / split / "img" / name)
        (folder / split / "landmark").mkdir()
        np.save(folder / split / "landmark" / f"{split}-0.npy", np.zeros((468, 2)))
        opinions = [0.2 + 0.1 * number + 0.1 * i for i in range(4)]
        (folder / split / "label.json").write_text(json.dumps({"Image": names, "MOS": opinions}))
    return folder


def test_gfiqa_in_its_published_layout(gfiqa: Path) -> None:
    found = read_set("gfiqa", gfiqa)
    assert [len(part) for part in (found.train, found.validation, found.test)] == [4, 4, 4]
    assert [row.target for row in found.test] == pytest.approx([0, 1 / 3, 2 / 3, 1])
    assert found.test[0].mos == pytest.approx(0.4)
    assert found.train[0].landmarks is not None
    assert read_landmark_file(found.train[0].landmarks, least=468).shape == (468, 2)
    assert found.train[1].landmarks is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not JSON"),
        ("[1]", "lacks the lists"),
        ('{"Image": ["train-0.png"], "MOS": []}', "1 pictures, but 0 MOS"),
        ('{"Image": ["train-0.png"], "MOS": ["good"]}', "not a label"),
        ('{"Image": ["train-0.png"], "MOS": [NaN]}', "not a finite"),
        ('{"Image": ["../../x.png"], "MOS": [1]}', "leads out"),
        ('{"Image": ["/etc/passwd"], "MOS": [1]}', "leads out"),
        ('{"Image": ["gone.png"], "MOS": [1]}', "1 absent"),
        ('{"Image": ["train-0.png", "train-0.png"], "MOS": [1, 2]}', "twice"),
    ],
)
def test_bad_label_files_are_refused_with_the_reason(gfiqa: Path, text: str, reason: str) -> None:
    (gfiqa / "train" / "label.json").write_text(text)
    with pytest.raises(TrainingError, match=reason):
        read_set("cgfiqa", gfiqa)


def test_a_folder_that_is_no_set_is_refused(tmp_path: Path, gfiqa: Path) -> None:
    with pytest.raises(TrainingError, match="no training pictures"):
        read_set("gfiqa", tmp_path)
    with pytest.raises(TrainingError, match="not a folder"):
        read_set("gfiqa", tmp_path / "nowhere")
    with pytest.raises(TrainingError, match="Known are: gfiqa"):
        read_set("koniq", gfiqa)
    (gfiqa / "val" / "label.json").unlink()
    with pytest.raises(TrainingError, match=r"label\.json cannot be read"):
        read_set("gfiqa", gfiqa)


def test_hostile_landmarks_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(TrainingError, match="holds no landmarks"):
        read_landmark_file(path)
    np.save(path, np.zeros((3, 3)))
    with pytest.raises(TrainingError, match=r"\(N, 2\)"):
        read_landmark_file(path)
    np.save(path, np.zeros((68, 2)))
    with pytest.raises(TrainingError, match="68 landmarks; this network needs 468"):
        read_landmark_file(path, least=468)
    path.write_bytes(b"")
    with pytest.raises(TrainingError, match="holds no landmarks"):
        read_landmark_file(path)


@pytest.fixture
def piq23(tmp_path: Path) -> Path:
    """Two scenes of forty pictures; Windows separators, as in the published files."""
    folder = tmp_path / "PIQ23"
    scores = ["IMAGE PATH,JOD,IMAGE,SCENE,ATTRIBUTE,SCENE IDX,CONDITION"]
    device = ["IMAGE,SPLIT"]
    for index in range(80):
        scene = f"Indoor_Scene_{index // 40}"
        name = f"{index}_{scene}.jpg"
        picture(folder / "Overall" / name)
        scores.append(f"Overall\\{name},{index % 40 - 20},{name},{scene},Overall,0,Indoor")
        device.append(f"{name},{'Test' if index % 4 == 0 else 'Train'}")
    (folder / "Scores_Overall.csv").write_text("\n".join(scores) + "\n")
    splits = folder / "Test split"
    splits.mkdir()
    (splits / "Device Split.csv").write_text("\n".join(device) + "\n")
    (splits / "Scene Split.csv").write_text(
        "SCENE,SPLIT,NB IMAGES\nIndoor_Scene_0,Train,40\nIndoor_Scene_1,Test,40\n"
    )
    return folder


def test_piq23_with_both_official_splits(piq23: Path) -> None:
    device = read_set("piq23", piq23)
    assert len(device.test) == 20
    assert len(device.train) + len(device.validation) == 60
    assert device.validation
    assert device.test[0].fields["scene"] == "Indoor_Scene_0"
    scene = read_set("piq23", piq23, split="scene")
    assert {row.fields["scene"] for row in scene.test} == {"Indoor_Scene_1"}
    assert len(scene.test) == 40


def test_piq23_says_what_is_missing(piq23: Path) -> None:
    with pytest.raises(TrainingError, match=r"neither Scores_Details\.csv"):
        read_set("piq23", piq23, attribute="Details")
    with pytest.raises(TrainingError, match="no attribute 'Colour'"):
        read_set("piq23", piq23, attribute="Colour")
    (piq23 / "Overall" / "1_Indoor_Scene_0.jpg").unlink()
    with pytest.raises(TrainingError, match="1 absent pictures, first 1_Indoor"):
        read_set("piq23", piq23)


def test_a_plain_csv_with_and_without_splits(tmp_path: Path) -> None:
    for index in range(60):
        picture(tmp_path / f"{index}.png")
    lines = [f"{i}.png,{i}" for i in range(60)]
    (tmp_path / "labels.csv").write_text("\n".join(["image,mos", *lines]))
    drawn = read_set("csv", tmp_path)
    assert drawn.train
    assert drawn.validation
    assert drawn.test
    lines = [f"{i}.png,{i},{'test' if i < 10 else 'train'}" for i in range(60)]
    (tmp_path / "labels.csv").write_text("\n".join(["image,mos,split", *lines]))
    assert len(read_set("csv", tmp_path).test) == 10
    (tmp_path / "3.png").unlink()
    with pytest.raises(TrainingError, match=r"1 unusable rows, first '3\.png'"):
        read_set("csv", tmp_path)
