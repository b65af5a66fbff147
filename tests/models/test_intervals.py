"""Split-conformal intervals: they cover what they promise, and refuse nonsense."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from fiqa_models.errors import ModelError
from fiqa_models.intervals import Interval, fit, from_manifest
from fiqa_models.manifest import Manifest

_BLOCKED = """
import sys
for name in ("torch", "numpy", "cv2", "timm", "safetensors", "PySide6"):
    sys.modules[name] = None
from fiqa_models.intervals import Interval
print(Interval(0.9, (0.5,), (0.1, 0.2)).around(0.5))
"""


def _drawn(generator: np.random.Generator, count: int) -> tuple[list[float], list[float]]:
    """Scores with errors that grow with the score: pooled widths would not do."""
    scores = generator.uniform(0, 1, count)
    labels = np.clip(scores + generator.normal(0, 0.02 + 0.15 * scores), 0, 1)
    return scores.tolist(), labels.tolist()


@pytest.mark.parametrize("coverage", [0.8, 0.9])
def test_new_pictures_are_covered_in_every_range_of_the_score(coverage: float) -> None:
    generator = np.random.default_rng(11)
    edges = (0.25, 0.5, 0.75)
    covered = np.zeros((2, 4))
    for _ in range(200):
        interval = fit(*_drawn(generator, 240), coverage, edges)
        scores, labels = _drawn(generator, 240)
        ends = [interval.around(score) for score in scores]
        inside = [low <= label <= high for (low, high), label in zip(ends, labels, strict=True)]
        place = np.searchsorted(edges, scores, side="right")
        covered += [np.bincount(place, inside, 4), np.bincount(place, minlength=4)]
    shares = covered[0] / covered[1]
    # 200 calibrations of about 60 pictures a range: the mean share varies by 0.005.
    assert shares.min() > coverage - 0.02
    # Conformal sets are not wider than need be: by 1 / (n + 1) at most. Clipping adds at the top.
    assert shares[:3].max() < coverage + 0.045


def test_one_width_for_all_would_fail_where_errors_are_large() -> None:
    generator = np.random.default_rng(12)
    pooled = fit(*_drawn(generator, 2000), 0.9)
    apart = fit(*_drawn(generator, 2000), 0.9, (0.25, 0.75))
    assert apart.half_widths[0] < pooled.half_widths[0] < apart.half_widths[2]


def test_the_rank_is_that_of_a_finite_sample() -> None:
    labels = [0.5 + 0.01 * step for step in range(1, 20)]
    assert fit([0.5] * 19, labels, 0.9).half_widths == pytest.approx((0.18,))  # the 18th of 19
    assert fit([0.5] * 9, labels[:9], 0.9).half_widths == pytest.approx((0.09,))  # the 9th of 9
    with pytest.raises(ValueError, match="too few"):
        fit([0.5] * 8, labels[:8], 0.9)
    hundred = [0.001 * step for step in range(1, 100)]  # 100 * 0.55 exceeds 55 in binary
    assert fit([0.0] * 99, hundred, 0.55).half_widths == pytest.approx((0.055,))


def test_a_range_with_few_pictures_takes_the_width_of_all() -> None:
    scores = [0.2] * 40 + [0.9] * 3
    labels = [0.2 + 0.005 * step for step in range(40)] + [0.5] * 3
    interval = fit(scores, labels, 0.9, (0.5,))
    (pooled,) = fit(scores, labels, 0.9).half_widths
    assert interval.half_widths[1] == pooled
    assert interval.half_widths[0] != pooled


def test_the_ends_stay_on_the_scale_and_an_edge_belongs_above() -> None:
    interval = Interval(0.9, (0.5,), (0.1, 0.3))
    assert interval.around(0.05) == pytest.approx((0.0, 0.15))
    assert interval.around(0.5) == pytest.approx((0.2, 0.8))
    assert interval.around(1.0) == pytest.approx((0.7, 1.0))


@pytest.mark.parametrize(
    ("scores", "labels", "coverage", "edges", "words"),
    [
        ([0.5], [0.5, 0.6], 0.9, (), "no pairs"),
        ([1.5] * 20, [0.5] * 20, 0.9, (), r"lie in \[0, 1\]"),
        ([0.5] * 20, [float("nan")] * 20, 0.9, (), r"lie in \[0, 1\]"),
        ([0.5] * 20, [0.5] * 20, 1.0, (), "coverage"),
        ([0.5] * 20, [0.5] * 20, 0.9, (0.7, 0.3), "edges rise"),
    ],
)
def test_what_cannot_be_calibrated_is_refused(
    scores: list[float], labels: list[float], coverage: float, edges: Any, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        fit(scores, labels, coverage, edges)


def _manifest(figures: dict[str, Any]) -> Manifest:
    return Manifest(name="mine", title="Mine", summary="", network={}, weights="0", figures=figures)


def test_an_interval_survives_its_manifest() -> None:
    interval = fit([0.5] * 19, [0.5] * 18 + [0.6], 0.9, (0.4,), calibrated_on="227 rated photos")
    figures = json.loads(json.dumps({"srcc": 0.8, "interval": interval.as_figure()}))
    assert from_manifest(_manifest(figures)) == interval
    assert from_manifest(_manifest({"srcc": 0.8})) is None


GOOD = {"coverage": 0.9, "edges": [0.5], "half_widths": [0.1, 0.2], "calibrated_on": "photos"}


@pytest.mark.parametrize(
    "figure",
    [
        "wide",
        [],
        {},
        GOOD | {"coverage": "0.9"},
        GOOD | {"coverage": 0},
        GOOD | {"coverage": True},
        GOOD | {"coverage": 10**400},
        GOOD | {"edges": None},
        GOOD | {"edges": [0.5, 0.5]},
        GOOD | {"edges": [0.0]},
        GOOD | {"edges": [float("nan")]},
        GOOD | {"half_widths": [0.1]},
        GOOD | {"half_widths": [0.1, -0.2]},
        GOOD | {"half_widths": [0.1, 1.5]},
        GOOD | {"half_widths": [[0.1], 0.2]},
        GOOD | {"edges": [n / 2000 for n in range(1, 1000)], "half_widths": [0.1] * 1000},
        GOOD | {"calibrated_on": 7},
    ],
)
def test_a_hostile_manifest_is_refused_with_the_reason(figure: Any) -> None:
    with pytest.raises(ModelError, match="interval of the scorer “mine”"):
        from_manifest(_manifest({"interval": figure}))


def test_it_needs_the_standard_library_only() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _BLOCKED], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "(0.3, 0.7)"
