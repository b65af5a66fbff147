"""Upgrades: a backup first, all or nothing, and no mark lost."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from fiqa_studio.domain.errors import LibraryError
from fiqa_studio.domain.marks import (
    AddTag,
    Colour,
    Flag,
    PhotoMarks,
    RemoveTag,
    SetColour,
    SetFlag,
    SetStars,
)
from fiqa_studio.domain.query import Query
from fiqa_studio.domain.terms import Words
from fiqa_studio.store import connections, database, migrate
from fiqa_studio.store.library import Library
from fiqa_studio.store.schema import REVISION, Base
from tests.store import version_1
from tests.store.values import make_face, mark

_NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    with op.batch_alter_table("photo", recreate="always") as batch:
        batch.add_column(sa.Column("added", sa.Text(), server_default="x", nullable=False))
    {more}
"""


@pytest.fixture
def next_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes the program one version newer, by a migration that rebuilds the table of photos."""

    def install(more: str = "pass") -> None:
        folder = tmp_path / "migrations %d"
        shutil.copytree(migrate.MIGRATIONS, folder, dirs_exist_ok=True)
        (folder / "versions" / "0004_next.py").write_text(_NEXT.format(more=more))
        monkeypatch.setattr(database, "REVISION", "0004")
        upgrade = migrate.upgrade
        monkeypatch.setattr(
            migrate, "upgrade", lambda path, to: upgrade(path, to, migrations=folder)
        )

    return install


@pytest.fixture
def marked(library: Library, add_photo: Callable[..., int]) -> Library:
    """A closed library with ten photos, their faces and marks."""
    for number in range(10):
        mark(library, add_photo(f"/{number}.jpg", [make_face(number)]), SetStars(4))
    library.close()
    return library


def _declared(name: str | None, kind: str, _parents: object) -> bool:
    """All but the text filter's tables, which SQLite keeps by itself."""
    return kind != "table" or not (name or "").startswith("photo_search")


def test_the_migrations_make_what_the_declarations_say(library: Library) -> None:
    with library._database.read() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": _declared})
        assert compare_metadata(context, Base.metadata) == []


def test_the_declared_revision_is_the_last_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrate.MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == REVISION


def test_an_upgrade_keeps_every_mark_and_leaves_a_backup(
    marked: Library, next_version: Callable[..., None]
) -> None:
    next_version()
    with Library.open(marked.path) as upgraded:
        assert upgraded.health()["revision"] == "0004"
        assert upgraded.health()["ok"]
        assert upgraded.views.counts().faces == 10
        assert all(upgraded.marks.of_photo(photo).stars == 4 for photo in range(1, 11))
        backup = upgraded.backup
    assert backup is not None
    assert backup.name.startswith("test.fiqa.backup-0003-")
    with Library.open(marked.path) as again:
        assert again.backup is None


def test_the_backup_is_the_library_as_it_was(
    marked: Library, next_version: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    next_version()
    with Library.open(marked.path) as upgraded:
        backup = upgraded.backup
    monkeypatch.undo()
    assert backup is not None
    with Library.open(backup) as old:
        assert old.health()["revision"] == "0003"
        assert old.marks.of_photo(1).stars == 4


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ("raise KeyError('on purpose')", KeyError),
        ("op.execute('DELETE FROM photo WHERE id = 3')", LibraryError),
    ],
)
def test_an_upgrade_that_fails_changes_nothing(
    marked: Library,
    next_version: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    more: str,
    error: type[Exception],
) -> None:
    next_version(more)
    with pytest.raises(error) as caught:
        Library.open(marked.path)
    if isinstance(caught.value, LibraryError):
        assert caught.value.code == "library.damaged"
        assert "refers to nothing" in caught.value.cause
    monkeypatch.undo()
    with Library.open(marked.path) as unchanged:
        assert unchanged.health()["ok"]
        assert all(unchanged.marks.of_photo(photo).stars == 4 for photo in range(1, 11))


def test_an_old_library_cannot_be_read_without_an_upgrade(
    marked: Library, next_version: Callable[..., None]
) -> None:
    next_version()
    with pytest.raises(LibraryError, match="older version"):
        Library.open(marked.path, read_only=True)


# --- from the first version ---------------------------------------------------------------------


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return version_1.make(tmp_path / "old.fiqa")


def test_labels_of_the_first_version_become_marks(old: Path) -> None:
    with Library.open(old) as library:
        assert library.health()["ok"], library.health()["problems"]
        marks = library.marks.of_photos(range(1, 7))
        assert list(marks.values()) == [
            PhotoMarks(3, Flag.PICK, Colour.RED, frozenset(["S\u00e9a"])),
            PhotoMarks(4),
            PhotoMarks(),
            PhotoMarks(),
            PhotoMarks(3),
            PhotoMarks(),
        ]
        assert library.marks.of_faces(range(1, 7)) == {1: 0.3, 2: 0.7}
        assert library.marks.tags() == {"S\u00e9a": 1}
        assert library.backup is not None


def test_batches_of_the_first_version_become_actions(old: Path) -> None:
    with Library.open(old) as library:
        actions = library.marks.actions(20)
        assert [(one.id, one.title, one.author, one.size) for one in reversed(actions)] == [
            (1, "3 stars", "ann", 3),
            (2, "Pick", "ann", 1),
            (3, "Quality 0.30", "bob", 2),
            (4, "No own quality", "bob", 2),
            (5, "Quality 0.30", "bob", 2),
            (6, "No tag \u201cSky\u201d", "ann", 1),
            (7, "5 stars", "cy", 1),
            (8, "Reject", "cy", 1),
            (9, "No flag", "cy", 1),
        ]
        assert {one.id: one.undone_by for one in actions if one.undone_by} == {4: 5, 8: 9}
        assert actions[0].at.isoformat() == "2024-05-01T12:30:00+00:00"
        said = library.marks.history(1)
        assert [event.after for event in said if event.face_id is None] == [
            SetStars(3),
            SetFlag(Flag.PICK),
            SetColour(Colour.RED),
            AddTag("S\u00e9a"),
            AddTag("Sky"),
            RemoveTag("Sky"),
        ]
        assert [event.face_id for event in said if event.face_id] == [1, 1, 1]


def test_old_actions_can_be_taken_back(old: Path) -> None:
    with Library.open(old) as library:
        undone = library.marks.undo(1, author="me", session="s").result()
        assert (undone.restored, undone.stayed) == (2, 1)  # photo 2 was given 4 stars since
        assert library.marks.of_photo(2).stars == 4
        assert library.marks.of_photo(5).stars == 0
        library.marks.undo(7, author="me", session="s").result()
        assert library.marks.of_photo(2).stars == 3
        mark(library, 3, AddTag("after"))
        assert [one.id for one in library.marks.actions(3)] == [12, 11, 10]


def test_what_was_labelled_is_still_never_deleted(old: Path) -> None:
    with Library.open(old) as library:
        root = library.roots.add("/photos").result()
        for key in range(1, 7):
            name = f"/photos/{version_1.NAMES[key - 1]}.jpg".encode()
            library.photos.moved(key, name, 1, 1, root).result()
        library.roots.remove(root).result()
        assert set(library.views.photo_ids(Query()).tolist()) == {1, 2, 5, 6}


def test_the_text_filter_finds_what_it_found(old: Path) -> None:
    with Library.open(old) as library:
        for text, found in {
            "strasse": [4],
            "STRA\u00dfE canon": [4],
            "tw": [2],
            "s\u00e9a": [1],
            "s\u00e9a five": [],
            "canon": [1, 2, 3, 4, 5, 6],
            '"': [],
        }.items():
            query = Query(where=(Words(tuple(text.split())),))
            assert sorted(library.views.photo_ids(query).tolist()) == found, text


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE label_event SET value = 'many' WHERE kind = 'stars'",
        "UPDATE label_event SET previous = 'perhaps' WHERE kind = 'flag'",
        "UPDATE photo_label SET colour = 'Mauve'",
        "UPDATE label_event SET value = 'good' WHERE kind = 'quality'",
        "DELETE FROM photo WHERE id = 2",
    ],
)
def test_a_damaged_library_of_the_first_version_says_so_and_stays(old: Path, damage: str) -> None:
    with closing(connections.connect(old, "rw")) as connection:
        connection.execute(damage)
    before = old.read_bytes()
    with pytest.raises(LibraryError) as caught:
        Library.open(old)
    assert caught.value.code == "library.damaged"
    assert old.read_bytes() == before
