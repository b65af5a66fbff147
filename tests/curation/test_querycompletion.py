"""What is offered at the cursor."""

from __future__ import annotations

import random

import pytest

from fiqa_studio.curation.querycompletion import MOST, Vocabulary, complete
from fiqa_studio.curation.querytext import parse
from fiqa_studio.domain.terms import TERMS

WORDS = Vocabulary(
    {
        "tag": {"bride": 12, "Hochzeit am See": 5, "abroad": 2, "none": 1},
        "camera": {"Canon EOS R5": 40},
    }
)


def _offered(text: str) -> list[str]:
    """The texts that the choices at ``|`` would make."""
    cursor = text.index("|")
    text = text.replace("|", "")
    found = complete(text, cursor, WORDS)
    return [found.applied(text, choice)[0] for choice in found.choices]


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("sta|", ["stars:"]),
        ("-sta|", ["-stars:"]),
        ("lake sta| boat", ["lake stars: boat"]),
        ("stars|:3", ["stars:3"]),
        ("flag:|", ["flag:none ", "flag:pick ", "flag:reject "]),
        ("flag:pick,r|", ["flag:pick,reject "]),
        ("missing:y|", ["missing:yes "]),
        ("tag:bri|", ["tag:bride "]),
        ("tag:ro|", ["tag:abroad "]),
        ('tag:"Hoch|', ['tag:"Hochzeit am See" ']),
        ("tag:hoch| lake", ['tag:"Hochzeit am See" lake']),
        ("keyword:bri|", ["keyword:bride "]),
        ("bri|", ["tag:bride "]),
        ("canon|", ['camera:"Canon EOS R5" ']),
        ("eyes:c|", ["eyes:closed "]),
        ("sort:ti|", ["sort:time ", "sort:time-asc ", "sort:time-desc "]),
        ("rule:w|", ["rule:worst "]),
        ("zzz|", []),
        ("zzz:|", []),
    ],
)
def test_offers(text: str, offered: list[str]) -> None:
    assert _offered(text) == offered


def test_offers_every_name_where_nothing_is_typed() -> None:
    offered = _offered("|")
    assert {name + ":" for name in TERMS if name != "text"} <= set(offered)
    assert _offered("lake |")[0].startswith("lake ")


def test_never_fails_and_offers_what_can_be_read() -> None:
    dice = random.Random(11)
    pieces = ["tag:", "sta", "flag:pi", '"', ",", " ", "-", "bri", "x" * 9, "\ud800", "eyes:", "ü"]
    many = Vocabulary({"tag": {f"bri {number}": number for number in range(500)}})
    for _ in range(1000):
        text = "".join(dice.choices(pieces, k=dice.randint(0, 6)))
        cursor = dice.randint(-3, len(text) + 3)
        found = complete(text, cursor, many)
        assert 0 <= found.start <= found.end <= len(text)
        assert len(found.choices) <= MOST
    found = complete("tag:bri", 7, many)
    for choice in found.choices:
        assert parse(found.applied("tag:bri", choice)[0]).where
