"""Scorers in words."""

from __future__ import annotations

import pytest

from fiqa_studio.engine.scoring.installed import InstalledScorer, Interval
from fiqa_studio.ui.models import words


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("GFIQA-20k", "gfiqa-20k"),
        ("  My own set (2026) ", "my-own-set-2026"),
        ("Ünïcode", "n-code"),
        ("../..", ""),
        ("x" * 99, "x" * 64),
    ],
)
def test_a_name_is_made_of_anything(text: str, name: str) -> None:
    assert words.name_from(text) == name


def test_figures_of_any_kind_are_said() -> None:
    figures = {
        "rated_srcc": 0.73444,
        "core_steps_down": 0.9688,
        "rating_link": [0.6827, -0.1433],
        "slices": {"dark": 0.71, "bright": 0.8},
        "held_out": True,
        "note": "five folds",
        "nothing": "",
    }
    scorer = InstalledScorer(
        name="s", title="S", figures=figures, interval=Interval(0.9, (), (0.1,))
    )
    assert dict(words.figures_of(scorer)) == {
        "Human ratings, SRCC": "0.7344",
        "Worse picture, lower score": "96.9 %",
        "Rating link": "0.6827, -0.1433",
        "Slices": "dark 0.71; bright 0.8",
        "Held out": "yes",
        "Note": "five folds",
        "Range": "± 10; holds 90 % of the labels",
    }
