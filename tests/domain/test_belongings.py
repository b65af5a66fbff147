"""Nothing is ever written over a library or what belongs to one."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from fiqa_studio.domain.belongings import is_library, refuse_to_replace
from fiqa_studio.domain.errors import LibraryError
from fiqa_studio.store.library import Library

SIDE_FILES = (
    *("-wal", "-shm", "-journal", ".lock", ".thumbs"),
    *(".thumbs-wal", ".thumbs-shm", ".thumbs-journal"),
)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.create(tmp_path / "test.fiqa") as opened:
        yield opened


def refused(target: Path) -> str:
    with pytest.raises(LibraryError) as error:
        refuse_to_replace(target)
    return error.value.code


def test_a_library_is_refused_under_any_name_and_link(library: Library, tmp_path: Path) -> None:
    copy = shutil.copy(library.path, tmp_path / "photos.csv")
    link, hard = tmp_path / "link.csv", tmp_path / "hard.csv"
    link.symlink_to(library.path)
    hard.hardlink_to(library.path)
    for target in (library.path, Path(copy), link, hard, tmp_path / "x" / ".." / "test.fiqa"):
        assert refused(target) == "export.onto-library"
    assert is_library(library.path)


def test_a_library_that_nobody_has_open_is_refused_too(tmp_path: Path) -> None:
    path = tmp_path / "other.fiqa"
    Library.create(path).close()
    assert refused(path) == "export.onto-library"


@pytest.mark.parametrize("suffix", SIDE_FILES)
@pytest.mark.parametrize("there", [True, False])
def test_side_files_are_refused_whether_there_or_not(
    tmp_path: Path, suffix: str, there: bool
) -> None:
    path = tmp_path / "other.fiqa"
    Library.create(path).close()
    beside = Path(f"{path}{suffix}")
    if there:
        beside.write_bytes(b"")
    else:
        beside.unlink(missing_ok=True)
    assert refused(beside) == "export.onto-library"
    assert refused(beside.with_name(beside.name.upper().replace("OTHER.FIQA", "other.fiqa")))


def test_side_files_of_a_library_opened_by_a_link_are_refused(tmp_path: Path) -> None:
    Library.create(tmp_path / "real.fiqa").close()
    link = tmp_path / "link.fiqa"
    link.symlink_to("real.fiqa")
    export = tmp_path / "faces.csv"
    export.symlink_to("real.fiqa.thumbs")
    for target in (Path(f"{link}.lock"), Path(f"{link}.thumbs"), export):
        assert refused(target) == "export.onto-library"


def test_a_stray_log_and_another_programs_database_are_refused(
    library: Library, tmp_path: Path
) -> None:
    library.roots.add(tmp_path).result()
    shutil.copy(f"{library.path}-wal", tmp_path / "rescued")
    shutil.copy(f"{library.path}.thumbs", tmp_path / "thumbnails.csv")
    sqlite3.connect(tmp_path / "other.csv").executescript("CREATE TABLE a (b)")
    for name in ("rescued", "thumbnails.csv", "other.csv"):
        assert refused(tmp_path / name) == "export.onto-database"


def test_all_else_may_be_replaced(tmp_path: Path) -> None:
    Library.create(tmp_path / "test.fiqa").close()
    (tmp_path / "old.csv").write_text("path,x,y\n")
    (tmp_path / "notes.lock").write_text("nobody's")
    os.mkfifo(tmp_path / "pipe")
    for name in ("old.csv", "notes.lock", "pipe", "new.csv", "test.fiqa.csv", "test.csv", "-wal"):
        refuse_to_replace(tmp_path / name)
    assert not is_library(tmp_path / "pipe")
    assert not is_library(tmp_path)
