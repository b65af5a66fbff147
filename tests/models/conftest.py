"""Small checkpoints and crops for the tests of the models."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from fiqa_models.networks import build_network
from fiqa_models.weights import save_checkpoint

Faces = tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained network of the starter's configuration."""
    torch.manual_seed(7)
    path = tmp_path_factory.mktemp("checkpoint") / "untrained.safetensors"
    save_checkpoint(build_network("starter"), path, title="Untrained", summary="For tests.")
    return path


@pytest.fixture(scope="session")
def faces() -> Faces:
    """Five crops of smooth shapes, from coarse to fine, and landmarks spread around the eyes."""
    y, x = np.mgrid[0:512, 0:512] / 512
    crops = [
        np.stack([127 + 120 * np.sin(f * x + c) * np.cos(f * y) for c in range(3)], -1)
        for f in (4, 12, 40, 110, 230)
    ]
    generator = np.random.default_rng(3)
    landmarks = generator.normal(256, 90, (len(crops), 478, 2)).astype(np.float32)
    return np.asarray(crops).astype(np.uint8), landmarks
