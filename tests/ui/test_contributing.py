"""A feature is one folder and one line: a menu, an action, a panel and a kind of job."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from fiqa_studio.domain.jobs import JobState
from fiqa_studio.ui import features
from fiqa_studio.ui.app import App
from fiqa_studio.ui.session.settings import Settings
from fiqa_studio.ui.shell.keysheet import KeySheet
from fiqa_studio.ui.shell.menus import plain
from fiqa_studio.ui.shell.palette import Palette

ONE_LINE = "tests.ui.toy"


@pytest.fixture
def program(qtbot: QtBot, settings: Settings, sample: Path) -> Iterator[App]:
    """The program with a feature more, loaded through the door of all others."""
    program = App(settings, registry=features.registry((*features.FEATURES, ONE_LINE)))
    program.start(sample)
    qtbot.waitUntil(lambda: program.window.workspace is not None, timeout=20_000)
    yield program
    program.window.close()
    program.close()
    program.window.deleteLater()
    qtbot.wait(1)


def test_a_feature_is_one_folder_and_one_line(qtbot: QtBot, program: App) -> None:
    window = program.window
    session = window.context.session

    # Its menu stands where it asked, with its action, its key and the panel's own action.
    titles = [plain(action.text()) for action in window.menuBar().actions()]
    assert titles.index("Toys") == titles.index("View") + 1
    action = window.action("toy.count")
    assert action.shortcut().toString() == "Ctrl+Alt+T"
    assert window.action("panel.toy").shortcut().toString() == "F10"

    # The palette and the key sheet know it without being told.
    window.action("help.palette").trigger()
    palette = window.findChild(Palette)
    palette.field.setText("count five")
    assert palette.list.item(0).text() == "Count to Five"
    palette.reject()
    window.action("help.shortcuts").trigger()
    sheet = window.findChild(KeySheet)
    assert ("Ctrl+Alt+T", "Count to Five") in sheet.shown()["Toys"]
    sheet.reject()

    # Its panel is shown, and what the user chose is remembered.
    window.action("panel.toy").trigger()
    panel = window.panel("toy")
    assert isinstance(panel, QLabel)
    assert panel.isVisible()
    assert window.settings["toy"] is True
    assert window.settings["toy.loud"] is False
    qtbot.waitUntil(lambda: session.listing.count > 0)
    session.selection.select_all()
    assert panel.text() == f"{session.listing.count} selected"

    # Its kind of job runs, by its action, and the list of jobs words it.
    action.trigger()
    qtbot.waitUntil(lambda: _states(program) == {"Count to 5": JobState.DONE}, timeout=20_000)


def _states(program: App) -> dict[str, JobState]:
    recent = program.window.context.session.library.jobs.recent()
    return {record.title: record.state for record in recent if record.kind == "toy"}


def test_its_key_works_in_the_window(qtbot: QtBot, program: App) -> None:
    window = program.window
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    modifiers = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
    qtbot.keyClick(window, Qt.Key.Key_T, modifiers)
    qtbot.waitUntil(lambda: JobState.DONE in _states(program).values(), timeout=20_000)


def test_without_its_line_nothing_is_left_of_it() -> None:
    names = {action.id for action in features.registry().actions}
    assert not {"toy.count", "panel.toy"} & names
