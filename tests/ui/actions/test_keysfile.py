"""The user's own keys between runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.ui.actions.keymap import Bindings
from fiqa_studio.ui.actions.keysfile import KeysFile


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "keys.json"


def test_keys_survive_a_restart(path: Path) -> None:
    chosen = Bindings("darktable").with_keys("view.loupe", ("Return", "é")).with_keys("x", ())
    KeysFile(path).write(chosen)
    again = KeysFile(path)
    assert again.bindings == Bindings("darktable", {"view.loupe": ("Return", "É"), "x": ()})
    assert [one.name for one in path.parent.iterdir()] == ["keys.json"]


def test_without_a_file_the_profile_counts(path: Path) -> None:
    assert KeysFile(path).bindings == Bindings()


@pytest.mark.allows_log("damaged|no file of keys")
@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b"[]", b"3", b'{"keys": {}}', b'{"version": "1"}', b"[" * 100_000],
)
def test_a_damaged_file_is_set_aside(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    file = KeysFile(path)
    assert file.bindings == Bindings()
    assert path.with_suffix(".damaged.json").read_bytes() == content
    file.write(Bindings("digikam"))
    assert KeysFile(path).bindings.profile == "digikam"


@pytest.mark.allows_log("is no key|are no list|no profile")
def test_single_entries_that_make_no_sense_are_left_out(path: Path) -> None:
    path.parent.mkdir()
    keys = {"a": ["Ctrl+A", "Hyper+B", 7], "b": "X", "c": ["no key"], "d": []}
    path.write_text(json.dumps({"version": 1, "profile": "emacs", "keys": keys}))
    assert KeysFile(path).bindings == Bindings("lightroom", {"a": ("Ctrl+A",), "d": ()})


@pytest.mark.allows_log("later version")
def test_a_file_of_a_later_version_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    content = '{"version": 2, "chords": [["g", "g"]]}'
    path.write_text(content)
    file = KeysFile(path)
    assert file.newer
    assert file.bindings == Bindings()
    with pytest.raises(KnownError) as caught:
        file.write(Bindings("darktable"))
    assert caught.value.code == "keys.newer"
    assert path.read_text() == content


def test_a_disk_that_refuses_is_said_and_the_old_keys_stay(path: Path) -> None:
    path.parent.write_text("a file where the folder would be")
    file = KeysFile(path)
    with pytest.raises(KnownError) as caught:
        file.write(Bindings("darktable"))
    assert caught.value.code == "keys.unwritable"
    assert file.bindings == Bindings()
