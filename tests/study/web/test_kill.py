"""Killed at random while raters rate: nothing acknowledged is lost or doubled, each goes on."""

from __future__ import annotations

import http.client
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fiqa_studio.study import file, reading
from fiqa_studio.study.reading import Rating
from tests.study.web.client import Caller, Server

KILLS = int(os.environ.get("FIQA_STUDY_KILLS", "6"))
_RATERS = 4

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("kill")]


class _Rater(threading.Thread):
    """Rates until told to stop; sends an answer again until it is acknowledged."""

    def __init__(self, port: int, token: str, stop: threading.Event, started: threading.Event):
        super().__init__()
        self._caller = Caller(port, token)
        self._over, self._started_once = stop, started
        self.acknowledged: list[tuple[str, float]] = []
        self.faults: list[object] = []

    def run(self) -> None:
        draw = random.Random(self._caller.token)
        step: dict[str, Any] | None = None
        value = 0.0
        while not self._over.is_set():
            try:
                if step is None:
                    _, reply = self._caller.post("step")
                    step = reply["step"]
                    value = float(draw.randint(1, 100))
                if step["page"] != "trial":
                    return
                body = {
                    "trial": step["trial"], "attempt": step["attempt"],
                    "values": {"quality": value},
                }  # fmt: skip
                status, reply = self._caller.post("answer", body)
            except (OSError, http.client.HTTPException):
                continue  # it is being started again; the same answer is sent once more
            if status == 200:
                self.acknowledged.append((step["trial"], value))
                self._started_once.set()
                threading.Event().wait(0.02)
                step, value = reply["step"], float(draw.randint(1, 100))
            elif reply.get("error") == "answer.not-shown":
                self._look_again(step)
            elif status != 429:
                self.faults.append((status, reply))
                return
        self._caller.close()

    def _look_again(self, step: dict[str, Any]) -> None:
        try:
            _, reply = self._caller.post("step")
        except (OSError, http.client.HTTPException):
            return
        if reply["step"].get("trial") != step["trial"]:
            self.faults.append(("resumed elsewhere", reply["step"], step))


def test_killing_the_server_loses_and_doubles_nothing(
    made: Callable[..., Path], serve: Callable[..., Server]
) -> None:
    study = made(count=20 + 8 * KILLS, batch_size=20 + 8 * KILLS)
    names = [f"rater {i}" for i in range(_RATERS)]
    server = serve(study, *(word for name in names for word in ("--rater", name)))
    server.read_links(_RATERS)
    stop = threading.Event()
    draw = random.Random(1)
    moved = [threading.Event() for _ in names]
    people = [
        _Rater(server.port, server.links[name].partition("#t=")[2], stop, event)
        for name, event in zip(names, moved, strict=True)
    ]
    for rater in people:
        rater.start()
    try:
        for _ in range(KILLS):
            for event in moved:
                event.clear()
            # In the middle of somebody's rating, whenever that is.
            deadline = time.monotonic() + 60
            while not any(event.wait(0.02) for event in moved):
                assert any(rater.is_alive() for rater in people), "there is somebody to disturb"
                assert time.monotonic() < deadline
            threading.Event().wait(draw.random() * 0.05)
            server.kill()
            server.restart()
    finally:
        stop.set()
        for rater in people:
            rater.join(60)
    assert [fault for rater in people for fault in rater.faults] == []
    _check(study, {n: r.acknowledged for n, r in zip(names, people, strict=True)})


def _check(study: Path, acknowledged: dict[str, list[tuple[str, float]]]) -> None:
    with file.opened(study) as opened:
        found = reading.ratings(opened.database)
    by_rater: dict[str, list[Rating]] = {name: [] for name in acknowledged}
    for rating in found:
        by_rater[rating.rater].append(rating)
    for name, own in by_rater.items():
        stored = [(rating.trial, rating.value) for rating in own]
        said = acknowledged[name]
        assert len(dict(stored)) == len(stored), "nothing twice"
        assert stored[: len(said)] == said, "all that was acknowledged, in order"
        assert len(stored) <= len(said) + 1, "at most the one whose acknowledgement was lost"
        assert [rating.index for rating in own] == list(range(len(own))), "no trial left out"


_SITTER = """
import sys
from pathlib import Path
from fiqa_studio.study import file
from fiqa_studio.study.sitting.sitting import open_sitting
from fiqa_studio.study.sitting.steps import Trial
with file.opened(Path(sys.argv[1])) as opened:
    sitting = open_sitting(opened, "Anna", client="window")
    value = 0
    while isinstance(step := sitting.step(), Trial):
        value = value % 100 + 1
        print("next", step.id, flush=True)
        sitting.answer(step.id, {"quality": value}, attempt=step.attempt)
        print("done", step.id, value, flush=True)
"""


def test_killing_a_sitting_resumes_at_the_very_next_trial(made: Callable[..., Path]) -> None:
    study = made(count=40 + 2 * KILLS, batch_size=40 + 2 * KILLS)
    draw = random.Random(2)
    acknowledged: list[tuple[str, float]] = []
    for turn in range(KILLS):
        process = subprocess.Popen(
            [sys.executable, "-c", _SITTER, str(study)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        wanted = draw.randint(1, 2)
        lines = []
        for line in process.stdout:
            lines.append(line.split())
            if turn and len(lines) == 1:
                _resumed_after(study, acknowledged, lines[0][1])
            if sum(words[0] == "done" for words in lines) >= wanted:
                threading.Event().wait(draw.random() * 0.01)
                break
        process.kill()
        rest = process.stdout.read()  # with what was read ahead
        process.stdout.close()
        process.wait(30)
        lines += [line.split() for line in rest.splitlines()]
        acknowledged += [(w[1], float(w[2])) for w in lines if w[0] == "done" and len(w) == 3]
    with file.opened(study) as opened:
        found = reading.ratings(opened.database)
    stored = [(rating.trial, rating.value) for rating in found]
    assert len(dict(stored)) == len(stored)
    assert set(acknowledged) <= set(stored)
    assert len(stored) <= len(acknowledged) + KILLS
    assert [rating.index for rating in found] == list(range(len(found)))


def _resumed_after(study: Path, acknowledged: list[tuple[str, float]], trial: str) -> None:
    with file.opened(study) as opened, opened.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT id, position FROM trial").all()
    position = {row[0]: row[1] for row in rows}
    last = position[acknowledged[-1][0]]
    # One more where the kill fell between the commit and the word about it.
    assert position[trial] in {last + 1, last + 2}
