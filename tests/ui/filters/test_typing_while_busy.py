"""The search field while jobs run: what is being typed is newer than any query."""

from __future__ import annotations

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from fiqa_studio.domain.query import Query
from fiqa_studio.domain.terms import Words
from fiqa_studio.ui.filters.search import SearchField
from fiqa_studio.ui.shell.window import MainWindow
from tests.ui.conftest import RecordingEngine


def _field(window: MainWindow) -> SearchField:
    field = window.findChild(SearchField)
    assert isinstance(field, SearchField)
    return field


def test_a_running_job_takes_no_letters_away(
    qtbot: QtBot, window: MainWindow, engine: RecordingEngine
) -> None:
    field = _field(window)
    field.begin()
    for number, letter in enumerate("img_0007"):
        qtbot.keyClicks(field, letter)
        engine.play(done=number)
        qtbot.waitUntil(lambda number=number: _done(window) == number)  # type: ignore[misc]
        window.refresh(at_once=True)
        assert field.text() == "img_0007"[: number + 1]
    qtbot.waitUntil(lambda: window.context.listing.count == 1)


def _done(window: MainWindow) -> int:
    busy = window.context.session.busy
    return busy.done if busy is not None else -1


def test_escape_empties_it_while_a_job_runs(
    qtbot: QtBot, window: MainWindow, engine: RecordingEngine
) -> None:
    field = _field(window)
    window.context.listing.set_query(Query(where=(Words(("img", "0007")),)))
    qtbot.waitUntil(lambda: field.text() == "img 0007")
    engine.play()
    field.begin()
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not window.context.listing.query.is_filtered)
    window.refresh(at_once=True)
    assert field.text() == ""


def test_the_clear_button_asks_for_everything(qtbot: QtBot, window: MainWindow) -> None:
    field = _field(window)
    qtbot.keyClicks(field, "img_0007")
    qtbot.waitUntil(lambda: window.context.listing.count == 1)
    field.clear()
    qtbot.waitUntil(lambda: not window.context.listing.query.is_filtered)
