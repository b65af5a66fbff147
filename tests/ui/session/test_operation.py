"""Writes that the user asked for: shown at once, told at once, in their order."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from fiqa_studio.domain.changes import Changes, Kind
from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.marks import SetStars
from fiqa_studio.domain.query import Query, Subject
from fiqa_studio.domain.target import Target
from fiqa_studio.domain.terms import Between
from fiqa_studio.store.library import Library
from fiqa_studio.ui.session.cards import Card
from fiqa_studio.ui.session.operation import Operation, Patch
from fiqa_studio.ui.session.session import Session
from tests.ui.conftest import RecordingEngine, add_photo, open_session

PHOTOS = Query(Subject.PHOTOS)


def _stars(session: Session, stars: int, photos: list[int] | None = None) -> Operation:
    """What the culling feature does for a key."""
    chosen = session.selection.chosen()
    target = (lambda: Target.photos(photos)) if photos is not None else chosen.target

    def change(card: Card) -> Card:
        return replace(card, marks=replace(card.marks, stars=stars))

    ids = set(photos) if photos is not None else None
    now = session.selection.current

    def wanted(card: Card) -> bool:
        if ids is not None:
            return card.photo_id in ids
        return now is not None and card.photo_id == now.photo_id

    return Operation(
        title=f"{stars} stars",
        work=lambda engine: engine.marking.mark(target(), [SetStars(stars)]),
        patch=Patch(change, wanted),
    )


@pytest.fixture
def listed(qtbot: QtBot, session: Session) -> Session:
    """Photos are listed, and the cards of the first page are here."""
    with qtbot.waitSignal(session.listing.listed):
        session.listing.set_query(PHOTOS)
    session.listing.cards.want(session.listing.ids.tolist())
    qtbot.waitUntil(lambda: not session.listing.cards.lacking(session.listing.ids.tolist()))
    return session


def _go_to(qtbot: QtBot, session: Session, row: int) -> int:
    session.selection.go_to(row)
    qtbot.waitUntil(lambda: session.selection.current is not None)
    assert session.selection.current is not None
    return int(session.selection.current.photo_id)


def test_a_badge_is_there_before_the_library_has_it(qtbot: QtBot, listed: Session) -> None:
    photo = _go_to(qtbot, listed, 3)
    before = listed.library.marks.of_photos([photo])
    listed.do(_stars(listed, 4))
    card = listed.listing.cards.get(photo)
    assert card is not None
    assert card.marks.stars == 4
    assert before.get(photo) is None or before[photo].stars == 0
    qtbot.waitUntil(lambda: listed.library.marks.of_photos([photo])[photo].stars == 4)


def test_ones_own_change_is_told_at_once_and_once(qtbot: QtBot, listed: Session) -> None:
    photo = _go_to(qtbot, listed, 0)
    told: list[tuple[Changes, bool]] = []
    listed.changed.connect(lambda changes: told.append((changes, listed.telling_own)))
    with qtbot.waitSignal(listed.done):
        listed.do(_stars(listed, 2))
    assert told == [(Changes.of(Kind.MARK, photo), True)]
    # What somebody else writes next is told alone: the own change is not told again with it.
    other = int(listed.listing.ids[5])
    listed.engine.marking.mark(Target.photos([other]), [SetStars(1)]).result()
    qtbot.waitUntil(lambda: len(told) == 2)
    assert told[1] == (Changes.of(Kind.MARK, other), False)


def test_operations_keep_their_order(qtbot: QtBot, listed: Session) -> None:
    photo = _go_to(qtbot, listed, 0)
    done: list[str] = []
    listed.done.connect(lambda operation, _outcome: done.append(operation.title))
    for stars in (5, 1, 4, 2, 3):
        listed.do(_stars(listed, stars))
    qtbot.waitUntil(lambda: len(done) == 5)
    assert done == [f"{stars} stars" for stars in (5, 1, 4, 2, 3)]
    assert listed.library.marks.of_photos([photo])[photo].stars == 3
    card = listed.listing.cards.get(photo)
    assert card is not None
    assert card.marks.stars == 3


def _failing(error: Exception) -> Callable[[Any], Future[Any]]:
    future: Future[Any] = Future()
    future.set_exception(error)
    return lambda _engine: future


def test_a_write_that_fails_says_so_and_the_card_shows_what_holds(
    qtbot: QtBot, listed: Session
) -> None:
    photo = _go_to(qtbot, listed, 0)
    failed: list[Exception] = []
    error = KnownError("The disk is full.", remedy="Make room.")
    operation = replace(_stars(listed, 5), work=_failing(error), failed=failed.append)
    with qtbot.waitSignal(listed.error) as shown:
        listed.do(operation)
    assert shown.args == [error]
    assert failed == [error]
    assert listed.undo.title == ""
    cards = listed.listing.cards
    assert cards.lacking([photo]) == [photo], "it is read again"
    cards.want([photo])
    qtbot.waitUntil(lambda: not cards.lacking([photo]))
    card = cards.get(photo)
    assert card is not None
    assert card.marks.stars == 0


def test_what_was_marked_last_is_written_though_the_window_closes(
    qtbot: QtBot, library: Library, engine: RecordingEngine, settings: Any
) -> None:
    session = open_session(library, engine, settings)
    photos = library.views.ids(PHOTOS).tolist()
    for stars in (1, 2, 3, 4, 5):
        session.do(_stars(session, stars, photos[:10]))
    path = library.path
    session.close()
    with Library.open(path) as again:
        assert {m.stars for m in again.marks.of_photos(photos[:10]).values()} == {5}


def test_a_frame_that_no_longer_fits_stays_until_the_user_moves_on(
    qtbot: QtBot, listed: Session
) -> None:
    listing = listed.listing
    with qtbot.waitSignal(listing.listed):
        listing.set_query(PHOTOS.adding(Between("stars", high=0)))
    count = listing.count
    photo = _go_to(qtbot, listed, 2)
    with qtbot.waitSignal(listed.done):
        listed.do(_stars(listed, 5))
    following = int(listing.ids[3])
    # Others' changes bring the list up to date, and the frame in hand stays where it is.
    root = listed.library.roots.all()[0].id
    with qtbot.waitSignal(listing.listed, timeout=10_000):
        add_photo(listed.library, root, 2000)
    assert listing.ids[2] == photo
    assert listing.count == count + 1
    assert not listing.is_answer
    with qtbot.waitSignal(listing.listed):
        assert listed.selection.step(1)
    assert photo not in listing.ids
    assert listing.count == count
    assert listing.is_answer
    assert listed.selection.row == 2
    assert int(listing.ids[2]) == following


def test_a_list_that_does_not_depend_on_it_is_not_asked_again(
    qtbot: QtBot, listed: Session
) -> None:
    answers: list[bool] = []
    _go_to(qtbot, listed, 0)
    listed.listing.listed.connect(answers.append)
    with qtbot.waitSignal(listed.done):
        listed.do(_stars(listed, 3))
    listed.selection.step(1)
    listed.engine.marking.mark(Target.photos([1]), [SetStars(1)]).result()
    with qtbot.waitSignal(listed.changed):
        pass
    # Whatever was asked before this has been answered before it.
    with qtbot.waitSignal(listed.listing.listed):
        listed.listing.set_query(PHOTOS.adding(Between("stars", 3)))
    assert answers == [True]
    assert listed.listing.count == 1
