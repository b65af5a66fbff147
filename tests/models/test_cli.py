"""`fiqa models` as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fiqa_models import cli


def test_the_scorers_are_listed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["list", "--json"]) == cli.DONE
    names = [scorer["name"] for scorer in json.loads(capsys.readouterr().out)]
    assert {"starter", "sharpness"} <= set(names)


def test_an_import_of_a_pickle_says_why_it_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = tmp_path / "DE.pt"
    hostile.write_bytes(b"\x80\x04cos\nsystem\n(S'echo owned'\ntR.")
    status = cli.main(
        ["import", "--de", str(hostile), "--iqa", str(hostile), "--landmarks", "mesh468"]
    )
    assert status == cli.KNOWN
    assert "DE.pt" in capsys.readouterr().err


def test_a_file_that_is_no_specification_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = tmp_path / "spec.json"
    spec.write_text("[]")
    assert cli.main(["verify", str(spec)]) == cli.KNOWN
    assert "spec.json" in capsys.readouterr().err
