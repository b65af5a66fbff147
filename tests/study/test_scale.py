"""Scales: the paper's mapping, and what can be answered."""

from __future__ import annotations

import math

import pytest

from fiqa_studio.study.errors import AnswerError
from fiqa_studio.study.scale import acr_to_unit, scale_for, scale_of
from fiqa_studio.study.values import Method
from tests.study.values import a_study


def test_the_papers_mapping_of_the_five_categories() -> None:
    # GFIQA-20k, section III.B: y = (x - 1)/4 x 0.99 + 0.01.
    assert [round(100 * acr_to_unit(x), 10) for x in range(1, 6)] == [1, 25.75, 50.5, 75.25, 100]
    marks = scale_of(Method.SLIDER).marks
    assert [(mark.value, mark.word) for mark in marks] == [
        (1.0, "Bad"), (25.75, "Poor"), (50.5, "Fair"), (75.25, "Good"), (100.0, "Excellent"),
    ]  # fmt: skip


@pytest.mark.parametrize("method", [m for m in Method if m is not Method.IMPORTED])
def test_every_scale_spans_one_to_a_hundred_percent(method: Method) -> None:
    scale = scale_of(method)
    assert scale.percent(scale.low) == pytest.approx(1.0)
    assert scale.percent(scale.high) == pytest.approx(100.0)
    for mark in scale.marks:
        assert scale.from_percent(scale.percent(mark.value)) == pytest.approx(mark.value)
        assert scale.checked(mark.value) == mark.value


def test_the_sliders_percent_is_its_value() -> None:
    scale = scale_of(Method.SLIDER)
    assert [scale.percent(v) for v in (1.0, 33.3, 100.0)] == pytest.approx([1.0, 33.3, 100.0])


@pytest.mark.parametrize(
    ("method", "good", "bad"),
    [
        (Method.SLIDER, [1, 1.01, 100.0], [0.99, 100.5, 0, -1]),
        (Method.ACR5, [1, 3.0, 5], [0, 6, 2.5]),
        (Method.ACR9, [1, 2, 8, 9], [0, 10, 4.5]),
        (Method.DCR, [1, 5], [0, 6]),
        (Method.CCR, [-3, 0, 3], [-4, 4, 0.5]),
        (Method.PAIRS, [-1, 0, 1], [0.5, 2]),
    ],
)
def test_only_what_is_on_the_scale_can_be_answered(
    method: Method, good: list[float], bad: list[float]
) -> None:
    scale = scale_of(method)
    for value in good:
        assert scale.checked(value) == value
    for wrong in [*bad, math.nan, math.inf, "3", None, True, [1]]:
        with pytest.raises(AnswerError) as refused:
            scale.checked(wrong)
        assert refused.value.code == "answer.value"


def test_a_forced_choice_has_no_middle() -> None:
    scale = scale_of(Method.PAIRS, no_difference=False)
    assert [mark.value for mark in scale.marks] == [1.0, -1.0]
    with pytest.raises(AnswerError):
        scale.checked(0)


def test_an_imported_study_names_its_own_range() -> None:
    scale = scale_for(a_study(method=Method.IMPORTED, scale_low=0.0, scale_high=10.0))
    assert (scale.low, scale.high) == (0.0, 10.0)
    assert scale.percent(5.0) == pytest.approx(50.5)
