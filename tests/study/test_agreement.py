"""Agreement of a panel, held equal to pingouin, krippendorff and formulas written out."""

from __future__ import annotations

import importlib
import warnings

import numpy as np
import pytest
from scipy import stats

from fiqa_studio.study import agreement
from fiqa_studio.study.matrix import from_cube
from fiqa_studio.study.mos import MosMethod, estimate
from fiqa_studio.study.numeric import pearson, ranks, spearman

SHROUT_FLEISS = [
    [9, 2, 5, 8],
    [6, 1, 3, 2],
    [8, 4, 6, 8],
    [7, 1, 2, 6],
    [10, 5, 6, 9],
    [6, 2, 4, 7],
]
"""Six targets, four judges: the table of Shrout and Fleiss (1979)."""


def table(missing: float = 0.0, seed: int = 2) -> np.ndarray:
    generator = np.random.default_rng(seed)
    values = generator.uniform(1, 5, (40, 1)) + generator.normal(0, 0.8, (40, 9))
    values = np.clip(np.round(values + generator.normal(0, 0.4, (1, 9))), 1, 5)
    values[generator.random(values.shape) < missing] = np.nan
    return values


def test_icc_of_shrout_and_fleiss() -> None:
    found = agreement.icc(from_cube(SHROUT_FLEISS))
    assert found is not None
    assert found.single == pytest.approx(0.290, abs=5e-4)  # as they print it
    assert found.average == pytest.approx(0.620, abs=5e-4)
    assert (found.stimuli, found.raters) == (6, 4)


def test_icc_equals_pingouin_with_its_interval() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pandas, pingouin = importlib.import_module("pandas"), importlib.import_module("pingouin")
        for values in (table(), np.array(SHROUT_FLEISS, dtype=float)):
            rows = [(i, s, value) for (i, s), value in np.ndenumerate(values)]
            data = pandas.DataFrame(rows, columns=["picture", "rater", "rating"])
            theirs = pingouin.intraclass_corr(data, "picture", "rater", "rating").set_index("Type")
            found = agreement.icc(from_cube(values))
            assert found is not None
            assert found.single == pytest.approx(theirs.loc["ICC2", "ICC"], abs=1e-9)
            assert found.average == pytest.approx(theirs.loc["ICC2k", "ICC"], abs=1e-9)
            # pingouin rounds its intervals.
            np.testing.assert_allclose(
                [found.low, found.high], theirs.loc["ICC2k", "CI95%"], atol=0.0051
            )


def test_icc_takes_what_all_rated_and_leaves_a_quitter_out() -> None:
    values = table()
    values[12:, 4] = np.nan
    found = agreement.icc(from_cube(values))
    whole = agreement.icc(from_cube(np.delete(values, 4, axis=1)))
    assert found == whole
    assert agreement.icc(from_cube(np.full((5, 4), 3.0))) is None
    assert agreement.icc(from_cube([[1.0, 2.0]])) is None


@pytest.mark.parametrize("missing", [0.0, 0.4])
def test_alpha_equals_krippendorffs_package(missing: float) -> None:
    krippendorff = importlib.import_module("krippendorff")
    values = table(missing)
    for ordinal, level in ((False, "interval"), (True, "ordinal")):
        theirs = krippendorff.alpha(reliability_data=values.T, level_of_measurement=level)
        assert agreement.alpha(from_cube(values), ordinal=ordinal) == pytest.approx(
            theirs, abs=1e-9
        )


def test_alpha_is_undefined_where_nobody_varies_or_meets() -> None:
    assert agreement.alpha(from_cube(np.full((5, 4), 3.0))) is None
    assert agreement.alpha(from_cube([[1.0, np.nan], [np.nan, 2.0]])) is None
    assert agreement.alpha(from_cube(np.full((5, 4), 3.0)), ordinal=True) is None


def test_sos_finds_the_parameter_that_made_the_ratings() -> None:
    generator = np.random.default_rng(0)
    shown = generator.uniform(0.1, 0.9, 400)
    values = generator.binomial(4, shown[:, None], (400, 200)) + 1.0  # variance = (5-m)(m-1)/4
    ratings = from_cube(values, low=1, high=5)
    found = agreement.sos(ratings, estimate(ratings, MosMethod.MOS))
    assert found is not None
    assert found.a == pytest.approx(0.25, abs=0.005)


def test_how_many_raters_an_interval_takes() -> None:
    wanted = agreement.raters_needed(12.0, 5.0)
    half = stats.t.ppf(0.975, wanted - 1) * 12 / np.sqrt(wanted)
    one_less = stats.t.ppf(0.975, wanted - 2) * 12 / np.sqrt(wanted - 1)
    assert half <= 5.0 < one_less
    with pytest.raises(ValueError, match="above zero"):
        agreement.raters_needed(12.0, 0.0)


def test_the_interval_narrows_with_more_raters() -> None:
    generator = np.random.default_rng(0)
    values = generator.normal(50, 10, (150, 12))
    found = agreement.convergence(from_cube(values))
    assert found.raters == tuple(range(2, 13))
    assert list(found.half_width) == sorted(found.half_width, reverse=True)
    whole = stats.t.ppf(0.975, 11) * values.std(axis=1, ddof=1) / np.sqrt(12)
    assert found.half_width[-1] == pytest.approx(whole.mean())


def test_correlations_equal_scipys() -> None:
    generator = np.random.default_rng(0)
    x = generator.integers(1, 6, 50).astype(float)
    y = x + generator.integers(-1, 2, 50)
    assert pearson(x, y) == pytest.approx(stats.pearsonr(x, y).statistic)
    assert spearman(x, y) == pytest.approx(stats.spearmanr(x, y).statistic)
    np.testing.assert_array_equal(ranks(x), stats.rankdata(x))
    assert pearson(x, np.full(50, 3.3)) is None
    assert pearson(x[:2], y[:2]) is None
