"""The value that a card is sorted by, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pytestqt.qtbot import QtBot

from fiqa_studio.domain.marks import PhotoMarks
from fiqa_studio.domain.query import Query, SortKey, Subject
from fiqa_studio.store.library import Library
from fiqa_studio.ui.session.session import Session
from fiqa_studio.ui.session.values import sorted_by


@pytest.mark.parametrize("subject", list(Subject))
def test_every_order_says_what_it_goes_by(library: Library, subject: Subject) -> None:
    ids = library.views.ids(Query(subject))[:1]
    views = library.views
    row = (views.face_rows(ids) if subject is Subject.FACES else views.photo_rows(ids))[0]
    row = replace(row, size=5_230_000, face_count=1, quality=0.5, eyes_open=0.25)
    row = replace(row, marks=PhotoMarks(stars=3))
    said = {key: sorted_by(row, key) for key in SortKey}
    assert said[SortKey.FILE_SIZE] == "5.2 MB"
    assert said[SortKey.FACES] == "1 face"
    assert said[SortKey.QUALITY] == "Quality 50"
    assert said[SortKey.EYES] == "Eyes 25% open"
    assert said[SortKey.STARS] == "★★★"
    assert said[SortKey.FACE_SIZE].endswith(" px between the eyes")
    for key in (SortKey.SCORE, SortKey.TIME, SortKey.NAME, SortKey.ADDED, SortKey.PLACE):
        assert said[key] == ""
    without = replace(row, size=999, face_count=0, quality=None, marks=PhotoMarks())
    assert sorted_by(without, SortKey.QUALITY) == ""
    assert sorted_by(without, SortKey.STARS) == "No stars"
    assert sorted_by(without, SortKey.FILE_SIZE) == "999 B"


def test_cards_show_what_they_are_sorted_by(qtbot: QtBot, session: Session) -> None:
    listing = session.listing

    def detail_of(query: Query) -> str:
        listing.set_query(query)
        qtbot.waitUntil(lambda: listing.query == query and not listing.loading)
        key = int(listing.ids[0])
        listing.cards.want([key])
        qtbot.waitUntil(lambda: not listing.cards.lacking([key]))
        card = listing.cards.get(key)
        assert card is not None
        return card.detail

    photos = Query(Subject.PHOTOS)
    row = session.library.views.photo_rows(session.library.views.ids(photos)[:1])[0]
    assert detail_of(photos.sorted_by(SortKey.FACES)).endswith(("face", "faces"))
    assert detail_of(photos.sorted_by(SortKey.STARS)) == "No stars"
    assert detail_of(photos.sorted_by(SortKey.FACE_SIZE)).endswith("px between the eyes")
    assert row.taken_at is not None
    assert "202" in detail_of(photos.sorted_by(SortKey.TIME, descending=True))
    assert detail_of(Query().sorted_by(SortKey.EYES)).startswith("Eyes ")
