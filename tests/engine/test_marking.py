"""Marking as a use case: in whose name, from where, by path, and each its own undo."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from fiqa_studio.domain.errors import LibraryError
from fiqa_studio.domain.marks import AddTag, Flag, Origin, SetFlag, SetQuality, SetStars
from fiqa_studio.domain.target import Target
from fiqa_studio.engine import marking
from fiqa_studio.engine.marking import NOBODY, Marking
from fiqa_studio.store.library import Library
from tests.store.values import Folder


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.create(tmp_path / "test.fiqa") as opened:
        yield opened


@pytest.fixture
def folder(library: Library, tmp_path: Path) -> Folder:
    made = Folder(library, tmp_path / "photos")
    for number in range(3):
        made.put(f"{number}.jpg", f"content {number}")
    made.index(*(f"{number}.jpg" for number in range(3)))
    return made


def test_the_author_is_the_systems_user_until_someone_says_otherwise(
    library: Library, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "ann")
    marks = Marking(library)
    first = marks.mark(Target.photos([1]), [SetStars(2)]).result()
    marks.author = "  Ann  B. \n"
    marks.mark(Target.photos([1]), [SetStars(3)]).result()
    marks.author = " "
    marks.mark(Target.photos([1]), [SetStars(4)]).result()
    assert [one.author for one in marks.history()] == ["ann", "Ann B.", "ann"]
    assert {one.session for one in marks.history()} == {marks.session}
    assert marks.history(before=first.action_id) == []
    assert marks.history(limit=1)[0].title == "4 stars"


@pytest.mark.parametrize("error", [KeyError("uid not found: 1234"), OSError("no username")])
def test_a_system_that_does_not_know_its_user_is_no_obstacle(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def nobody() -> str:
        raise error

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert marking.system_author() == NOBODY


def test_a_users_name_that_is_no_text_can_still_be_stored(
    library: Library, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "b\udcffb")
    marks = Marking(library)
    marks.mark(Target.photos([1]), [SetStars(2)]).result()
    assert marks.history()[0].author == "b?b"


def test_each_takes_back_its_own_and_is_told_what_stayed(library: Library, folder: Folder) -> None:
    window, script = Marking(library), Marking(library, origin=Origin.CLI)
    window.author, script.author = "ann", "bob"
    photos = Target.photos([1, 2, 3])
    mine = window.mark(photos, [SetStars(3), SetFlag(Flag.PICK)]).result()
    imported = window.mark(
        Target.photos([1]), [AddTag("sea"), SetStars(5)], origin=Origin.XMP, title="Import"
    ).result()
    theirs = script.mark(Target.photos([2]), [SetStars(1)]).result()
    assert mine.action_id
    assert imported.action_id
    assert theirs.action_id

    undone = window.undo(mine.action_id).result()
    assert (undone.restored, undone.stayed) == (3, 2)
    stars = [one.stars for one in library.marks.of_photos([1, 2, 3]).values()]
    assert stars == [5, 1, 0]
    with pytest.raises(LibraryError, match="taken back already"):
        window.undo(mine.action_id).result()
    assert script.undo(theirs.action_id).result().restored == 1
    assert window.undo(imported.action_id).result().stayed == 0
    origins = [(one.author, one.origin) for one in reversed(window.history())]
    assert origins == [
        ("ann", "window"),
        ("ann", "xmp"),
        ("bob", "cli"),
        ("ann", "window"),
        ("bob", "cli"),
        ("ann", "window"),
    ]
    assert next(event.after for event in window.history_of(3)) == SetStars(3)


def test_photos_are_named_by_path(
    library: Library, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    marks = Marking(library, origin=Origin.CLI)
    monkeypatch.chdir(folder.path)
    link = folder.path.parent / "link"
    link.symlink_to(folder.path / "2.jpg")
    target, unknown = marks.photos_at(
        ["0.jpg", folder.path / "sub" / ".." / "1.jpg", link, "nowhere.jpg", "0.jpg"]
    )
    assert set(target.ids or ()) == {1, 2, 3}
    assert unknown == [folder.path / "nowhere.jpg"]
    outcome = marks.mark(target, [SetQuality(0.5)]).result()
    assert outcome.changed == 3


def test_a_path_that_several_photos_held_is_the_present_one(
    library: Library, folder: Folder
) -> None:
    (folder.path / "1.jpg").write_text("content 0")
    os.remove(folder.path / "0.jpg")  # noqa: PTH107
    folder.index("1.jpg")
    target, unknown = Marking(library).photos_at([folder.path / "1.jpg"])
    assert (target.ids, unknown) == ((1,), [])
