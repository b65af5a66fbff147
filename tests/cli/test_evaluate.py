"""`fiqa evaluate` with the real face finder and a real scorer."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter
from skimage import data

from fiqa_studio.engine.worker.evaluate import main
from fiqa_studio.engine.worker.training import decoded
from fiqa_training.errors import TrainingError
from tests.vision.profiles import DISPLAY_P3, encoded, gamma_curve, in_primaries, matrix_profile


@pytest.fixture
def rated(tmp_path: Path) -> Path:
    """Four photos of one face, worse and worse, one without a face, and their ratings."""
    portrait = Image.fromarray(data.astronaut()).resize((1024, 1024))
    lines = ["image,mos,place"]
    for index, radius in enumerate((0, 1.5, 3, 5)):
        portrait.filter(ImageFilter.GaussianBlur(radius)).save(tmp_path / f"{index}.png")
        lines.append(f"{index}.png,{90 - 20 * index},{'in' if index % 2 else 'out'}")
    Image.fromarray(np.full((300, 300, 3), 128, np.uint8)).save(tmp_path / "wall.png")
    lines.append("wall.png,50,in")
    (tmp_path / "ratings.csv").write_text("\n".join(lines))
    return tmp_path


def test_the_largest_faces_are_compared_with_the_ratings(rated: Path) -> None:
    command = [sys.executable, "-m", "fiqa_studio.cli", "evaluate", "--images", str(rated)]
    command += ["--labels", str(rated / "ratings.csv"), "--largest-face", "--group", "place"]
    done = subprocess.run(
        [*command, "--scorer", "sharpness", "--json"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert set(answer["overall"]) == {"n", "srcc", "srcc_ci", "plcc", "krcc", "rmse"}
    assert answer["overall"]["n"] == 4
    assert answer["overall"]["srcc"] == pytest.approx(1.0)
    assert set(answer["groups"]) == {"in", "out"}
    assert [skipped["image"] for skipped in answer["skipped"]] == ["wall.png"]


@pytest.fixture
def any_format(tmp_path: Path) -> Path:
    """One portrait in formats that the index reads, most of which OpenCV does not."""
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.register_heif_opener()
    portrait = Image.fromarray(data.astronaut())
    p3 = matrix_profile(DISPLAY_P3, gamma_curve(2.2))
    wide = Image.fromarray(encoded(in_primaries(data.astronaut(), DISPLAY_P3), 2.2))
    portrait.save(tmp_path / "a.png")
    wide.save(tmp_path / "p3.png", icc_profile=p3)
    wide.save(tmp_path / "p3.heic", icc_profile=p3, quality=97, chroma=444)
    portrait.save(tmp_path / "a.avif", quality=97)
    portrait.save(tmp_path / "a.gif")
    portrait.rotate(90).save(tmp_path / "turned.tif", tiffinfo={274: 6})
    portrait.save(tmp_path / "whole.jpg", quality=97)
    cut = (tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(cut[: int(len(cut) * 0.95)])
    names = sorted(path.name for path in tmp_path.iterdir())
    rows = "".join(f"{name};{number},5\n" for number, name in enumerate(names))
    (tmp_path / "labels.csv").write_text("image;mos\n" + rows)
    return tmp_path


@pytest.mark.parametrize("mode", ["aligned", "whole-image", "largest-face"])
def test_every_format_of_the_index_is_scored_in_every_mode(
    any_format: Path, mode: str, capsys: pytest.CaptureFixture[str]
) -> None:
    places = ["--images", str(any_format), "--labels", str(any_format / "labels.csv")]
    assert main([*places, f"--{mode}", "--scorer", "sharpness"]) == 0
    said = capsys.readouterr().out
    assert " 8 " in said.splitlines()[1]
    assert "skipped" not in said


def test_pictures_are_read_by_the_indexs_decoder(any_format: Path) -> None:
    plain = decoded(any_format / "a.png").astype(int)
    for name in ("p3.png", "p3.heic", "turned.tif", "a.avif"):
        assert np.abs(decoded(any_format / name) - plain).mean() < 3, name
    with pytest.raises(TrainingError, match="no photo of a kind"):
        decoded(any_format / "labels.csv")


def test_a_picture_without_a_face_is_counted(
    rated: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = ["--images", str(rated), "--labels", str(rated / "ratings.csv")]
    assert main([*places, "--scorer", "sharpness"]) == 0
    said = capsys.readouterr().out
    assert "4 of 5 labelled pictures were scored" in said
    assert "skipped wall.png: No face was found in it." in said


def test_ratings_that_cannot_be_read_are_a_known_error(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "fiqa_studio.cli", "evaluate", "--images", str(tmp_path)]
    done = subprocess.run(
        [*command, "--labels", str(tmp_path / "no.csv"), "--scorer", "sharpness"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert "no.csv" in done.stderr
    assert "Traceback" not in done.stderr
