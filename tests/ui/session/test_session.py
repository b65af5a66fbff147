"""One open library as the window sees it."""

from __future__ import annotations

import threading

import pytest
from pytestqt.exceptions import capture_exceptions
from pytestqt.qtbot import QtBot

from fiqa_studio.domain.changes import Kind
from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.jobs import JobState
from fiqa_studio.store.library import Library
from fiqa_studio.ui.session.session import Session
from tests.ui.conftest import RecordingEngine, add_photo
from tests.ui.patience import arrived, still


def _raise(error: Exception) -> None:
    raise error


def test_many_writes_are_told_together(qtbot: QtBot, session: Session, library: Library) -> None:
    told: list[tuple[frozenset[int], str]] = []
    session.changed.connect(
        lambda changes: told.append((changes.ids(Kind.PHOTO), threading.current_thread().name))
    )
    root = library.roots.all()[0].id
    added = {add_photo(library, root, 1000 + number)[0] for number in range(12)}
    qtbot.waitUntil(lambda: added <= frozenset().union(*(ids for ids, _ in told)))
    assert len(told) < 12
    assert {name for _, name in told} == {threading.current_thread().name}


def test_jobs_are_told_in_the_windows_thread(
    qtbot: QtBot, session: Session, engine: RecordingEngine
) -> None:
    names: list[str] = []
    session.job_changed.connect(lambda _: names.append(threading.current_thread().name))
    thread = threading.Thread(target=engine.play)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: bool(names))
    assert names == [threading.current_thread().name]


def test_an_error_the_user_can_act_on_is_shown_in_place(qtbot: QtBot, session: Session) -> None:
    error = KnownError("The disk is full.", remedy="Make room.")
    with qtbot.waitSignal(session.error) as shown:
        session.run(lambda: _raise(error), lambda _: None)
    assert shown.args == [error]


@pytest.mark.qt_no_exception_capture
def test_our_own_fault_reaches_the_crash_report(qtbot: QtBot, session: Session) -> None:
    with capture_exceptions() as caught:
        session.run(lambda: 1 / 0, lambda _: None)
        qtbot.waitUntil(lambda: bool(caught))
    assert caught[0][0] is ZeroDivisionError


def test_closing_drops_what_is_under_way(
    qtbot: QtBot, session: Session, engine: RecordingEngine
) -> None:
    started, gate, results = threading.Event(), threading.Event(), []

    def work() -> int:
        started.set()
        gate.wait(10)
        return 1

    session.run(work, results.append)
    assert started.wait(10)
    gate.set()
    session.close()
    engine.play(JobState.DONE)
    arrived(qtbot)
    assert results == []
    assert engine.stopped
    assert engine.listeners == []


def test_a_silent_session_delivers_nothing_and_can_still_be_closed(
    qtbot: QtBot, session: Session, engine: RecordingEngine, library: Library
) -> None:
    started, results, told = threading.Event(), [], []
    session.changed.connect(told.append)

    def work() -> int:
        started.set()
        return 1

    session.run(work, results.append)
    assert started.wait(10)
    session.silence()
    add_photo(library, library.roots.all()[0].id, 2000)
    thread = threading.Thread(target=session.close)
    thread.start()
    thread.join(10)
    still(qtbot, session)
    assert (results, told) == ([], [])
    assert engine.stopped
