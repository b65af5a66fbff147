"""The board's numbers, each beside a computation of its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from fiqa_studio.study.decisions import Decision, What, current, left_out, proposed
from fiqa_studio.study.errors import StudyError
from fiqa_studio.study.matrix import from_rows
from fiqa_studio.study.reliability import (
    Answers,
    RaterReport,
    Thresholds,
    parse_thresholds,
    reliability,
)
from fiqa_studio.study.rows import GOLD, REPEAT, STUDY, TRAINING, RatingRow
from fiqa_studio.study.simulation import Kind, simulate
from tests.study.oracles import sureal

MIX = (*(Kind.HONEST,) * 9, Kind.RANDOM, Kind.INVERTED, Kind.FLAT)
ANSWERS = Answers(
    {f"good-{i}": (65, 100) for i in range(10)} | {f"bad-{i}": (1, 35) for i in range(10)}, {}
)


def study() -> tuple[list[RatingRow], np.ndarray, np.ndarray]:
    """Rows of 12 raters with gold and repeats; the first and second ratings as arrays."""
    made = simulate(MIX, stimuli=200, seed=4)
    again = simulate(MIX, stimuli=200, seed=4).ratings.table()
    generator = np.random.default_rng(9)
    again = np.clip(again + generator.normal(0, 5, again.shape), 1, 100)
    again[:, 9] = generator.uniform(1, 100, 200)
    again[:, 11] = made.ratings.table()[:, 11]
    first = made.ratings.table()
    rows = []
    for s, rater in enumerate(made.ratings.raters):
        rows.append(RatingRow(stimulus="lesson", rater=rater, value=1.0, kind=TRAINING))
        for e in range(200):
            fast = 200.0 if s == 9 and e % 2 else 2500.0 + e
            rows.append(
                RatingRow(
                    stimulus=str(e), rater=rater, value=first[e, s], kind=STUDY, reaction_ms=fast
                )
            )
        for i in range(10):
            good, bad = (
                (20.0, 80.0) if s == 10 else (50.0, 50.0) if s == 11 else (90.0, 10.0 + 5 * i)
            )
            rows.append(RatingRow(stimulus=f"good-{i}", rater=rater, value=good, kind=GOLD))
            rows.append(RatingRow(stimulus=f"bad-{i}", rater=rater, value=bad, kind=GOLD))
        rows += [
            RatingRow(stimulus=str(e), rater=rater, value=again[e, s], kind=REPEAT)
            for e in range(0, 200, 8)
        ]
    return rows, first, again


def board() -> dict[str, RaterReport]:
    rows, _, _ = study()
    return {found.rater: found for found in reliability(rows, low=1, high=100, answers=ANSWERS)}


def test_every_number_of_the_board_equals_its_own_computation() -> None:
    rows, first, again = study()
    found = list(board().values())
    cube = np.full((200, 12, 2), np.nan)
    cube[:, :, 0] = first
    cube[::8, :, 1] = again[::8]
    theirs = sureal("P910AnnexEModel", cube)
    for s, report in enumerate(found):
        own = np.nanmean(cube[:, s], axis=1)
        others = np.nanmean(np.delete(cube, s, axis=1), axis=(1, 2))
        everybody = np.nanmean(cube, axis=(1, 2))
        assert report.ratings == 225
        assert report.bias == pytest.approx(theirs["observer_bias"][s], abs=1e-7)
        assert report.inconsistency == pytest.approx(theirs["observer_inconsistency"][s], abs=1e-7)
        if s != 11:
            assert report.loo_plcc == pytest.approx(stats.pearsonr(own, others).statistic)
            assert report.mos_plcc == pytest.approx(stats.pearsonr(own, everybody).statistic)
            srcc = stats.spearmanr(first[::8, s], again[::8, s]).statistic
            assert report.repeat_srcc == pytest.approx(srcc)
        times = [row.reaction_ms for row in rows if row.rater == report.rater and row.reaction_ms]
        assert report.median_ms == pytest.approx(np.median(times))
        assert report.fast_share == np.mean(np.array(times) < 800)


def test_gold_is_right_within_the_accepted_range_and_its_ends_count() -> None:
    found = board()
    # Bad faces at 10, 15, …, 55: six of ten are at most 35.
    assert found["honest-1"].gold_accuracy == (10 + 6) / 20
    assert found["inverted-11"].gold_accuracy == 0.0
    assert found["flat-12"].gold_accuracy == 0.0
    assert found["honest-1"].gold == 20


def test_the_bad_ones_are_flagged_and_the_honest_are_not() -> None:
    flagged = {
        rater: {flag.name for flag in report.flags}
        for rater, report in board().items()
        if report.flags
    }
    assert set(flagged) == {"random-10", "inverted-11", "flat-12"}
    assert {"others", "repeats", "fast"} <= flagged["random-10"]
    assert {"others", "gold"} <= flagged["inverted-11"]
    assert {"straight-lining", "gold"} <= flagged["flat-12"]


def test_a_flat_rater_has_no_correlations() -> None:
    flat = board()["flat-12"]
    assert flat.loo_plcc is None
    assert flat.repeat_srcc is None
    assert flat.same_run == 225
    assert flat.same_share == 1.0


def test_thresholds_are_adjustable() -> None:
    rows, _, _ = study()
    strict = Thresholds(gold_accuracy=0.9, loo_plcc=0.0, repeat_srcc=-1.0, version="mine")
    found = reliability(rows, low=1, high=100, answers=ANSWERS, thresholds=strict)
    assert all("gold" in {flag.name for flag in report.flags} for report in found)
    assert "others" not in {flag.name for flag in found[9].flags}
    decision = proposed(found[0], strict)[0]
    assert (decision.what, decision.yes, decision.rule) == (What.USE, False, "mine")
    assert "gold answers right" in decision.reason


def test_little_is_said_of_who_rated_little() -> None:
    rows = [RatingRow(stimulus=str(i), rater="new", value=50.0) for i in range(9)]
    (found,) = reliability(rows, low=1, high=100)
    assert found.flags == ()
    assert found.loo_plcc is None
    assert reliability([], low=1, high=100) == ()


def test_gold_and_training_make_no_mos() -> None:
    rows, _, _ = study()
    assert not {"lesson", "good-0"} & set(from_rows(rows, low=1, high=100).stimuli)


def test_accept_and_use_are_two_decisions_and_both_can_be_taken_back() -> None:
    bad = board()["random-10"]
    taken = list(proposed(bad, Thresholds()))
    assert {decision.what for decision in taken} == {What.ACCEPT, What.USE}
    assert set(left_out(taken)) == {"random-10"}
    taken.append(Decision(rater="random-10", what=What.USE, yes=True, reason="spoke with him"))
    assert left_out(taken) == {}
    assert not current(taken)["random-10", What.ACCEPT].yes
    honest_but_biased = replace(bad, flags=tuple(f for f in bad.flags if f.name == "bias"))
    assert proposed(honest_but_biased, Thresholds()) == ()


def test_thresholds_are_read_from_texts() -> None:
    found = parse_thresholds(["loo_plcc=0.9", " fewest = 3 "])
    assert (found.loo_plcc, found.fewest, found.version) == (0.9, 3, "adjusted")
    assert parse_thresholds([]) == Thresholds()
    for wrong in ("loo_plcc", "nothing=1", "version=2", "bias=nan", "bias=x"):
        with pytest.raises(StudyError, match="no threshold"):
            parse_thresholds([wrong])


def test_nobody_is_flagged_for_scattering_where_there_is_no_noise_to_compare_with() -> None:
    values = {"a": (1, 4, 3), "b": (2, 5, 3), "c": (1, 4, 2)}
    rows = [
        RatingRow(stimulus=str(i), rater=rater, value=value)
        for rater, given in values.items()
        for i, value in enumerate(given)
    ]
    found = reliability(rows, low=1, high=5, thresholds=Thresholds(fewest=2, loo_plcc=0))
    assert all("inconsistency" not in {flag.name for flag in one.flags} for one in found)
