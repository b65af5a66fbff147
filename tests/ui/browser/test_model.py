"""The list behind the grid."""

from __future__ import annotations

import numpy as np
import pytest

from fiqa_studio.domain.photos import FaceId, PhotoId
from fiqa_studio.ui.browser.cards import Card
from fiqa_studio.ui.browser.model import PAGE, GridModel
from fiqa_studio.ui.session.kinds import ViewKind


def _card(key: int) -> Card:
    return Card(
        id=key,
        photo_id=PhotoId(key * 10),
        face_id=FaceId(key),
        title=f"{key}.jpg",
        detail="",
        score=0.5,
        marks=(("eyes-closed", "eyes closed"),),
        problem="",
        missing=False,
        faces=None,
    )


@pytest.fixture
def model(qapp: object) -> GridModel:
    model = GridModel()
    model.set_ids(ViewKind.FACES, np.array([50, 7, 30, 9, 12], np.int64))
    return model


def test_rows_of_ids(model: GridModel) -> None:
    assert model.row_of(30) == 2
    assert model.row_of(31) == -1
    assert model.row_of(1000) == -1
    assert model.rows_of([12, 50, 99]).tolist() == [0, 4]
    assert model.rows_of([]).tolist() == []


def test_cells_are_known_once_they_came(model: GridModel) -> None:
    assert model.card(1) is None
    model.add_cards([_card(7)])
    assert model.card(1) == _card(7)
    assert model.data(model.index(1)) == "7.jpg, score 50, fair, eyes closed"
    assert model.data(model.index(0)) == ""


def test_only_unknown_cells_are_asked_for(model: GridModel) -> None:
    model.add_cards([_card(50), _card(7)])
    assert model.missing_pages(range(1, 4)) == [30, 9, 12]
    model.add_cards([_card(30), _card(9)])
    assert model.missing_pages(range(1, 4)) == []


def test_what_is_in_view_is_asked_for_first(qapp: object) -> None:
    model = GridModel()
    model.set_ids(ViewKind.FACES, np.arange(10_000, dtype=np.int64))
    wanted = model.missing_pages(range(500, 540))
    assert wanted[:40] == list(range(500, 540))
    assert len(wanted) <= 2 * PAGE


def test_changed_cells_are_forgotten(model: GridModel) -> None:
    model.add_cards([_card(50), _card(7), _card(30)])
    model.forget(frozenset({50}), frozenset({70}))
    assert [model.card(row) is None for row in range(3)] == [True, True, False]


def test_another_kind_of_id_forgets_all(model: GridModel) -> None:
    model.add_cards([_card(7)])
    model.set_ids(ViewKind.PHOTOS, np.array([7], np.int64))
    assert model.card(0) is None


def test_memory_is_bounded(qapp: object) -> None:
    model = GridModel()
    model.set_ids(ViewKind.FACES, np.arange(20_000, dtype=np.int64))
    model.add_cards(_card(key) for key in range(20_000))
    assert sum(model.card(row) is not None for row in range(20_000)) < 5_000
    assert model.card(19_999) is not None
