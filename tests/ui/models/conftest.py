"""Checkpoints as the authors publish them, from a process of its own: torch stays out of ours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_MAKE = """
import sys, torch
from fiqa_models.networks import CONFIGS
from fiqa_models.networks.remap import published_shapes
from fiqa_models.weights import empty_network
folder, spoiled = sys.argv[1:]
shapes = published_shapes(empty_network(CONFIGS["paper"]))
for file, part in shapes.items():
    # Each tensor is one number, so that the files are small.
    state = {key: torch.tensor(0.01).expand(shape) for key, shape in part.items()}
    if file == spoiled:
        state["E.0.weight"] = torch.zeros(64, 3, 5, 5)
    torch.save(state, f"{folder}/{file}.pt")
"""


def _pair(folder: Path, spoiled: str = "") -> Path:
    subprocess.run([sys.executable, "-c", _MAKE, str(folder), spoiled], check=True, timeout=300)
    return folder


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a ``DE.pt`` and an ``IQA.pt`` of the published names and shapes."""
    return _pair(tmp_path_factory.mktemp("published"))


@pytest.fixture(scope="module")
def mismatched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, with one tensor of another shape in ``DE.pt``."""
    return _pair(tmp_path_factory.mktemp("mismatched"), "DE")
