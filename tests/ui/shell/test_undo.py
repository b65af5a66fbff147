"""Undo in the window: what was done last is taken back, and comes back into view."""

from __future__ import annotations

import threading
from collections.abc import Iterable

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from fiqa_studio.domain.marks import Flag, SetFlag, SetStars
from fiqa_studio.domain.query import Query, SortKey, Subject
from fiqa_studio.domain.target import Target
from fiqa_studio.domain.terms import Between
from fiqa_studio.engine.engine import Engine
from fiqa_studio.engine.marking import Marking
from fiqa_studio.ui.browser.browser import Browser
from fiqa_studio.ui.session.operation import Operation
from fiqa_studio.ui.session.session import Session
from fiqa_studio.ui.shell.menus import plain
from fiqa_studio.ui.shell.window import MainWindow

PHOTOS = Query(Subject.PHOTOS).sorted_by(SortKey.NAME)


@pytest.fixture
def photos(qtbot: QtBot, window: MainWindow) -> MainWindow:
    """The window over photos by name."""
    window.resize(700, 500)
    _ask(qtbot, window, PHOTOS)
    return window


def _ask(qtbot: QtBot, window: MainWindow, query: Query) -> None:
    with qtbot.waitSignal(window.context.listing.listed):
        window.context.listing.set_query(query)


def _mark(qtbot: QtBot, window: MainWindow, stars: int, title: str = "") -> list[int]:
    """Give what is selected stars; the ids of those."""
    session = window.context.session
    chosen = session.selection.chosen()
    ids = session.listing.ids.tolist() if chosen.ids is None else chosen.ids.tolist()
    with qtbot.waitSignal(session.done):
        session.do(
            Operation(
                title=title or f"{stars} stars",
                work=lambda engine: engine.marking.mark(chosen.target(), [SetStars(stars)]),
            )
        )
    return ids


def _stars(session: Session, photos: Iterable[int] | None) -> set[int]:
    keys = list(photos or ())
    found = session.library.marks.of_photos(keys)
    return {found[key].stars if key in found else 0 for key in keys}


def _press(qtbot: QtBot, window: MainWindow, *, redo: bool = False) -> None:
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    modifiers = Qt.KeyboardModifier.ControlModifier
    if redo:
        modifiers |= Qt.KeyboardModifier.ShiftModifier
    action = window.action("edit.redo" if redo else "edit.undo")
    qtbot.waitUntil(action.isEnabled)
    with qtbot.waitSignal(window.context.session.done):
        qtbot.keyClick(window, Qt.Key.Key_Z, modifiers)


def _grid(window: MainWindow) -> Browser:
    grid = window.area_view()
    assert isinstance(grid, Browser)
    return grid


def test_undo_brings_the_photo_back_to_where_it_was_marked(
    qtbot: QtBot, photos: MainWindow
) -> None:
    session, grid = photos.context.session, _grid(photos)
    session.selection.go_to(30)
    grid.entered()
    where = grid.view.verticalScrollBar().value()
    assert where > 0
    marked = _mark(qtbot, photos, 5)
    assert _stars(session, marked) == {5}
    qtbot.waitUntil(lambda: plain(photos.action("edit.undo").text()) == "Undo 5 stars")
    # Somewhere else: another filter, another place.
    _ask(qtbot, photos, Query().adding(Between("score", 0.5)))
    session.selection.go_to(0)
    _press(qtbot, photos)
    qtbot.waitUntil(lambda: not session.listing.loading)
    assert _stars(session, marked) == {0}
    assert session.listing.query == PHOTOS
    assert session.selection.row == 30
    assert session.selection.ids().tolist() == marked
    assert grid.view.verticalScrollBar().value() == where
    _press(qtbot, photos, redo=True)
    assert _stars(session, marked) == {5}
    qtbot.waitUntil(lambda: not photos.action("edit.redo").isEnabled())
    assert photos.action("edit.undo").isEnabled()


def test_what_was_selected_is_selected_again(qtbot: QtBot, photos: MainWindow) -> None:
    session = photos.context.session
    session.selection.select_all()
    marked = _mark(qtbot, photos, 3)
    session.selection.go_to(2)
    _press(qtbot, photos)
    assert session.selection.is_all
    assert _stars(session, marked) == {0}


def test_undo_goes_back_step_by_step_and_a_new_action_ends_redo(
    qtbot: QtBot, photos: MainWindow
) -> None:
    session = photos.context.session
    session.selection.go_to(0)
    for stars in (1, 2, 3):
        marked = _mark(qtbot, photos, stars)
    for left in (2, 1):
        _press(qtbot, photos)
        assert _stars(session, marked) == {left}
    _press(qtbot, photos, redo=True)
    assert _stars(session, marked) == {2}
    _mark(qtbot, photos, 5)
    qtbot.waitUntil(lambda: not photos.action("edit.redo").isEnabled())
    for left in (2, 1, 0):
        _press(qtbot, photos)
        assert _stars(session, marked) == {left}
    qtbot.waitUntil(lambda: not photos.action("edit.undo").isEnabled())
    assert plain(photos.action("edit.undo").text()) == "Undo"


def test_what_somebody_changed_since_stays_and_is_said(qtbot: QtBot, photos: MainWindow) -> None:
    session = photos.context.session
    session.selection.select_rows(session.listing.rows.rows_of(session.listing.ids[:12]), 0)
    marked = _mark(qtbot, photos, 4)
    other = Marking(session.library)
    other.mark(Target.photos(marked[:2]), [SetStars(1)]).result()
    other.mark(Target.photos(marked), [SetFlag(Flag.PICK)]).result()
    _press(qtbot, photos)
    found = session.library.marks.of_photos(marked)
    assert [found[key].stars for key in marked] == [1, 1, *([0] * 10)]
    assert {found[key].flag for key in marked} == {Flag.PICK}, "another's action is not undone"
    assert "2 were changed since and stay" in photos.status.note


def test_only_what_this_window_did_is_taken_back(
    qtbot: QtBot, photos: MainWindow, session: Session
) -> None:
    earlier = Marking(session.library)
    key = int(session.listing.ids[0])
    earlier.mark(Target.photos([key]), [SetStars(2)]).result()
    qtbot.waitUntil(lambda: _stars(session, [key]) == {2})
    assert not photos.action("edit.undo").isEnabled()


def test_what_was_taken_back_elsewhere_is_said_and_is_not_asked_again(
    qtbot: QtBot, photos: MainWindow
) -> None:
    session = photos.context.session
    session.selection.go_to(0)
    with qtbot.waitSignal(session.done) as done:
        session.do(
            Operation(
                title="5 stars",
                work=lambda engine: engine.marking.mark(
                    session.selection.chosen().target(), [SetStars(5)]
                ),
            )
        )
    session.engine.marking.undo(done.args[1].action_id).result()
    photos.activateWindow()
    qtbot.waitUntil(lambda: photos.isActiveWindow() and photos.action("edit.undo").isEnabled())
    with qtbot.waitSignal(session.error):
        qtbot.keyClick(photos, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: "has been taken back already" in photos.banner.text)
    qtbot.waitUntil(lambda: not photos.action("edit.undo").isEnabled())
    assert session.undo.redo_title == ""


def test_undo_is_not_lost_when_pressed_before_the_mark_is_written(
    qtbot: QtBot, photos: MainWindow
) -> None:
    """A fast hand: the library is busy, and Ctrl+Z comes before the commit."""
    session = photos.context.session
    session.selection.go_to(0)
    chosen, gate = session.selection.chosen(), threading.Event()

    def work(engine: Engine) -> object:
        gate.wait(20)
        return engine.marking.mark(chosen.target(), [SetStars(5)])

    session.do(Operation(title="5 stars", work=work))
    photos.activateWindow()
    qtbot.waitUntil(lambda: photos.isActiveWindow() and photos.action("edit.undo").isEnabled())
    qtbot.keyClick(photos, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    done: list[str] = []
    session.done.connect(lambda operation, _outcome: done.append(operation.title))
    gate.set()
    qtbot.waitUntil(lambda: done == ["5 stars", "Undo 5 stars"])
    assert _stars(session, chosen.target().ids) == {0}
    assert session.undo.redo_title == "5 stars"
