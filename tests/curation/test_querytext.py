"""The query's text: what is read, what is written, and where an error is."""

from __future__ import annotations

import math
import random
from datetime import datetime, timedelta

import pytest

from fiqa_studio.curation.querytext import Parsed, QueryTextError, apply, parse, text_of
from fiqa_studio.domain.query import Order, PhotoRule, Query, SortKey
from fiqa_studio.domain.scores import highest_shown_as, lowest_shown_as, shown_score
from fiqa_studio.domain.terms import (
    TERMS,
    Between,
    Contains,
    InIds,
    Is,
    OneOf,
    Period,
    Scale,
    Term,
    Words,
    in_order,
)

time = datetime.fromisoformat
MAY = time("2024-05-01")
JUNE = time("2024-06-01")


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("", ()),
        (" \t\n ", ()),
        ("lake", [Words(("lake",))]),
        ("lake boat lake", [Words(("lake", "boat"))]),
        ('"my lake" -rain', [Words(("my lake",)), Words(("rain",), negated=True)]),
        ('"say ""hi"""', [Words(('say "hi"',))]),
        ("- a-b C:\\photos http://x", [Words(("-", "a-b", "C:\\photos", "http://x"))]),
        ("a,b", [Words(("a,b",))]),
        ('"stars:3"', [Words(("stars:3",))]),
        ("stars:3", [Between("stars", 3, 3)]),
        ("STARS=3", [Between("stars", 3, 3)]),
        ("rating:>3", [Between("stars", 4)]),
        ("stars>3", [Between("stars", 4)]),
        ("stars≥3", [Between("stars", 3)]),
        ("stars:3..", [Between("stars", 3)]),
        ("stars:3…", [Between("stars", 3)]),
        ("stars:..3", [Between("stars", None, 3)]),
        ("-stars:1..3", [Between("stars", 1, 3, negated=True)]),
        ("faces<2 faces>0", [Between("faces", 1), Between("faces", None, 1)]),
        ("score:any", [Between("score")]),
        ("score:none", [Between("score", negated=True)]),
        ("-score:none", [Between("score")]),
        ("score:70..", [Between("score", lowest_shown_as(70))]),
        ("score>69", [Between("score", lowest_shown_as(70))]),
        ("score<=70", [Between("score", None, highest_shown_as(70))]),
        ("score:1..100", [Between("score", 0, 1)]),
        ("score:50.5..", [Between("score", 0.5)]),
        ("size>100", [Between("size", math.nextafter(100, 200))]),
        ("filesize:1.5MB..2gb", [Between("filesize", 1_500_000, 2_000_000_000)]),
        ("eyes:closed", [Between("eyes", None, math.nextafter(0.2, 0))]),
        ("eyes:open", [Between("eyes", 0.2)]),
        ("flag:picked,none", [OneOf("flag", ("pick", ""))]),
        ("color:RED", [OneOf("colour", ("Red",))]),
        ('tag:"die Braut",x', [OneOf("tag", ("die Braut", "x"))]),
        ("tag:“die Braut”", [OneOf("tag", ("die Braut",))]),
        ('tag:none,"none"', [OneOf("tag", ("", "none"))]),
        ("tag:a -tag:新娘", [OneOf("tag", ("a",)), OneOf("tag", ("新娘",), negated=True)]),
        ("camera:canon", [Contains("camera", "canon")]),
        ('folder:"/home/a b"', [Contains("folder", "/home/a b")]),
        ("folder:/home/a,b", [Contains("folder", "/home/a,b")]),
        ("missing:yes", [Is("missing")]),
        ("-missing:YES", [Is("missing", negated=True)]),
        ("failed:no", [Is("failed", negated=True)]),
        ("ids:5,3,3", [InIds("ids", (3, 5))]),
        ("ids:none -root:None", [InIds("ids", ()), InIds("root", (), negated=True)]),
        ("time:2024-05", [Period("time", MAY, JUNE)]),
        ("time:2024-05..", [Period("time", MAY)]),
        ("time>2024-05", [Period("time", JUNE)]),
        ("time<2024-05", [Period("time", None, MAY)]),
        ("date:2024-05-01..2024-05-31", [Period("time", MAY, JUNE)]),
        (
            'time:"2024-05-01 10:30"',
            [Period("time", time("2024-05-01T10:30"), time("2024-05-01T10:31"))],
        ),
        ("time:9999", [Period("time", time("9999-01-01"))]),
        ("time:none", [Period("time", negated=True)]),
    ],
)
def test_reads(text: str, terms: list[Term]) -> None:
    found = parse(text)
    assert found == Parsed(tuple(sorted(terms, key=in_order)))
    assert parse(text_of(found.where)) == found, text_of(found.where)


def test_reads_order_and_rule() -> None:
    found = parse("sort:time lake rule:worst")
    assert found.order == Order(SortKey.TIME, descending=False)
    assert found.rule is PhotoRule.WORST
    assert parse("sort:score").order == Order(SortKey.SCORE, descending=True)
    assert parse("sort:face-size-asc").order == Order(SortKey.FACE_SIZE, descending=False)
    before = Query(where=(Is("missing"),), order=Order(SortKey.EYES))
    assert apply("lake", before) == Query(where=(Words(("lake",)),), order=Order(SortKey.EYES))
    assert apply("sort:name", before) == Query(order=Order(SortKey.NAME, descending=False))
    for key in SortKey:
        for down in (True, False):
            assert parse(text_of((), Order(key, down))).order == Order(key, down)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("lake starz:3", 5, 10),
        ("lake -foo:bar", 6, 9),
        ("text:lake", 0, 4),
        ("score:", 6, 6),
        ("score:high", 6, 10),
        ("score:80..70", 6, 12),
        ("score>100", 6, 9),
        ("score:101..", 6, 11),
        ("score:1e3", 6, 9),
        ("score:-1", 6, 8),
        ("faces<0", 6, 7),
        ("stars:٣", 6, 7),
        ("stars:" + "9" * 30, 6, 36),
        ("stars:....", 6, 10),
        ("filesize:5TB", 9, 12),
        ("camera>3", 0, 8),
        ("camera:", 7, 7),
        ('tag:""', 4, 6),
        ("tag:a,,b", 6, 6),
        ('lake tag:"die', 9, 13),
        ('lake "', 5, 6),
        ('""', 0, 2),
        ("colour:mauve", 7, 12),
        ("missing:maybe", 8, 13),
        ("ids:x", 4, 5),
        ("ids:1,-2", 6, 8),
        ("sort:beauty", 5, 11),
        ("sort>score", 0, 10),
        ("rule:third", 5, 10),
        ("time:2024-13", 5, 12),
        ("time:2024-02-30", 5, 15),
        ("time:2024..2023", 5, 15),
        ("time:yesterday", 5, 14),
        ("time:", 5, 5),
        ("time:0000", 5, 9),
        ("a \ud800b", 2, 3),
        ("x" * 100_001, 100_000, 100_001),
    ],
)
def test_says_where_the_error_is(text: str, start: int, end: int) -> None:
    with pytest.raises(QueryTextError) as caught:
        parse(text)
    error = caught.value
    assert (error.start, error.end) == (start, end), str(error)
    assert error.message
    assert error.remedy
    assert error.code == "query.text"


def _text(dice: random.Random) -> str:
    letters = "ab ,\"-:><=.“”„…\\/'*()^ÄßΩж新ǻ🙂none\u00a0"
    while True:
        text = "".join(dice.choices(letters, k=dice.randint(1, 8)))
        if text.strip():
            return text


def _term(dice: random.Random) -> Term:
    kind = dice.choice(list(TERMS.values()))
    name, negated = kind.name, dice.random() < 0.3
    if kind.shape is Words:
        words = tuple(_text(dice) for _ in range(1 if negated else dice.randint(1, 3)))
        return Words(words, negated)
    if kind.shape is Is:
        return Is(name, negated)
    if kind.shape is Contains:
        return Contains(name, _text(dice), negated)
    if kind.shape is InIds:
        return InIds(name, tuple(dice.sample(range(10**6), dice.randint(0, 4))), negated)
    if kind.shape is OneOf:
        some = kind.values or ("", "None", *(_text(dice).strip() for _ in range(3)))
        return OneOf(name, tuple(dice.sample(some, dice.randint(1, 3))), negated)
    if kind.shape is Period:
        times = sorted(
            time(f"{dice.randint(1, 9998):04d}-{dice.randint(1, 12):02d}-{dice.randint(1, 28):02d}")
            + dice.choice([1, 0]) * timedelta(microseconds=dice.randint(0, 10**11))
            for _ in range(2)
        )
        first, last = (None if dice.random() < 0.3 else one for one in times)
        return Period(name, first, last if last != first else None, negated)
    most = 1.0 if kind.scale in (Scale.SCORE, Scale.SHARE) else 10.0 ** dice.randint(0, 12)
    bounds = sorted(dice.random() ** dice.choice([0, 1, 50]) * most for _ in range(2))
    if dice.random() < 0.5 and kind.scale is not Scale.SHARE:
        scores = kind.scale is Scale.SCORE
        low, high = sorted(dice.sample(range(1, 100), 2))
        bounds = [lowest_shown_as(low), highest_shown_as(high)] if scores else [low, high]
    first, last = (None if dice.random() < 0.3 else bound for bound in bounds)
    return Between(name, first, last, negated)


def test_any_terms_are_read_as_they_were_written() -> None:
    dice = random.Random(9)
    for _ in range(3000):
        query = Query(where=tuple(_term(dice) for _ in range(dice.randint(0, 4))))
        plain = [term for term in query.where if isinstance(term, Words) and not term.negated]
        if len(plain) > 1:  # words side by side are one term
            query = query.without("text")
        text = text_of(query.where)
        assert parse(text).where == query.where, text


def test_any_text_is_read_or_refused_in_place() -> None:
    dice = random.Random(10)
    pieces = [
        *(f"{name}:" for name in TERMS),
        *('"', "-", "..", ",", " ", ">", "<=", "3", "70.5", "2024-05", "none", "yes", "新", "\x00"),
    ]
    read = 0
    for _ in range(5000):
        text = "".join(dice.choices(pieces, k=dice.randint(1, 8)))
        try:
            found = parse(text)
        except QueryTextError as error:
            place = (error.start, error.end)
        else:
            read += 1
            place = (0, 0)
            assert parse(text_of(found.where, found.order, found.rule)) == found, text
        assert 0 <= place[0] <= place[1] <= len(text), text
    assert 500 < read < 4500


def test_scores_are_asked_for_as_they_are_shown() -> None:
    """Whoever asks for 70 and up gets all that are shown as 70 and up, and no other."""
    (above,) = parse("score:70..").where
    (below,) = parse("score<70").where
    assert isinstance(above, Between)
    assert isinstance(below, Between)
    for step in range(10_001):
        score = step / 10_000
        assert (above.low is not None and score >= above.low) == (shown_score(score) >= 70), score
        assert (below.high is not None and score <= below.high) == (shown_score(score) < 70), score
