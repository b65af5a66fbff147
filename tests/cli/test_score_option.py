"""``fiqa index --score FOLDER`` scans the folder; a scorer's name is still a scorer's name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fiqa_studio import cli
from fiqa_studio.cli import indexing

from .conftest import Fiqa


@pytest.mark.parametrize(
    ("words", "folders"),
    [
        (["--score", "album"], ["album"]),
        (["album", "--score"], ["album"]),
        (["--score", "--json", "./album"], ["./album"]),
        (["--score", "./sharpness", "album"], ["./sharpness", "album"]),
        (["--score", "--", "album"], ["album"]),
        (["--sco", "album"], ["album"]),
    ],
)
def test_score_leaves_the_folder_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], folders: list[str]
) -> None:
    asked: list[tuple[list[str], str]] = []
    monkeypatch.chdir(tmp_path)
    for name in ("album", "sharpness"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(indexing, "_index", lambda o: asked.append((o.folders, o.scorer)) or 0)
    assert cli.main(["--library", "l.fiqa", "index", *words]) == 0
    assert asked == [(folders, "default")]


@pytest.mark.parametrize(
    ("words", "scorer"),
    [
        (["--score=album", "album"], "album"),
        (["--score", "sharpness", "album"], "sharpness"),
        (["album", "--score", "sharpness"], "sharpness"),
        (["--score", "default", "album"], "default"),
        (["--score", "strater", "album"], "strater"),
        (["album"], ""),
    ],
)
def test_score_takes_a_scorers_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], scorer: str
) -> None:
    asked: list[tuple[list[str], str]] = []
    monkeypatch.chdir(tmp_path)
    for name in ("album", "sharpness"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(indexing, "_index", lambda o: asked.append((o.folders, o.scorer)) or 0)
    assert cli.main(["index", *words]) == 0
    assert asked == [(["album"], scorer)]


def test_a_folder_after_score_is_indexed_and_scored(
    album: Path, fiqa: Fiqa, tmp_path: Path
) -> None:
    library = ("--library", str(tmp_path / "l.fiqa"))
    counts = json.loads(fiqa(*library, "index", "--score", album, "--json").stdout)
    assert (counts["indexed"], counts["scored"]) == (3, 2)
    assert "strater" in fiqa(*library, "index", "--score", "strater", album, status=3).stderr


def test_other_commands_keep_their_own_options(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []
    monkeypatch.setattr(indexing, "_score", lambda o: asked.append((o.library, o.scorer)) or 0)
    assert cli.main(["--library", "index", "score", "--s", "sharpness"]) == 0
    assert asked == [("index", "sharpness")]
