"""What a watch is told: figures against an independent computation, and events as lines."""

from __future__ import annotations

import io

import numpy as np
import pytest
from scipy import stats

from fiqa_training.errors import TrainingError
from fiqa_training.loop.watch import (
    Checked,
    Ended,
    EventWatch,
    Step,
    Stepped,
    Watches,
    read_event,
    validation,
)


def test_a_validation_has_the_figures_of_scipy_and_names_the_largest_errors() -> None:
    rng = np.random.default_rng(5)
    wanted = rng.random(40)
    predicted = wanted + rng.normal(0, 0.1, 40)
    predicted[7] = wanted[7] + 3
    found = validation(predicted, wanted, [f"{i}.jpg" for i in range(40)], worst=3)
    assert found.srcc == pytest.approx(stats.spearmanr(predicted, wanted).statistic)
    assert found.plcc == pytest.approx(stats.pearsonr(predicted, wanted).statistic)
    assert found.rmse == pytest.approx(float(np.sqrt(((predicted - wanted) ** 2).mean())))
    assert (found.figure, found.count, len(found.worst)) == (found.srcc, 40, 3)
    assert found.worst[0].name == "7.jpg"


def test_constant_predictions_are_the_worst_there_is_and_no_nan() -> None:
    found = validation(np.full(5, 0.5), np.arange(5) / 5, list("abcde"))
    assert (found.figure, found.srcc, found.plcc) == (-1.0, None, None)


def test_events_come_back_as_they_were_told() -> None:
    stream = io.StringIO()
    watch = EventWatch(stream)
    step = Step("quality", 3, 10, 0.25, 1e-4, 2.5)
    found = validation(np.array([0.1, 0.4, 0.2]), np.array([0.1, 0.5, 0.3]), ["a", "ü.jpg", "c"])
    watch.stepped(step)
    watch.checked(3, found, 1.0)
    watch.ended({"steps": 3})
    lines = stream.getvalue().splitlines()
    assert [read_event(line) for line in lines] == [
        Stepped(step),
        Checked(3, 1.0, found),
        Ended({"steps": 3}),
    ]


@pytest.mark.parametrize("line", ["", "{}", "Traceback", '{"type":"step","made":{"step":"x"}}'])
def test_what_is_no_event_is_refused(line: str) -> None:
    with pytest.raises(TrainingError, match="Not an event"):
        read_event(line)


def test_several_watches_want_a_run_while_all_do() -> None:
    yes, no = EventWatch(io.StringIO()), EventWatch(io.StringIO(), wanted=lambda: False)
    assert Watches([yes, yes]).wanted()
    assert not Watches([yes, no]).wanted()
