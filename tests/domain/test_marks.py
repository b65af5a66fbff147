"""Marks as values: what is kept, in which form, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import pytest

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.marks import (
    LONGEST_TAG,
    AddTag,
    Colour,
    Flag,
    Mark,
    PhotoMarks,
    RemoveTag,
    SetColour,
    SetFlag,
    SetQuality,
    SetStars,
    check_mark,
    describe,
    tidy_tag,
)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  bride  and\tgroom\n", "bride and groom"),
        ("Cafe\u0301", "Caf\u00e9"),
        ("\u0939\u093f\u0928\u094d\u0926\u0940", "\u0939\u093f\u0928\u094d\u0926\u0940"),
        ("\u05e9\u05dc\u05d5\u05dd", "\u05e9\u05dc\u05d5\u05dd"),
        ("\u5bb6\u65cf", "\u5bb6\u65cf"),
        (
            "\U0001f468\u200d\U0001f469\u200d\U0001f467",
            "\U0001f468\u200d\U0001f469\u200d\U0001f467",
        ),
        ('"; DROP TABLE photo; --', '"; DROP TABLE photo; --'),
        ("a" * LONGEST_TAG, "a" * LONGEST_TAG),
    ],
)
def test_a_tag_of_any_script_is_kept_in_one_form(typed: str, kept: str) -> None:
    assert tidy_tag(typed) == kept
    assert check_mark(AddTag(typed)) == AddTag(kept)
    assert check_mark(RemoveTag(typed)) == RemoveTag(kept)


@pytest.mark.parametrize(
    "typed", ["", "  \n", "\u200d", "a\0b", "a\x1bb", "\udcff", "a" * (LONGEST_TAG + 1)]
)
def test_a_tag_that_no_list_could_show_is_refused_in_words(typed: str) -> None:
    with pytest.raises(KnownError) as caught:
        check_mark(AddTag(typed))
    assert caught.value.code == "mark.tag"
    assert caught.value.cause
    assert caught.value.remedy


@pytest.mark.parametrize(
    "mark",
    [
        SetStars(-1),
        SetStars(6),
        SetStars(True),
        SetQuality(1.01),
        SetQuality(-0.01),
        SetQuality(math.nan),
        SetFlag("maybe"),  # type: ignore[arg-type]
        SetColour("red"),  # type: ignore[arg-type]
    ],
)
def test_values_that_a_mark_cannot_have_are_refused(mark: Mark) -> None:
    with pytest.raises(ValueError, match=r"."):
        check_mark(mark)


def test_values_as_text_become_their_kind() -> None:
    text: Any = "pick"
    assert check_mark(SetFlag(text)) == SetFlag(Flag.PICK)


@pytest.mark.parametrize(
    ("marks", "words"),
    [
        ([SetStars(1)], "1 star"),
        ([SetStars(0)], "No stars"),
        ([SetFlag(Flag.REJECT), SetColour(Colour.NONE)], "Reject, no colour"),
        ([AddTag("Sea"), RemoveTag("sky")], "Tag \u201cSea\u201d, no tag \u201csky\u201d"),
        ([SetQuality(0.5)], "Quality 0.50"),
    ],
)
def test_marks_in_words(marks: list[Mark], words: str) -> None:
    assert describe(marks) == words


def test_no_mark_is_false() -> None:
    assert not PhotoMarks()
    assert PhotoMarks(tags=frozenset(["a"]))
