"""Checkpoints are read strictly, and never run."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from fiqa_models.errors import ModelError
from fiqa_models.manifest import digest_of, read_manifest
from fiqa_models.networks import build_network
from fiqa_models.weights import load_checkpoint


@pytest.fixture
def copy(checkpoint: Path, tmp_path: Path) -> Path:
    for suffix in (".safetensors", ".json"):
        shutil.copy(checkpoint.with_suffix(suffix), tmp_path / f"copy{suffix}")
    return tmp_path / "copy.safetensors"


def _sign(path: Path) -> None:
    """Let the manifest carry the digest of a tensor file that was changed."""
    manifest = path.with_suffix(".json")
    values = json.loads(manifest.read_text())
    values["weights"] = digest_of(path)
    manifest.write_text(json.dumps(values))


def test_saved_weights_come_back_as_they_were(checkpoint: Path) -> None:
    network, manifest = load_checkpoint(checkpoint)
    torch.manual_seed(7)
    original = build_network("starter").eval()
    for key, value in original.state_dict().items():
        assert torch.equal(network.state_dict()[key], value), key
    # The buffers that no file holds are there again.
    patch = torch.sin(torch.arange(3 * 384 * 384.0)).view(1, 3, 384, 384)
    ids = torch.arange(500)[None].clamp(max=469)
    with torch.inference_mode():
        assert torch.equal(network(patch, ids).score, original(patch, ids).score)
    assert not list(checkpoint.parent.glob("*.part"))
    assert len(manifest.hash) == 16


def test_the_hash_names_configuration_weights_and_preprocessing(copy: Path) -> None:
    first = read_manifest(copy.with_suffix(".json"))
    values = json.loads(copy.with_suffix(".json").read_text())
    for key, changed in (
        ("weights", "0" * 64),
        ("landmark_scheme", "ibug68"),
        ("network", values["network"] | {"swin_scale": 0.25}),
    ):
        copy.with_suffix(".json").write_text(json.dumps(values | {key: changed}))
        assert read_manifest(copy.with_suffix(".json")).hash != first.hash, key
    copy.with_suffix(".json").write_text(json.dumps(values | {"title": "Another title"}))
    assert read_manifest(copy.with_suffix(".json")).hash == first.hash


def test_a_changed_byte_is_noticed(copy: Path) -> None:
    data = bytearray(copy.read_bytes())
    data[-5] ^= 0x10
    copy.write_bytes(data)
    with pytest.raises(ModelError, match="damaged or was replaced"):
        load_checkpoint(copy)


def test_a_truncated_file_is_refused(copy: Path) -> None:
    copy.write_bytes(copy.read_bytes()[:100_000])
    with pytest.raises(ModelError, match="damaged"):
        load_checkpoint(copy)


class _Malice:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.touch, (Path("ran"),))


def test_a_pickle_is_refused_unread(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(copy.parent)
    copy.write_bytes(pickle.dumps(_Malice()))
    with pytest.raises(ModelError, match="pickle"):
        load_checkpoint(copy)
    assert not Path("ran").exists()


def test_missing_unknown_and_misshapen_tensors_are_listed(copy: Path) -> None:
    state = load_file(copy)
    del state["decoder_in.bias"]
    state["surplus"] = torch.zeros(3)
    state["quality_head.0.bias"] = torch.zeros(5)
    save_file(state, copy)
    _sign(copy)
    with pytest.raises(ModelError) as refusal:
        load_checkpoint(copy)
    for words in ("missing: decoder_in.bias", "unknown: surplus", "quality_head.0.bias is [5]"):
        assert words in str(refusal.value)


def test_values_that_are_not_finite_are_refused(copy: Path) -> None:
    state = load_file(copy)
    state["decoder_in.bias"][0] = float("nan")
    save_file(state, copy)
    _sign(copy)
    with pytest.raises(ModelError, match="not finite"):
        load_checkpoint(copy)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": 99}, "newer version"),
        ({"network": {"name": "unheard of"}}, "does not know"),
        ({"network": 3}, "wrong kind of value"),
        ({"something": "else"}, "not a manifest"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(
    copy: Path, change: dict[str, object], words: str
) -> None:
    manifest = copy.with_suffix(".json")
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | change))
    with pytest.raises(ModelError, match=words):
        load_checkpoint(copy)


def test_a_missing_manifest_is_explained(copy: Path) -> None:
    copy.with_suffix(".json").unlink()
    with pytest.raises(ModelError, match="side by side"):
        load_checkpoint(copy)
