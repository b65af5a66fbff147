"""What is selected and current."""

from __future__ import annotations

import time

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from fiqa_studio.domain.listing import Listing
from fiqa_studio.domain.query import Query, SortKey, Subject
from fiqa_studio.domain.terms import Between
from fiqa_studio.ui.session.selection import Selection
from fiqa_studio.ui.session.session import Session

FACES = Query().sorted_by(SortKey.NAME)


@pytest.fixture
def selection(qtbot: QtBot, session: Session) -> Selection:
    with qtbot.waitSignal(session.listing.listed):
        session.listing.set_query(FACES)
    return session.selection


def test_rows_are_kept_as_ranges(selection: Selection) -> None:
    selection.select_rows(np.array([1, 2, 3, 7, 9], np.int64))
    assert selection.ranges() == [(1, 3), (7, 7), (9, 9)]
    assert selection.count == 5
    assert selection.rows().tolist() == [1, 2, 3, 7, 9]
    assert not selection.is_all
    selection.select_none()
    assert selection.count == 0
    assert not selection.chosen()


def test_all_is_a_query_and_not_a_list_of_ids(session: Session, selection: Selection) -> None:
    selection.select_all()
    chosen = selection.chosen()
    assert chosen.ids is None
    assert chosen.count == session.listing.count
    assert chosen.target().query == FACES
    selection.select_rows(np.array([0, 1], np.int64))
    chosen = selection.chosen()
    assert chosen.target().ids == tuple(session.listing.ids[:2].tolist())


def test_a_choice_stays_what_it_was_when_the_selection_moves_on(
    session: Session, selection: Selection
) -> None:
    selection.select_rows(np.array([4, 5], np.int64))
    chosen = selection.chosen()
    selection.go_to(9)
    assert chosen.target().ids == tuple(session.listing.ids[4:6].tolist())


def test_the_current_one_is_told_with_its_photo(
    qtbot: QtBot, session: Session, selection: Selection
) -> None:
    with qtbot.waitSignal(selection.moved) as told:
        selection.go_to(3)
    (current,) = told.args
    row = session.library.views.face_rows([int(session.listing.ids[3])])[0]
    assert (current.row, current.face_id, current.photo_id) == (3, row.id, row.photo_id)
    with qtbot.waitSignal(selection.moved) as told:
        selection.choose_face(None)
    assert told.args[0].face_id is None
    assert selection.chosen_faces().count == 1, "in the grid the face in the list is meant"


def test_in_the_loupe_the_photo_in_it_is_meant(qtbot: QtBot, selection: Selection) -> None:
    selection.select_all()
    with qtbot.waitSignal(selection.moved):
        selection.model.setCurrentIndex(
            selection.model.model().index(3, 0), selection.model.SelectionFlag.NoUpdate
        )
    selection.many = False
    now = selection.current
    assert now is not None
    chosen, faces = selection.chosen(), selection.chosen_faces()
    assert (chosen.subject, chosen.target().ids) == (Subject.PHOTOS, (now.photo_id,))
    assert (faces.subject, faces.target().ids) == (Subject.FACES, (now.face_id,))
    selection.choose_face(None)
    assert not selection.chosen_faces()


def test_what_is_selected_stays_selected_in_another_order(
    qtbot: QtBot, session: Session, selection: Selection
) -> None:
    listing = session.listing
    selection.select_rows(np.array([2, 3], np.int64), 3)
    ids = set(selection.ids().tolist())
    current = int(listing.ids[3])
    with qtbot.waitSignal(listing.listed):
        listing.set_query(FACES.sorted_by(SortKey.SCORE))
    assert set(selection.ids().tolist()) == ids
    assert int(listing.ids[selection.row]) == current
    selection.select_all()
    with qtbot.waitSignal(listing.listed):
        listing.set_query(listing.query.adding(Between("score", 0.5)))
    assert selection.is_all


def test_all_of_a_million_is_instant(session: Session) -> None:
    """No list of a million numbers is made in the window's thread for it."""
    session.listing.rows.show(Listing(FACES, np.arange(1, 1_000_001, dtype=np.int64)))
    selection = session.selection
    begun = time.thread_time()
    selection.select_all()
    assert selection.count == 1_000_000
    assert selection.is_all
    assert selection.ranges() == [(0, 999_999)]
    assert len(selection.ids()) == 1_000_000
    took = time.thread_time() - begun
    assert took < 0.05, f"{took * 1000:.0f} ms of processor time"
