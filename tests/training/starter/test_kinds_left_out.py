"""The starter on a kind of degradation that its training never saw, on made-up pictures."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fiqa_models.networks.context import SceneContext
from fiqa_training.cli import main
from fiqa_training.data.faces import read_faces, split_faces
from fiqa_training.data.samples import CHAINS
from fiqa_training.degradations import kinds
from fiqa_training.starter import kinds_left_out as starter_kinds
from fiqa_training.starter import run as starter
from fiqa_training.starter.scene_context import solve
from tests.training.starter_material import write_material

LEFT_OUT = ("gaussian_blur", "jpeg")
"""Kinds that some face here is trained on, by the recipe's seed."""


@pytest.mark.slow
def test_each_kind_is_left_out_once_and_judged_on_people_nobody_saw(
    tmp_path: Path,
    face: np.ndarray,
    write_faces: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    material = write_material(tmp_path, face, write_faces, photos=6)
    people = len(split_faces(read_faces(tmp_path / "faces")).test)
    monkeypatch.setattr(starter, "HELD_OUT_PERSONS", people)
    few = [kind for kind in kinds() if kind.name in (*LEFT_OUT, *CHAINS)]
    monkeypatch.setattr(starter_kinds, "kinds", lambda: few)
    prepared: list[starter.Prepared] = []
    learned: list[int] = []

    def keep(*given: Any) -> starter.Prepared:
        prepared.append(starter.prepare(*given))
        return prepared[0]

    def count(*known: Any) -> SceneContext:
        learned.append(len(known[1].faces))
        return solve(*known)

    monkeypatch.setattr(starter_kinds, "prepare", keep)
    monkeypatch.setattr(starter_kinds, "solve", count)
    out = tmp_path / "out"
    assert main(["starter-kinds", *material, "--people", "1", "--out", str(out)]) == 0

    found = json.loads(capsys.readouterr().out)
    assert found == json.loads((out / "kinds.json").read_text())
    assert sorted(found["kinds"]) == sorted(LEFT_OUT), "no chain or mixture is a kind"
    assert found["people"] == 1
    scores = [each["srcc"] for each in found["kinds"].values()]
    assert found["mean_srcc"] == pytest.approx(np.mean(scores), abs=1e-4)
    trained = [kind for group in prepared[0].faces for kind in group.kinds]
    assert set(LEFT_OUT) < set(trained)
    known = [sum(kind not in (hidden, *CHAINS) for kind in trained) for hidden in LEFT_OUT]
    assert learned == known, "nothing of the kind, alone or mixed, was learned from"
    for each in found["kinds"].values():
        assert each["pictures"] == 1 + len(starter_kinds.SEVERITIES)
        low, high = each["srcc_ci"]
        assert -1 <= low <= high <= 1
