"""A face-like picture and small folders in the layouts that training reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest


@pytest.fixture(scope="session")
def face() -> np.ndarray:
    """A textured 256 x 256 picture with edges, skin tones and fine detail."""
    rng = np.random.default_rng(7)
    picture = np.full((256, 256, 3), (180, 190, 205), np.uint8)
    cv2.ellipse(picture, (128, 140), (70, 95), 0, 0, 360, (205, 160, 135), -1)
    for x in (100, 156):
        cv2.circle(picture, (x, 128), 11, (250, 250, 250), -1)
        cv2.circle(picture, (x, 128), 5, (60, 40, 30), -1)
    cv2.ellipse(picture, (128, 190), (26, 9), 0, 0, 180, (150, 70, 70), -1)
    for _ in range(400):
        x, y = rng.integers(60, 200), rng.integers(20, 70)
        cv2.line(picture, (x, y), (x + 6, y + 14), tuple(map(int, rng.integers(20, 90, 3))), 1)
    texture = rng.normal(0, 4, picture.shape)
    return np.clip(picture + texture, 0, 255).astype(np.uint8)


@pytest.fixture
def write_faces(face: np.ndarray) -> Callable[[Path, list[tuple[str, str, str]]], Path]:
    """Writes a faces folder from rows of (file, kind, group)."""

    def write(folder: Path, rows: list[tuple[str, str, str]]) -> Path:
        folder.mkdir(exist_ok=True)
        lines = ["file,kind,licence,group,source_side_px,padding,gender,ethnicity"]
        for file, kind, group in rows:
            cv2.imwrite(str(folder / file), face[:64, :64, ::-1])
            lines.append(f"{file},{kind},some licence,{group},640,0.0,,")
        (folder / "manifest.csv").write_text("\n".join(lines) + "\n")
        return folder

    return write
