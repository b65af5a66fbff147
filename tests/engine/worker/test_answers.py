"""A scorer's answer is believed only where it can be; a bad one costs one photo."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from fiqa_models import registry
from fiqa_models.scoring import FaceScore
from fiqa_studio.engine.link.protocol import LoadScorer, ScorerLoaded, WireScore
from fiqa_studio.engine.worker.answers import BadAnswerError, check_count, checked_score
from fiqa_studio.engine.worker.frames import Crops
from fiqa_studio.engine.worker.scoring import CROP_SIDE, Scoring

PATIENCE = 60.0


def score(**changes: Any) -> FaceScore:
    half = np.full((4, 4), 0.5, np.float16)
    good = FaceScore(0.5, 0.1, half, half, np.zeros(3, np.float32))
    return replace(good, **changes)


NOTHING = np.empty((0, 0), np.float16)


def test_a_sound_score_passes_unchanged() -> None:
    wire = checked_score(score())
    assert (wire.value, wire.spread, wire.map_shape) == (0.5, 0.1, (4, 4))
    assert checked_score(score(quality_map=NOTHING, confidence_map=NOTHING)).map_shape == (0, 0)
    assert wire.embedding == np.zeros(3, np.float16).tobytes()
    assert checked_score(score(embedding=np.empty(0))).embedding == b""
    assert checked_score(score(embedding=None)).embedding == b""
    large = np.frombuffer(checked_score(score(embedding=np.array([1e9]))).embedding, np.float16)
    assert np.isfinite(large).all(), "beyond what is kept is no fault either"
    assert checked_score(score(value=np.float32(1.0004))).value == 1.0, "rounding is no fault"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"value": float("nan")}, "its score is nan"),
        ({"value": float("inf")}, "its score is inf"),
        ({"value": 70.0}, "its score is 70, outside"),
        ({"value": None}, "its score is no number but NoneType"),
        ({"value": "good"}, "its score is no number but str"),
        ({"spread": -0.5}, "its spread is -0.5, outside"),
        ({"quality_map": np.zeros((4, 5), np.float16)}, "not of one shape"),
        ({"quality_map": NOTHING}, "not of one shape"),
        ({"quality_map": np.zeros((4, 4, 1))}, r"has the shape \(4, 4, 1\)"),
        ({"quality_map": np.zeros((4, 5000))}, "has the shape"),
        ({"confidence_map": np.full((4, 4), np.nan)}, "not finite"),
        ({"confidence_map": np.full((4, 4), 100.0)}, "outside"),
        ({"confidence_map": "a map"}, "no array of numbers"),
        ({"embedding": np.full(8, np.nan)}, "embedding holds values that are not finite"),
        ({"embedding": np.zeros((2, 8))}, "embedding has the shape"),
        ({"embedding": np.zeros(100_000)}, "embedding has the shape"),
        ({"embedding": ["a"]}, "embedding is no array"),
    ],
)
def test_what_is_no_score_says_what_is_wrong_with_it(changes: Any, said: str) -> None:
    with pytest.raises(BadAnswerError, match=said):
        checked_score(score(**changes))


def test_one_score_a_face() -> None:
    check_count([1, 2], 2)
    with pytest.raises(BadAnswerError, match="1 scores for 2 faces"):
        check_count([1], 2)


@dataclass
class Plugin:
    """A scorer from elsewhere that misbehaves where a crop's first pixel says so."""

    name: str = "odd"
    title: str = "Odd"
    hash: str = "0" * 16
    summary: str = ""
    kind: str = "plug-in"
    device: str = "cpu"
    precision: str = "float32"

    def score(self, crops: Any, _landmarks: Any) -> Any:
        first = crops[:, 0, 0, 0].tolist()
        if 1 in first:
            return [score()] * (len(crops) - 1)
        if 2 in first:
            raise SystemExit("the plug-in leaves")
        if 3 in first:
            return None
        return [score(value=float("nan") if pixel == 4 else 0.25) for pixel in first]


@dataclass
class Listener:
    """Collects what becomes of the photos."""

    answers: queue.SimpleQueue[tuple[int, Any]] = field(default_factory=queue.SimpleQueue)

    def scorer_loaded(self, answer: ScorerLoaded) -> None:
        self.answers.put((answer.request_id, answer))

    def load_failed(self, request_id: int, code: str, message: str) -> None:
        self.answers.put((request_id, (code, message)))

    def photo_scored(self, crops: Crops, scores: list[WireScore]) -> None:
        self.answers.put((crops.request_id, [one.value for one in scores]))

    def photo_not_scored(self, crops: Crops, code: str, message: str) -> None:
        self.answers.put((crops.request_id, (code, message)))

    def notice(self, level: str, message: str) -> None:
        pass

    def begun(self, request_id: int) -> None:
        pass


def crops(request_id: int, *pixels: int) -> Crops:
    found = np.zeros((len(pixels), CROP_SIDE, CROP_SIDE, 3), np.uint8)
    found[:, 0, 0, 0] = pixels
    return Crops(
        request_id=request_id,
        scorer="odd",
        pixels=found.tobytes(),
        landmarks=np.zeros((len(pixels), 478, 2), np.float32).tobytes(),
        face_ids=list(range(len(pixels))),
        hashes=[0] * len(pixels),
    )


@pytest.fixture
def scoring(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Scoring, Listener]]:
    """The scoring thread with the plug-in loaded as the registry would."""
    spec = type("Spec", (), {"name": "odd", "hash": ""})()
    monkeypatch.setattr(registry, "find_scorer", lambda _name: spec)
    monkeypatch.setattr(registry, "load_scorer", lambda *_args, **_more: Plugin())
    listener = Listener()
    thread = Scoring(listener, cancelled=lambda _number: False, threads=2)
    thread.load(LoadScorer(request_id=0, scorer="odd"))
    assert isinstance(listener.answers.get(timeout=PATIENCE)[1], ScorerLoaded)
    yield thread, listener
    thread.close()


@pytest.mark.allows_log("")
@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (1, "scorer.bad-answer"),
        (2, "scorer.failed"),
        (3, "scorer.failed"),
        (4, "scorer.bad-answer"),
    ],
)
def test_a_bad_answer_costs_one_photo_and_every_photo_is_answered(
    scoring: tuple[Scoring, Listener], bad: int, code: str
) -> None:
    thread, listener = scoring
    photos = [crops(1, 0), crops(2, 0, bad), crops(3, 0, 0), *(crops(n, 0) for n in range(4, 9))]
    for photo in photos:
        thread.submit(photo)
    answers: dict[int, Any] = dict(listener.answers.get(timeout=PATIENCE) for _ in photos)
    problem = answers.pop(2)
    assert problem[0] == code, problem
    assert answers == {n: [0.25] * (2 if n == 3 else 1) for n in (1, 3, 4, 5, 6, 7, 8)}


def test_a_photo_of_many_faces_is_answered_once(
    scoring: tuple[Scoring, Listener],
) -> None:
    thread, listener = scoring
    thread.submit(crops(1, *([0] * 20)))
    assert listener.answers.get(timeout=PATIENCE) == (1, [0.25] * 20)
