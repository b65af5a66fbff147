"""The full network computes what the published one computes (it runs here, once a case)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fiqa_models.errors import ModelError
from fiqa_models.verify import Comparison, read_spec, verdicts, verify

pytestmark = [pytest.mark.shared, pytest.mark.slow, pytest.mark.xdist_group("paper")]


@pytest.fixture(scope="module")
def comparisons(shared: Path) -> list[Comparison]:
    return verify(shared / "interop" / "official_dsl_fiqa.json")


def test_every_case_ran(comparisons: list[Comparison], shared: Path) -> None:
    spec = json.loads((shared / "interop" / "official_dsl_fiqa.json").read_text())
    assert len({comparison.case for comparison in comparisons}) == len(spec["cases"])


@pytest.mark.parametrize("feature", ["quality", "confidence"])
def test_maps_agree_on_the_whole_to_the_tolerance_or_to_the_measured_rounding(
    comparisons: list[Comparison], feature: str
) -> None:
    """They lie behind the second channel attention, where rounding decides (decision 7)."""
    found = [c for c in comparisons if c.what in {f"{feature} mean", f"{feature} std"}]
    assert found
    assert [str(c) for c in found if not c.explained] == []
    assert [str(c) for c in found if c.tolerance_used > 5] == [], "a vacuous bound"


@pytest.mark.parametrize(
    "feature", ["conv1", "swin1", "swin2", "decoder", "landmark", "degradation"]
)
def test_features_agree(comparisons: list[Comparison], feature: str) -> None:
    found = [c for c in comparisons if c.what in {f"{feature} mean", f"{feature} std"}]
    assert found
    assert [str(c) for c in found if not c.agrees] == []


@pytest.mark.parametrize(
    ("feature", "bound"),
    [
        ("conv1", 2e-5),
        ("swin1", 2e-5),
        ("landmark", 2e-5),
        ("degradation", 2e-5),
        ("swin2", 3e-4),
        ("decoder", 3e-4),
    ],
)
def test_features_agree_far_better_than_they_must(
    comparisons: list[Comparison], feature: str, bound: float
) -> None:
    """A mistake in the network would show here, where rounding does not hide it."""
    spreads = {c.case: c.expected for c in comparisons if c.what == f"{feature} std"}
    found = [c for c in comparisons if c.what in {f"{feature} mean", f"{feature} std"}]
    far = [c for c in found if abs(c.found - c.expected) > bound * spreads[c.case]]
    assert [str(c) for c in far] == []


def test_scores_agree_to_the_tolerance_or_to_the_measured_rounding(
    comparisons: list[Comparison],
) -> None:
    """Where 1e-3 is not met, six times what rounding was just measured to move is the bound.

    With the specification's weights rounding alone moves these scores by 0.07 to 0.2 percent, so
    that which of them meet 1e-3 depends on the processor (decision 7).
    """
    found = [c for c in comparisons if c.what == "score"]
    assert [str(c) for c in found if not c.explained] == []
    assert [str(c) for c in found if c.rounding > 3e-3 * c.expected] == [], "a vacuous bound"


def test_maps_agree_to_the_tolerance_or_to_the_measured_rounding(
    comparisons: list[Comparison],
) -> None:
    found = [c for c in comparisons if " map [" in c.what]
    assert found
    assert [str(c) for c in found if not c.explained] == []


def test_both_verdicts_are_told(comparisons: list[Comparison]) -> None:
    strict, rounded = verdicts(comparisons)
    assert strict.startswith("Strict")
    assert rounded.startswith("With rounding")
    assert ("PASSED" in strict) == all(c.agrees for c in comparisons)
    assert ("PASSED" in rounded) == all(c.explained for c in comparisons)


def test_another_network_is_refused(shared: Path, tmp_path: Path) -> None:
    spec = json.loads((shared / "interop" / "official_dsl_fiqa.json").read_text())
    spec["IQA"]["conv1.weight"] = [768, 3072, 3, 3]
    other = tmp_path / "other.json"
    other.write_text(json.dumps(spec))
    with pytest.raises(ModelError, match=r"conv1\.weight"):
        read_spec(other)
