"""Crops of many photos on several scoring threads: every photo is answered once, in order."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest
import torch

import fiqa_models.registry
from fiqa_models.scoring import Crops as Pixels
from fiqa_models.scoring import FaceScore, Landmarks
from fiqa_studio.domain.photos import LANDMARK_COUNT
from fiqa_studio.engine.link.protocol import LoadScorer, ScorerLoaded, WireScore
from fiqa_studio.engine.worker.frames import Crops
from fiqa_studio.engine.worker.scoring import CROP_SIDE, Scoring

PATIENCE = 60.0
Answer = tuple[int, list[float] | str]


class Fake:
    """A scorer whose score is the crop's first pixel, in hundredths."""

    name = title = hash = summary = "fake"
    kind = "plug-in"
    device = "cpu"
    precision = "float32"

    def __init__(self, *, parallel: bool, during: Callable[[Pixels], None] = lambda _: None):
        self.parallel = parallel
        self.during = during
        self.most = 0
        self.threads: set[int] = set()
        self._inside = 0
        self._guard = threading.Lock()

    def score(self, crops: Pixels, _landmarks: Landmarks) -> list[FaceScore]:
        with self._guard:
            self._inside += 1
            self.most = max(self.most, self._inside)
            self.threads.add(torch.get_num_threads())
        try:
            self.during(crops)
        finally:
            with self._guard:
                self._inside -= 1
        flat = np.zeros((2, 2), np.float16)
        nothing = np.empty(0, np.float32)
        return [FaceScore(crop[0, 0, 0] / 100, 0.0, flat, flat, nothing) for crop in crops]


class Listener:
    """Collects what the scoring tells."""

    def __init__(self) -> None:
        self.answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        self.loaded: queue.SimpleQueue[str] = queue.SimpleQueue()

    def scorer_loaded(self, answer: ScorerLoaded) -> None:
        self.loaded.put(answer.name)

    def load_failed(self, _request_id: int, code: str, message: str) -> None:
        self.loaded.put(f"{code}: {message}")

    def photo_scored(self, crops: Crops, scores: list[WireScore]) -> None:
        self.answers.put((crops.request_id, [round(score.value, 4) for score in scores]))

    def photo_not_scored(self, crops: Crops, code: str, message: str) -> None:
        self.answers.put((crops.request_id, f"{code}: {message}"))

    def notice(self, level: str, message: str) -> None:
        raise AssertionError(level + message)

    def begun(self, request_id: int) -> None:
        pass


class Bench:
    """A scoring with a fake scorer loaded."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, scorer: Fake, *, threads: int):
        monkeypatch.setattr(fiqa_models.registry, "load_scorer", lambda *_, **__: scorer)
        monkeypatch.setattr(fiqa_models.registry, "find_scorer", lambda _: scorer)
        self.listener = Listener()
        self.cancelled: set[int] = set()
        self.scoring = Scoring(
            self.listener, cancelled=self.cancelled.__contains__, threads=threads
        )
        self.scoring.load(LoadScorer(request_id=0, scorer="fake"))

    def put(self, number: int, values: Sequence[int]) -> None:
        pixels = np.zeros((len(values), CROP_SIDE, CROP_SIDE, 3), np.uint8)
        pixels[:, 0, 0, 0] = values
        landmarks = np.zeros((len(values), LANDMARK_COUNT, 2), np.float32)
        self.scoring.submit(
            Crops(
                request_id=number,
                scorer="fake",
                pixels=pixels.tobytes(),
                landmarks=landmarks.tobytes(),
                face_ids=[],
                hashes=[],
            )
        )

    def answers(self, count: int) -> dict[int, list[float] | str]:
        found = dict(self.listener.answers.get(timeout=PATIENCE) for _ in range(count))
        assert len(found) == count, "one was answered twice"
        return found


Start = Callable[..., Bench]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts a bench of so many threads; they end with the test."""
    started: list[Bench] = []

    def make(scorer: Fake, *, threads: int) -> Bench:
        started.append(Bench(monkeypatch, scorer, threads=threads))
        return started[-1]

    yield make
    for bench in started:
        bench.scoring.close()


def test_faces_of_one_photo_are_scored_at_once_and_come_in_order(
    start: Start,
) -> None:
    together = threading.Barrier(2)
    scorer = Fake(parallel=True, during=lambda _: together.wait(PATIENCE) and None)
    bench = start(scorer, threads=2)
    bench.put(1, [1, 2, 3, 4, 5])
    bench.put(2, [6])
    bench.put(3, [])
    assert bench.answers(3) == {1: [0.01, 0.02, 0.03, 0.04, 0.05], 2: [0.06], 3: []}
    assert (scorer.most, scorer.threads) == (2, {1})


def test_a_scorer_that_does_not_bear_threads_sees_one_batch_at_a_time(
    start: Start,
) -> None:
    scorer = Fake(parallel=False)
    bench = start(scorer, threads=4)
    photos = {number: [number] * (number % 5) for number in range(40)}
    for number, values in photos.items():
        bench.put(number, values)
    expected = {n: [v / 100 for v in values] for n, values in photos.items()}
    assert bench.answers(40) == expected
    assert scorer.most == 1


@pytest.mark.allows_log("the scorer failed")
@pytest.mark.parametrize("parallel", [True, False])
def test_a_photo_that_fails_is_answered_once_and_costs_no_other(
    start: Start, parallel: bool
) -> None:
    def refuse(crops: Pixels) -> None:
        if (crops[:, 0, 0, 0] == 66).any():
            raise ValueError("not this one")

    bench = start(Fake(parallel=parallel, during=refuse), threads=3)
    for number in range(30):
        bench.put(number, [66, 1, 66, 2] if number % 3 == 0 else [number, 2, 3])
    for number, answer in bench.answers(30).items():
        if number % 3 == 0:
            assert answer == "scorer.failed: The scorer failed on this photo: not this one"
        else:
            assert answer == [number / 100, 0.02, 0.03]


def test_a_scorer_that_answers_for_too_few_faces_is_not_believed(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    scorer = Fake(parallel=False)
    bench = start(scorer, threads=2)
    monkeypatch.setattr(scorer, "score", lambda *_: [])
    bench.put(1, [1, 2])
    assert bench.answers(1) == {
        1: "scorer.bad-answer: The scorer's answer for this photo cannot be used: "
        "it gave 0 scores for 2 faces."
    }


def test_what_is_cancelled_is_answered_once_and_not_scored(start: Start) -> None:
    begun, go_on = threading.Semaphore(0), threading.Event()

    def wait(_: Pixels) -> None:
        begun.release()
        assert go_on.wait(PATIENCE)

    bench = start(Fake(parallel=True, during=wait), threads=2)
    bench.put(1, [1, 2, 3, 4])
    bench.put(2, [5])
    for _ in range(2):
        assert begun.acquire(timeout=PATIENCE)
    bench.cancelled.add(1)
    go_on.set()
    assert bench.answers(2) == {1: "cancelled: Cancelled.", 2: [0.05]}


def test_a_load_is_done_before_what_was_queued_after_it(start: Start) -> None:
    bench = start(Fake(parallel=True), threads=3)
    for number in range(1, 10):
        bench.put(number, [number])
        bench.scoring.load(LoadScorer(request_id=100 + number, scorer="fake"))
    assert bench.answers(9) == {number: [number / 100] for number in range(1, 10)}
    assert [bench.listener.loaded.get(timeout=PATIENCE) for _ in range(10)] == ["fake"] * 10
