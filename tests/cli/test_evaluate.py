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
