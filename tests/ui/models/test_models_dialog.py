"""The Models dialog over real files, a real library and the real models program."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QMessageBox, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from fiqa_studio.domain.query import Query
from fiqa_studio.domain.scores import ScorerInfo
from fiqa_studio.engine.scoring.installed import Scorers
from fiqa_studio.store.library import Library
from fiqa_studio.ui.models.dialog import ModelsDialog
from fiqa_studio.ui.models.renaming import RenameDialog
from fiqa_studio.ui.shell.window import MainWindow
from tests.engine.installed import INTERVAL, install, own_models
from tests.ui.conftest import RecordingEngine

PATIENCE = 60_000


def show(qtbot: QtBot, library: Library | None) -> ModelsDialog:
    dialog = ModelsDialog(Scorers(), library)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, on=False)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.current is not None, timeout=PATIENCE)
    return dialog


@pytest.fixture
def dialog(qtbot: QtBot, library: Library) -> Iterator[ModelsDialog]:
    """The dialog over the library of sixty photos, with one scorer of the user's own."""
    install("mine", figures={"srcc": 0.9643, "interval": INTERVAL})
    shown = show(qtbot, library)
    yield shown
    shown.close()


def titles(dialog: ModelsDialog) -> list[str]:
    return [dialog.list.item(row).text().split("\n")[0] for row in range(dialog.list.count())]


def choose(dialog: ModelsDialog, title: str) -> None:
    dialog.list.setCurrentRow(titles(dialog).index(title))


def press(qtbot: QtBot, button: QWidget) -> None:
    assert button.isEnabled(), button.toolTip()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_the_menu_opens_it_and_escape_closes_it(qtbot: QtBot, window: MainWindow) -> None:
    action = window.actions_["models.show"]
    assert action.shortcut().toString() == "Ctrl+Shift+M"
    action.trigger()
    (dialog,) = window.findChildren(ModelsDialog)
    qtbot.waitUntil(lambda: dialog.current is not None, timeout=PATIENCE)
    assert titles(dialog) == ["Starter", "Sharpness (classical)"]
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not window.findChildren(ModelsDialog))


def test_a_scorer_is_shown_with_all_that_is_known(dialog: ModelsDialog) -> None:
    choose(dialog, "DSL-FIQA (mine)")
    text = dialog.details.text
    file = own_models() / "mine.safetensors"
    for words in (
        "Your own",
        "Name: mine",
        "Landmarks: Face mesh, 468 points (mesh468)",
        "Trained on: GFIQA-20k",
        "Licence: Not stated",
        "Date: 2026-11-22",
        f"File: {file} (15 B)",
        "SRCC: 0.9643",
        "Range: ± 5 to 11, by the score; holds 90 % of the labels",
        "Range from: 227 rated photos",
    ):
        assert words in text
    choose(dialog, "Starter")
    assert "CC BY 4.0" in dialog.details.text
    assert f"Version: {Scorers().installed()[0].hash}" in dialog.details.text
    choose(dialog, "Sharpness (classical)")
    assert "Landmarks" not in dialog.details.text
    assert "Not stated" not in dialog.details.text


def test_what_cannot_be_done_says_why(dialog: ModelsDialog) -> None:
    details = dialog.details
    choose(dialog, "Starter")
    assert details.rename.toolTip() == "Comes with the program: it cannot be renamed"
    assert details.remove.toolTip() == "Comes with the program: it cannot be removed"
    choose(dialog, "Sharpness (classical)")
    assert details.reveal.toolTip() == "It has no file"
    for button in (details.rename, details.remove, details.reveal):
        assert not button.isEnabled()
    choose(dialog, "DSL-FIQA (mine)")
    for button in (details.use, details.rename, details.remove, details.reveal):
        assert button.isEnabled()


def test_a_damaged_scorer_is_listed_with_its_problem_and_can_be_removed(
    qtbot: QtBot, library: Library
) -> None:
    install("half", whole=False)
    (own_models() / "torn.json").write_text("{")
    dialog = show(qtbot, library)
    choose(dialog, "DSL-FIQA (half)")
    assert "half.safetensors is missing" in dialog.details.text
    assert not dialog.details.use.isEnabled()
    choose(dialog, "torn")
    assert "torn.json cannot be read" in dialog.details.text
    assert not dialog.details.rename.isEnabled()
    assert dialog.details.remove.isEnabled()


def test_choosing_a_scorer_takes_new_scores_from_it(
    qtbot: QtBot, dialog: ModelsDialog, library: Library
) -> None:
    faces = library.views.counts().faces
    choose(dialog, "DSL-FIQA (mine)")
    press(qtbot, dialog.details.use)
    qtbot.waitUntil(lambda: "come from DSL-FIQA" in dialog.banner.text, timeout=PATIENCE)
    assert dialog.banner.text == (
        f"New scores come from DSL-FIQA (mine) now. {faces} faces have no score of it yet."
    )
    active = library.scores.active()
    assert active is not None
    assert active.name == "mine"
    assert library.scores.count("0123456789abcdef") == faces, "old scores stay"
    qtbot.waitUntil(lambda: "Gives the new scores" in dialog.details.text, timeout=PATIENCE)
    assert dialog.details.use.toolTip() == "It is in use already"
    wanted: list[str] = []
    dialog.score_wanted.connect(wanted.append)
    press(qtbot, next(b for b in dialog.banner.findChildren(QPushButton)))
    assert wanted == ["mine"]
    assert not dialog.isVisible()


def test_score_now_reaches_the_engine(
    qtbot: QtBot, window: MainWindow, engine: RecordingEngine
) -> None:
    window.actions_["models.show"].trigger()
    (dialog,) = window.findChildren(ModelsDialog)
    dialog.score_wanted.emit("sharpness")
    qtbot.waitUntil(lambda: ("score", "sharpness") in engine.calls)
    dialog.close()
    qtbot.waitUntil(lambda: not window.findChildren(ModelsDialog))


def test_renaming_keeps_the_scores_and_tells_the_library(
    qtbot: QtBot, dialog: ModelsDialog, library: Library
) -> None:
    choose(dialog, "DSL-FIQA (mine)")
    mine = dialog.current
    assert mine is not None
    info = ScorerInfo(mine.name, mine.title, mine.hash, mine.summary, mine.kind)
    library.scores.ensure_scorer(info).result()
    press(qtbot, dialog.details.rename)
    (asking,) = dialog.findChildren(RenameDialog)
    assert asking.title.hasFocus() or asking.title.selectedText() == mine.title
    asking.title.setText(" Ours ")
    asking.name.setText("ours")
    with qtbot.waitSignal(dialog.changed, timeout=PATIENCE):
        press(qtbot, asking.rename)
    qtbot.waitUntil(lambda: "Ours" in titles(dialog), timeout=PATIENCE)
    assert dialog.current is not None
    assert (dialog.current.name, dialog.current.hash) == ("ours", mine.hash)
    known = {scorer.hash: scorer.title for scorer in library.scores.scorers()}
    assert known[mine.hash] == "Ours"
    assert sorted(path.name for path in own_models().iterdir()) == [
        "ours.json",
        "ours.safetensors",
    ]


def test_a_name_that_is_taken_is_refused_in_the_words_of_the_command_line(
    qtbot: QtBot, dialog: ModelsDialog
) -> None:
    choose(dialog, "DSL-FIQA (mine)")
    press(qtbot, dialog.details.rename)
    (asking,) = dialog.findChildren(RenameDialog)
    asking.name.setText("")
    assert not asking.rename.isEnabled()
    asking.name.setText("starter")
    press(qtbot, asking.rename)
    qtbot.waitUntil(lambda: "already" in dialog.banner.text, timeout=PATIENCE)
    assert dialog.banner.text == "There is a scorer “starter” already.\nChoose another name."
    assert (own_models() / "mine.json").exists()


def test_removing_asks_and_keeps_the_scores(
    qtbot: QtBot, dialog: ModelsDialog, library: Library
) -> None:
    before = [row.score for row in library.views.face_rows(library.views.face_ids(Query()))]
    choose(dialog, "DSL-FIQA (mine)")
    for text, there in (("Cancel", True), ("Remove", False)):
        press(qtbot, dialog.details.remove)
        (box,) = (b for b in dialog.findChildren(QMessageBox) if b.isVisible())
        assert "Scores that it gave stay" in box.informativeText()
        button = next(b for b in box.buttons() if b.text().replace("&", "") == text)
        press(qtbot, button)
        if not there:
            qtbot.waitUntil(lambda: "DSL-FIQA (mine)" not in titles(dialog), timeout=PATIENCE)
        assert (own_models() / "mine.safetensors").exists() is there
    after = [row.score for row in library.views.face_rows(library.views.face_ids(Query()))]
    assert after == before


def test_a_library_whose_scorer_is_gone_is_told_so(qtbot: QtBot, library: Library) -> None:
    dialog = show(qtbot, library)  # the sample's scorer has a hash that nothing here has
    assert dialog.banner.text.startswith("The scores of this library come from Starter, which is")
    assert "Gives the new scores" not in dialog.details.text


def test_the_folder_is_shown(
    qtbot: QtBot, dialog: ModelsDialog, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(
        QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()) or True
    )
    choose(dialog, "DSL-FIQA (mine)")
    press(qtbot, dialog.details.reveal)
    assert opened == [str(own_models())]


def test_without_a_library_there_is_nothing_to_choose_for(qtbot: QtBot) -> None:
    dialog = show(qtbot, None)
    assert not dialog.details.use.isEnabled()
    assert dialog.details.use.toolTip() == "Open a library first"
    assert dialog.import_.isEnabled()


def test_a_read_only_library_takes_no_choice(qtbot: QtBot, sample: Path) -> None:
    with Library.open(sample, read_only=True) as library:
        dialog = show(qtbot, library)
        choose(dialog, "Sharpness (classical)")
        assert dialog.details.use.toolTip() == "This library is open for reading only"
        dialog.close()


def test_everything_is_reached_by_tab_and_has_a_name(qtbot: QtBot, dialog: ModelsDialog) -> None:
    choose(dialog, "DSL-FIQA (mine)")
    dialog.activateWindow()
    dialog.list.setFocus()
    seen: set[QWidget] = set()
    while (focus := QApplication.focusWidget()) is not None and focus not in seen:
        seen.add(focus)
        dialog.focusNextChild()
    details = dialog.details
    buttons = {dialog.import_, dialog.verify, dialog.close_, details.use, details.rename}
    assert {dialog.list, *buttons, details.remove, details.reveal} <= seen
    assert not [
        widget
        for widget in seen
        if isinstance(widget, QPushButton) and not (widget.text() or widget.accessibleName())
    ]
