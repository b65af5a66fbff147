"""The browser over a real library."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from fiqa_studio.domain.fields_query import Query, SortKey
from fiqa_studio.store.library import Library
from fiqa_studio.ui.browser.browser import Browser
from fiqa_studio.ui.browser.cards import Card, FaceSource, PhotoSource
from fiqa_studio.ui.session.kinds import ViewKind
from fiqa_studio.ui.session.session import Session
from tests.ui.conftest import add_photo, score_faces

BY_NAME = Query(sort=SortKey.NAME, descending=False)


@pytest.fixture
def browser(qtbot: QtBot, session: Session, library: Library) -> Browser:
    browser = Browser(session, [FaceSource(library), PhotoSource(library)])
    qtbot.addWidget(browser, before_close_func=lambda b: b.close_down())
    browser.resize(900, 600)
    browser.show()
    return browser


def _show(qtbot: QtBot, browser: Browser, kind: ViewKind, query: Query) -> None:
    with qtbot.waitSignal(browser.listed, timeout=10_000):
        browser.show_query(kind, query)


def _cards(qtbot: QtBot, browser: Browser) -> list[Card]:
    model = browser.view.model()
    rows = browser.view.visible_rows()
    qtbot.waitUntil(lambda: all(model.card(row) is not None for row in rows))
    return [model.card(row) for row in rows]


def test_faces_come_best_first(qtbot: QtBot, browser: Browser) -> None:
    _show(qtbot, browser, ViewKind.FACES, Query())
    scores = [card.score for card in _cards(qtbot, browser)]
    assert None not in scores
    assert scores == sorted(scores, reverse=True)  # type: ignore[type-var]  # none is None


def test_photos_show_their_best_face_and_how_many(qtbot: QtBot, browser: Browser) -> None:
    _show(qtbot, browser, ViewKind.PHOTOS, BY_NAME)
    first = _cards(qtbot, browser)[0]
    assert (first.title, first.faces, first.score) == ("IMG_0000.jpg", 2, 0.0)


def test_the_newest_query_wins(qtbot: QtBot, browser: Browser) -> None:
    listed: list[int] = []
    browser.listed.connect(listed.append)
    browser.show_query(ViewKind.FACES, Query())
    browser.show_query(ViewKind.FACES, Query(min_score=0.9))
    browser.show_query(ViewKind.PHOTOS, Query(text="IMG_0007"))
    qtbot.waitUntil(lambda: not browser.loading)
    assert listed == [1]
    assert browser.kind is ViewKind.PHOTOS


def test_images_are_drawn(qtbot: QtBot, browser: Browser) -> None:
    _show(qtbot, browser, ViewKind.FACES, BY_NAME)
    _cards(qtbot, browser)
    middle = browser.view.grid_layout.image(browser.view.visualRect(browser.view.model().index(0)))

    def is_painted() -> bool:
        image = browser.view.viewport().grab(middle).toImage()
        return bool(image.pixelColor(image.rect().center()).saturation() > 50)

    qtbot.waitUntil(is_painted)


def test_new_photos_appear_without_disturbing(
    qtbot: QtBot, browser: Browser, library: Library
) -> None:
    _show(qtbot, browser, ViewKind.PHOTOS, BY_NAME)
    view = browser.view
    view.verticalScrollBar().setValue(700)
    first, offset = view.anchor()
    held = int(browser.view.model().ids[first])
    view.select_rows(np.array([first + 1, first + 3], np.int64), first + 1)
    selected = browser.selected_ids().tolist()

    root = library.roots.all()[0].id
    path_before_all = 10_000
    with qtbot.waitSignal(browser.listed, timeout=10_000):
        photo, _ = add_photo(library, root, path_before_all)
        library.photos.moved(photo, b"/photos/day 0/IMG_-001.jpg", 1, 1).result()
    qtbot.waitUntil(lambda: browser.count == 61)

    assert browser.selected_ids().tolist() == selected
    row = view.model().row_of(held)
    assert row == first + 1
    assert view.visualRect(view.model().index(row)).top() == offset


def test_a_new_score_moves_the_face(qtbot: QtBot, browser: Browser, library: Library) -> None:
    _show(qtbot, browser, ViewKind.FACES, Query())
    worst = int(browser.view.model().ids[-1])
    with qtbot.waitSignal(browser.listed, timeout=10_000):
        score_faces(library, {worst: 0.999})
    assert browser.view.model().ids[0] == worst
    assert _cards(qtbot, browser)[0].score == pytest.approx(0.999)


def test_keys_move_and_open(qtbot: QtBot, browser: Browser) -> None:
    _show(qtbot, browser, ViewKind.FACES, BY_NAME)
    view, opened = browser.view, []
    browser.opened.connect(opened.append)
    view.go_to(0)
    columns = view.grid_layout.columns
    for key, row in (
        (Qt.Key.Key_Right, 1),
        (Qt.Key.Key_Down, 1 + columns),
        (Qt.Key.Key_Left, columns),
        (Qt.Key.Key_Up, 0),
        (Qt.Key.Key_Up, 0),
        (Qt.Key.Key_End, browser.count - 1),
        (Qt.Key.Key_Space, browser.count - 1),
        (Qt.Key.Key_Home, 0),
        (Qt.Key.Key_Space, 1),
    ):
        qtbot.keyClick(view, key)
        assert view.currentIndex().row() == row
        assert browser.selected_ids().tolist() == [view.model().ids[row]]
        assert view.viewport().rect().intersects(view.visualRect(view.currentIndex()))
    qtbot.keyClick(view, Qt.Key.Key_PageDown)
    assert view.currentIndex().row() >= columns
    qtbot.keyClick(view, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(opened) == 1)
    assert opened[0].id == view.model().ids[view.currentIndex().row()]


def test_shift_extends_and_control_adds(qtbot: QtBot, browser: Browser) -> None:
    _show(qtbot, browser, ViewKind.FACES, BY_NAME)
    view = browser.view

    def click(row: int, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        place = view.visualRect(view.model().index(row)).center()
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, modifier, place)

    click(1)
    click(3, Qt.KeyboardModifier.ControlModifier)
    assert view.selected_rows().tolist() == [1, 3]
    click(1)
    click(4, Qt.KeyboardModifier.ShiftModifier)
    assert view.selected_rows().tolist() == [1, 2, 3, 4]
    view.selectAll()
    assert len(view.selected_rows()) == browser.count
    beside = QPoint(1, 1)
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=beside)
    assert len(view.selected_rows()) == 0


def test_a_double_click_opens(qtbot: QtBot, browser: Browser) -> None:
    _show(qtbot, browser, ViewKind.FACES, BY_NAME)
    place = browser.view.visualRect(browser.view.model().index(2)).center()
    viewport = browser.view.viewport()
    with qtbot.waitSignal(browser.opened, timeout=5000) as opened:
        qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=place)
        qtbot.mouseDClick(viewport, Qt.MouseButton.LeftButton, pos=place)
    assert opened.args[0].id == browser.view.model().ids[2]


def test_stepping_stops_at_the_ends(qtbot: QtBot, browser: Browser) -> None:
    _show(qtbot, browser, ViewKind.FACES, BY_NAME)
    got: list[Card] = []
    browser.view.go_to(0)
    assert not browser.step(-1, got.append)
    assert browser.step(1, got.append)
    qtbot.waitUntil(lambda: len(got) == 1)
    browser.view.go_to(browser.count - 1)
    assert not browser.step(1, got.append)


def test_larger_thumbnails_keep_the_place(qtbot: QtBot, browser: Browser) -> None:
    _show(qtbot, browser, ViewKind.FACES, BY_NAME)
    view = browser.view
    view.verticalScrollBar().setValue(600)
    row = view.visible_rows().start
    view.set_thumbnail(260)
    assert row in view.visible_rows()


def test_an_empty_answer_is_no_trouble(qtbot: QtBot, browser: Browser) -> None:
    _show(qtbot, browser, ViewKind.FACES, BY_NAME)
    browser.view.go_to(3)
    _show(qtbot, browser, ViewKind.FACES, replace(BY_NAME, text="nowhere"))
    assert browser.count == 0
    assert browser.position() == -1
    for key in (Qt.Key.Key_Right, Qt.Key.Key_End, Qt.Key.Key_Return, Qt.Key.Key_Space):
        qtbot.keyClick(browser.view, key)
    assert not browser.step(1, lambda _: None)
