"""The browser over a real library."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from fiqa_studio.domain.query import Order, Query, SortKey, Subject
from fiqa_studio.domain.terms import Between, Words
from fiqa_studio.store.library import Library
from fiqa_studio.ui.actions.area import Step, Verb
from fiqa_studio.ui.browser.browser import Browser
from fiqa_studio.ui.session.cards import Card
from fiqa_studio.ui.session.listing import Listing
from fiqa_studio.ui.session.session import Session
from tests.ui.conftest import add_photo, score_faces

BY_NAME = Query(order=Order(SortKey.NAME, descending=False))


@pytest.fixture
def listing(session: Session) -> Listing:
    return session.listing


@pytest.fixture
def browser(qtbot: QtBot, session: Session) -> Browser:
    browser = Browser(session)
    qtbot.addWidget(browser, before_close_func=lambda b: b.close_down())
    browser.resize(900, 600)
    browser.show()
    return browser


def _show(qtbot: QtBot, listing: Listing, query: Query) -> None:
    with qtbot.waitSignal(listing.listed, timeout=10_000):
        listing.set_query(query)
        listing.ask()


def _cards(qtbot: QtBot, browser: Browser, listing: Listing) -> list[Card]:
    rows = browser.view.visible_rows()
    qtbot.waitUntil(lambda: all(listing.rows.card(row) is not None for row in rows))
    return [card for row in rows if (card := listing.rows.card(row)) is not None]


def test_faces_come_best_first(qtbot: QtBot, browser: Browser, listing: Listing) -> None:
    _show(qtbot, listing, Query())
    scores = [card.score for card in _cards(qtbot, browser, listing)]
    assert None not in scores
    assert scores == sorted(scores, reverse=True)  # type: ignore[type-var]  # none is None


def test_photos_show_their_best_face_and_how_many(
    qtbot: QtBot, browser: Browser, listing: Listing
) -> None:
    _show(qtbot, listing, BY_NAME.of(Subject.PHOTOS))
    first = _cards(qtbot, browser, listing)[0]
    assert (first.title, first.faces, first.score) == ("IMG_0000.jpg", 2, 0.0)


def test_the_newest_query_wins(qtbot: QtBot, browser: Browser, listing: Listing) -> None:
    answers: list[int] = []
    listing.listed.connect(lambda _anew: answers.append(listing.count))
    listing.set_query(Query(where=(Between("score", low=0.8),)))
    listing.set_query(Query(where=(Between("score", low=0.9),)))
    listing.set_query(Query(Subject.PHOTOS, (Words(("IMG_0007",)),)))
    qtbot.waitUntil(lambda: not listing.loading)
    assert answers == [1]
    assert listing.subject is Subject.PHOTOS
    assert browser.view.accessibleName() == "Photos"


def test_images_are_drawn(qtbot: QtBot, browser: Browser, listing: Listing) -> None:
    _show(qtbot, listing, BY_NAME)
    _cards(qtbot, browser, listing)
    middle = browser.view.grid_layout.image(browser.view.visualRect(browser.view.model().index(0)))

    def is_painted() -> bool:
        image = browser.view.viewport().grab(middle).toImage()
        return bool(image.pixelColor(image.rect().center()).saturation() > 50)

    qtbot.waitUntil(is_painted)


def test_new_photos_appear_without_disturbing(
    qtbot: QtBot, browser: Browser, listing: Listing, library: Library
) -> None:
    _show(qtbot, listing, BY_NAME.of(Subject.PHOTOS))
    view = browser.view
    view.verticalScrollBar().setValue(700)
    first = view.visible_rows().start
    listing.selection.select_rows(np.array([first + 1, first + 3], np.int64), first + 1)
    first, offset = view.anchor()
    held = int(listing.ids[first])
    selected = listing.selection.ids().tolist()

    root = library.roots.all()[0].id
    path_before_all = 10_000
    with qtbot.waitSignal(listing.listed, timeout=10_000):
        photo, _ = add_photo(library, root, path_before_all)
        library.photos.moved(photo, b"/photos/day 0/IMG_-001.jpg", 1, 1).result()
    qtbot.waitUntil(lambda: listing.count == 61)

    assert listing.selection.ids().tolist() == selected
    row = listing.rows.row_of(held)
    assert row == first + 1
    assert view.visualRect(view.model().index(row)).top() == offset


def test_the_current_photo_stays_in_view_when_others_come_in_before_it(
    qtbot: QtBot, browser: Browser, listing: Listing, library: Library
) -> None:
    _show(qtbot, listing, BY_NAME.of(Subject.PHOTOS))
    view = browser.view
    view.verticalScrollBar().setValue(700)
    rows = view.visible_rows()
    inside = view.viewport().rect()
    last = max(row for row in rows if inside.contains(view.visualRect(view.model().index(row))))
    listing.selection.go_to(last)
    current = int(listing.ids[last])
    name = f"IMG_{rows.start + 2:04d}"  # those to come stand after the first in view

    root = library.roots.all()[0].id
    for number in range(20):
        photo, _ = add_photo(library, root, 10_000 + number)
        path = f"/photos/day 0/{name}-{number}.jpg".encode()
        library.photos.moved(photo, path, 1, 1).result()
    qtbot.waitUntil(lambda: listing.count == 80 and listing.selection.row == last + 20)

    assert int(listing.ids[listing.selection.row]) == current
    assert inside.contains(view.visualRect(view.model().index(listing.selection.row)))


def test_a_new_score_moves_the_face(
    qtbot: QtBot, browser: Browser, listing: Listing, library: Library
) -> None:
    _show(qtbot, listing, Query())
    worst = int(listing.ids[-1])
    with qtbot.waitSignal(listing.listed, timeout=10_000):
        score_faces(library, {worst: 0.999})
    assert listing.ids[0] == worst
    qtbot.waitUntil(lambda: _cards(qtbot, browser, listing)[0].score == pytest.approx(0.999))


def test_moves_and_opening(qtbot: QtBot, browser: Browser, listing: Listing) -> None:
    _show(qtbot, listing, BY_NAME)
    view, selection = browser.view, listing.selection
    selection.go_to(0)
    columns = view.grid_layout.columns
    for verb, row in (
        (Verb.RIGHT, 1),
        (Verb.DOWN, 1 + columns),
        (Verb.LEFT, columns),
        (Verb.UP, 0),
        (Verb.UP, 0),
        (Verb.LAST, listing.count - 1),
        (Verb.NEXT, listing.count - 1),
        (Verb.FIRST, 0),
        (Verb.NEXT, 1),
    ):
        assert browser.do(verb)
        assert selection.row == row
        assert selection.ids().tolist() == [listing.ids[row]]
        assert view.viewport().rect().intersects(view.visualRect(view.currentIndex()))
    browser.do(Verb.PAGE_DOWN)
    assert selection.row >= columns
    with qtbot.waitSignal(browser.opened):
        browser.do(Verb.OPEN)


def test_moves_extend_the_selection_or_keep_it(
    qtbot: QtBot, browser: Browser, listing: Listing
) -> None:
    _show(qtbot, listing, BY_NAME)
    selection = listing.selection
    browser.do(Verb.FIRST)
    for _ in range(3):
        browser.do(Verb.RIGHT, Step.EXTEND)
    browser.do(Verb.LEFT, Step.EXTEND)
    assert selection.rows().tolist() == [0, 1, 2]
    browser.do(Verb.RIGHT, Step.KEEP)
    browser.do(Verb.RIGHT, Step.KEEP)
    assert selection.rows().tolist() == [0, 1, 2]
    assert selection.row == 4
    browser.do(Verb.TOGGLE)
    assert selection.rows().tolist() == [0, 1, 2, 4]
    browser.do(Verb.TOGGLE)
    assert selection.rows().tolist() == [0, 1, 2]


def test_shift_and_a_click_reach_from_where_the_keyboard_was(
    qtbot: QtBot, browser: Browser, listing: Listing
) -> None:
    _show(qtbot, listing, BY_NAME)
    browser.do(Verb.FIRST)
    browser.do(Verb.RIGHT)
    place = browser.view.visualRect(listing.rows.index(3)).center()
    qtbot.mouseClick(
        browser.view.viewport(),
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.ShiftModifier,
        place,
    )
    assert listing.selection.rows().tolist() == [1, 2, 3]


def test_shift_extends_and_control_adds(qtbot: QtBot, browser: Browser, listing: Listing) -> None:
    _show(qtbot, listing, BY_NAME)
    view = browser.view

    def click(row: int, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        place = view.visualRect(view.model().index(row)).center()
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, modifier, place)

    click(1)
    click(3, Qt.KeyboardModifier.ControlModifier)
    assert listing.selection.rows().tolist() == [1, 3]
    click(1)
    click(4, Qt.KeyboardModifier.ShiftModifier)
    assert listing.selection.rows().tolist() == [1, 2, 3, 4]
    listing.selection.select_all()
    assert len(listing.selection.rows()) == listing.count
    beside = QPoint(1, 1)
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=beside)
    assert len(listing.selection.rows()) == 0


def test_a_double_click_opens(qtbot: QtBot, browser: Browser, listing: Listing) -> None:
    _show(qtbot, listing, BY_NAME)
    place = browser.view.visualRect(listing.rows.index(2)).center()
    viewport = browser.view.viewport()
    with qtbot.waitSignal(browser.opened):
        qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=place)
        qtbot.mouseDClick(viewport, Qt.MouseButton.LeftButton, pos=place)
    assert listing.selection.row == 2


def test_stepping_stops_at_the_ends(qtbot: QtBot, browser: Browser, listing: Listing) -> None:
    _show(qtbot, listing, BY_NAME)
    listing.selection.go_to(0)
    assert not listing.selection.step(-1)
    assert listing.selection.step(1)
    now = listing.selection.current
    qtbot.waitUntil(lambda: listing.selection.current != now)
    listing.selection.go_to(listing.count - 1)
    assert not listing.selection.step(1)


def test_larger_thumbnails_keep_the_place(qtbot: QtBot, browser: Browser, listing: Listing) -> None:
    _show(qtbot, listing, BY_NAME)
    view = browser.view
    view.verticalScrollBar().setValue(600)
    row = view.visible_rows().start
    view.set_thumbnail(260)
    assert row in view.visible_rows()


def test_an_empty_answer_is_no_trouble(qtbot: QtBot, browser: Browser, listing: Listing) -> None:
    _show(qtbot, listing, BY_NAME)
    listing.selection.go_to(3)
    _show(qtbot, listing, BY_NAME.adding(Words(("nowhere",))))
    assert listing.count == 0
    assert listing.selection.row == -1
    for verb in (Verb.RIGHT, Verb.LAST, Verb.OPEN, Verb.NEXT, Verb.TOGGLE):
        browser.do(verb)
    assert not listing.selection.step(1)
