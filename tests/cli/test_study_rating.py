"""``fiqa study create``, ``links``, ``status`` and ``forget``, as an owner types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fiqa_studio.cli.program import main
from fiqa_studio.study import file
from fiqa_studio.study.values import Accepted, RepeatPlace
from tests.study.values import faces


def _create(tmp_path: Path, *more: str) -> tuple[int, Path]:
    faces(tmp_path / "in", 30)
    faces(tmp_path / "good", 3, first=100)
    faces(tmp_path / "bad", 2, first=200)
    path = tmp_path / "faces.study"
    status = main(
        ["study", "create", "--from", str(tmp_path / "in"), "--to", str(path), "--gold-high",
         str(tmp_path / "good"), "--gold-low", str(tmp_path / "bad"), "--seed", "9", *more]
    )  # fmt: skip
    return status, path


def test_every_number_of_the_design_is_an_option(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, path = _create(
        tmp_path, "--batch-size", "15", "--repeat-place", "later", "--checks", "card,colour",
        "--checks-required", "", "--back-allowed", "true", "--gold-low-range", "1,40",
        "--minimum-viewing-ms", "250", "--attributes", "quality, light", "--json",
    )  # fmt: skip
    assert status == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["stimuli"], report["batches"], report["gold"]) == (30, 2, 5)
    assert report["left_out"] == []
    study = file.read(path)
    rules = study.rules
    assert (rules.batch_size, rules.repeat_place) == (15, RepeatPlace.LATER)
    assert (rules.checks, rules.checks_required) == (("card", "colour"), ())
    assert (rules.back_allowed, rules.minimum_viewing_ms) == (True, 250)
    assert rules.gold_low == Accepted(1.0, 40.0)
    assert (study.attributes, study.seed) == (("quality", "light"), 9)


@pytest.mark.parametrize(
    "wrong",
    [("--batch-size", "many"), ("--batch-size", "0"), ("--gold-high-range", "65"),
     ("--repeat-place", "nowhere"), ("--texts", "/nowhere.json"), ("--database", "mysql://x/y"),
     ("--minimum-viewing-ms", "-1")],
)  # fmt: skip
def test_a_rule_that_cannot_be_is_said_and_leaves_no_study(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], wrong: tuple[str, str]
) -> None:
    status, path = _create(tmp_path, *wrong)
    assert status == 3
    assert capsys.readouterr().err
    assert not path.exists()
    assert not file.default_database(path).exists()


def test_links_status_and_forgetting(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, path = _create(tmp_path)
    assert main(["study", "links", str(path), "--add", "Anna", "--add", "Ben"]) == 0
    capsys.readouterr()
    assert main(["study", "links", str(path), "--new", "Anna", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == ["Anna", "Ben"]
    assert main(["study", "links", str(path), "--add", "Anna"]) == 3
    capsys.readouterr()
    assert main(["study", "status", str(path), "--wanted", "7", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["wanted"] == 7
    assert [row["missing"] for row in report["short"]] == [7]
    assert main(["study", "status", str(path), "--wanted", "0"]) == 3
    assert main(["study", "forget", str(path), "Anna", "--yes"]) == 0
    assert main(["study", "forget", str(path), "Anna", "--yes"]) == 3
    capsys.readouterr()
    main(["study", "links", str(path)])
    assert [line.split("\t")[0] for line in capsys.readouterr().out.splitlines()] == ["Ben"]
    assert _create(tmp_path)[0] == 3, "nothing is overwritten"
