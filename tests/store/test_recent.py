"""The list of recent libraries."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fiqa_studio.store.recent import RecentLibraries, default_library_path


def test_the_latest_comes_first_and_once(tmp_path: Path) -> None:
    recent = RecentLibraries()
    assert recent.list() == []
    a, b = tmp_path / "a.fiqa", tmp_path / "b.fiqa"
    recent.add(a)
    recent.add(b)
    recent.add(str(a))
    assert RecentLibraries().list() == [a, b]
    recent.remove(a)
    assert RecentLibraries().list() == [b]


def test_names_need_not_be_utf8(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xff\xfe.fiqa")
    RecentLibraries().add(path)
    assert RecentLibraries().list() == [path]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"libraries": 3}', '{"libraries": [1, "/a"]}'])
def test_a_spoilt_list_is_no_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "recent.json"
    path.write_text(text)
    recent = RecentLibraries(path)
    assert recent.list() in ([], [Path("/a")])
    recent.add("/b")
    assert recent.list()[0] == Path("/b")


def test_the_list_stays_short(tmp_path: Path) -> None:
    recent = RecentLibraries(tmp_path / "recent.json")
    for number in range(30):
        recent.add(f"/{number}.fiqa")
    assert len(recent.list()) == 20
    assert sorted(path.name for path in tmp_path.iterdir()) == ["recent.json"]


def test_the_default_library_is_among_the_users_data() -> None:
    assert default_library_path().is_relative_to(os.environ["XDG_DATA_HOME"])
    assert default_library_path().name == "library.fiqa"
