"""The window's side of the models' program, over the real program where it is quick."""

from __future__ import annotations

import json
import math
import sys
import threading
from pathlib import Path

import pytest

from fiqa_studio.domain.errors import ScorerError, WorkerError
from fiqa_studio.domain.scores import ScorerInfo
from fiqa_studio.engine.link.client import RequestCancelledError
from fiqa_studio.engine.programs import ModelsCall
from fiqa_studio.engine.scoring.installed import ImportOrder, Scorers, comparisons
from tests.engine.installed import INTERVAL, install, own_models


def _play(text: str) -> tuple[str, ...]:
    """A program that stands in for the models' where that would have to crash or hang."""
    return (sys.executable, "-c", f"import json, os, signal, sys, time\n{text}")


def test_the_scorers_of_this_installation_are_listed() -> None:
    install("mine", figures={"srcc": 0.9, "interval": INTERVAL})
    found = {scorer.name: scorer for scorer in Scorers().installed()}
    assert list(found)[:2] == ["starter", "sharpness"]
    mine, starter = found["mine"], found["starter"]
    assert (mine.own, starter.own, starter.default) == (True, False, True)
    assert (mine.dataset, mine.landmarks, mine.date) == ("GFIQA-20k", "mesh468", "2026-11-22")
    assert mine.file == str(own_models() / "mine.safetensors")
    assert mine.size == len(b"tensors of mine")
    assert mine.interval is not None
    assert mine.interval.around(0.5) == pytest.approx((0.39, 0.61))
    assert mine.figures == {"srcc": 0.9}
    assert len(starter.hash) == 16


def test_an_interval_belongs_to_a_hash_and_goes_with_its_scorer() -> None:
    install("mine", figures={"interval": INTERVAL})
    scorers = Scorers()
    (mine,) = (s for s in scorers.installed() if s.name == "mine")
    (sharpness,) = (s for s in scorers.installed() if s.name == "sharpness")
    assert scorers.interval_of(mine.hash) == mine.interval
    assert scorers.interval_of(sharpness.hash) is None
    scorers.remove("mine")
    assert scorers.interval_of(mine.hash) is None
    assert not list(own_models().iterdir())


def test_a_scorer_that_came_since_is_found() -> None:
    scorers = Scorers()
    scorers.installed()
    install("late", figures={"interval": INTERVAL})
    (late,) = (s for s in Scorers().installed() if s.name == "late")
    assert scorers.interval_of(late.hash) == late.interval


def test_a_renamed_scorer_is_known_by_its_hash() -> None:
    install("mine")
    scorers = Scorers()
    (mine,) = (s for s in scorers.installed() if s.name == "mine")
    known = ScorerInfo(mine.name, mine.title, mine.hash, mine.summary, mine.kind)
    renamed = scorers.rename("mine", "ours", "Ours -- now")
    assert (renamed.name, renamed.title, renamed.hash) == ("ours", "Ours -- now", mine.hash)
    assert scorers.name_of(known) == "ours"
    assert scorers.name_of(ScorerInfo("gone", "Gone", "f" * 16, "", "")) == "gone"


def test_a_refusal_has_its_cause_and_remedy(tmp_path: Path) -> None:
    steps: list[tuple[str, float | None]] = []
    order = ImportOrder(
        encoder=tmp_path / "DE.pt", quality=tmp_path / "IQA.pt", landmarks="mesh468", name="x"
    )
    with pytest.raises(ScorerError, match=r"DE\.pt is missing") as refused:
        Scorers().importing(order, lambda *step: steps.append(step)).run()
    assert str(tmp_path / "DE.pt") in refused.value.cause
    assert steps == [("Reading DE.pt", 0.0)]
    with pytest.raises(ScorerError, match="comes with the program"):
        Scorers().remove("starter")


def test_comparisons_are_read() -> None:
    row = {"case": "a", "what": "score", "published": 2.0, "found": 2.5, "deviation": 0.25}
    row |= {"within_rounding": True, "tolerance_used": None, "rounding_used": 0.5}
    exact, rounded = comparisons([row | {"agrees": True}, row | {"agrees": False}])
    assert (exact.agrees, exact.within_rounding) == (True, True)
    assert (rounded.agrees, rounded.within_rounding, rounded.deviation) == (False, True, 0.25)
    assert (rounded.tolerance_used, rounded.rounding_used) == (math.inf, 0.5)


def test_a_verification_that_deviates_is_an_answer() -> None:
    call = ModelsCall(["verify"], command=_play("print(json.dumps([1])); sys.exit(1)"))
    assert call.run() == [1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("print('out of luck', file=sys.stderr); sys.exit(70)", "out of luck"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "signal 9"),
        ("print('no json')", "exit status was 0"),
    ],
)
def test_a_program_that_fails_is_told_with_the_last_it_said(text: str, words: str) -> None:
    with pytest.raises(WorkerError) as failed:
        ModelsCall(["list"], command=_play(text)).run()
    assert words in str(failed.value)


def test_a_program_that_is_not_there_is_told() -> None:
    with pytest.raises(WorkerError, match="cannot be started"):
        Scorers(["/no/such/program"]).installed()


@pytest.mark.parametrize("obeys", [True, False])
def test_a_cancel_ends_it_even_where_it_does_not_listen(
    monkeypatch: pytest.MonkeyPatch, obeys: bool
) -> None:
    monkeypatch.setattr("fiqa_studio.engine.programs._GRACE_SECONDS", 0.2)
    begun = threading.Event()
    ignore = "" if obeys else "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    step = json.dumps({"step": "Reading", "share": None})
    text = f"{ignore}print({step!r}, file=sys.stderr, flush=True)\ntime.sleep(60)"
    call = ModelsCall(["import"], command=_play(text), on_step=lambda *_: begun.set())
    failures: list[Exception] = []

    def run() -> None:
        try:
            call.run()
        except RequestCancelledError as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    assert begun.wait(20)
    call.cancel()
    thread.join(20)
    assert len(failures) == 1


def test_a_cancel_before_the_start_starts_nothing() -> None:
    call = ModelsCall(["list"], command=("/no/such/program",))
    call.cancel()
    with pytest.raises(RequestCancelledError):
        call.run()
