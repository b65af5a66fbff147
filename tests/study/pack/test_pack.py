"""Packs: one file out, one back; nothing of others in it, nothing altered, nothing twice."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fiqa_studio.cli.program import main
from fiqa_studio.study import file, raters, reading
from fiqa_studio.study.errors import StudyError
from fiqa_studio.study.file import OpenStudy
from fiqa_studio.study.pack import merge, out, work
from fiqa_studio.study.pack.content import PACK, RETURN, Pack, Return, sealed, unsealed
from fiqa_studio.study.planning.design import build
from fiqa_studio.study.sitting.sitting import Sitting
from fiqa_studio.study.sitting.steps import Finished, Trial
from fiqa_studio.study.values import GoldSide, Rules, StimulusSource, Texts, TrialKind
from tests.study.values import faces

_RULES = Rules(
    batch_size=8, gold_per_batch=2, repeats_per_batch=1, repeat_distance=3, checks=(),
    minimum_viewing_ms=0, training_attempts=2,
)  # fmt: skip


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """16 faces of the owner's, 4 gold, 2 lessons."""
    home = tmp_path / "owners-secret-folder"
    path = home / "faces.study"
    listed = []
    for number, one in enumerate(faces(home / "in", 22)):
        side = {0: GoldSide.HIGH, 1: GoldSide.HIGH, 2: GoldSide.LOW, 3: GoldSide.LOW}.get(number)
        lesson = (50.0, 20.0) if number in {4, 5} else None
        listed.append(
            StimulusSource(
                name=f"secret-{one.name}", picture=one, person="Mary Secret" if number > 20 else "",
                gold=side, lesson=lesson,
            )
        )  # fmt: skip
    built = build(
        listed, file.pictures_folder(path), title="Faces", rules=_RULES, seed=2, texts=Texts()
    )
    file.create(built.study, path)
    return path


def _make(study: Path, target: Path, name: str = "Anna", **more: Any) -> Path:
    with file.opened(study) as opened:
        rater = raters.named(opened.database, name) or raters.add(opened.database, name)
        out.make(opened, rater, target, **more)
    return target


def _rate(opened: OpenStudy, rater: raters.Rater, count: int = 1000) -> int:
    sitting = Sitting(opened, rater, client="pack")
    done = 0
    while done < count and isinstance(step := sitting.step(), Trial):
        sitting.answer(step.id, {"quality": 50.0 - (done % 20)}, attempt=step.attempt)
        done += 1
    return done


def _rate_pack(pack: Path, count: int = 1000) -> int:
    with work.opened(pack) as (opened, rater):
        return _rate(opened, rater, count)


def _merge(study: Path, back: Path) -> merge.Merged:
    with file.opened(study) as opened:
        return merge.merge(opened, back)


def _ratings(study: Path) -> list[reading.Rating]:
    with file.opened(study) as opened:
        return reading.ratings(opened.database)


def test_a_pack_goes_out_and_comes_back(study: Path, tmp_path: Path) -> None:
    pack = _make(study, tmp_path / "anna.fiqapack")
    travelled = tmp_path / "elsewhere" / "anna.fiqapack"
    travelled.parent.mkdir()
    shutil.copy(pack, travelled)
    shutil.move(study.parent, tmp_path / "away")  # the rater has nothing of the owner's
    assert _rate_pack(travelled, 7) == 7
    assert _rate_pack(travelled) == 2 + 11 - 7, "goes on where it was"
    back = travelled.with_suffix(".fiqaratings")
    assert work.give_back(travelled, back) == 13
    shutil.move(tmp_path / "away", study.parent)
    merged = _merge(study, back)
    assert (merged.rater, merged.new, merged.known, merged.complete) == ("Anna", 13, 0, True)
    found = _ratings(study)
    kinds = [rating.kind for rating in found if rating.kind is not TrialKind.TRAINING]
    assert sorted(set(kinds)) == ["gold", "repeat", "study"], "the owner knows which is which"
    assert len(kinds) == 11
    with file.opened(study) as opened:
        anna = raters.named(opened.database, "Anna")
        assert anna is not None
        assert not anna.pack_id
        assert _rate(opened, anna) == 0
        sitting = Sitting(opened, anna, client="window")
        step = sitting.step()
        assert isinstance(step, Trial)
        assert not step.training, "qualified in the pack"


def test_what_comes_back_twice_counts_once(study: Path, tmp_path: Path) -> None:
    pack = _make(study, tmp_path / "anna.fiqapack")
    _rate_pack(pack, 6)
    work.give_back(pack, tmp_path / "half.fiqaratings")
    _rate_pack(pack)
    work.give_back(pack, tmp_path / "whole.fiqaratings")
    half = _merge(study, tmp_path / "half.fiqaratings")
    assert (half.new, half.complete) == (6, False)
    with file.opened(study) as opened:
        anna = raters.named(opened.database, "Anna")
        assert anna is not None
        step = Sitting(opened, anna, client="window").step()
        assert isinstance(step, Finished)
        assert step.why == "pack", "she goes on in the pack"
    whole = _merge(study, tmp_path / "whole.fiqaratings")
    assert (whole.new, whole.known, whole.complete) == (7, 6, True)
    before = _ratings(study)
    for name in ("whole", "half", "whole"):
        again = _merge(study, tmp_path / f"{name}.fiqaratings")
        assert again.new == 0
    assert _ratings(study) == before
    with file.opened(study) as opened, opened.database.read() as connection:
        events = connection.exec_driver_sql("SELECT count(*) FROM event").scalar()
        trained = connection.exec_driver_sql(
            "SELECT count(*) FROM event WHERE kind = 'training'"
        ).scalar()
    assert events == trained == 1, "events are not doubled either"


def test_nothing_of_the_owner_or_of_others_is_in_a_pack(study: Path, tmp_path: Path) -> None:
    with file.opened(study) as opened:
        ben = raters.add(opened.database, "Ben Other")
        _rate(opened, ben)
    pack = _make(study, tmp_path / "anna.fiqapack")
    whole = pack.read_bytes()
    for word in (b"secret", b"Secret", b"Mary", b"Ben", str(tmp_path).encode()):
        assert word not in whole, word
    content, pictures = work.read(pack)
    assert (content.study.gold, content.study.traps, content.study.batches) == ((), (), ())
    assert {(x.name, x.person, x.group) for x in content.study.stimuli} == {("", "", "")}
    kinds = {key for trial in content.batches[0].trials for key in trial.__struct_fields__}
    assert kinds == {"id", "position", "stimulus", "other", "swapped"}
    assert set(pictures) == {x.hash for x in content.study.stimuli}
    shown = {t.stimulus for t in content.batches[0].trials}
    assert set(pictures) == shown | {lesson.hash for lesson in content.study.training}
    with zipfile.ZipFile(pack) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_same_pack_is_written_again_while_it_is_out(study: Path, tmp_path: Path) -> None:
    first = work.read(_make(study, tmp_path / "a.fiqapack"))[0]
    again = work.read(_make(study, tmp_path / "b.fiqapack", batches=2))[0]
    assert again == first
    with pytest.raises(StudyError) as there:
        _make(study, tmp_path / "a.fiqapack")
    assert there.value.code == "study.exists"
    both = work.read(_make(study, tmp_path / "c.fiqapack", "Ben", batches=5))[0]
    assert len(both.batches) == 2


def _zipped(target: Path, entries: list[tuple[str, bytes]]) -> Path:
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return target


def test_an_altered_pack_is_found(study: Path, tmp_path: Path) -> None:
    pack = _make(study, tmp_path / "anna.fiqapack")
    with zipfile.ZipFile(pack) as archive:
        entries = [(n, archive.read(n)) for n in archive.namelist()]
    content, files = unsealed(PACK, dict(entries)["pack.json"], Pack, "x")
    pictures = [entry for entry in entries if entry[0] != "pack.json"]
    manifest = dict(entries)["pack.json"]
    swapped = [(pictures[0][0], pictures[1][1]), (pictures[1][0], pictures[0][1])]
    escape = {**files, "../../evil.png": files[pictures[0][0]]}
    forged = {**files, pictures[0][0]: files[pictures[1][0]]}
    bad: dict[str, tuple[list[tuple[str, bytes]], str]] = {
        "a word changed": (
            [*pictures, ("pack.json", manifest.replace(b"Faces", b"Fakes"))], "pack.altered",
        ),
        "pictures swapped": ([*swapped, *pictures[2:], ("pack.json", manifest)], "pack.altered"),
        "a picture missing": ([*pictures[1:], ("pack.json", manifest)], "pack.altered"),
        "a file added": ([*entries, ("run.sh", b"rm -rf")], "pack.altered"),
        "a name that leads out": (
            [*pictures, ("../../evil.png", pictures[0][1]),
             ("pack.json", sealed(PACK, content, escape))], "pack.altered",
        ),
        "another picture, sealed again": (
            [(pictures[0][0], pictures[1][1]), *pictures[1:],
             ("pack.json", sealed(PACK, content, forged))], "pack.altered",
        ),
        "no manifest": (pictures, "pack.not-a-pack"),
        "nothing": ([], "pack.not-a-pack"),
    }  # fmt: skip
    for number, (what, (inside, code)) in enumerate(bad.items()):
        broken = _zipped(tmp_path / f"broken-{number}.fiqapack", inside)
        with pytest.raises(StudyError) as refused, work.opened(broken):
            pass
        assert refused.value.code == code, what
        assert not work.folder_of(broken).exists(), what
    assert not list(tmp_path.rglob("evil.png"))
    (tmp_path / "text.fiqapack").write_text("hello")
    (tmp_path / "short.fiqapack").write_bytes(pack.read_bytes()[:-40])
    for name in ("text", "short", "gone"):
        with pytest.raises(StudyError) as refused:
            work.read(tmp_path / f"{name}.fiqapack")
        assert refused.value.code == "pack.not-a-pack"


def test_altered_and_foreign_returns_change_nothing(study: Path, tmp_path: Path) -> None:
    pack = _make(study, tmp_path / "anna.fiqapack")
    _rate_pack(pack)
    back = tmp_path / "anna.fiqaratings"
    work.give_back(pack, back)
    whole = json.loads(back.read_bytes())

    def changed(edit: Callable[[dict[str, Any]], None], *, seal: bool) -> bytes:
        body = json.loads(json.dumps(whole))
        edit(body["content"])
        if not seal:
            return json.dumps(body).encode()
        content, _ = unsealed(RETURN, sealed(RETURN, _as(body["content"])), Return, "x")
        return sealed(RETURN, content)

    def value(content: dict[str, Any], new: float) -> None:
        content["trials"][5]["ratings"][0]["value"] = new

    def drop(content: dict[str, Any]) -> None:
        content["trials"][5]["ratings"] = []

    def other(content: dict[str, Any]) -> None:
        content["trials"][5]["stimulus"] = content["trials"][6]["stimulus"]

    def invent(content: dict[str, Any]) -> None:
        content["trials"][5]["id"] = "0" * 32

    def study_id(content: dict[str, Any]) -> None:
        content["study_id"] = "f" * 32

    def pack_id(content: dict[str, Any]) -> None:
        content["pack"] = "f" * 32

    cases: list[tuple[bytes, str]] = [
        (changed(lambda c: value(c, 99.0), seal=False), "pack.altered"),
        (changed(lambda c: value(c, 101.0), seal=True), "pack.altered"),
        (changed(drop, seal=True), "pack.altered"),
        (changed(other, seal=True), "pack.altered"),
        (changed(invent, seal=True), "pack.altered"),
        (changed(study_id, seal=True), "pack.other"),
        (changed(pack_id, seal=True), "pack.other"),
        (back.read_bytes()[:-9], "pack.not-a-pack"),
        (b'{"format": "fiqa-pack-return", "version": 99}', "pack.newer"),
        (pack.read_bytes(), "pack.not-a-pack"),
    ]
    for number, (data, code) in enumerate(cases):
        wrong = tmp_path / f"wrong-{number}.fiqaratings"
        wrong.write_bytes(data)
        with pytest.raises(StudyError) as refused:
            _merge(study, wrong)
        assert refused.value.code == code, number
    assert _ratings(study) == []
    _merge(study, back)
    (tmp_path / "late.fiqaratings").write_bytes(changed(lambda c: value(c, 99.0), seal=True))
    before = _ratings(study)
    with pytest.raises(StudyError) as conflict:
        _merge(study, tmp_path / "late.fiqaratings")
    assert conflict.value.code == "pack.conflict"
    assert _ratings(study) == before
    with file.opened(study) as opened:
        anna = raters.named(opened.database, "Anna")
        assert anna is not None
        raters.forget(opened.database, anna.id)
    with pytest.raises(StudyError) as forgotten:
        _merge(study, back)
    assert forgotten.value.code == "pack.forgotten"


def _as(content: dict[str, Any]) -> Return:
    import msgspec  # noqa: PLC0415

    return msgspec.convert(content, Return)


def test_who_fails_the_training_in_a_pack_has_failed(study: Path, tmp_path: Path) -> None:
    pack = _make(study, tmp_path / "anna.fiqapack")
    with work.opened(pack) as (opened, rater):
        sitting = Sitting(opened, rater, client="pack")
        while isinstance(step := sitting.step(), Trial):
            assert step.training
            value = 50.0 if step.attempt else 1.0
            sitting.answer(step.id, {"quality": value}, attempt=step.attempt)
        assert isinstance(step, Finished)
        assert step.why == "unqualified"
    work.give_back(pack, tmp_path / "back.fiqaratings")
    merged = _merge(study, tmp_path / "back.fiqaratings")
    assert merged.complete
    with file.opened(study) as opened:
        anna = raters.named(opened.database, "Anna")
        assert anna is not None
        assert (anna.ended, anna.pack_id) == ("unqualified", "")


def test_two_packs_do_not_share_a_folder(study: Path, tmp_path: Path) -> None:
    anna = _make(study, tmp_path / "one.fiqapack")
    _rate_pack(anna, 2)
    anna.unlink()
    _make(study, tmp_path / "one.fiqapack", "Ben")
    with pytest.raises(StudyError) as refused, work.opened(tmp_path / "one.fiqapack"):
        pass
    assert refused.value.code == "pack.other"


def test_nothing_comes_back_before_something_was_rated(study: Path, tmp_path: Path) -> None:
    pack = _make(study, tmp_path / "anna.fiqapack")
    with pytest.raises(StudyError) as untouched:
        work.give_back(pack, tmp_path / "back.fiqaratings")
    assert untouched.value.code == "pack.nothing"
    _rate_pack(pack, 0)
    with pytest.raises(StudyError) as unrated:
        work.give_back(pack, tmp_path / "back.fiqaratings")
    assert unrated.value.code == "pack.nothing"


def test_packs_by_the_command_line(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pack, back = tmp_path / "anna.fiqapack", tmp_path / "anna.fiqaratings"
    assert main(["study", "pack", str(study), "--rater", "Anna", "--to", str(pack)]) == 0
    _rate_pack(pack)
    assert main(["study", "return", str(pack), "--to", str(back)]) == 0
    bad = tmp_path / "bad.fiqaratings"
    bad.write_bytes(back.read_bytes().replace(b"50.0", b"51.0"))
    capsys.readouterr()
    assert main(["study", "merge", str(study), str(bad), str(back), "--json"]) == 3
    said = capsys.readouterr()
    assert [row["new"] for row in json.loads(said.out)] == [13], "one bad file stops no other"
    assert "altered" in said.err
