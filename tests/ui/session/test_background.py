"""Work off the window's thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from fiqa_studio.ui.session.background import Background
from tests.ui.patience import arrived


@pytest.fixture
def background(qapp: object) -> Iterator[Background]:
    background = Background("test-pool", 2)
    yield background
    background.close()


def _fail(error: Exception) -> None:
    raise error


def test_work_runs_elsewhere_and_its_result_arrives_here(
    qtbot: QtBot, background: Background
) -> None:
    seen: list[tuple[str, str]] = []
    background.run(
        lambda: threading.current_thread().name,
        lambda name: seen.append((name, threading.current_thread().name)),
        failed=_fail,
    )
    qtbot.waitUntil(lambda: bool(seen))
    worker, receiver = seen[0]
    assert worker.startswith("test-pool")
    assert receiver == threading.current_thread().name


def test_a_failure_arrives_here_too(qtbot: QtBot, background: Background) -> None:
    errors: list[Exception] = []
    background.run(lambda: 1 / 0, lambda _: None, failed=errors.append)
    qtbot.waitUntil(lambda: bool(errors))
    assert isinstance(errors[0], ZeroDivisionError)


def test_the_newest_of_a_key_wins(qtbot: QtBot, background: Background) -> None:
    gate, started, results = threading.Event(), threading.Event(), []

    def slow() -> str:
        started.set()
        gate.wait(10)
        return "old"

    background.run(slow, results.append, failed=_fail, key="query")
    assert started.wait(10)
    background.run(lambda: "waited", results.append, failed=_fail, key="query")
    background.run(lambda: "new", results.append, failed=_fail, key="query")
    qtbot.waitUntil(lambda: bool(results))
    gate.set()
    background.run(lambda: "other", results.append, failed=_fail, key="another")
    qtbot.waitUntil(lambda: "other" in results)
    assert "old" not in results
    assert "new" in results
    assert "waited" not in results


def test_what_is_dropped_does_not_arrive(qtbot: QtBot, background: Background) -> None:
    gate, results = threading.Event(), []
    background.run(lambda: gate.wait(10), results.append, failed=_fail, key="query")
    background.drop("query")
    gate.set()
    done: list[int] = []
    background.run(lambda: 1, done.append, failed=_fail)
    qtbot.waitUntil(lambda: bool(done))
    assert results == []


def test_after_closing_nothing_arrives(qtbot: QtBot, background: Background) -> None:
    started, results = threading.Event(), []

    def work() -> int:
        started.set()
        return 1

    background.run(work, results.append, failed=_fail)
    assert started.wait(10)
    background.close()
    background.run(work, results.append, failed=_fail)
    arrived(qtbot)
    assert results == []


def test_what_is_held_back_begins_when_it_may_and_in_its_order(qtbot: QtBot, qapp: object) -> None:
    background = Background("test", 1)
    began: list[int] = []
    background.hold()
    for number in (1, 2, 3):
        background.run(lambda number=number: began.append(number), _nothing, failed=_nothing)  # type: ignore[misc]
    background.run(lambda: began.append(4), _nothing, failed=_nothing, key="same")
    background.run(lambda: began.append(5), _nothing, failed=_nothing, key="same")
    assert began == []
    background.release()
    qtbot.waitUntil(lambda: began == [1, 2, 3, 5])
    background.close()


def test_what_must_be_done_is_done_though_nobody_waits_for_it(qapp: object) -> None:
    background = Background("test", 1, drain=True)
    done: list[int] = []
    delivered: list[None] = []
    for number in range(20):
        background.run(
            lambda number=number: done.append(number),  # type: ignore[misc]
            delivered.append,
            failed=_nothing,
        )
    background.close()
    assert done == list(range(20))
    assert delivered == []


def _nothing(_: object) -> None:
    pass
