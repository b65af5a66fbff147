"""Listing and loading scorers."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from fiqa_models import registry
from fiqa_models.errors import ModelError

_BLOCKED = """
import sys
for name in ("torch", "cv2", "timm", "safetensors", "PySide6"):
    sys.modules[name] = None
from fiqa_models.registry import default_scorer_name, list_scorers
print(*(spec.name for spec in list_scorers()))
"""


def test_listing_needs_neither_torch_nor_opencv() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _BLOCKED], capture_output=True, text=True, check=True
    )
    assert "sharpness" in done.stdout.split()


def test_without_starter_weights_sharpness_is_the_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(registry, "weights_folder", lambda: tmp_path)
    assert registry.default_scorer_name() == "sharpness"
    assert registry.load_scorer("").name == "sharpness"


def test_a_manifest_without_tensors_is_listed_with_its_problem(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, checkpoint: Path
) -> None:
    manifest = checkpoint.with_suffix(".json")
    (tmp_path / "untrained.json").write_bytes(manifest.read_bytes())
    monkeypatch.setattr(registry, "models_folder", lambda: tmp_path)
    spec = next(s for s in registry.list_scorers() if s.name == "untrained")
    assert not spec.available
    assert "missing" in spec.problem
    with pytest.raises(ModelError, match="cannot be used"):
        registry.load_scorer("untrained")


@pytest.mark.parametrize(
    "value", ["no_such_package.scorers:make", "json:no_such_function", "not even ] a : reference"]
)
def test_a_broken_plug_in_never_breaks_the_listing(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    broken = EntryPoint(name="broken", value=value, group=registry.ENTRY_POINTS)
    monkeypatch.setattr(registry, "entry_points", lambda **_: (broken,))
    assert {"sharpness", "broken"} <= {spec.name for spec in registry.list_scorers()}
    with pytest.raises(ModelError, match="broken"):
        registry.load_scorer("broken")


def test_a_plug_in_cannot_take_the_place_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    thief = EntryPoint(name="sharpness", value="json:loads", group=registry.ENTRY_POINTS)
    monkeypatch.setattr(registry, "entry_points", lambda **_: (thief,))
    (spec,) = (spec for spec in registry.list_scorers() if spec.name == "sharpness")
    assert spec.kind == "classical"


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("nonsense", {}, "There is no scorer"),
        ("sharpness", {"precision": "float8"}, "precision"),
    ],
)
def test_what_is_unknown_is_refused(name: str, options: dict[str, str], words: str) -> None:
    with pytest.raises(ModelError, match=words):
        registry.load_scorer(name, **options)
