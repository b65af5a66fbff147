"""Culling as a user does it: real keys in the real window, a restart, and the history."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from fiqa_studio.domain.marks import Flag, PhotoMarks
from fiqa_studio.ui import theme
from fiqa_studio.ui.app import App
from fiqa_studio.ui.culling.history import HistoryPanel
from fiqa_studio.ui.culling.panel import MarksPanel
from fiqa_studio.ui.session.session import Session
from fiqa_studio.ui.session.settings import Settings
from tests.benchmarks.synthetic_library import build

_WINDOW_MS = 30_000
_CTRL = Qt.KeyboardModifier.ControlModifier
Key = Qt.Key


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    theme.manager.apply("dark")
    choices = Settings(tmp_path / "window.json")
    choices["view"], choices["sort"], choices["descending"] = "photos", "name", False
    return choices


@contextmanager
def _opened(qtbot: QtBot, settings: Settings, library: Path) -> Iterator[App]:
    """The program from its start to its end."""
    program = App(settings)
    program.window.resize(1400, 900)
    program.start(library)
    program.window.activateWindow()
    qtbot.waitUntil(lambda: program.window.workspace is not None, timeout=_WINDOW_MS)
    listing = program.window.context.session.listing
    qtbot.waitUntil(lambda: listing.count > 0 and not listing.loading, timeout=_WINDOW_MS)
    program.window.activateWindow()
    qtbot.waitUntil(program.window.isActiveWindow, timeout=_WINDOW_MS)
    try:
        yield program
    finally:
        program.window.close()
        program.close()
        QApplication.processEvents()


def _press(
    program: App,
    key: Qt.Key,
    modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
) -> None:
    view = program.window.area_view()
    assert view is not None
    view.setFocus()
    QTest.keyClick(view.focusProxy() or view, key, modifiers)


def _kept(session: Session, row: int) -> PhotoMarks:
    return session.library.marks.of_photo(int(session.listing.ids[row]))


def test_an_afternoon_of_culling(qtbot: QtBot, settings: Settings, tmp_path: Path) -> None:
    library = build(tmp_path / "shoot.fiqa", 300)
    with _opened(qtbot, settings, library) as program:
        _cull(qtbot, program)
    with _opened(qtbot, settings, library) as program:
        _look_back(qtbot, program)


def _cull(qtbot: QtBot, program: App) -> None:
    session = program.window.context.session
    session.selection.go_to(0)
    qtbot.waitUntil(program.window.action("mark.stars-5").isEnabled)
    before = [_kept(session, row) for row in range(4)]
    for key in (Key.Key_5, Key.Key_X, Key.Key_P):
        row = session.selection.row
        _press(program, key)
        qtbot.waitUntil(lambda row=row: session.selection.row == row + 1)
    qtbot.waitUntil(lambda: len(session.engine.marking.history()) >= 2)
    qtbot.waitUntil(lambda: _kept(session, 2).flag is Flag.PICK)
    assert _kept(session, 0).stars == 5
    assert _kept(session, 1).flag is Flag.REJECT

    # The last one is taken back, and is where the eye is.
    _press(program, Key.Key_Z, _CTRL)
    qtbot.waitUntil(lambda: _kept(session, 2) == before[2])
    qtbot.waitUntil(lambda: session.selection.row == 2)

    # All of them get a tag that nobody has, by a field.
    _press(program, Key.Key_A, _CTRL)
    _press(program, Key.Key_K, _CTRL)
    panel = program.window.panel("marks")
    assert isinstance(panel, MarksPanel)
    QTest.keyClicks(panel.tags.field, "afternoon")
    QTest.keyClick(panel.tags.field, Key.Key_Return)
    total = session.listing.count
    qtbot.waitUntil(lambda: session.library.marks.tags().get("afternoon") == total)


def _look_back(qtbot: QtBot, program: App) -> None:
    """After a restart nothing of this is Undo's; the history has it all."""
    session = program.window.context.session
    count = len(session.engine.marking.history())
    assert session.undo.title == ""
    assert not program.window.action("edit.undo").isEnabled()
    _press(program, Key.Key_Z, _CTRL)
    _press(program, Key.Key_F9)
    history = program.window.panel("history")
    assert isinstance(history, HistoryPanel)
    qtbot.waitUntil(lambda: history.list.count() == count, timeout=_WINDOW_MS)
    assert "afternoon" in history.texts()[0]
    history.list.setCurrentRow(0)
    button = next(b for b in history.findChildren(QPushButton) if b.text() == "Take Back")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "afternoon" not in session.library.marks.tags(), timeout=_WINDOW_MS)
    qtbot.waitUntil(lambda: history.said == f"{session.listing.count} are as before.")
    assert _kept(session, 0).stars == 5
