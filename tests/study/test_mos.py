"""MOS by every method, held equal to sureal, to numpy and to the paper's own rule."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from fiqa_studio.study import bootstrap
from fiqa_studio.study.analysis import analyse
from fiqa_studio.study.errors import StudyError
from fiqa_studio.study.few import few_raters
from fiqa_studio.study.matrix import from_cube
from fiqa_studio.study.mos import MosMethod, analytic_half_width, estimate
from fiqa_studio.study.screening import by_others, outlying, window
from fiqa_studio.study.simulation import MIXES, rmse, simulate
from tests.study.oracles import sureal

NAN = float("nan")


def cube(*, missing: float = 0.0, repeats: int = 1, seed: int = 1) -> np.ndarray:
    """200 stimuli, 12 raters: one answers at random, the others differ in bias and noise."""
    generator = np.random.default_rng(seed)
    truth = generator.uniform(10, 90, 200)
    values = truth[:, None, None] + generator.normal(0, 6, (1, 12, 1))
    values = values + generator.normal(0, 1, (200, 12, repeats)) * generator.uniform(
        5, 25, (1, 12, 1)
    )
    values[:, 3] = generator.uniform(1, 100, (200, repeats))
    values = np.clip(values, 1, 100)
    values[generator.random(values.shape) < missing] = np.nan
    return values


@pytest.mark.parametrize(("missing", "repeats"), [(0.0, 1), (0.2, 1), (0.1, 2)])
@pytest.mark.parametrize(
    ("method", "model"),
    [
        (MosMethod.P910, "P910AnnexEModel"),
        (MosMethod.P913, "P913124Model"),
        (MosMethod.BT500, "BT500Model"),
        (MosMethod.MOS, "MosModel"),
    ],
)
def test_a_method_equals_sureal(
    method: MosMethod, model: str, missing: float, repeats: int
) -> None:
    values = cube(missing=missing, repeats=repeats)
    theirs = sureal(model, values)
    ratings = from_cube(values)
    ours = estimate(ratings, method)
    np.testing.assert_allclose(ours.mos, theirs["quality_scores"], rtol=0, atol=1e-9)
    half = analytic_half_width(ratings, ours)
    np.testing.assert_allclose(half, theirs["quality_scores_ci95"][0], atol=1e-6)
    if "observer_bias" in theirs:
        np.testing.assert_allclose(ours.bias, theirs["observer_bias"], atol=1e-9)
    if "observer_inconsistency" in theirs:
        np.testing.assert_allclose(ours.inconsistency, theirs["observer_inconsistency"], atol=1e-7)
    if "observer_rejected" in theirs:
        assert list(~ours.used) == theirs["observer_rejected"]
    if "quality_ambiguity" in theirs:
        np.testing.assert_allclose(ours.sd, theirs["quality_ambiguity"], atol=1e-9)


def test_bt500_left_somebody_out_above() -> None:
    assert not estimate(from_cube(cube()), MosMethod.BT500).used.all()


@pytest.mark.parametrize("scale", [(0.0, 1.0), (1.0, 5.0), (-3.0, 3.0), (0.0, 100.0)])
def test_p910_equals_sureal_on_any_scale(scale: tuple[float, float]) -> None:
    low, high = scale
    values = low + (cube(missing=0.1) - 1) / 99 * (high - low)
    ours = estimate(from_cube(values, low=low, high=high))
    theirs = sureal("P910AnnexEModel", values)
    np.testing.assert_allclose(ours.mos, theirs["quality_scores"], atol=1e-6 * (high - low))


def test_plain_mos_is_numpys_mean_and_its_interval_students() -> None:
    values = cube()
    ratings = from_cube(values)
    result = estimate(ratings, MosMethod.MOS)
    np.testing.assert_allclose(result.mos, values.mean(axis=(1, 2)), rtol=1e-14)
    np.testing.assert_allclose(result.sd, values.std(axis=(1, 2), ddof=1), rtol=1e-12)
    half = bootstrap.half_widths(ratings, result)
    expected = stats.t.ppf(0.975, 11) * values.std(axis=(1, 2), ddof=1) / np.sqrt(12)
    np.testing.assert_allclose(half, expected, rtol=1e-9)


def test_the_papers_screening_on_a_worked_example() -> None:
    # 20, 40, 50, 60, 80: mean 50, SD (n - 1) 22.36, so 27.64 to 72.36 stays: 40, 50, 60.
    # 10, 50, 50, 50, 90: mean 50, SD 28.28: 10 and 90 go. 30 throughout: SD 0, all stay.
    ratings = from_cube([[20, 40, 50, 60, 80], [10, 50, 50, 50, 90], [30, 30, 30, 30, 30]])
    result = estimate(ratings, MosMethod.GFIQA)
    np.testing.assert_allclose(result.mos, [50, 50, 30])
    np.testing.assert_allclose(result.n, [3, 3, 5])
    np.testing.assert_allclose(result.sd, [10, 0, 0])
    assert result.why[0] == "2 of 3 ratings outside the mean ± 1 SD of their picture"
    assert result.why[1] == ""
    # A rating on the edge of the interval is inside: 1, 2, 3 have mean 2 and SD 1.
    assert window(from_cube([[1, 2, 3]])).ratings.all()


def test_the_papers_screening_drops_a_third_of_honest_ratings() -> None:
    generator = np.random.default_rng(0)
    kept = window(from_cube(generator.normal(50, 10, (5000, 12)))).ratings
    assert 1 - kept.mean() == pytest.approx(0.319, abs=0.005)


def test_bt500_counts_a_unanimous_stimulus_for_nobody() -> None:
    values = np.full((30, 8), 4.0)
    found = outlying(from_cube(values, low=1, high=5), values.reshape(-1))
    assert not found.above.any()
    assert not found.below.any()
    assert not found.rejected.any()


def test_the_one_who_rates_against_all_goes_first_and_takes_nobody_along() -> None:
    made = simulate(MIXES["8 honest, random, inverted, flat"], seed=3)
    found = by_others(made.ratings)
    left_out = {made.ratings.raters[i].split("-")[0] for i in np.flatnonzero(~found.raters)}
    assert left_out == {"random", "inverted", "flat"}
    said = dict(zip(made.ratings.raters, found.why, strict=True))
    assert said["flat-11"] == "gave one and the same rating throughout"
    assert said["random-9"].startswith("goes with the others by")
    assert said["honest-1"] == ""


@pytest.mark.parametrize("mix", list(MIXES))
def test_the_default_is_nearer_to_the_truth_than_the_plain_mean(mix: str) -> None:
    errors = []
    for seed in range(5):
        made = simulate(MIXES[mix], seed=seed)
        ours = rmse(estimate(made.ratings).mos, made.truth)
        plain = rmse(estimate(made.ratings, MosMethod.MOS).mos, made.truth)
        errors.append((ours, plain))
    default, plain = np.mean(errors, axis=0)
    assert default < plain


@pytest.mark.parametrize("method", list(MosMethod))
def test_the_interval_holds_the_truth_about_nineteen_times_in_twenty(method: MosMethod) -> None:
    inside = []
    for seed in range(3):
        made = simulate(MIXES["10 honest, inverted"], seed=seed)
        result = estimate(made.ratings, method)
        half = bootstrap.half_widths(made.ratings, result, draws=60)
        inside.append(np.mean(np.abs(result.mos - made.truth) <= half))
    assert 0.88 <= np.mean(inside) <= 1.0


def test_an_interval_is_the_same_each_time() -> None:
    ratings = simulate(MIXES["11 honest"]).ratings
    result = estimate(ratings)
    once = bootstrap.half_widths(ratings, result, draws=20)
    np.testing.assert_array_equal(once, bootstrap.half_widths(ratings, result, draws=20))


def test_raters_who_barely_rated_do_not_take_the_estimate_over() -> None:
    # Two ratings are explained by a bias and an inconsistency of nearly nothing: unguarded,
    # such a rater weighs a hundred million times as much as the others.
    values = cube()[:, :, 0]
    passing = np.full((200, 1), np.nan)
    passing[0], passing[1] = 1.0, 100.0
    with_him = estimate(from_cube(np.hstack([values, passing])))
    without_him = estimate(from_cube(values))
    assert np.abs(with_him.mos - without_him.mos)[:2].max() < 15
    np.testing.assert_allclose(with_him.mos[2:], without_him.mos[2:], atol=1.0)


def test_sparse_and_degenerate_studies_give_nothing_but_numbers_and_nulls() -> None:
    studies = {
        "one rating": [[50.0]],
        "one rater": [[10.0], [60.0], [90.0]],
        "two raters": [[10.0, 20], [60, 70], [90, 80]],
        "all the same": [[4.0] * 5] * 6,
        "a rater without ratings": [[1.0, NAN, 2], [3, NAN, 5], [2, NAN, 2]],
        "a stimulus without ratings": [[1.0, 2, 3], [NAN, NAN, NAN], [3, 4, 6]],
        "nobody shares a stimulus": [[1.0, NAN], [NAN, 2.0], [3, NAN], [NAN, 5]],
        "a flat one": [[1.0, 3, 2], [5, 3, 4], [2, 3, 1], [4, 3, 5]],
    }
    for values in studies.values():
        for method in MosMethod:
            answer = analyse(from_cube(values, low=1, high=100), method).as_json()
            for stimulus in answer["stimuli"]:
                for number in (stimulus["mos"], stimulus["sd"], *stimulus["ci95"]):
                    assert number is None or np.isfinite(number)
                assert (stimulus["mos"] is None) == (stimulus["n"] == 0)


def test_the_json_has_exactly_the_promised_fields() -> None:
    answer = analyse(simulate(MIXES["11 honest"], stimuli=20).ratings, draws=10).as_json()
    assert set(answer) == {"stimuli", "raters"}
    assert set(answer["stimuli"][0]) == {"name", "mos", "sd", "ci95", "n"}
    assert set(answer["raters"][0]) == {
        "name", "bias", "inconsistency", "loo_plcc", "used", "why",
    }  # fmt: skip
    low, high = answer["stimuli"][0]["ci95"]
    assert low < answer["stimuli"][0]["mos"] < high


def test_the_owners_decision_leaves_a_rater_out_and_measures_him_all_the_same() -> None:
    made = simulate(MIXES["10 honest, inverted"], stimuli=60)
    found = analyse(made.ratings, MosMethod.MOS, left_out={"inverted-11": "turned round"}, draws=0)
    him = found.raters[-1]
    assert (him.used, him.why) == (False, "turned round")
    assert him.inconsistency is not None
    assert him.inconsistency > 25
    assert him.removed == him.ratings == 60
    honest = from_cube(made.ratings.table()[:, :10])
    expected = estimate(honest, MosMethod.MOS).mos
    np.testing.assert_allclose([s.mos for s in found.stimuli], expected)
    with pytest.raises(StudyError, match="All raters"):
        analyse(made.ratings, left_out=dict.fromkeys(made.ratings.raters, ""))


def test_no_ratings_are_a_known_error() -> None:
    with pytest.raises(StudyError, match="no ratings"):
        analyse(from_cube(np.full((3, 2), np.nan)))


def test_a_small_panel_knows_its_own_noise() -> None:
    generator = np.random.default_rng(5)
    truth = generator.uniform(20, 80, 300)
    bias = np.array([-6.0, 0.0, 6.0])
    taste = generator.normal(0, 5, (300, 3))
    values = truth[:, None, None] + bias[None, :, None] + taste[:, :, None]
    values = values + generator.normal(0, 4, (300, 3, 3))
    found = few_raters(from_cube(values))
    assert found.within == pytest.approx(4.0, abs=0.2)
    assert found.between == pytest.approx(5.0, abs=0.4)
    np.testing.assert_allclose(found.bias, bias, atol=1.0)
    np.testing.assert_allclose(found.mos, values.mean(axis=(1, 2)), atol=1e-9)
    inside = np.abs(found.mos - truth) <= found.people_half_width
    assert 0.92 <= inside.mean() <= 0.98
    repeated = truth + taste.mean(axis=1) + bias.mean()
    assert 0.92 <= np.mean(np.abs(found.mos - repeated) <= found.panel_half_width) <= 0.98
    once = few_raters(from_cube(values[:, :, :1]))
    assert np.isnan(once.panel_half_width).all()
    assert np.isfinite(once.people_half_width).all()


def test_it_is_said_when_p910_follows_one_or_two_raters() -> None:
    found = estimate(from_cube([[1, 2, 1], [4, 5, 4], [3, 3, 2]], low=1, high=5))
    assert any("follows 2, 3 and hardly anybody else" in note for note in found.notes)
    assert estimate(from_cube(cube())).notes == ()
