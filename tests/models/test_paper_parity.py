"""The full network computes what the published one computes (it runs here, once a case)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fiqa_models.errors import ModelError
from fiqa_models.verify import Comparison, read_spec, verify

pytestmark = [pytest.mark.shared, pytest.mark.slow, pytest.mark.xdist_group("paper")]


@pytest.fixture(scope="module")
def comparisons(shared: Path) -> list[Comparison]:
    return verify(shared / "interop" / "official_dsl_fiqa.json")


def test_every_case_ran(comparisons: list[Comparison], shared: Path) -> None:
    spec = json.loads((shared / "interop" / "official_dsl_fiqa.json").read_text())
    assert len({comparison.case for comparison in comparisons}) == len(spec["cases"])


@pytest.mark.parametrize(
    "feature", ["conv1", "swin1", "swin2", "decoder", "landmark", "degradation", "quality"]
)
def test_features_agree(comparisons: list[Comparison], feature: str) -> None:
    found = [c for c in comparisons if c.what in {f"{feature} mean", f"{feature} std"}]
    assert found
    assert [str(c) for c in found if not c.agrees] == []


def test_scores_agree_as_far_as_rounding_lets_them(comparisons: list[Comparison]) -> None:
    found = [c for c in comparisons if c.what == "score"]
    assert [str(c) for c in found if not c.explained] == []
    # Whatever rounding does, a mistake in the network would show in the third digit.
    assert [str(c) for c in found if abs(c.found / c.expected - 1) > 4e-3] == []


def test_another_network_is_refused(shared: Path, tmp_path: Path) -> None:
    spec = json.loads((shared / "interop" / "official_dsl_fiqa.json").read_text())
    spec["IQA"]["conv1.weight"] = [768, 3072, 3, 3]
    other = tmp_path / "other.json"
    other.write_text(json.dumps(spec))
    with pytest.raises(ModelError, match=r"conv1\.weight"):
        read_spec(other)
