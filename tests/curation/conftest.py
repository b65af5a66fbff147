"""What tests of several kinds of curation need."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from tests.meshes import mesh_around


@pytest.fixture
def face_mesh() -> Callable[..., npt.NDArray[np.float32]]:
    """`mesh_around`."""
    return mesh_around
