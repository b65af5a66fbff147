"""Marks by keys, in the real window over a real library."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.marks import Colour, Flag, PhotoMarks, SetStars
from fiqa_studio.domain.query import Query
from fiqa_studio.domain.terms import Between, Is
from fiqa_studio.store.library import Library
from fiqa_studio.ui.actions.keymap import Bindings
from fiqa_studio.ui.culling.marking import mark
from fiqa_studio.ui.culling.note import MarkedNote
from fiqa_studio.ui.session.session import Session
from fiqa_studio.ui.session.settings import Settings
from fiqa_studio.ui.shell.window import MainWindow
from tests.ui.conftest import RecordingEngine, open_session, show_window
from tests.ui.culling.hands import current_row, go, kept, press, settle, shown

Key = Qt.Key
_CTRL = Qt.KeyboardModifier.ControlModifier
_ALT = Qt.KeyboardModifier.AltModifier
_SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.mark.parametrize(
    ("profile", "key", "modifiers", "expected"),
    [
        ("lightroom", Key.Key_5, None, PhotoMarks(stars=5)),
        ("lightroom", Key.Key_P, None, PhotoMarks(flag=Flag.PICK)),
        ("lightroom", Key.Key_X, None, PhotoMarks(flag=Flag.REJECT)),
        ("lightroom", Key.Key_6, None, PhotoMarks(colour=Colour.RED)),
        ("lightroom", Key.Key_9, None, PhotoMarks(colour=Colour.BLUE)),
        ("lightroom", Key.Key_9, _CTRL | _ALT, PhotoMarks(colour=Colour.PURPLE)),
        ("darktable", Key.Key_3, None, PhotoMarks(stars=3)),
        ("darktable", Key.Key_R, None, PhotoMarks(flag=Flag.REJECT)),
        ("darktable", Key.Key_F1, None, PhotoMarks(colour=Colour.RED)),
        ("darktable", Key.Key_F5, None, PhotoMarks(colour=Colour.PURPLE)),
        ("digikam", Key.Key_4, _CTRL, PhotoMarks(stars=4)),
        ("digikam", Key.Key_3, _ALT, PhotoMarks(flag=Flag.PICK)),
        ("digikam", Key.Key_5, _CTRL | _ALT, PhotoMarks(colour=Colour.BLUE)),
    ],
)
def test_a_key_marks_the_current_photo(
    qtbot: QtBot,
    photos: MainWindow,
    profile: str,
    key: Qt.Key,
    modifiers: Qt.KeyboardModifier | None,
    expected: PhotoMarks,
) -> None:
    photos.bind(Bindings(profile))
    press(qtbot, photos, key, modifiers or Qt.KeyboardModifier.NoModifier)
    assert shown(photos, 0).marks == expected, "not shown before anything else happens"
    settle(qtbot, photos)
    assert kept(photos, 0) == expected


def test_it_moves_on_and_every_mark_stays_with_its_photo(qtbot: QtBot, photos: MainWindow) -> None:
    for key in (Key.Key_1, Key.Key_2, Key.Key_3, Key.Key_X, Key.Key_0):
        press(qtbot, photos, key)
    assert photos.context.selection.row == 5
    settle(qtbot, photos)
    assert [kept(photos, row).stars for row in range(5)] == [1, 2, 3, 0, 0]
    assert kept(photos, 3).flag is Flag.REJECT


def test_moving_on_can_be_switched_off(qtbot: QtBot, photos: MainWindow) -> None:
    photos.action("mark.auto-advance").trigger()
    assert not photos.context.settings["culling.auto-advance"]
    assert not photos.action("mark.auto-advance").isChecked()
    press(qtbot, photos, Key.Key_4)
    press(qtbot, photos, Key.Key_P)
    assert photos.context.selection.row == 0
    settle(qtbot, photos)
    assert kept(photos, 0) == PhotoMarks(stars=4, flag=Flag.PICK)
    # A colour is taken away by its own key.
    press(qtbot, photos, Key.Key_7)
    settle(qtbot, photos)
    assert kept(photos, 0).colour is Colour.YELLOW
    press(qtbot, photos, Key.Key_7)
    settle(qtbot, photos)
    assert kept(photos, 0).colour is Colour.NONE


def test_a_selection_is_marked_as_one_and_taken_back_as_one(
    qtbot: QtBot, photos: MainWindow
) -> None:
    session = photos.context.session
    session.selection.select_rows(np.arange(10, 30), 12)
    press(qtbot, photos, Key.Key_5)
    note = photos.findChild(MarkedNote)
    qtbot.waitUntil(lambda: note.text == "5 stars on 20 photos")
    assert session.undo.title == "5 stars on 20 photos"
    assert session.selection.count == 20, "a selection of many stays"
    found = session.library.marks.of_photos(session.listing.ids.tolist())
    assert sum(marks.stars == 5 for marks in found.values()) == 20
    session.selection.go_to(2)
    press(qtbot, photos, Key.Key_Z, _CTRL)
    qtbot.waitUntil(lambda: all(not kept(photos, row) for row in range(40)))
    qtbot.waitUntil(lambda: not shown(photos, 12).marks.stars)
    assert (session.selection.count, session.selection.row) == (20, 12)
    press(qtbot, photos, Key.Key_Z, _CTRL | _SHIFT)
    qtbot.waitUntil(lambda: kept(photos, 12).stars == 5)
    assert len(session.engine.marking.history()) == 3


def test_all_of_a_query_is_marked(qtbot: QtBot, photos: MainWindow) -> None:
    session = photos.context.session
    press(qtbot, photos, Key.Key_A, _CTRL)
    assert session.selection.chosen().ids is None
    press(qtbot, photos, Key.Key_5)
    note = photos.findChild(MarkedNote)
    qtbot.waitUntil(lambda: note.text == f"5 stars on {session.listing.count} photos")
    press(qtbot, photos, Key.Key_5)
    qtbot.waitUntil(lambda: note.text == "5 stars: nothing to change")


def test_a_mark_and_its_undo_in_one_breath(qtbot: QtBot, photos: MainWindow) -> None:
    """Faster than the disk: Undo waits for what was done last, and takes that back."""
    press(qtbot, photos, Key.Key_2)
    press(qtbot, photos, Key.Key_3)
    press(qtbot, photos, Key.Key_Z, _CTRL)
    history = photos.context.session.engine.marking.history
    qtbot.waitUntil(lambda: len(history()) == 3)
    assert [kept(photos, row).stars for row in (0, 1)] == [2, 0]
    qtbot.waitUntil(lambda: photos.context.selection.row == 1)


def test_what_no_longer_fits_stays_until_the_user_moves_on(
    qtbot: QtBot, photos: MainWindow
) -> None:
    session = photos.context.session
    done: list[bool] = []
    unrated = session.listing.query.with_term(Between("stars", high=0))
    session.listing.set_query(unrated, lambda: done.append(True))
    qtbot.waitUntil(lambda: bool(done))
    go(qtbot, photos, 3)
    ids = session.listing.ids.tolist()
    press(qtbot, photos, Key.Key_4)  # moves on
    settle(qtbot, photos)
    assert int(session.listing.ids[session.selection.row]) == ids[4]
    press(qtbot, photos, Key.Key_4)
    settle(qtbot, photos)
    qtbot.waitUntil(lambda: ids[3] not in session.listing.ids)
    assert _row_id(session) == ids[5]
    press(qtbot, photos, Key.Key_4)
    settle(qtbot, photos)
    qtbot.waitUntil(lambda: ids[4] not in session.listing.ids)
    # Taken back, they are in view again one after the other, and current.
    for number in (5, 4, 3):
        press(qtbot, photos, Key.Key_Z, _CTRL)
        qtbot.waitUntil(lambda number=number: _row_id(session) == ids[number])
    assert session.listing.ids.tolist() == ids
    assert not any(session.library.marks.of_photos(ids).values())


def _row_id(session: Session) -> int:
    return int(session.listing.ids[session.selection.row])


def test_in_the_loupe(qtbot: QtBot, photos: MainWindow) -> None:
    session = photos.context.session
    press(qtbot, photos, Key.Key_E)
    qtbot.waitUntil(lambda: photos.area == "loupe")
    press(qtbot, photos, Key.Key_5)
    qtbot.waitUntil(lambda: current_row(session) == 1)
    press(qtbot, photos, Key.Key_X)
    qtbot.waitUntil(lambda: current_row(session) == 2)
    settle(qtbot, photos)
    assert kept(photos, 0) == PhotoMarks(stars=5)
    assert kept(photos, 1) == PhotoMarks(flag=Flag.REJECT)


def test_on_faces_the_photo_is_marked_and_its_other_faces_show_it(
    qtbot: QtBot, window: MainWindow
) -> None:
    session = window.context.session
    ids = session.listing.ids.tolist()
    rows = {row.id: row for row in session.library.views.face_rows(ids)}
    of_two = next(row for row in rows.values() if row.face_count == 2)
    both = [key for key in ids if rows[key].photo_id == of_two.photo_id]
    qtbot.waitUntil(lambda: all(session.listing.cards.get(key) is not None for key in both))
    go(qtbot, window, ids.index(both[0]))
    press(qtbot, window, Key.Key_3)
    cards = [session.listing.cards.get(key) for key in both]
    assert [card.marks.stars for card in cards if card is not None] == [3, 3]
    settle(qtbot, window)
    assert session.library.marks.of_photo(of_two.photo_id).stars == 3


def test_a_key_held_down_marks_once(photos: MainWindow) -> None:
    assert not photos.action("mark.stars-5").autoRepeat()


def test_nothing_to_mark(qtbot: QtBot, window: MainWindow) -> None:
    listing = window.context.listing
    listing.set_query(Query(where=(Is("missing"),)))
    qtbot.waitUntil(lambda: listing.count == 0 and window.context.selection.current is None)
    window.refresh(at_once=True)
    action = window.action("mark.stars-5")
    assert not action.isEnabled()
    assert action.toolTip() == "Select a face or a photo first"
    press(qtbot, window, Key.Key_5)
    assert window.context.session.engine.marking.history() == []


def test_a_library_for_reading_only_says_so(
    qtbot: QtBot, library: Library, engine: RecordingEngine, settings: Settings
) -> None:
    path = library.path
    library.close()
    with Library.open(path, read_only=True) as reading:
        session = open_session(reading, engine, settings)
        for window in show_window(qtbot, session):
            go(qtbot, window, 3)
            action = window.action("mark.stars-5")
            assert not action.isEnabled()
            assert action.toolTip() == "This library is open for reading only"
            press(qtbot, window, Key.Key_5)
            assert not shown(window, 3).marks
            with pytest.raises(KnownError, match="reading only"):
                mark(window.context, [SetStars(5)])
        session.close()
