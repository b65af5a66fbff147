"""The menu's Rate…: which study, and who."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from fiqa_studio.study import file, raters
from fiqa_studio.ui.shell.window import MainWindow
from fiqa_studio.ui.study.starting import StartDialog
from fiqa_studio.ui.study.window import RatingWindow
from tests.ui.study.conftest import Make, wait_for_trial


def _dialog(window: MainWindow) -> StartDialog:
    found = window.findChild(StartDialog)
    assert isinstance(found, StartDialog)
    return found


def test_from_the_menu_to_the_first_picture(qtbot: QtBot, window: MainWindow, make: Make) -> None:
    path = make()
    with file.opened(path) as opened:
        raters.add(opened.database, "Berta")
    window.action("study.rate").trigger()
    dialog = _dialog(window)
    assert not dialog.start.isEnabled()
    qtbot.keyClicks(dialog.place, str(path))
    qtbot.waitUntil(lambda: dialog.title.text() == "Faces", timeout=20_000)
    assert [dialog.who.itemText(i) for i in range(dialog.who.count())] == ["Berta"]
    qtbot.keyClicks(dialog.who, "Anna")
    qtbot.mouseClick(dialog.start, Qt.MouseButton.LeftButton)

    def windows() -> list[RatingWindow]:
        return [one for one in QApplication.topLevelWidgets() if isinstance(one, RatingWindow)]

    qtbot.waitUntil(lambda: bool(windows()), timeout=20_000)
    (rating,) = windows()
    assert rating.isFullScreen()
    wait_for_trial(qtbot, rating)
    with file.opened(path) as opened:
        assert [one.name for one in raters.everybody(opened.database)] == ["Berta", "Anna"]
    assert window.settings["study.rater"] == "Anna"
    rating.close()


def test_a_file_that_is_no_study_is_said(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    path = tmp_path / "no.study"
    path.write_text("hello")
    window.action("study.rate").trigger()
    dialog = _dialog(window)
    dialog.place.setText(str(path))
    qtbot.waitUntil(lambda: "no study file" in dialog.banner.text, timeout=20_000)
    dialog.reject()
