"""Upgrades: a backup first, all or nothing, and no label lost."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from fiqa_studio.domain.errors import LibraryError
from fiqa_studio.domain.labels import LabelEvent, LabelKind
from fiqa_studio.domain.photos import PhotoId
from fiqa_studio.store import database, migrate
from fiqa_studio.store.library import Library
from fiqa_studio.store.schema import REVISION, Base
from tests.store.values import make_face

_NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


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
        (folder / "versions" / "0002_next.py").write_text(_NEXT.format(more=more))
        monkeypatch.setattr(database, "REVISION", "0002")
        upgrade = migrate.upgrade
        monkeypatch.setattr(
            migrate, "upgrade", lambda path, to: upgrade(path, to, migrations=folder)
        )

    return install


@pytest.fixture
def labelled(library: Library, add_photo: Callable[..., int]) -> Library:
    """A closed library with ten photos, their faces and labels."""
    for number in range(10):
        photo = add_photo(f"/{number}.jpg", [make_face(number)])
        event = LabelEvent(LabelKind.STARS, "4", "me", datetime.now(UTC), photo_id=PhotoId(photo))
        library.labels.record([event]).result()
    library.close()
    return library


def test_the_migrations_make_what_the_declarations_say(library: Library) -> None:
    with library._database.read() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Base.metadata) == []


def test_the_declared_revision_is_the_last_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrate.MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == REVISION


def test_an_upgrade_keeps_every_label_and_leaves_a_backup(
    labelled: Library, next_version: Callable[..., None]
) -> None:
    next_version()
    with Library.open(labelled.path) as upgraded:
        assert upgraded.health()["revision"] == "0002"
        assert upgraded.health()["ok"]
        assert upgraded.views.counts().faces == 10
        assert all(upgraded.labels.photo(photo).stars == 4 for photo in range(1, 11))
        backup = upgraded.backup
    assert backup is not None
    assert backup.name.startswith("test.fiqa.backup-0001-")
    with Library.open(labelled.path) as again:
        assert again.backup is None


def test_the_backup_is_the_library_as_it_was(
    labelled: Library, next_version: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    next_version()
    with Library.open(labelled.path) as upgraded:
        backup = upgraded.backup
    monkeypatch.undo()
    assert backup is not None
    with Library.open(backup) as old:
        assert old.health()["revision"] == "0001"
        assert old.labels.photo(1).stars == 4


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ("raise KeyError('on purpose')", KeyError),
        ("op.execute('DELETE FROM photo WHERE id = 3')", LibraryError),
    ],
)
def test_an_upgrade_that_fails_changes_nothing(
    labelled: Library,
    next_version: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    more: str,
    error: type[Exception],
) -> None:
    next_version(more)
    with pytest.raises(error) as caught:
        Library.open(labelled.path)
    if isinstance(caught.value, LibraryError):
        assert caught.value.code == "library.damaged"
        assert "refers to nothing" in caught.value.cause
    monkeypatch.undo()
    with Library.open(labelled.path) as unchanged:
        assert unchanged.health()["ok"]
        assert all(unchanged.labels.photo(photo).stars == 4 for photo in range(1, 11))


def test_an_old_library_cannot_be_read_without_an_upgrade(
    labelled: Library, next_version: Callable[..., None]
) -> None:
    next_version()
    with pytest.raises(LibraryError, match="older version"):
        Library.open(labelled.path, read_only=True)
