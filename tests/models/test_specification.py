"""A specification is checked whole before the network is made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fiqa_models.errors import ModelError
from fiqa_models.networks import CONFIGS, MAX_LANDMARKS
from fiqa_models.networks.remap import published_shapes
from fiqa_models.specification import MOST_VISIBLE, read_form
from fiqa_models.verify import Comparison, read_spec
from fiqa_models.weights import empty_network

CASE = {
    "seed": 1,
    "visible": 68,
    "score": 0.5,
    "mean_std": {"conv1": [0.0, 1.0]},
    "quality_mean_std": [0.1, 0.2],
    "quality_map_first8": [0.1, 0.2],
}


def refused(file: Path) -> str:
    with pytest.raises(ModelError) as error:
        read_form(file)
    return str(error.value)


def test_a_whole_one_of_our_network_is_read(tmp_path: Path) -> None:
    file = tmp_path / "spec.json"
    shapes = published_shapes(empty_network(CONFIGS["paper"]))
    file.write_text(json.dumps(shapes | {"cases": [CASE]}))
    assert read_spec(file)["cases"] == [CASE]
    file.write_text(json.dumps({"DE": {}, "IQA": {}, "cases": [CASE]}))
    assert read_form(file)["cases"] == [CASE]
    with pytest.raises(ModelError, match=r"spec\.json describes another network"):
        read_spec(file)


def test_its_bound_is_the_networks() -> None:
    assert MOST_VISIBLE == MAX_LANDMARKS


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "spec.json ends too early. At line 1, column 1"),
        (b'{"DE": {"E.0.weight": [64,', "spec.json ends too early. At line 1, column 27"),
        (b'{"DE": {"E.0.wei', "spec.json ends too early."),
        (b"PK\x03\x04 a checkpoint \xff", "spec.json is not a specification. It is no text."),
        (b"a,b\n1,2", "spec.json is not JSON. At line 1, column 1: Expecting value."),
        (b"[" * 100_000, "spec.json cannot be read."),
        (b"[]", "spec.json is not a specification. It must hold DE, IQA and cases."),
        (b'{"DE": 1, "IQA": {}, "cases": []}', "DE must give each tensor's name its shape."),
        (b'{"DE": {"a": 3}, "IQA": {}, "cases": []}', "DE must give each tensor's name its shape."),
        (b'{"DE": {}, "IQA": {}, "cases": []}', "It holds no cases to compare."),
    ],
)
def test_what_is_none_is_refused_with_a_sentence(
    tmp_path: Path, content: bytes, sentence: str
) -> None:
    file = tmp_path / "spec.json"
    file.write_bytes(content)
    assert sentence in refused(file)


def test_what_is_not_there_or_no_file_is_refused(tmp_path: Path) -> None:
    assert "No such file" in refused(tmp_path / "gone.json")
    assert "directory" in refused(tmp_path)


def test_a_checkpoint_by_mistake_is_refused_before_it_is_read(tmp_path: Path) -> None:
    file = tmp_path / "IQA.pt"
    with file.open("wb") as handle:
        handle.truncate(10**9)
    assert refused(file) == "IQA.pt is not a specification. It is far too large for one."


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"seed": -1}, "seed and visible must be whole numbers"),
        ({"visible": True}, "seed and visible must be whole numbers"),
        ({"visible": 501}, "visible must not exceed 500."),
        ({"input": ["waves"]}, "input must be one of noise, waves."),
        ({"score": None}, "score must be a number."),
        ({"score": float("nan")}, "score must be a number."),
        ({"mean_std": []}, "mean_std must be an object."),
        ({"mean_std": {"swin3": [0, 1]}}, "a feature we do not know: swin3."),
        ({"mean_std": {"swin1": [0]}}, "each mean_std must be two numbers."),
        ({"quality_mean_std": 1}, "each mean_std must be two numbers."),
        ({"confidence_map_first8": ["a"]}, "must be lists of numbers."),
    ],
)
def test_a_case_with_a_fault_is_named(
    tmp_path: Path, change: dict[str, Any], sentence: str
) -> None:
    file = tmp_path / "spec.json"
    file.write_text(json.dumps({"DE": {}, "IQA": {}, "cases": [CASE, CASE | change]}))
    said = refused(file)
    assert said.startswith("spec.json is not a specification. Case 2: ")
    assert sentence in said


def test_how_far_a_number_lies_off_decides_both_verdicts() -> None:
    strict = Comparison("a", "score", 2.0, 2.001, scale=2.0)
    assert (strict.tolerance_used, strict.agrees) == (pytest.approx(0.5), True)
    assert strict.rounding_used == strict.tolerance_used
    moved = Comparison("a", "score", 2.0, 2.004, scale=2.0, rounding=0.001)
    assert moved.tolerance_used == pytest.approx(2)
    assert moved.rounding_used == pytest.approx(0.004 / 0.008)
    assert (moved.agrees, moved.explained) == (False, True)
    nothing = Comparison("a", "quality std", 0.0, 1e-9, scale=0.0)
    assert (nothing.agrees, nothing.explained) == (False, False)
    assert Comparison("a", "quality std", 0.0, 0.0, scale=0.0).agrees
    broken = Comparison("a", "score", 2.0, float("nan"), scale=2.0)
    assert (broken.agrees, broken.explained) == (False, False)
