"""The promise of issue 2: worse pictures of a face get lower scores, step by step.

Measured through the real scorer on persons that training has never seen. The test takes a fixed
subset; `fiqa-train monotonicity --faces DIR` measures all fifty.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from fiqa_models.registry import load_scorer
from fiqa_training.data.faces import read_faces, split_faces
from fiqa_training.evaluation.monotonicity import held_out_faces, measure_monotonicity

PERSONS = 6


@pytest.mark.shared
def test_the_fifty_measured_persons_are_kept_out_of_training(shared: Path) -> None:
    rows = held_out_faces(shared / "faces", 50)
    split = split_faces(read_faces(shared / "faces"))
    learned = {row.group for row in (*split.train, *split.validation)}
    assert len({row.group for row in rows}) == 50
    assert not learned & {row.group for row in rows}


@pytest.mark.shared
@pytest.mark.slow
def test_the_score_falls_with_every_core_degradation(shared: Path) -> None:
    scorer = load_scorer("starter", device="cpu")
    reports = measure_monotonicity(scorer, held_out_faces(shared / "faces", PERSONS))
    falling = {report.kind: report.falling for report in reports}
    assert all(share >= 0.9 for share in falling.values()), falling
    for report in reports:
        assert report.means[0] > 0.7, (report.kind, "clean portraits are good")
        assert report.means[-1] < 0.3, (report.kind, "wrecked ones are bad")
