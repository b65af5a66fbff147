"""Palette, key sheet and preferences: made of what the features say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QPushButton, QRadioButton
from pytestqt.qtbot import QtBot

from fiqa_studio.ui import features, theme
from fiqa_studio.ui.actions.keysfile import KeysFile
from fiqa_studio.ui.session.session import Session
from fiqa_studio.ui.shell.keysheet import KeySheet
from fiqa_studio.ui.shell.menus import mnemonics, plain
from fiqa_studio.ui.shell.palette import Palette
from fiqa_studio.ui.shell.preferences import Preferences
from fiqa_studio.ui.shell.preferences_keys import KeysPage
from fiqa_studio.ui.shell.window import MainWindow

Key = Qt.Key


@pytest.fixture
def keys_path(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


@pytest.fixture
def window(qtbot: QtBot, session: Session, keys_path: Path) -> Iterator[MainWindow]:
    """The window with a file of keys."""
    window = MainWindow(session.settings, features.registry(), KeysFile(keys_path))
    window.resize(1200, 800)
    window.show()
    window.attach(session)
    qtbot.waitUntil(lambda: session.listing.count > 0, timeout=20_000)
    yield window
    window.detach()
    window.close()
    window.deleteLater()
    qtbot.wait(1)


def _palette(window: MainWindow) -> Palette:
    window.action("help.palette").trigger()
    return window.findChildren(Palette)[-1]


def _titles(palette: Palette) -> list[str]:
    return [palette.list.item(row).text() for row in range(palette.list.count())]


def test_the_palette_does_what_is_chosen(qtbot: QtBot, window: MainWindow) -> None:
    palette = _palette(window)
    qtbot.keyClicks(palette.field, "light")
    assert _titles(palette)[0] == "Light"
    qtbot.keyClick(palette.field, Key.Key_Return)
    assert theme.manager.palette is theme.LIGHT
    assert palette.isHidden()


def test_the_arrows_go_through_what_was_found(qtbot: QtBot, window: MainWindow) -> None:
    palette = _palette(window)
    qtbot.keyClicks(palette.field, "sort by")
    titles = _titles(palette)
    assert {"Score", "Time", "Name", "Face Size", "Descending"} <= set(titles)
    qtbot.keyClick(palette.field, Key.Key_Down)
    assert palette.list.currentItem().text() == titles[1]
    assert palette.field.text() == "sort by"
    palette.reject()


def test_what_cannot_be_done_now_stands_last_and_is_not_done(
    qtbot: QtBot, window: MainWindow
) -> None:
    palette = _palette(window)
    qtbot.keyClicks(palette.field, "zoom to face")
    assert _titles(palette) == ["Zoom to Face"]
    assert not palette.list.item(0).flags() & Qt.ItemFlag.ItemIsEnabled
    qtbot.keyClick(palette.field, Key.Key_Return)
    assert not palette.isHidden()
    palette.field.setText("no such thing at all")
    assert _titles(palette) == []
    qtbot.keyClick(palette.field, Key.Key_Return)
    palette.reject()


def test_the_palette_opens_by_its_key_and_names_keys(qtbot: QtBot, window: MainWindow) -> None:
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(window, Key.Key_P, both)
    palette = window.findChild(Palette)
    assert isinstance(palette, Palette)
    palette.field.setText("open library")
    item = palette.list.item(0)
    assert item.data(Qt.ItemDataRole.UserRole + 1) == "Ctrl+O"
    palette.reject()


def test_the_key_sheet_shows_every_key_and_can_be_searched(
    qtbot: QtBot, window: MainWindow
) -> None:
    window.action("help.shortcuts").trigger()
    sheet = window.findChild(KeySheet)
    shown = sheet.shown()
    registry, keymap = window.context.registry, window.context.keymap
    for action in registry.actions:
        if keymap.keys_of(action.id):
            words = [what for _, what in shown[action.heading]]
            assert (action.family or action.plain_title) in words
    assert {"File", "Edit", "View", "Score", "Help", "Loupe", "Moving", "Mouse"} <= set(shown)
    qtbot.keyClicks(sheet.field, "ctrl+o")
    assert sheet.shown() == {"File": [("Ctrl+O", "Open Library")]}
    sheet.field.setText("no such key")
    assert sheet.shown() == {}
    sheet.reject()


def _preferences(window: MainWindow) -> Preferences:
    window.action("app.preferences").trigger()
    return window.findChildren(Preferences)[-1]


def _keys_page(window: MainWindow) -> KeysPage:
    page = _preferences(window).page("Keys")
    assert isinstance(page, KeysPage)
    return page


def _button(page: KeysPage, text: str) -> QPushButton:
    return next(b for b in page.findChildren(QPushButton) if b.text() == text)


def test_a_key_is_chosen_and_who_loses_it_is_said_before(
    qtbot: QtBot, window: MainWindow, keys_path: Path
) -> None:
    page = _keys_page(window)
    page.select("view.loupe")
    qtbot.keyClick(page.catcher, Key.Key_K)
    assert page.note == "K is free."
    qtbot.keyClick(page.catcher, Key.Key_G)
    assert page.note == "G is used by “Grid”, which would be without it."
    _button(page, "Add").click()
    keymap = window.context.keymap
    assert keymap.keys_of("view.loupe") == ("E", "G")
    assert keymap.keys_of("view.grid") == ()
    assert "is used by “Loupe”, so “Grid” is without it" in page.note
    page.select("view.grid")
    assert "so “Grid” is without it" in page.note
    assert KeysFile(keys_path).bindings.own == {"view.loupe": ("E", "G")}
    page.select("view.loupe")
    _button(page, "As in the Profile").click()
    assert window.context.keymap.conflicts == ()
    assert KeysFile(keys_path).bindings.own == {}


def test_keys_that_move_the_focus_or_open_menus_can_be_caught(
    qtbot: QtBot, window: MainWindow
) -> None:
    page = _keys_page(window)
    page.select("view.loupe")
    for key, modifier, name in (
        (Key.Key_F1, Qt.KeyboardModifier.NoModifier, "F1"),
        (Key.Key_Space, Qt.KeyboardModifier.ShiftModifier, "Shift+Space"),
        (Key.Key_Z, Qt.KeyboardModifier.ControlModifier, "Ctrl+Z"),
    ):
        qtbot.keyClick(page.catcher, key, modifier)
        assert page.catcher.key == name
    only_shift = QKeyEvent(QKeyEvent.Type.KeyPress, Key.Key_Shift, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(page.catcher, only_shift)
    assert page.catcher.key == "Ctrl+Z"


def test_a_key_is_taken_away_and_the_list_is_searched(qtbot: QtBot, window: MainWindow) -> None:
    page = _keys_page(window)
    qtbot.keyClicks(page.field, "open library")
    assert page.tree.topLevelItemCount() == 1
    page.select("library.open")
    _button(page, "No Key").click()
    assert window.context.keymap.keys_of("library.open") == ()
    assert window.action("library.open").shortcut().isEmpty()


def test_another_profile_counts_at_once(qtbot: QtBot, window: MainWindow, keys_path: Path) -> None:
    page = _keys_page(window)
    page.profile.setCurrentIndex(page.profile.findData("darktable"))
    page.profile.activated.emit(page.profile.currentIndex())
    assert window.context.keymap.bindings.profile == "darktable"
    assert KeysFile(keys_path).bindings.profile == "darktable"


@pytest.mark.allows_log("later version")
def test_a_file_of_keys_that_cannot_be_written_is_said(
    qtbot: QtBot, session: Session, keys_path: Path
) -> None:
    keys_path.write_text('{"version": 9}')
    window = MainWindow(session.settings, features.registry(), KeysFile(keys_path))
    window.show()
    page = _keys_page(window)
    page.select("app.quit")
    qtbot.keyClick(page.catcher, Key.Key_K)
    _button(page, "Use Only This").click()
    assert "later version" in page.note
    assert window.context.keymap.keys_of("app.quit") == ("Ctrl+Q",)
    assert keys_path.read_text() == '{"version": 9}'
    window.close()
    window.deleteLater()
    qtbot.wait(1)


def test_the_theme_is_a_preference(window: MainWindow) -> None:
    page = _preferences(window).page("General")
    button = next(b for b in page.findChildren(QRadioButton) if b.text() == "Light")
    button.click()
    assert theme.manager.palette is theme.LIGHT
    assert window.settings["theme"] == "light"


def test_menus_can_be_opened_by_letters(window: MainWindow) -> None:
    titles = [action.text() for action in window.menuBar().actions()]
    assert [plain(title) for title in titles] == list(window.context.registry.menus)
    letters = [title[title.index("&") + 1].lower() for title in titles]
    assert letters == ["f", "e", "p", "v", "s", "t", "h"]
    assert len(set(letters)) == len(letters)


def test_letters_are_given_out_once() -> None:
    assert mnemonics(["Score", "Sort by", "S", "A & B"]) == [
        ("Score", "&Score"),
        ("Sort by", "Sort &by"),
        ("S", "S"),
        ("A & B", "A && B"),
    ]
    assert plain("A && &B") == "A & B"
