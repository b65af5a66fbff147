from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from fiqa_models.scoring import FaceScore
from fiqa_training.cli import main
from fiqa_training.errors import TrainingError
from fiqa_training.evaluation.labelled_set import cover, evaluate, linear_link


class Brightness:
    """A scorer whose answer is known: the mean brightness."""

    name = title = summary = kind = "brightness"
    hash = "0" * 16
    device, precision = "cpu", "float32"

    def score(self, crops, landmarks):
        assert crops.shape[1:] == (512, 512, 3)
        assert landmarks.shape == (len(crops), 478, 2)
        none = np.zeros((1, 1), np.float16)
        return [
            FaceScore(float(c.mean()) / 255, 0.0, none, none, np.empty(0, np.float32))
            for c in crops
        ]


@pytest.fixture
def labelled(tmp_path: Path) -> tuple[Path, Path]:
    """Ten grey pictures with MOS = 1 + brightness / 64, a column of groups, and five bad rows."""
    images = tmp_path / "images"
    images.mkdir()
    lines = ["Image,MOS,light,note"]
    for index in range(10):
        cv2.imwrite(str(images / f"{index}.png"), np.full((600, 530, 3), 20 * index, np.uint8))
        lines.append(f"{index}.png,{1 + 20 * index / 64},{'day' if index < 7 else 'night'},x")
    (images / "text.png").write_text("no picture")
    lines += ["text.png,3,day,", "gone.png,3,day,", "../secret.png,3,day,"]
    lines += ["1.png,3,day,", "2b.png,good,day,"]
    labels = tmp_path / "labels.csv"
    labels.write_text("\n".join(lines) + "\n")
    return images, labels


def test_figures_overall_and_by_group(labelled) -> None:
    found = evaluate(Brightness(), *labelled, mode="whole-image", group="light")
    assert set(found["overall"]) == {"n", "srcc", "srcc_ci", "plcc", "krcc", "rmse"}
    assert found["overall"]["n"] == 10
    assert found["overall"]["srcc"] == pytest.approx(1.0)
    # The scale is the labels' own: a perfect scorer on another scale makes no error.
    assert found["overall"]["rmse"] == pytest.approx(0.0, abs=1e-6)
    assert found["label_from_score"]["slope"] == pytest.approx(255 / 64)
    assert {name: row["n"] for name, row in found["groups"].items()} == {"day": 7, "night": 3}


def test_what_was_skipped_is_listed_with_its_reason(labelled) -> None:
    found = evaluate(Brightness(), *labelled, mode="whole-image")
    reasons = {each["image"]: each["reason"] for each in found["skipped"]}
    assert set(reasons) == {"text.png", "gone.png", "../secret.png", "1.png", "2b.png"}
    assert "OpenCV" in reasons["text.png"]
    assert "leads out" in reasons["../secret.png"]
    assert found["groups"] == {}


def test_the_largest_face_comes_from_the_callers_finder(labelled) -> None:
    def find(path: Path):
        if path.stem == "4":
            return None
        return np.full((512, 512, 3), 20 * int(path.stem), np.uint8), np.zeros((478, 2), np.float32)

    images, labels = labelled
    (images / "text.png").unlink()
    found = evaluate(Brightness(), images, labels, mode="largest-face", find_crop=find)
    assert found["overall"]["n"] == 9
    assert {"image": "4.png", "reason": "No face was found in it."} in found["skipped"]
    with pytest.raises(TrainingError, match="face finder"):
        evaluate(Brightness(), images, labels, mode="largest-face")


def test_constant_scores_give_none_not_nan(labelled) -> None:
    images, labels = labelled
    for path in images.glob("?.png"):
        cv2.imwrite(str(path), np.full((512, 512, 3), 9, np.uint8))
    found = evaluate(Brightness(), images, labels, mode="whole-image", group="light")
    assert found["overall"]["srcc"] is None
    assert found["overall"]["rmse"] > 0
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("image,looks\na.png,3\n", "lacks the column mos"),
        ("image,mos\n", "no rows"),
        ("image,mos\na.png,3\n", "could be scored"),
        ("\xff\xfe", "no rows"),
        ("\0\1\2\3\4\5\6\7\xff", "not a text file"),
        ("image,mos,MOS\na.png,3,4\n", "two columns of the name 'mos'"),
    ],
)
def test_unusable_labels_are_refused(tmp_path: Path, text: str, reason: str) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_bytes(text.encode("latin-1"))
    with pytest.raises(TrainingError, match=reason):
        evaluate(Brightness(), tmp_path, labels, mode="whole-image")


def test_an_absent_group_column_is_named(labelled) -> None:
    with pytest.raises(TrainingError, match="lacks the column tone"):
        evaluate(Brightness(), *labelled, mode="whole-image", group="tone")


def test_windows_cover_the_whole_picture_and_small_ones_are_mirrored() -> None:
    assert cover(np.zeros((768, 1024, 3), np.uint8)).shape == (4, 512, 512, 3)
    assert cover(np.zeros((300, 500, 3), np.uint8)).shape == (1, 512, 512, 3)
    assert cover(np.zeros((3000, 4000, 3), np.uint8)).shape == (6, 512, 512, 3)
    assert cover(np.zeros((20, 9000, 3), np.uint8)).shape[0] == 18


def test_the_line_of_a_constant_scorer_is_the_mean() -> None:
    assert linear_link(np.ones(4), np.array([1.0, 2.0, 3.0, 4.0])) == (0.0, 2.5)


def test_the_command_prints_json(labelled, capsys) -> None:
    images, labels = labelled
    places = ["--images", str(images), "--labels", str(labels)]
    code = main(["evaluate", *places, "--whole-image", "--scorer", "sharpness", "--json"])
    assert code == 0
    assert json.loads(capsys.readouterr().out)["scorer"]["name"] == "sharpness"
    assert main(["evaluate", *places, "--scorer", "nobody"]) == 2
    assert "nobody" in capsys.readouterr().err


@pytest.mark.shared
def test_an_aligned_crop_without_a_mesh_gets_the_usual_landmarks(tmp_path: Path) -> None:
    class Seeing(Brightness):
        def score(self, crops, landmarks):
            eyes = landmarks[:, [468, 473]]
            assert np.allclose(eyes.mean(1), 256, atol=8)
            assert np.allclose(eyes[:, 1, 0] - eyes[:, 0, 0], 128, atol=12)
            return super().score(crops, landmarks)

    lines = ["image,mos"]
    for index in range(3):
        cv2.imwrite(str(tmp_path / f"{index}.png"), np.full((512, 512, 3), 60 * index, np.uint8))
        lines.append(f"{index}.png,{index}")
    (tmp_path / "labels.csv").write_text("\n".join(lines) + "\n")
    found = evaluate(Seeing(), tmp_path, tmp_path / "labels.csv", mode="aligned")
    assert found["overall"]["n"] == 3


def test_aligned_faces_get_their_landmarks(shared: Path, tmp_path: Path, capsys) -> None:
    names = sorted(path.name for path in (shared / "faces").glob("portrait_000*.jpg"))[:4]
    labels = tmp_path / "labels.csv"
    labels.write_text("image,mos\n" + "".join(f"{n},{i}\n" for i, n in enumerate(names)))
    arguments = ["--images", str(shared / "faces"), "--labels", str(labels), "--aligned", "--json"]
    assert main(["evaluate", *arguments, "--scorer", "sharpness"]) == 0
    assert json.loads(capsys.readouterr().out)["overall"]["n"] == 4
