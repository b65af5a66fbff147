"""A face mesh whose regions are known shapes."""

from __future__ import annotations

import numpy as np

from fiqa_training.data.face_regions import FEATURES, OVAL


def disc_mesh() -> np.ndarray:
    """A face whose features are discs: eyes at (176, 256) and (336, 256), nose, mouth."""
    points = np.full((478, 2), 256.0, np.float32)
    places = [((176, 250), 40), ((336, 250), 40), ((256, 310), 30), ((256, 380), 45)]
    for indices, (centre, radius) in zip(FEATURES.values(), places, strict=True):
        _ring(points, indices, centre, radius)
    _ring(points, OVAL, (256, 300), 180)
    return points


def _ring(points: np.ndarray, indices, centre: tuple[int, int], radius: float) -> None:
    angles = np.linspace(0, 2 * np.pi, len(indices), endpoint=False)
    points[list(indices)] = np.stack([np.cos(angles), np.sin(angles)], 1) * radius + centre
