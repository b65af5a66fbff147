"""Queries as values."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fiqa_studio.domain.changes import Changes, Kind
from fiqa_studio.domain.query import Order, Query, SortKey, Subject
from fiqa_studio.domain.terms import (
    TERMS,
    Between,
    Contains,
    InIds,
    Is,
    OneOf,
    Period,
    Term,
    Words,
    negation,
)

NEW_YEAR = datetime.fromisoformat("2024-01-01")
STARS = Between("stars", 3)
SEA = OneOf("tag", ("Sea",))
LAKE = OneOf("tag", ("Lake",))


def test_equal_questions_are_equal_values() -> None:
    assert Query(where=(STARS, SEA, LAKE)) == Query(where=(LAKE, STARS, SEA, STARS))
    assert Between("stars", 3) == Between("stars", 3.0)
    assert str(Between("stars", 3)) == str(Between("stars", 3.0))
    assert OneOf("tag", ("b", "a", "b")) == OneOf("tag", ("a", "b"))
    assert hash(Query(where=(STARS, SEA))) == hash(Query(where=(SEA, STARS)))


def test_terms_come_and_go() -> None:
    query = Query().adding(SEA, LAKE).with_term(STARS)
    assert query.is_filtered
    assert query.term("stars") == STARS
    assert query.term("flag") is None
    assert query.terms(OneOf, "tag") == (LAKE, SEA)
    assert query.with_term(Between("stars", 5)).terms(Between) == (Between("stars", 5),)
    assert query.without_term(SEA).terms(OneOf) == (LAKE,)
    assert query.without("tag").where == (STARS,)
    ordered = query.sorted_by(SortKey.NAME)
    assert ordered.order == Order(SortKey.NAME, descending=False)
    assert ordered.without_filters() == Query(order=ordered.order)
    assert not ordered.without_filters().is_filtered
    assert negation(negation(SEA)) == SEA
    assert query.of(Subject.PHOTOS).where == query.where


@pytest.mark.parametrize(
    "make",
    [
        lambda: Between("stars", 3, 2),
        lambda: Between("score", 0, 1.5),
        lambda: Between("stars", -1),
        lambda: Between("stars", float("nan")),
        lambda: Between("stars", float("inf")),
        lambda: Between("beauty", 1),
        lambda: Between("tag", 1),
        lambda: Period("time", NEW_YEAR, NEW_YEAR),
        lambda: Period("time", datetime(2024, 1, 1, tzinfo=UTC)),
        lambda: OneOf("flag", ("maybe",)),
        lambda: OneOf("tag", ()),
        lambda: OneOf("stars", ("3",)),
        lambda: Contains("camera", " "),
        lambda: Is("stars"),
        lambda: Words(()),
        lambda: Words(("a", " ")),
        lambda: Words(("a", "b"), negated=True),
        lambda: InIds("ids", (-1,)),
        lambda: InIds("root", (2**63,)),
    ],
)
def test_terms_that_ask_nothing_are_refused(make: type[Term]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        make()


def test_a_list_is_asked_again_only_for_what_it_depends_on() -> None:
    def depends(query: Query, kind: Kind) -> bool:
        assert query.depends_on(Changes.of(kind, 5)) == query.depends_on(Changes.everything(kind))
        return query.depends_on(Changes.of(kind, 5))

    plain = Query(order=Order(SortKey.NAME))
    assert depends(plain, Kind.FACE)
    assert depends(plain, Kind.PHOTO)  # by whose names the faces are in order
    for kind in (Kind.MARK, Kind.SCORE, Kind.OVERRIDE, Kind.JOB, Kind.SETTING, Kind.ALBUM):
        assert not depends(plain, kind)
        assert not plain.depends_on(Changes.of(kind))
    assert depends(plain.adding(STARS), Kind.MARK)
    assert depends(plain.adding(Words(("sea",))), Kind.MARK)
    assert depends(Query(), Kind.SCORE)
    assert depends(Query(), Kind.SETTING)  # another scorer became the library's
    assert not depends(Query(), Kind.MARK)
    assert depends(Query(order=Order(SortKey.QUALITY)), Kind.OVERRIDE)
    photos = Query(Subject.PHOTOS, order=Order(SortKey.NAME))
    assert depends(photos, Kind.PHOTO)
    assert not depends(photos, Kind.SCORE)
    assert not plain.depends_on(Changes())


def test_every_term_can_be_explained() -> None:
    for name, kind in TERMS.items():
        assert kind.name == name
        assert kind.says
        assert kind.example
