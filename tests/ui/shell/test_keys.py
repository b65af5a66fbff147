"""Real keys in the real window: one keymap for whatever stands in the centre."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QPushButton, QTreeWidget, QWidget
from pytestqt.qtbot import QtBot

from fiqa_studio.ui import features
from fiqa_studio.ui.actions.keymap import Bindings
from fiqa_studio.ui.actions.keysfile import KeysFile
from fiqa_studio.ui.filters.search import SearchField
from fiqa_studio.ui.loupe.loupe import LoupeView
from fiqa_studio.ui.session.session import Session
from fiqa_studio.ui.shell.window import MainWindow

Key, Modifier = Qt.Key, Qt.KeyboardModifier
SHIFT, CTRL = Modifier.ShiftModifier, Modifier.ControlModifier


@pytest.fixture
def surface(qtbot: QtBot, window: MainWindow) -> QWidget:
    """What has the keys of the grid; the first face is current."""
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    window.focus_area()
    window.context.selection.go_to(0)
    qtbot.waitUntil(lambda: window.context.selection.current is not None)
    return _surface(window)


def _surface(window: MainWindow) -> QWidget:
    area = window.area_view()
    assert area is not None
    surface = area.focusProxy()
    assert isinstance(surface, QWidget)
    return surface


def _row(window: MainWindow) -> int:
    return window.context.selection.row


def test_the_keys_of_the_grid(qtbot: QtBot, window: MainWindow, surface: QWidget) -> None:
    last = window.context.listing.count - 1
    for key, row in (
        (Key.Key_Right, 1),
        (Key.Key_Space, 2),
        (Key.Key_Left, 1),
        (Key.Key_End, last),
        (Key.Key_Space, last),
        (Key.Key_Home, 0),
    ):
        qtbot.keyClick(surface, key)
        assert _row(window) == row, key
    qtbot.keyClick(surface, Key.Key_Down)
    down = _row(window)
    assert down > 1
    qtbot.keyClick(surface, Key.Key_Right, SHIFT)
    qtbot.keyClick(surface, Key.Key_Right, SHIFT)
    assert window.context.selection.ranges() == [(down, down + 2)]
    qtbot.keyClick(surface, Key.Key_Right, CTRL)
    assert window.context.selection.ranges() == [(down, down + 2)]
    assert _row(window) == down + 3
    qtbot.keyClick(surface, Key.Key_Space, CTRL)
    assert window.context.selection.ranges() == [(down, down + 3)]
    qtbot.keyClick(surface, Key.Key_Space, SHIFT)
    assert _row(window) == down + 2
    qtbot.keyClick(surface, Key.Key_A, CTRL)
    assert window.context.selection.is_all


def test_the_same_keys_in_the_loupe(qtbot: QtBot, window: MainWindow, surface: QWidget) -> None:
    qtbot.keyClick(surface, Key.Key_Return)
    assert window.area == "loupe"
    loupe, canvas = window.area_view(), _surface(window)
    assert isinstance(loupe, LoupeView)
    assert canvas.hasFocus()
    for key, modifier, row in (
        (Key.Key_Right, Modifier.NoModifier, 1),
        (Key.Key_Space, Modifier.NoModifier, 2),
        (Key.Key_PageDown, Modifier.NoModifier, 3),
        (Key.Key_Backspace, Modifier.NoModifier, 2),
        (Key.Key_Left, Modifier.NoModifier, 1),
        (Key.Key_Home, Modifier.NoModifier, 0),
        (Key.Key_Right, SHIFT, 1),
    ):
        qtbot.keyClick(canvas, key, modifier)
        assert _row(window) == row, key
    now = window.context.selection.current
    qtbot.waitUntil(lambda: now is not None and loupe.photo_id is not None)
    qtbot.keyClick(canvas, Key.Key_Escape)
    assert window.area == "grid"
    assert _row(window) == 1
    assert _surface(window).hasFocus()


def test_space_with_a_drag_is_the_hand_and_goes_nowhere(
    qtbot: QtBot, window: MainWindow, surface: QWidget
) -> None:
    qtbot.keyClick(surface, Key.Key_E)
    canvas = _surface(window)
    qtbot.keyPress(canvas, Key.Key_Space)
    qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(400, 300))
    for x in (420, 440, 460):
        qtbot.mouseMove(canvas, QPoint(x, 300))
    qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(460, 300))
    qtbot.keyRelease(canvas, Key.Key_Space)
    assert _row(window) == 0
    qtbot.keyClick(canvas, Key.Key_Space)
    assert _row(window) == 1


def test_one_key_is_larger_in_the_grid_and_closer_in_the_loupe(
    qtbot: QtBot, window: MainWindow, surface: QWidget
) -> None:
    size = window.settings["thumbnail-size"]
    qtbot.keyClick(surface, Key.Key_Plus)
    assert window.settings["thumbnail-size"] > size
    qtbot.keyClick(surface, Key.Key_E)
    loupe, canvas = window.area_view(), _surface(window)
    assert isinstance(loupe, LoupeView)
    loupe.canvas.viewpoint.animated = False
    qtbot.waitUntil(lambda: loupe.canvas.viewpoint.view is not None)
    before = loupe.canvas.viewpoint.view
    size = window.settings["thumbnail-size"]
    qtbot.keyClick(canvas, Key.Key_Plus)
    assert loupe.canvas.viewpoint.view != before
    assert window.settings["thumbnail-size"] == size


def test_tab_goes_through_faces_and_leaves_where_there_is_one(
    qtbot: QtBot, window: MainWindow, surface: QWidget
) -> None:
    listing = window.context.listing
    rows = window.context.session.library.views.face_rows(listing.ids.tolist())
    two = next(at for at, row in enumerate(rows) if row.face_count == 2)
    one = next(at for at, row in enumerate(rows) if row.face_count == 1)
    window.context.selection.go_to(two)
    qtbot.keyClick(surface, Key.Key_E)
    loupe, canvas = window.area_view(), _surface(window)
    assert isinstance(loupe, LoupeView)
    qtbot.waitUntil(lambda: len(loupe.canvas.marks) == 2)
    first = loupe.face_id
    qtbot.keyClick(canvas, Key.Key_Tab)
    assert loupe.face_id != first
    now = window.context.selection.current
    assert now is not None
    assert now.face_id == loupe.face_id
    qtbot.keyClick(canvas, Key.Key_Tab, SHIFT)
    assert loupe.face_id == first
    window.context.selection.go_to(one)
    qtbot.waitUntil(lambda: len(loupe.canvas.marks) == 1)
    qtbot.keyClick(canvas, Key.Key_Tab)
    assert not canvas.hasFocus(), "Tab leaves a photo with one face"


def test_fields_lists_and_buttons_keep_their_own_keys(
    qtbot: QtBot, window: MainWindow, surface: QWidget
) -> None:
    field = window.findChild(SearchField)
    qtbot.keyClick(surface, Key.Key_Slash)
    assert field.hasFocus()
    qtbot.keyClicks(field, "e g")
    assert field.text() == "e g"
    assert window.area == "grid"
    qtbot.keyClick(field, Key.Key_Home)
    assert _row(window) == 0
    tree = window.panel("sidebar").findChild(QTreeWidget)
    tree.setFocus()
    tree.setCurrentItem(tree.topLevelItem(1))
    before = tree.currentItem()
    qtbot.keyClick(tree, Key.Key_Down)
    assert tree.currentItem() is not before
    assert _row(window) == 0
    button = next(b for b in window.panel("sidebar").findChildren(QPushButton))
    button.clicked.disconnect()
    button.setFocus()
    with qtbot.waitSignal(button.clicked):
        qtbot.keyClick(button, Key.Key_Space)
    assert _row(window) == 0


def test_other_keys_are_bound_at_once_and_remembered(
    qtbot: QtBot, session: Session, tmp_path: Path
) -> None:
    path = tmp_path / "keys.json"
    window = MainWindow(session.settings, features.registry(), KeysFile(path))
    window.resize(1200, 800)
    window.show()
    window.attach(session)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    qtbot.waitUntil(lambda: session.listing.count > 0)
    session.selection.go_to(0)
    surface = _surface(window)
    bindings = Bindings().with_keys("go.next", ("J",)).with_keys("view.loupe", ("Space",))
    window.bind(bindings)
    qtbot.keyClick(surface, Key.Key_J)
    assert _row(window) == 1
    qtbot.keyClick(surface, Key.Key_Space)
    assert window.area == "loupe"
    assert "Space" in window.action("view.loupe").toolTip()
    assert KeysFile(path).bindings == bindings
    window.detach()
    window.close()
    window.deleteLater()
    qtbot.wait(1)
