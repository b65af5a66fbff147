"""Listing and loading scorers."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from fiqa_models import registry
from fiqa_models.errors import ModelError
from fiqa_models.registry import (
    Origin,
    find_scorer,
    list_scorers,
    record_of,
    remove_scorer,
    rename_scorer,
)
from fiqa_models.sharpness import SharpnessScorer

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


def test_the_classical_scorer_is_listed_as_it_is() -> None:
    spec = find_scorer("sharpness")
    loaded = SharpnessScorer()
    assert (spec.title, spec.summary, spec.kind) == (loaded.title, loaded.summary, loaded.kind)
    assert spec.hash == loaded.hash


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, checkpoint: Path) -> Path:
    """A folder of models with one scorer in it, ``untrained``."""
    for suffix in (".json", ".safetensors"):
        (tmp_path / f"untrained{suffix}").write_bytes(checkpoint.with_suffix(suffix).read_bytes())
    monkeypatch.setattr(registry, "models_folder", lambda: tmp_path)
    return tmp_path


def test_a_record_tells_all_that_the_manifest_knows(own: Path) -> None:
    path = own / "untrained.json"
    manifest = json.loads(path.read_text())
    interval = {"coverage": 0.9, "edges": [0.5], "half_widths": [0.1, 0.2], "calibrated_on": "x"}
    manifest["figures"] = {"srcc": 0.8, "interval": interval}
    manifest["provenance"] = {"dataset": "GFIQA-20k", "licences": {"a": "CC BY 4.0", "b": "free"}}
    path.write_text(json.dumps(manifest))
    record = record_of(find_scorer("untrained"))
    assert record["origin"] == "own"
    assert record["hash"] == find_scorer("untrained").hash
    assert record["file"] == str(own / "untrained.safetensors")
    assert record["bytes"] == (own / "untrained.safetensors").stat().st_size
    assert record["dataset"] == "GFIQA-20k"
    assert record["licence"] == "CC BY 4.0; free"
    assert record["figures"] == {"srcc": 0.8}
    assert record["interval"] == interval
    assert record["warning"] == ""
    assert json.loads(json.dumps(record)) == record


def test_a_scorer_with_a_damaged_interval_works_without_one(own: Path) -> None:
    path = own / "untrained.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps(manifest | {"figures": {"interval": {"coverage": 7}}}))
    record = record_of(find_scorer("untrained"))
    assert record["available"]
    assert record["interval"] is None
    assert "cannot be used" in record["warning"]
    assert registry.load_scorer("untrained").hash == record["hash"]


def test_renaming_keeps_the_hash_and_moves_both_files(own: Path) -> None:
    before = find_scorer("untrained").hash
    rename_scorer("untrained", "new.v2", title="The New One")
    assert sorted(path.name for path in own.iterdir()) == ["new.v2.json", "new.v2.safetensors"]
    spec = find_scorer("new.v2")
    assert (spec.title, spec.hash, spec.available) == ("The New One", before, True)
    rename_scorer("new.v2", "new.v2", title="Only the Title")
    assert find_scorer("new.v2").title == "Only the Title"
    assert registry.load_scorer("new.v2").hash == before


@pytest.mark.parametrize(
    ("name", "new_name", "words"),
    [
        ("starter", "mine", "comes with the program"),
        ("sharpness", "mine", "comes with the program"),
        ("untrained", "starter", "already"),
        ("untrained", "../escape", "cannot be a scorer's name"),
        ("nobody", "mine", "There is no scorer"),
    ],
)
def test_what_cannot_be_renamed_says_why(own: Path, name: str, new_name: str, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        rename_scorer(name, new_name)
    assert find_scorer("untrained").available


def test_removing_takes_both_files_and_only_the_users_own(own: Path) -> None:
    (own / "torn.json").write_text("{")
    assert not find_scorer("torn").available
    for name in ("torn", "untrained"):
        remove_scorer(name)
    assert list(own.iterdir()) == []
    bundled = [spec.name for spec in list_scorers() if spec.origin is Origin.BUNDLED]
    assert "starter" in bundled
    for name in (*bundled, "sharpness"):
        with pytest.raises(ModelError, match="comes with the program"):
            remove_scorer(name)
    assert find_scorer("starter").available


def test_a_disk_that_refuses_is_told(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(ModelError, match="Permission denied"):
        remove_scorer("untrained")
