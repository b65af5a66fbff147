"""The authors' procedure, beside ours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fiqa_models.published_protocol import score_as_published
from fiqa_models.weights import load_checkpoint


def test_a_draw_is_repeatable_and_draws_differ(checkpoint: Path, faces: tuple) -> None:
    network, _ = load_checkpoint(checkpoint)
    crop, mesh = faces[0][1], faces[1][1]
    one, again, other = (
        score_as_published(network, crop, mesh, seed=seed, patches=4) for seed in (1, 1, 2)
    )
    assert one.value == again.value
    assert not np.array_equal(one.patches, other.patches)
    assert one.value == pytest.approx(one.patches.mean())
    assert len(one.patches) == 4
