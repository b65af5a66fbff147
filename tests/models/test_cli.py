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


def test_a_refusal_in_json_holds_the_same_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["import", "--de", str(tmp_path / "DE.pt"), "--iqa", str(tmp_path / "IQA.pt")]
    arguments += ["--landmarks", "mesh468", "--json", "--progress"]
    assert cli.main(arguments) == cli.KNOWN
    out, err = capsys.readouterr()
    error = json.loads(out)["error"]
    assert error["message"] == "DE.pt is missing."
    step, words = err.splitlines()
    assert json.loads(step) == {"step": "Reading DE.pt", "share": 0.0}
    assert words == f"{error['message']} {error['cause']}"


def test_scorers_are_renamed_and_removed(
    capsys: pytest.CaptureFixture[str], checkpoint: Path
) -> None:
    folder = cli.models_folder()
    folder.mkdir(parents=True)
    for suffix in (".json", ".safetensors"):
        (folder / f"untrained{suffix}").write_bytes(checkpoint.with_suffix(suffix).read_bytes())
    assert cli.main(["rename", "untrained", "mine", "--title", "Mine", "--json"]) == cli.DONE
    record = json.loads(capsys.readouterr().out)
    assert (record["name"], record["title"]) == ("mine", "Mine")
    assert cli.main(["remove", "untrained"]) == cli.KNOWN
    assert "no scorer “untrained”" in capsys.readouterr().err
    assert cli.main(["remove", "mine"]) == cli.DONE
    assert list(folder.iterdir()) == []
    assert cli.main(["remove", "starter"]) == cli.KNOWN
    assert "comes with the program" in capsys.readouterr().err


def test_a_file_that_is_no_specification_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = tmp_path / "spec.json"
    spec.write_text("[]")
    assert cli.main(["verify", str(spec)]) == cli.KNOWN
    assert "spec.json" in capsys.readouterr().err
