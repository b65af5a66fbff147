"""The search field: the query as a text, with what could be written and where an error is."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from fiqa_studio.curation.querytext import apply
from fiqa_studio.domain.marks import AddTag
from fiqa_studio.domain.query import Order, Query, SortKey, Subject
from fiqa_studio.domain.terms import InIds
from fiqa_studio.store.library import Library
from fiqa_studio.ui.filters.hidden import HiddenNote
from fiqa_studio.ui.filters.search import SearchField
from fiqa_studio.ui.session.listing import Listing
from fiqa_studio.ui.shell.window import MainWindow
from tests.store.values import mark


@pytest.fixture
def field(qtbot: QtBot, window: MainWindow) -> SearchField:
    found = window.findChild(SearchField)
    assert isinstance(found, SearchField)
    qtbot.waitUntil(found.isEnabled)
    window.action("edit.find").trigger()
    qtbot.waitUntil(found.hasFocus)
    return found


def _listing(window: MainWindow) -> Listing:
    return window.context.listing


def test_terms_are_asked_as_they_are_typed(
    qtbot: QtBot, window: MainWindow, field: SearchField
) -> None:
    text = "score:40.. faces:1 sort:time img_0"
    qtbot.keyClicks(field, text)
    wanted = apply(text, Query(_listing(window).subject))
    qtbot.waitUntil(lambda: _listing(window).query == wanted)
    assert _listing(window).query.order == Order(SortKey.TIME, descending=False)
    qtbot.waitUntil(lambda: not _listing(window).loading)
    assert field.text() == text  # as it was typed, whatever order the terms are kept in


def test_an_error_is_marked_in_place_and_asks_nothing(
    qtbot: QtBot, window: MainWindow, field: SearchField
) -> None:
    before = _listing(window).query
    qtbot.keyClicks(field, "lake starz:3")
    qtbot.waitUntil(lambda: field.error is not None)
    error = field.error
    assert error is not None
    assert (error.start, error.end) == (5, 10)
    assert "stars" in field.toolTip()
    assert "starz" in field.accessibleDescription()
    assert _listing(window).query == before
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert field.hasFocus()  # there is something to mend
    field.setCursorPosition(10)
    qtbot.keyClick(field, Qt.Key.Key_Backspace)
    qtbot.keyClicks(field, "s")
    qtbot.waitUntil(lambda: field.error is None)
    assert _listing(window).query.term("stars") is not None
    assert field.accessibleDescription() == ""


def test_the_query_is_shown_where_it_was_set_elsewhere(
    qtbot: QtBot, window: MainWindow, field: SearchField
) -> None:
    window.context.window.focus_area()
    listing = _listing(window)
    listing.set_query(apply("faces:2.. lake", listing.query))
    qtbot.waitUntil(lambda: field.text() == "faces:2.. lake")
    listing.set_query(listing.query.without_filters())
    qtbot.waitUntil(lambda: field.text() == "")


def test_the_folder_of_the_side_bar_stays_while_one_types(
    qtbot: QtBot, window: MainWindow, field: SearchField
) -> None:
    listing = _listing(window)
    root = window.context.session.library.roots.all()[0].id
    listing.set_query(listing.query.adding(InIds("root", (root,))))
    qtbot.keyClicks(field, "img_0007")
    wanted = apply(f"img_0007 root:{root}", Query(listing.subject))
    qtbot.waitUntil(lambda: listing.query.where == wanted.where)
    assert field.text() == "img_0007"


def test_names_and_words_are_offered_and_taken(
    qtbot: QtBot, library: Library, window: MainWindow, field: SearchField
) -> None:
    (photo, *_) = library.views.ids(Query(Subject.PHOTOS)).tolist()
    mark(library, photo, AddTag("die Braut"))
    window.context.window.focus_area()
    field.begin()
    qtbot.waitUntil(lambda: "die Braut" in field.offer.vocabulary.of("tag"))
    qtbot.keyClicks(field, "ta")
    assert field.offer.shown == ["tag:bride"]  # an example of how it is written
    qtbot.keyClick(field, Qt.Key.Key_Tab)
    assert field.text() == "tag:"
    assert "die Braut" in field.offer.shown
    qtbot.keyClicks(field, "br")
    qtbot.keyClick(field, Qt.Key.Key_Down)
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert field.text() == 'tag:"die Braut" '
    assert field.hasFocus()
    assert field.offer.shown == []
    qtbot.waitUntil(lambda: _listing(window).query.term("tag") is not None)
    qtbot.keyClicks(field, "sta")
    assert field.offer.shown
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert field.offer.shown == []
    assert field.text() == 'tag:"die Braut" sta'


def test_the_offer_goes_with_the_keyboard(
    qtbot: QtBot, window: MainWindow, field: SearchField
) -> None:
    qtbot.keyClicks(field, "sco")
    assert field.offer.shown
    window.context.window.focus_area()
    assert field.offer.shown == []
    assert field.offer.parentWidget() is window


def test_what_filters_hide_is_counted_and_shown_again(
    qtbot: QtBot, library: Library, window: MainWindow, field: SearchField
) -> None:
    note = window.findChild(HiddenNote)
    assert isinstance(note, HiddenNote)
    assert not note.isVisible()
    everything = library.views.count(Query())
    listing = _listing(window)
    listing.set_query(apply("img_0007", Query()))
    qtbot.waitUntil(note.isVisible)
    assert note.text() == f"{everything - listing.count:,} hidden by filters: show"
    qtbot.mouseClick(note, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not listing.query.is_filtered)
    qtbot.waitUntil(lambda: not note.isVisible())
