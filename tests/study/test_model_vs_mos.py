"""A model against a MOS, by P.1401: each figure beside its formula written out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from fiqa_studio.study.errors import StudyError
from fiqa_studio.study.hidden_reference import differential
from fiqa_studio.study.matrix import from_cube
from fiqa_studio.study.model_vs_mos import compare, differ, disagreements, fit_mapping


def scores(noise: float = 6.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A model on [0, 1], a MOS on 1-100 that it follows along an S, and half widths."""
    generator = np.random.default_rng(seed)
    score = generator.uniform(0.1, 0.9, 150)
    mos = 50 + 45 * np.tanh(4 * (score - 0.5)) + generator.normal(0, noise, 150)
    return score, mos, generator.uniform(2, 8, 150)


def test_the_mapping_is_the_least_squares_cubic_that_rises() -> None:
    generator = np.random.default_rng(1)
    for shape in (
        lambda t: 20 + 60 * t,
        lambda t: 50 + 45 * np.tanh(6 * (t - 0.5)),
        lambda t: 80 - 60 * t,  # a model that has it the wrong way round
        lambda t: 40 + 30 * np.sin(7 * t),
        lambda t: 10 + 80 * np.sqrt(t),
        lambda t: 90 * t**6,
    ):
        x = np.sort(generator.uniform(2, 5, 80))
        t = (x - x[0]) / (x[-1] - x[0])
        y = shape(t) + generator.normal(0, 4, 80)
        found = fit_mapping(x, y)
        curve = found(np.linspace(x[0], x[-1], 2001))
        assert (np.diff(curve) >= -1e-6).all()
        ours = float(((found(x) - y) ** 2).sum())
        assert ours <= constrained(t, y) * (1 + 1e-4)


def constrained(t: np.ndarray, y: np.ndarray) -> float:
    """The sum of squares that scipy finds under the same constraint, on a grid of slopes."""
    powers = np.stack([np.ones_like(t), t, t**2, t**3], axis=1)
    grid = np.linspace(0, 1, 400)
    slopes = np.stack([np.zeros_like(grid), np.ones_like(grid), 2 * grid, 3 * grid**2], axis=1)
    found = optimize.minimize(
        lambda w: float(((powers @ w - y) ** 2).sum()),
        [y.mean(), 1.0, 0.0, 0.0],
        constraints={"type": "ineq", "fun": lambda w: slopes @ w},
        method="SLSQP",
        options={"maxiter": 1000, "ftol": 1e-12},
    )
    return float(found.fun)


def test_every_statistic_equals_its_formula() -> None:
    score, mos, half = scores()
    found = compare(score, mos, half)
    mapped = found.mapping(score)
    error = np.abs(mapped - mos)
    assert found.srcc == pytest.approx(stats.spearmanr(score, mos).statistic)
    assert found.plcc == pytest.approx(stats.pearsonr(mapped, mos).statistic)
    interval = stats.pearsonr(mapped, mos).confidence_interval(0.95)
    assert found.plcc_ci95 == pytest.approx((interval.low, interval.high))
    assert found.rmse == pytest.approx(np.sqrt((error**2).sum() / 146))
    beyond = np.clip(error - half, 0, None)
    assert found.rmse_epsilon == pytest.approx(np.sqrt((beyond**2).sum() / 146))
    share = np.mean(error > half)
    assert found.outlier_ratio == pytest.approx(share)
    assert found.outlier_error == pytest.approx(np.sqrt(share * (1 - share) / 150))


def test_significance_follows_p1401() -> None:
    score, mos, half = scores()
    generator = np.random.default_rng(5)
    worse = score + generator.normal(0, 0.15, 150)
    first, second = compare(score, mos, half), compare(worse, mos, half)
    found = differ(first, second)
    z = (np.arctanh(first.plcc) - np.arctanh(second.plcc)) / np.sqrt(2 / 147)
    assert found.plcc == pytest.approx(2 * stats.norm.sf(abs(z)))
    f = (second.rmse / first.rmse) ** 2
    assert found.rmse == pytest.approx(2 * stats.f.sf(f, 146, 146))
    mean = (first.outlier_ratio + second.outlier_ratio) / 2
    gap = (first.outlier_ratio - second.outlier_ratio) / np.sqrt(mean * (1 - mean) * 2 / 150)
    assert found.outlier_ratio == pytest.approx(2 * stats.norm.sf(abs(gap)))
    assert found.rmse < 0.01
    same = differ(first, first)
    assert (same.plcc, same.rmse, same.outlier_ratio) == (1.0, 1.0, 1.0)


def test_what_has_no_score_or_no_mos_does_not_count() -> None:
    score, mos, half = scores()
    score[3], mos[7], half[9] = np.nan, np.nan, np.nan
    found = compare(score, mos, half)
    assert found.n == 148
    kept = np.isfinite(score) & np.isfinite(mos)
    assert found.srcc == pytest.approx(stats.spearmanr(score[kept], mos[kept]).statistic)
    assert compare(score, mos).outlier_ratio is None


def test_too_few_stimuli_or_flat_scores_are_a_known_error() -> None:
    with pytest.raises(StudyError, match="at least 6"):
        compare(np.arange(5.0), np.arange(5.0))
    with pytest.raises(StudyError, match="different scores"):
        compare(np.full(20, 0.5), np.arange(20.0))
    flat = compare(np.arange(20.0), np.full(20, 3.0))
    assert flat.plcc is None
    assert flat.srcc is None
    assert flat.rmse == pytest.approx(0.0)


def test_the_farthest_beyond_both_intervals_come_first() -> None:
    names = ["near", "high", "low", "wide", "unknown"]
    score = np.array([50.0, 90.0, 10.0, 90.0, np.nan])
    mos = np.array([52.0, 50.0, 60.0, 50.0, 50.0])
    half = np.array([5.0, 5.0, 5.0, 5.0, 5.0])
    spread = np.array([1.0, 5.0, 5.0, 40.0, 1.0])
    found = disagreements(names, score, mos, half_width=half, spread=spread)
    assert [(one.name, one.beyond) for one in found] == [
        ("low", 40.0), ("high", 30.0), ("wide", 0.0), ("near", 0.0),
    ]  # fmt: skip
    assert [one.difference for one in found][:2] == [-50.0, 40.0]


def test_a_difference_from_the_hidden_reference() -> None:
    ratings = from_cube(
        [[5, 4, np.nan], [3, 4, 2], [4, 2, 5]],
        stimuli=["reference", "restored", "other"], low=1, high=5,
    )  # fmt: skip
    found = differential(ratings, {"restored": "reference"})
    assert found.stimuli == ("restored",)
    # 3 - 5 + 5, 4 - 4 + 5; the third rater never saw the reference.
    np.testing.assert_array_equal(found.table()[0, :2], [3, 5])
    assert np.isnan(found.table()[0, 2])
