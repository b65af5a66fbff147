"""Marks: applied by action to any number, what holds now, who said what."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text

from fiqa_studio.curation.querytext import apply
from fiqa_studio.domain.changes import Changes, Kind
from fiqa_studio.domain.errors import KnownError, LibraryError
from fiqa_studio.domain.marks import (
    AddTag,
    Colour,
    Flag,
    Mark,
    Origin,
    PhotoMarks,
    RemoveTag,
    SetColour,
    SetFlag,
    SetQuality,
    SetStars,
)
from fiqa_studio.domain.query import Query, Subject
from fiqa_studio.domain.target import Target
from fiqa_studio.domain.terms import Words
from fiqa_studio.store.actions import NAMED_AT_MOST
from fiqa_studio.store.library import Library
from fiqa_studio.store.planes import BLOCK
from fiqa_studio.store.writer import Transaction
from tests.store.values import judge, make_face, many_photos, mark


@pytest.fixture
def photo(add_photo: Callable[..., int]) -> int:
    return add_photo("/photos/a.jpg", [make_face()])


@pytest.fixture
def told(library: Library) -> list[Changes]:
    changes: list[Changes] = []
    library.subscribe(changes.append)
    return changes


def test_marks_hold_until_they_are_changed(library: Library, photo: int) -> None:
    assert library.marks.of_photo(photo) == PhotoMarks()
    mark(
        library,
        photo,
        SetStars(3),
        SetFlag(Flag.PICK),
        SetColour(Colour.PURPLE),
        AddTag("Family"),
        AddTag("Sea"),
    )
    assert library.marks.of_photo(photo) == PhotoMarks(
        3, Flag.PICK, Colour.PURPLE, frozenset(["Family", "Sea"])
    )
    mark(library, photo, SetStars(5), RemoveTag("Sea"))
    assert library.marks.of_photo(photo) == PhotoMarks(
        5, Flag.PICK, Colour.PURPLE, frozenset(["Family"])
    )
    assert library.marks.tags() == {"Family": 1}


def test_what_holds_is_there_after_opening_again(library: Library, photo: int) -> None:
    mark(library, photo, SetStars(4), AddTag("kept"))
    judge(library, 1, 0.25)
    library.close()
    with Library.open(library.path) as again:
        assert again.marks.of_photo(photo) == PhotoMarks(4, tags=frozenset(["kept"]))
        assert again.marks.of_faces([1]) == {1: 0.25}


def test_the_outcome_says_what_changed(
    library: Library, add_photo: Callable[..., int], told: list[Changes]
) -> None:
    photos = [add_photo(f"/{number}.jpg") for number in range(3)]
    del told[:]
    mark(library, photos[0], SetStars(2))
    outcome = mark(library, photos, SetStars(2))
    assert outcome.changed == 2
    assert outcome.changes == Changes.of(Kind.MARK, *photos[1:])
    assert told == [Changes.of(Kind.MARK, photos[0]), outcome.changes]
    again = mark(library, photos, SetStars(2))
    assert (again.action_id, again.changed, bool(again.changes)) == (None, 0, False)
    assert len(told) == 2
    assert len(library.marks.actions(9)) == 2


def test_a_face_has_a_quality_of_its_own(library: Library, photo: int, told: list[Changes]) -> None:
    (face,) = (detail.row.id for detail in library.faces.of_photo(photo))
    judge(library, face, 0.3)
    assert library.marks.of_faces([face]) == {face: 0.3}
    assert told == [Changes.of(Kind.OVERRIDE, face)]  # its thumbnail is still its own
    withdrawn = judge(library, face, None)
    assert library.marks.of_faces([face]) == {}
    assert withdrawn.action_id is not None
    library.marks.undo(withdrawn.action_id, author="me", session="s").result()
    assert library.marks.of_faces([face]) == {face: 0.3}
    assert [event.after for event in library.marks.history(photo)] == [
        SetQuality(0.3),
        SetQuality(None),
        SetQuality(0.3),
    ]


def test_what_is_said_of_photos_is_said_through_their_faces_and_back(
    library: Library, add_photo: Callable[..., int]
) -> None:
    both = add_photo("/both.jpg", [make_face(1), make_face(2)])
    one = add_photo("/one.jpg", [make_face(3)])
    faces = [row.row.id for row in library.faces.of_photo(both)]
    target = Target.faces(faces)
    outcome = library.marks.apply([SetStars(4)], target, author="me", session="s").result()
    assert outcome.changed == 1
    assert library.marks.of_photo(both).stars == 4
    assert library.marks.of_photo(one).stars == 0
    mixed: list[Mark] = [SetQuality(0.5), SetFlag(Flag.PICK)]
    outcome = library.marks.apply(mixed, Target.photos([both]), author="me", session="s").result()
    assert outcome.changed == 3
    assert library.marks.of_faces(range(1, 9)) == dict.fromkeys(faces, 0.5)
    assert outcome.changes.ids(Kind.OVERRIDE) == set(faces)
    assert outcome.changes.ids(Kind.MARK) == {both}


def test_all_that_a_query_finds_is_marked(library: Library, add_photo: Callable[..., int]) -> None:
    for number in range(4):
        add_photo(f"/{'sea' if number % 2 else 'hill'}/{number}.jpg", [make_face(number)])
    for subject in Subject:
        target = Target.all_of(subject, apply("sea", Query()))
        outcome = library.marks.apply(
            [SetStars(1 if subject is Subject.FACES else 2)], target, author="me", session="s"
        ).result()
        assert outcome.changed == 2
    assert [marks.stars for marks in library.marks.of_photos([1, 2, 3, 4]).values()] == [0, 2, 0, 2]


def test_ids_that_are_not_there_are_passed_over(library: Library, photo: int) -> None:
    outcome = mark(library, [photo, photo, 999, 10**12], SetStars(1))
    assert outcome.changed == 1
    assert mark(library, [999], SetStars(1)).action_id is None
    assert mark(library, [], SetStars(1)).action_id is None
    assert library.health()["ok"]


def test_photos_of_every_block_keep_their_own_marks(library: Library) -> None:
    photos = many_photos(library, 2 * BLOCK + 5)
    edges = [1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK - 1, 2 * BLOCK, 2 * BLOCK + 5]
    mark(library, edges, SetStars(5), SetColour(Colour.PURPLE), AddTag("edge"))
    mark(library, BLOCK, SetFlag(Flag.REJECT), SetStars(0))
    marks = library.marks.of_photos(photos)
    starred = {key for key, one in marks.items() if one.stars}
    assert starred == set(edges) - {BLOCK}
    assert {key for key, one in marks.items() if one} == set(edges)
    assert marks[BLOCK] == PhotoMarks(0, Flag.REJECT, Colour.PURPLE, frozenset(["edge"]))  # type: ignore[index]
    assert library.marks.tags() == {"edge": len(edges)}


def test_changes_to_very_many_are_told_as_a_whole(library: Library) -> None:
    photos = many_photos(library, NAMED_AT_MOST + 1)
    outcome = mark(library, photos, SetStars(5), AddTag("all"))
    assert outcome.changes == Changes.everything(Kind.MARK)
    assert outcome.changed == len(photos)
    assert outcome.action_id is not None
    undone = library.marks.undo(outcome.action_id, author="me", session="s").result()
    assert (undone.restored, undone.stayed) == (len(photos), 0)
    assert undone.changes == Changes.everything(Kind.MARK)
    assert not any(library.marks.of_photos(photos).values())
    assert library.marks.tags() == {}


def test_tags_differ_by_case_and_are_found_in_any(library: Library, photo: int) -> None:
    mark(library, photo, AddTag("Gro\u00dfmutter"), AddTag("SEA"), AddTag("sea"))
    assert library.marks.tags() == {"Gro\u00dfmutter": 1, "SEA": 1, "sea": 1}
    assert list(library.views.photo_ids(apply("GROSSMUTTER a.JPG", Query()))) == [photo]
    assert len(library.views.face_ids(apply("mutt", Query()))) == 1
    mark(library, photo, RemoveTag("sea"))
    assert library.marks.tags() == {"Gro\u00dfmutter": 1, "SEA": 1}
    mark(library, photo, RemoveTag("sea"))  # there is none spelled so on it: no other one goes
    assert "SEA" in library.marks.tags()
    mark(library, photo, RemoveTag("GROSSMUTTER"))  # never spelled so: the same in another case
    assert library.marks.tags() == {"SEA": 1}
    assert list(library.views.photo_ids(apply("grossmutter", Query()))) == []


@pytest.mark.parametrize(
    "tag",
    ["\u5bb6", "\u05e9\u05dc\u05d5\u05dd", "a\"b%_'c", "x" * 200, "\U0001f469\u200d\U0001f467"],
)
def test_tags_of_any_script_and_length(library: Library, photo: int, tag: str) -> None:
    mark(library, photo, AddTag(tag))
    assert library.marks.of_photo(photo).tags == {tag}
    assert list(library.views.photo_ids(Query(where=(Words(tuple(tag.split())),)))) == [photo]


def test_a_tag_that_cannot_be_kept_is_refused_at_once(library: Library, photo: int) -> None:
    with pytest.raises(KnownError, match="cannot be kept"):
        mark(library, photo, SetStars(1), AddTag("\0"))
    assert library.marks.of_photo(photo) == PhotoMarks()


def test_the_history_names_who_when_and_what(library: Library, photo: int) -> None:
    before = datetime.now(UTC)
    mark(library, photo, SetStars(3), by="ann")
    target = Target.photos([photo])
    library.marks.apply(
        [AddTag("x")], target, author="bob", session="s2", origin=Origin.XMP, title="Import"
    ).result()
    judge(library, 1, 0.5)
    newest, imported, first = library.marks.actions(9)
    assert (first.author, first.origin, first.title, first.size) == ("ann", "window", "3 stars", 1)
    assert before <= first.at <= datetime.now(UTC)
    assert (imported.author, imported.session, imported.origin) == ("bob", "s2", Origin.XMP)
    assert imported.title == "Import"
    assert library.marks.actions(1, before=newest.id) == [imported]
    assert library.marks.actions(5, before=first.id) == []
    assert library.marks.action(first.id) == first
    assert library.marks.action(99) is None
    said = library.marks.history(photo)
    assert [(event.action.author, event.before, event.after, event.face_id) for event in said] == [
        ("ann", SetStars(0), SetStars(3), None),
        ("bob", RemoveTag("x"), AddTag("x"), None),
        ("me", SetQuality(None), SetQuality(0.5), 1),
    ]


def test_a_library_that_cannot_be_written_takes_no_marks(library: Library, photo: int) -> None:
    mark(library, photo, SetStars(2))
    library.close()
    with Library.open(library.path, read_only=True) as reader:
        assert reader.marks.of_photo(photo).stars == 2
        with pytest.raises(LibraryError) as caught:
            mark(reader, photo, SetStars(3))
        assert caught.value.code == "library.read-only"
        with pytest.raises(LibraryError) as caught:
            reader.marks.undo(1, author="me", session="s").result()
        assert caught.value.code == "library.read-only"


def test_a_full_disk_leaves_nothing_half_done(library: Library) -> None:
    photos = many_photos(library, 20 * BLOCK)
    mark(library, photos[:100], SetStars(1))

    def limit(transaction: Transaction) -> None:
        connection = transaction.session.connection()
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 4}")

    library.write(limit).result()
    with pytest.raises(LibraryError) as caught:
        mark(library, photos, SetStars(5), AddTag("much"))
    assert caught.value.code == "library.disk-full"
    assert "no space left" in caught.value.message
    assert sum(one.stars for one in library.marks.of_photos(photos).values()) == 100
    assert library.marks.tags() == {}
    assert len(library.marks.actions(9)) == 1

    def lift(transaction: Transaction) -> None:
        transaction.session.connection().exec_driver_sql("PRAGMA max_page_count = 1000000")

    library.write(lift).result()
    assert mark(library, photos, SetStars(5)).changed == len(photos)
    assert library.health()["ok"]


def test_damaged_marks_are_said_to_be_damaged(library: Library, photo: int) -> None:
    mark(library, photo, SetStars(2))

    def work(transaction: Transaction) -> None:
        transaction.session.execute(text("UPDATE mark_block SET marks = x'00'"))

    library.write(work).result()
    with pytest.raises(LibraryError) as caught:
        library.marks.of_photo(photo)
    assert caught.value.code == "library.damaged"
    with pytest.raises(LibraryError) as caught:
        mark(library, photo, SetStars(3))
    assert caught.value.code == "library.damaged"


def test_a_script_cannot_mark_while_a_window_has_the_library(library: Library, photo: int) -> None:
    with pytest.raises(LibraryError) as caught:
        Library.open(library.path)
    assert caught.value.code == "library.locked"
    assert str(os.getpid()) in caught.value.cause
    mark(library, photo, SetStars(2))
    assert library.marks.of_photo(photo).stars == 2


def test_marks_go_before_batches_that_wait(library: Library, photo: int) -> None:
    order: list[str] = []

    def batch(name: str) -> Callable[[Transaction], None]:
        return lambda _: order.append(name)

    def first(_: Transaction) -> None:
        for number in range(3):
            library.write(batch(f"batch {number}"))
        futures.append(
            library.marks.apply([SetStars(1)], Target.photos([photo]), author="me", session="s")
        )
        futures[0].add_done_callback(lambda _: order.append("mark"))

    futures: list[object] = []  # type: ignore[assignment]
    library.write(first).result()
    library.write(batch("last")).result()
    assert order == ["mark", "batch 0", "batch 1", "batch 2", "last"]


def test_a_mark_cuts_in_on_a_batch_that_runs(library: Library, photo: int) -> None:
    order: list[str] = []
    told: list[Changes] = []

    def step(name: str) -> Callable[[Transaction], str]:
        def work(transaction: Transaction) -> str:
            transaction.touch(Kind.PHOTO, len(order) + 100)
            order.append(name)
            if name == "1":
                mark = library.marks.apply(
                    [SetStars(1)], Target.photos([photo]), author="me", session="s"
                )
                mark.add_done_callback(lambda _: order.append("mark"))
            return name

        return work

    library.subscribe(told.append)
    batch = library._database.write_each([step(str(number)) for number in range(4)])
    assert batch.result() == ["0", "1", "2", "3"]
    assert order == ["0", "1", "mark", "2", "3"]
    kinds = [next(iter(changes.touched))[0] for changes in told]
    assert kinds == [Kind.PHOTO, Kind.MARK, Kind.PHOTO]


def test_a_batch_that_fails_after_a_mark_keeps_what_was_committed_before_it(
    library: Library, photo: int
) -> None:
    def mark_then(transaction: Transaction) -> None:
        transaction.session.execute(text("INSERT INTO setting VALUES ('first', '1')"))
        library.marks.apply([SetStars(1)], Target.photos([photo]), author="me", session="s")

    def fail(transaction: Transaction) -> None:
        transaction.session.execute(text("INSERT INTO setting VALUES ('second', '1')"))
        raise KeyError("on purpose")

    with pytest.raises(KeyError):
        library._database.write_each([mark_then, fail]).result()
    assert (library.settings.get("first"), library.settings.get("second")) == ("1", "")
    assert library.marks.of_photo(photo).stars == 1


def test_the_state_is_what_the_events_add_up_to(
    library: Library, add_photo: Callable[..., int]
) -> None:
    photos = [add_photo(f"/{number}.jpg") for number in range(4)]
    random = np.random.default_rng(1)
    choices: list[Mark] = [
        *(SetStars(n) for n in (0, 1, 5)),
        *(SetFlag(flag) for flag in Flag),
        *(AddTag(tag) for tag in "ab"),
        *(RemoveTag(tag) for tag in "ab"),
    ]
    for _ in range(80):
        standing = [one for one in library.marks.actions(20) if one.undone_by is None]
        if standing and random.random() < 0.4:
            chosen = standing[int(random.integers(len(standing)))]
            library.marks.undo(chosen.id, author="me", session="s").result()
        else:
            some = random.choice(photos, 2, replace=False)
            mark(library, some.tolist(), choices[int(random.integers(len(choices)))])
    for photo in photos:
        state = PhotoMarks()
        for event in library.marks.history(photo):
            match event.after:
                case SetStars(stars):
                    state = PhotoMarks(stars, state.flag, state.colour, state.tags)
                case SetFlag(flag):
                    state = PhotoMarks(state.stars, flag, state.colour, state.tags)
                case AddTag(tag):
                    state = PhotoMarks(state.stars, state.flag, state.colour, state.tags | {tag})
                case RemoveTag(tag):
                    state = PhotoMarks(state.stars, state.flag, state.colour, state.tags - {tag})
        assert library.marks.of_photo(photo) == state


def test_a_copy_of_the_file_holds_the_marks(library: Library, photo: int, tmp_path: Path) -> None:
    """As a backup or a move to another disk: all is in one file once the library is closed."""
    mark(library, photo, SetStars(3), AddTag("x"))
    library.close()
    copy = tmp_path / "copy.fiqa"
    copy.write_bytes(library.path.read_bytes())
    with Library.open(copy) as copied:
        assert copied.marks.of_photo(photo) == PhotoMarks(3, tags=frozenset("x"))
