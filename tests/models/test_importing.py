"""The authors' files become a scorer, or are refused with the reason."""

from __future__ import annotations

import os
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from fiqa_models import importing
from fiqa_models.errors import ModelError
from fiqa_models.importing import import_published, read_published
from fiqa_models.networks import CONFIGS, DslFiqa
from fiqa_models.networks.remap import published_name, published_shapes
from fiqa_models.weights import empty_network

Files = dict[str, dict[str, torch.Tensor]]


@pytest.fixture(scope="module")
def published() -> Files:
    """The authors' names and shapes; each tensor is one number, so the files are small."""
    shapes = published_shapes(empty_network(CONFIGS["paper"]))
    return {
        file: {key: torch.tensor(_number(file, key)).expand(shape) for key, shape in part.items()}
        for file, part in shapes.items()
    }


def _number(file: str, key: str) -> float:
    return zlib.crc32(f"{file}.{key}".encode()) / 2**32


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., tuple[Path, Path]]:
    def _write(files: Files, **changes: Any) -> tuple[Path, Path]:
        paths = tmp_path / "DE.pt", tmp_path / "IQA.pt"
        for path in paths:
            torch.save(changes.get(path.stem, files[path.stem]), path)
        return paths

    return _write


def test_every_tensor_finds_its_place(
    published: Files, write: Callable[..., tuple[Path, Path]], tmp_path: Path, monkeypatch: Any
) -> None:
    saved: list[tuple[DslFiqa, Path, dict[str, Any]]] = []
    steps: list[tuple[str, float]] = []

    def save(network: DslFiqa, path: Path, **manifest: Any) -> None:
        # A gigabyte is not written in a test; test_weights covers the writing.
        saved.append((network, path, manifest))

    monkeypatch.setattr(importing, "save_checkpoint", save)
    de, iqa = write(published)
    import_published(
        de,
        iqa,
        tmp_path / "models",
        name="gfiqa",
        landmark_scheme="ibug68",
        dataset="GFIQA-20k",
        on_step=lambda step, share: steps.append((step, share)),
    )
    ((network, path, manifest),) = saved
    assert path.name == "gfiqa.safetensors"
    assert path.parent.parent == tmp_path / "models", "on the same disk as its place"
    assert manifest["landmark_scheme"] == "ibug68"
    assert network.config.landmarks == 68
    assert set(manifest["provenance"]["files"]) == {"DE.pt", "IQA.pt"}
    assert [step for step, _ in steps][:2] == ["Reading DE.pt", "Reading IQA.pt"]
    shares = [share for _, share in steps]
    assert shares == sorted(shares)
    assert shares[-1] < 1
    for name, tensor in network.state_dict().items():
        file, _, key = published_name(name).partition(".")
        expected = torch.tensor(_number(file, key)).to(tensor.dtype)
        assert tensor.flatten()[-1] == expected, name


def test_wrappings_are_taken_off(published: Files, write: Callable[..., tuple[Path, Path]]) -> None:
    wrapped = {"state_dict": {f"module.{k}": v for k, v in published["DE"].items()}, "epoch": 3}
    de, _ = write(published, DE=wrapped)
    assert set(read_published(de)) == set(published["DE"])


def test_a_wrong_network_is_refused_with_what_differs(
    published: Files, write: Callable[..., tuple[Path, Path]], tmp_path: Path
) -> None:
    other = dict(published["DE"])
    del other["mlp.0.bias"]
    other["E.0.weight"] = torch.zeros(64, 3, 5, 5)
    other["extra"] = torch.zeros(2)
    with pytest.raises(ModelError) as refusal:
        import_published(*write(published, DE=other), tmp_path, name="other")
    for words in ("DE.pt", "missing: mlp.0.bias", "unknown: extra", "E.0.weight is [64, 3, 5, 5]"):
        assert words in str(refusal.value)
    assert not list(tmp_path.glob("other*"))


def test_swapped_files_are_noticed(
    published: Files, write: Callable[..., tuple[Path, Path]], tmp_path: Path
) -> None:
    de, iqa = write(published)
    with pytest.raises(ModelError, match="right order"):
        import_published(iqa, de, tmp_path, name="swapped")


class _Malice:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (os.system, ("touch ran",))


def test_code_in_a_checkpoint_is_refused_and_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"E.0.weight": _Malice()}, "DE.pt")
    with pytest.raises(ModelError, match="holds code to run"):
        read_published(Path("DE.pt"))
    assert not Path("ran").exists()


@pytest.mark.parametrize("data", [b"", b"no checkpoint at all", b"PK\x03\x04 half an archive"])
def test_damaged_files_are_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "IQA.pt"
    path.write_bytes(data)
    with pytest.raises(ModelError, match="damaged or not a checkpoint"):
        read_published(path)


def test_what_is_not_a_state_dict_is_refused(tmp_path: Path) -> None:
    for content, words in (([1, 2], "no network"), ({"epoch": 3}, "not a plain state dict")):
        torch.save(content, tmp_path / "DE.pt")
        with pytest.raises(ModelError, match=words):
            read_published(tmp_path / "DE.pt")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"landmark_scheme": "wflw98"}, "landmark scheme"),
        ({"name": "../escape"}, "cannot be a scorer's name"),
    ],
)
def test_wrong_options_are_refused(tmp_path: Path, options: dict[str, str], words: str) -> None:
    values = {"name": "fine"} | options
    with pytest.raises(ModelError, match=words):
        import_published(tmp_path / "DE.pt", tmp_path / "IQA.pt", tmp_path, **values)


def test_an_existing_scorer_is_not_replaced_unasked(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text("{}")
    with pytest.raises(ModelError, match="already"):
        import_published(tmp_path / "DE.pt", tmp_path / "IQA.pt", tmp_path, name="mine")


@pytest.mark.parametrize("name", ["starter", "sharpness"])
def test_a_scorer_of_the_program_is_never_replaced(tmp_path: Path, name: str) -> None:
    files = (tmp_path / "DE.pt", tmp_path / "IQA.pt", tmp_path)
    with pytest.raises(ModelError, match="cannot be replaced"):
        import_published(*files, name=name, replace_existing=True)
    with pytest.raises(ModelError, match="already"):
        import_published(*files, name=name)


@pytest.mark.parametrize("problem", [OSError(28, "No space left on device"), SystemExit(143)])
def test_an_import_that_ends_early_leaves_the_folder_as_it_was(
    tmp_path: Path, problem: BaseException
) -> None:
    (tmp_path / "mine.safetensors").write_bytes(b"before")
    (tmp_path / "mine.json").write_text("{}")

    def write() -> None:
        with importing._written_whole(tmp_path, "mine") as staged:
            staged.write_bytes(b"half")
            raise problem

    with pytest.raises((ModelError, SystemExit)) as stopped:
        write()
    assert isinstance(stopped.value, SystemExit) or "No space left" in str(stopped.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.json", "mine.safetensors"]
    assert (tmp_path / "mine.safetensors").read_bytes() == b"before"


def test_what_a_killed_import_left_is_swept_away(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    left = tmp_path / f".import-{child.pid}"
    at_work = tmp_path / f".import-{os.getppid()}"
    for folder in (left, at_work):
        folder.mkdir()
        (folder / "mine.safetensors.part").write_bytes(b"half")
    with importing._written_whole(tmp_path, "mine") as staged:
        staged.write_bytes(b"whole")
    assert not left.exists()
    assert at_work.exists(), "that of a process that lives is its own"
    assert (tmp_path / "mine.safetensors").read_bytes() == b"whole"
