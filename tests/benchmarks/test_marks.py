"""How long marks take: one, a hundred thousand, all; and to take them back."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from fiqa_studio.domain.marks import (
    ActionId,
    AddTag,
    Flag,
    Mark,
    SetFlag,
    SetQuality,
    SetStars,
)
from fiqa_studio.domain.query import Query, Subject
from fiqa_studio.domain.target import Target
from fiqa_studio.engine.marking import Marking
from fiqa_studio.store.library import Library
from tests.benchmarks.synthetic_library import build

pytestmark = pytest.mark.benchmark
_PHOTOS = 1_000_000
_ALL_BUDGET = 2.0
_MANY = 100_000
_MANY_BUDGET = 1.0
_ONE_BUDGET = 0.020
_ROUNDS = 3
_ONES = 300


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    path = build(tmp_path_factory.mktemp("marks") / "big.fiqa", _PHOTOS, thumbnails=False)
    with Library.open(path) as opened:
        yield opened


def seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


@pytest.mark.parametrize(
    ("what", "marks", "budget"),
    [
        ("all photos", [SetStars(5)], _ALL_BUDGET),
        ("all faces", [SetStars(4), AddTag("all")], _ALL_BUDGET),
        ("100,000 photos at random", [SetFlag(Flag.PICK), AddTag("some")], _MANY_BUDGET),
        ("100,000 faces at random", [SetQuality(0.5)], _MANY_BUDGET),
    ],
)
def test_many_are_marked_and_taken_back_at_once(
    library: Library,
    capsys: pytest.CaptureFixture[str],
    what: str,
    marks: list[Mark],
    budget: float,
) -> None:
    """The fastest of some rounds, by the wall clock, committed: others use this machine as well."""
    marking = Marking(library)
    some = np.random.default_rng(0).choice(_PHOTOS - _MANY, _MANY, replace=False) + 1
    target = {
        "all photos": Target.all_of(Subject.PHOTOS, Query()),
        "all faces": Target.all_of(Subject.FACES, Query()),
        "100,000 photos at random": Target.photos(some.tolist()),
        "100,000 faces at random": Target.faces(some.tolist()),
    }[what]
    there, back = [], []
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        outcome = marking.mark(target, marks).result()
        there.append(time.perf_counter() - start)
        action = outcome.action_id
        assert action is not None
        assert outcome.changed > 0.8 * (_MANY if "random" in what else _PHOTOS)
        back.append(seconds(lambda action=action: _undo(marking, action)))  # type: ignore[misc]
    with capsys.disabled():
        sys.stdout.write(f"\n{what}: marked {min(there):.2f} s, taken back {min(back):.2f} s\n")
    assert min(there) < budget
    assert min(back) < budget


def test_one_mark_is_committed_at_once(
    library: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    marking = Marking(library)
    found = np.array(
        [
            seconds(
                lambda number=number: marking.mark(  # type: ignore[misc]
                    Target.photos([1 + 7 * number]), [SetStars(1 + number % 5)]
                ).result()
            )
            for number in range(_ONES)
        ]
    )
    with capsys.disabled():
        sys.stdout.write(
            f"\none mark: {1000 * np.median(found):.1f} ms in the median, "
            f"{1000 * found.max():.1f} at most of {_ONES}\n"
        )
    assert np.median(found) < _ONE_BUDGET


def _undo(marking: Marking, action: ActionId) -> None:
    outcome = marking.undo(action).result()
    assert outcome.stayed == 0
