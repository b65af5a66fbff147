"""The real program as a user runs it, on a real folder."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

Fiqa = Callable[..., subprocess.CompletedProcess[str]]

PROGRAM = (sys.executable, "-m", "fiqa_studio.cli")


def jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two portraits, a photo without a face, a broken one, and odd names."""
    folder = tmp_path_factory.mktemp("album")
    face = data.astronaut()
    (folder / "bright.jpg").write_bytes(jpeg(Image.fromarray(face)))
    dark = jpeg(Image.fromarray((face * 0.6).astype(np.uint8)))
    (folder / os.fsdecode(b'd\xe4rk\nand, "odd".jpg')).write_bytes(dark)
    (folder / "plain.png").write_bytes(jpeg(Image.new("RGB", (80, 60), "teal")))
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "notes.txt").write_text("nothing to see")
    return folder


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("library") / "test.fiqa"


@pytest.fixture(scope="module")
def fiqa(library: Path) -> Fiqa:
    """Runs a command on the module's library."""

    def run(*arguments: str | Path, status: int = 0) -> subprocess.CompletedProcess[str]:
        result = subprocess.run(
            [*PROGRAM, "--library", str(library), *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert result.returncode == status, result.stderr
        return result

    return run


@pytest.fixture(scope="module")
def indexed(fiqa: Fiqa, album: Path) -> subprocess.CompletedProcess[str]:
    """What ``fiqa index`` said; the library holds the album, scored."""
    result = fiqa("index", album, "--json")
    fiqa("score", "--scorer", "sharpness")
    return result
