"""The list behind the grid, and the cards of it that are here."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from fiqa_studio.domain.listing import Listing
from fiqa_studio.domain.photos import FaceId, PhotoId
from fiqa_studio.domain.query import Query, Subject
from fiqa_studio.store.library import Library
from fiqa_studio.ui.session.cards import Card, Cards
from fiqa_studio.ui.session.rows import PAGE, Rows, runs_of
from fiqa_studio.ui.session.session import Session


def _card(key: int) -> Card:
    return Card(
        id=key,
        photo_id=PhotoId(key * 10),
        face_id=FaceId(key),
        title=f"{key}.jpg",
        detail="",
        score=0.5,
        notes=(("eyes-closed", "eyes closed"),),
        problem="",
        missing=False,
        faces=None,
    )


@pytest.fixture
def cards(session: Session) -> Cards:
    return session.listing.cards


@pytest.fixture
def model(cards: Cards) -> Rows:
    model = Rows(cards)
    model.show(Listing(Query(Subject.FACES), np.array([50, 7, 30, 9, 12], np.int64)))
    return model


def test_rows_of_ids(model: Rows) -> None:
    assert model.row_of(30) == 2
    assert model.row_of(31) == -1
    assert model.row_of(1000) == -1
    assert model.rows_of([12, 50, 99]).tolist() == [0, 4]
    assert model.rows_of([]).tolist() == []


def test_cells_are_known_once_they_came(model: Rows, cards: Cards) -> None:
    assert model.card(1) is None
    cards.put([_card(7)])
    assert model.card(1) == _card(7)
    assert model.data(model.index(1)) == "7.jpg, score 50, fair, eyes closed"
    assert model.data(model.index(0)) == ""


def test_only_unknown_cells_are_asked_for(model: Rows, cards: Cards) -> None:
    cards.put([_card(50), _card(7)])
    assert model.missing_pages(range(1, 4)) == [30, 9, 12]
    cards.put([_card(30), _card(9)])
    assert model.missing_pages(range(1, 4)) == []


def test_what_is_in_view_is_asked_for_first(cards: Cards) -> None:
    model = Rows(cards)
    model.show(Listing(Query(Subject.FACES), np.arange(10_000, dtype=np.int64)))
    wanted = model.missing_pages(range(500, 540))
    assert wanted[:40] == list(range(500, 540))
    assert len(wanted) <= 2 * PAGE


def test_changed_cells_stay_and_are_asked_for_again(model: Rows, cards: Cards) -> None:
    cards.put([_card(50), _card(7), _card(30)])
    assert sorted(cards.touch(frozenset({50}), frozenset({70}))) == [7, 50]
    assert [model.card(row) is None for row in range(3)] == [False, False, False]
    assert model.missing_pages(range(3))[:2] == [50, 7]
    cards.put([_card(50), _card(7)])
    assert cards.lacking([50, 7, 30]) == []


def test_all_may_have_changed(model: Rows, cards: Cards) -> None:
    cards.put([_card(50), _card(7)])
    cards.touch_all()
    assert cards.lacking([50, 7]) == [50, 7]
    assert model.card(0) == _card(50)
    cards.put([_card(50)])
    assert cards.lacking([50, 7]) == [7]


def test_what_is_known_beforehand_shows_at_once(model: Rows, cards: Cards) -> None:
    cards.put([_card(50), _card(7)])
    arrived: list[list[int]] = []
    cards.arrived.connect(arrived.append)
    cards.patch(lambda card: replace(card, title="new"), lambda card: card.photo_id == 70)
    assert arrived == [[7]]
    assert [card.title for row in (0, 1) if (card := model.card(row))] == ["50.jpg", "new"]
    assert cards.lacking([50, 7]) == [7], "the row confirms it"


def test_an_answer_older_than_what_is_shown_does_not_undo_it(
    qtbot: QtBot, session: Session, library: Library
) -> None:
    """Asked before the patch, answered after it."""
    cards = session.listing.cards
    key = int(library.views.ids(Query())[0])
    cards.want([key])
    qtbot.waitUntil(lambda: cards.get(key) is not None)
    cards.touch(frozenset({key}))
    cards.want([key])
    cards.patch(lambda card: replace(card, title="mine"), lambda card: card.id == key)
    with qtbot.waitSignal(cards.arrived):
        pass
    card = cards.get(key)
    assert card is not None
    assert card.title == "mine"
    assert card.pending == 1
    cards.want([key])  # nor does one that was asked for while the write is on its way
    with qtbot.waitSignal(cards.arrived):
        pass
    assert cards.get(key) == card
    cards.settle([key])
    cards.want([key])
    qtbot.waitUntil(lambda: cards.get(key) != card)


def test_another_kind_of_id_forgets_all(model: Rows, cards: Cards) -> None:
    cards.put([_card(7)])
    model.show(Listing(Query(Subject.PHOTOS), np.array([7], np.int64)))
    assert model.card(0) is None


def test_memory_is_bounded(cards: Cards) -> None:
    model = Rows(cards)
    model.show(Listing(Query(Subject.FACES), np.arange(20_000, dtype=np.int64)))
    cards.put(_card(key) for key in range(20_000))
    assert sum(model.card(row) is not None for row in range(20_000)) < 5_000
    assert model.card(19_999) is not None


def test_runs_of_rows() -> None:
    assert runs_of(np.array([1, 2, 3, 7, 9, 10], np.int64)) == [(1, 3), (7, 7), (9, 10)]
    assert runs_of(np.empty(0, np.int64)) == []
