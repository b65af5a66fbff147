"""The study file: readable, versioned, and refused where it cannot be right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fiqa_studio.study import file
from fiqa_studio.study.errors import StudyError
from fiqa_studio.study.values import Gold, GoldSide, Lesson, Method, Stimulus
from tests.study.values import a_study, hashes


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    one, two, *_ = hashes(8)
    study = a_study(gold=(Gold(one, GoldSide.HIGH),), training=(Lesson(two, 50.0, 10.0),))
    file.write(study, tmp_path / "x.study")
    assert file.read(tmp_path / "x.study") == study
    text = (tmp_path / "x.study").read_text()
    assert text.startswith('{\n  "format": "fiqa-study",\n  "version": 1,')


def _edited(**changes: Any) -> bytes:
    content = json.loads(file.encode(a_study()))
    content["study"].update(changes)
    return json.dumps(content).encode()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "study.not-a-study"),
        (b"\x00\xff", "study.not-a-study"),
        (b"[1, 2]", "study.not-a-study"),
        (b'{"format": "fiqa-study", "version": 2}', "study.newer"),
        (b'{"format": "fiqa-study", "version": 1}', "study.damaged"),
        (b"[" * 100_000, "study.not-a-study"),
        (_edited(seed="seven"), "study.damaged"),
        (_edited(batches=[["0" * 32]]), "study.damaged"),
        (_edited(attributes=[]), "study.damaged"),
        (_edited(rules={"batch_size": 0}), "study.damaged"),
        (_edited(rules={"minimum_viewing_ms": -5}), "study.damaged"),
        (_edited(training=[[hashes(1)[0], 250.0, 5.0]]), "study.damaged"),
        (_edited(scale_low=5.0, scale_high=1.0), "study.damaged"),
        (_edited(scale_low=5.0), "study.damaged"),
    ],
)
def test_a_file_that_cannot_be_right_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(StudyError) as refused:
        file.decode(data, "x.study")
    assert refused.value.code == code


def test_a_stimulus_is_listed_once() -> None:
    one = Stimulus(hash="a" * 32, name="one")
    with pytest.raises(StudyError):
        file.decode(file.encode(a_study(stimuli=(one, one), batches=())), "x")


def test_the_digest_is_of_the_design_and_not_of_the_place() -> None:
    study = a_study()
    assert file.digest(study) == file.digest(a_study(database="postgresql://lab/faces"))
    assert file.digest(study) != file.digest(a_study(method=Method.ACR5))


def test_where_the_ratings_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "faces.study"
    study = a_study(database="postgresql://lab/faces")
    assert file.database_url(a_study(), path) == tmp_path / "faces.ratings.db"
    assert file.database_url(study, path) == "postgresql://lab/faces"
    monkeypatch.setenv("FIQA_STUDY_DATABASE", "postgresql://other/faces")
    assert file.database_url(study, path) == "postgresql://other/faces"
    assert file.database_url(study, path, "mine.db") == tmp_path / "mine.db"


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "faces.study"
    file.create(a_study(), path)
    before = path.read_bytes()
    for again in (file.create, file.write):
        with pytest.raises(StudyError) as refused:
            again(a_study(title="Other"), path)
        assert refused.value.code == "study.exists"
    assert path.read_bytes() == before
