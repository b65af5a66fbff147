"""Taking back: one's own, and only where nobody spoke since."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fiqa_studio.domain.errors import LibraryError
from fiqa_studio.domain.marks import (
    ActionId,
    AddTag,
    Flag,
    Mark,
    Origin,
    PhotoMarks,
    RemoveTag,
    SetFlag,
    SetQuality,
    SetStars,
    UndoOutcome,
)
from fiqa_studio.domain.target import Target
from fiqa_studio.store.library import Library
from tests.store.values import make_face, mark


@pytest.fixture
def photos(add_photo: Callable[..., int]) -> list[int]:
    return [add_photo(f"/{number}.jpg", [make_face(number)]) for number in range(4)]


def said(library: Library, photos: int | list[int], *marks: Mark, by: str = "me") -> ActionId:
    action = mark(library, photos, *marks, by=by).action_id
    assert action is not None
    return action


def undo(library: Library, action: int | None, by: str = "me") -> UndoOutcome:
    assert action is not None
    return library.marks.undo(action, author=by, session=f"of {by}").result()


def stars(library: Library, photos: list[int]) -> list[int]:
    return [one.stars for one in library.marks.of_photos(photos).values()]


def test_an_action_over_many_photos_is_one_undo(library: Library, photos: list[int]) -> None:
    said(library, photos[:1], SetStars(2))
    action = said(library, photos, SetStars(4), AddTag("x"))
    outcome = undo(library, action)
    assert (outcome.restored, outcome.stayed) == (4, 0)
    assert stars(library, photos) == [2, 0, 0, 0]
    assert library.marks.tags() == {}
    (record,) = library.marks.actions(1)
    assert (record.id, record.undoes, record.title) == (
        outcome.action_id,
        action,
        "Undo: 4 stars, tag \u201cx\u201d",
    )
    assert (record.author, record.session, record.size) == ("me", "of me", 4)


def test_undo_and_redo_as_often_as_one_likes(library: Library, photos: list[int]) -> None:
    action = said(library, photos, SetStars(3))
    step: ActionId | None = action
    for number in range(6):
        step = undo(library, step).action_id
        assert stars(library, photos) == [3 if number % 2 else 0] * 4
        record = library.marks.action(action)
        assert record is not None
        assert (record.undone_by is None) == bool(number % 2)
    titles = [one.title for one in library.marks.actions(3)]
    assert titles == ["Redo: 3 stars", "Undo: 3 stars", "Redo: 3 stars"]


def test_what_was_taken_back_is_not_taken_back_again(library: Library, photos: list[int]) -> None:
    action = said(library, photos, SetStars(3))
    undo(library, action)
    said(library, photos, SetStars(3), by="you")  # the same, but said by someone else
    with pytest.raises(LibraryError) as caught:
        undo(library, action)
    assert caught.value.code == "action.undone"
    assert stars(library, photos) == [3] * 4
    with pytest.raises(LibraryError) as caught:
        undo(library, 99)
    assert caught.value.code == "action.unknown"


def test_two_authors_and_an_import_take_back_their_own(library: Library, photos: list[int]) -> None:
    ann = said(library, photos, SetStars(2), SetFlag(Flag.PICK), by="ann")
    imported = library.marks.apply(
        [SetStars(5), AddTag("wedding")],
        Target.photos(photos[:2]),
        author="ann",
        session="s",
        origin=Origin.XMP,
        title="Import of 2 sidecars",
    ).result()
    bob = said(library, [photos[1], photos[3]], SetStars(1), RemoveTag("wedding"), by="bob")

    outcome = undo(library, ann, "ann")  # 0 and 1 by the import, 3 by bob: their stars stay
    assert (outcome.restored, outcome.stayed) == (4, 3)
    assert stars(library, photos) == [5, 1, 0, 1]
    assert {one.flag for one in library.marks.of_photos(photos).values()} == {Flag.NONE}

    outcome = undo(library, imported.action_id, "ann")
    assert (outcome.restored, outcome.stayed) == (1, 1)
    assert stars(library, photos) == [2, 1, 0, 1]
    assert library.marks.tags() == {}

    outcome = undo(library, bob, "bob")
    assert (outcome.restored, outcome.stayed) == (2, 0)
    assert stars(library, photos) == [2, 5, 0, 2]
    assert library.marks.tags() == {"wedding": 1}


def test_an_equal_value_said_by_another_is_theirs(library: Library, photos: list[int]) -> None:
    """Three stars, five, and three again: nobody's undo of the first three may take the last."""
    mine = said(library, photos[0], SetStars(3))
    said(library, photos[0], SetStars(5), by="you")
    said(library, photos[0], SetStars(3), by="you")
    outcome = undo(library, mine)
    assert (outcome.action_id, outcome.restored, outcome.stayed) == (None, 0, 1)
    assert not outcome.changes
    assert stars(library, photos)[0] == 3
    assert len(library.marks.actions(9)) == 3


def test_what_was_said_and_taken_back_since_is_no_word(library: Library, photos: list[int]) -> None:
    mine = said(library, photos[0], SetStars(3))
    theirs = said(library, photos[0], SetStars(5), by="you")
    undone = undo(library, theirs, "you")
    assert (undo(library, mine).restored, stars(library, photos)[0]) == (1, 0)
    # Done again, it is a word: but there is nothing to do it on.
    redone = undo(library, undone.action_id, "you")
    assert (redone.action_id, redone.stayed) == (None, 1)


def test_each_kind_of_mark_comes_back_for_itself(library: Library, photos: list[int]) -> None:
    everything = said(
        library, photos[0], SetStars(3), SetFlag(Flag.REJECT), AddTag("a"), SetQuality(0.2)
    )
    said(library, photos[0], SetFlag(Flag.PICK), by="you")
    outcome = undo(library, everything)
    assert (outcome.restored, outcome.stayed) == (2, 1)  # the photo in part, and its face
    assert library.marks.of_photo(photos[0]) == PhotoMarks(flag=Flag.PICK)
    assert library.marks.of_faces([1]) == {}


def test_what_an_action_said_twice_of_one_thing_comes_back_to_the_first(
    library: Library, photos: list[int]
) -> None:
    said(library, photos[0], SetStars(1))
    action = said(library, photos[0], SetStars(3), SetStars(5), AddTag("a"), RemoveTag("a"))
    assert library.marks.of_photo(photos[0]) == PhotoMarks(5)
    undone = undo(library, action)
    assert library.marks.of_photo(photos[0]) == PhotoMarks(1)
    undo(library, undone.action_id)
    assert library.marks.of_photo(photos[0]) == PhotoMarks(5)


def test_qualities_of_different_faces_come_back_each_to_its_own(
    library: Library, photos: list[int]
) -> None:
    for number, photo in enumerate(photos[:3]):
        said(library, photo, SetQuality(number / 10))
    action = said(library, photos, SetQuality(0.9))
    undo(library, action)
    assert library.marks.of_faces([1, 2, 3, 4]) == {1: 0.0, 2: 0.1, 3: 0.2}


def test_undo_after_opening_again_is_there_to_be_asked_for(
    library: Library, photos: list[int]
) -> None:
    action = said(library, photos, SetStars(3))
    library.close()
    with Library.open(library.path) as again:
        (record,) = again.marks.actions(9)
        assert (record.id, record.session) == (action, "test")
        assert undo(again, action).restored == 4
