"""A study is made of pictures: roles, warnings, and what cannot be used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from fiqa_studio.study import file, pictures
from fiqa_studio.study.errors import StudyError
from fiqa_studio.study.planning import sources
from fiqa_studio.study.planning.design import build
from fiqa_studio.study.values import GoldSide, Method, RepeatPlace, Rules, StimulusSource
from tests.study.values import faces

_BARE = Rules(gold_per_batch=0, repeats_per_batch=0)


def test_a_folder_becomes_a_study_that_can_be_opened(tmp_path: Path) -> None:
    faces(tmp_path / "in" / "deep", 30)
    (tmp_path / "in" / "broken.jpg").write_bytes(b"no picture")
    (tmp_path / "in" / "twin.png").write_bytes((tmp_path / "in/deep/face-003.png").read_bytes())
    (tmp_path / "in" / "notes.txt").write_text("not asked for")
    path = tmp_path / "faces.study"
    built = build(
        sources.from_folder(tmp_path / "in"), file.pictures_folder(path), title="Faces", seed=3,
    )  # fmt: skip
    file.create(built.study, path)
    assert sorted(x.name for x in built.left_out) == ["broken.jpg", "twin.png"]
    with file.opened(path) as opened:
        assert opened.study == built.study
        assert len(opened.study.stimuli) == 30
        hashes = [x.hash for x in opened.study.stimuli]
        assert pictures.missing(opened.pictures, hashes) == []
        for digest in hashes[:3]:
            pictures.load(opened.pictures, digest)


def test_roles_come_from_the_list(tmp_path: Path) -> None:
    faces(tmp_path, 9)
    (tmp_path / "list.csv").write_text(
        "path;person;group;gold;answer;tolerance;trap;example\n"
        "face-000.png;Ann;b1;;;;;\nface-001.png;;;high;;;;\nface-002.png;;;low;;;;\n"
        "face-003.png;;;;75,25;10;;\nface-004.png;;;;;;1;\nface-005.png;;;;;;;yes\n"
        "face-006.png;;;;;;;\nface-007.png;;;;;;;\nface-008.png;;;;50.5%;;;\n",
        encoding="utf-8-sig",
    )
    made = build(sources.from_list(tmp_path / "list.csv"), tmp_path / "p", title="", rules=_BARE)
    study = made.study
    names = {x.hash: x.name for x in study.stimuli}
    assert [names[h] for batch in study.batches for h in sorted(batch, key=names.__getitem__)] == [
        "face-000.png", "face-006.png", "face-007.png",
    ]  # fmt: skip
    assert [(names[g.hash], g.side) for g in study.gold] == [
        ("face-001.png", GoldSide.HIGH),
        ("face-002.png", GoldSide.LOW),
    ]
    assert [(x.answer, x.tolerance) for x in study.training] == [(75.25, 10.0), (50.5, 12.5)]
    assert [(x.answer, x.tolerance) for x in study.traps] == [(1.0, 12.5)]
    assert [names[h] for h in study.texts.instructions[3].pictures] == ["face-005.png"]
    assert (study.stimuli[0].person, study.stimuli[0].group) == ("Ann", "b1")


@pytest.mark.parametrize(
    "text",
    [
        "", "name,person\na,b\n", "path,colour\na,b\n", "path,gold\nx.png,golden\n",
        "path,answer\nx.png,many\n", "path,answer\nx.png,nan\n", "path\n\n,\n",
    ],
)  # fmt: skip
def test_a_list_that_cannot_be_right_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(StudyError) as refused:
        sources.from_list(tmp_path / "list.csv")
    assert refused.value.code == "sources.list"


def test_too_little_to_rate_is_said_with_the_reason(tmp_path: Path) -> None:
    (one,) = faces(tmp_path, 1)
    listed = [StimulusSource(name="a", picture=one), StimulusSource(name="b", picture=b"junk")]
    with pytest.raises(StudyError) as refused:
        build(listed, tmp_path / "p", title="")
    assert refused.value.code == "design.empty"
    assert "“b”" in str(refused.value)
    with pytest.raises(StudyError):
        sources.from_folder(tmp_path / "nowhere")


def test_weak_designs_are_warned_of(tmp_path: Path) -> None:
    paths = faces(tmp_path, 50)
    listed = [
        StimulusSource(
            name=path.name,
            picture=path,
            person="Ann" if 10 <= i < 40 else "",
            gold=(GoldSide.HIGH if i < 5 else GoldSide.LOW) if i < 10 else None,
        )
        for i, path in enumerate(paths)
    ]
    rules = Rules(raters_wanted=4, batch_size=8, batches_per_rater=1)
    said = " ".join(build(listed, tmp_path / "p", title="", rules=rules).study.warnings)
    for word in ("clearly good", "clearly bad", "no training", "4 raters", "one batch", "person"):
        assert word in said
    later = Rules(repeat_place=RepeatPlace.LATER, batch_size=8, gold_per_batch=0)
    assert "too short to repeat" not in " ".join(
        build(listed, tmp_path / "p", title="", rules=later).study.warnings
    )
    short = Rules(batch_size=8, gold_per_batch=0)
    assert "too short to repeat" in " ".join(
        build(listed, tmp_path / "p", title="", rules=short).study.warnings
    )


def test_gold_that_runs_out_is_warned_of(tmp_path: Path) -> None:
    paths = faces(tmp_path, 100)
    listed = [
        StimulusSource(name=path.name, picture=path, gold=GoldSide.HIGH if i == 0 else None)
        for i, path in enumerate(paths)
    ]
    said = " ".join(build(listed, tmp_path / "p", title="").study.warnings)
    assert "15 gold trials" in said


def test_a_comparison_needs_references(tmp_path: Path) -> None:
    a, b, c, d = faces(tmp_path, 4)
    bare = [StimulusSource(name=p.name, picture=p) for p in (a, b, c)]
    with pytest.raises(StudyError) as refused:
        build(bare, tmp_path / "p", title="", method=Method.DCR)
    assert refused.value.code == "design.reference"
    whole = StimulusSource(name="whole", picture=d, reference_of=(a.name, b.name, c.name))
    study = build([*bare, whole], tmp_path / "p", title="", method=Method.DCR).study
    assert sum(map(len, study.batches)) == 3, "the reference itself is not rated"
    hidden = build([*bare, whole], tmp_path / "p", title="", method=Method.ACR_HR).study
    assert sum(map(len, hidden.batches)) == 4, "a hidden reference is rated like the others"


def test_traps_are_written_into_pictures(tmp_path: Path) -> None:
    listed = [StimulusSource(name=p.name, picture=p) for p in faces(tmp_path, 12, size=256)]
    rules = Rules(traps_per_batch=1, gold_per_batch=0)
    study = build(listed, tmp_path / "p", title="", rules=rules, seed=1).study
    assert sorted({trap.answer for trap in study.traps}) == [1.0, 25.75, 50.5, 75.25, 100.0]
    studied = {h for batch in study.batches for h in batch}
    assert len(studied) == 12
    assert not studied & {trap.hash for trap in study.traps}


def test_making_a_study_can_be_stopped(tmp_path: Path) -> None:
    listed = [StimulusSource(name=p.name, picture=p) for p in faces(tmp_path, 4)]
    with pytest.raises(StudyError) as stopped:
        build(listed, tmp_path / "p", title="", progress=lambda done: done < 2)
    assert stopped.value.code == "design.cancelled"


def test_a_picture_is_named_by_what_is_seen(tmp_path: Path) -> None:
    (path,) = faces(tmp_path, 1)
    with Image.open(path) as opened:
        plain = opened.convert("RGB")
    name = pictures.pixel_hash(pictures.normalised(path))
    exif = Image.Exif()
    exif[0x010F] = "A camera of the owner's"
    plain.save(tmp_path / "told.png", exif=exif, compress_level=1)
    told = pictures.normalised(tmp_path / "told.png")
    assert pictures.pixel_hash(told) == name
    turned = plain.transpose(Image.Transpose.ROTATE_90)
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    turned.save(tmp_path / "turned.png", exif=exif)
    assert pictures.pixel_hash(pictures.normalised(tmp_path / "turned.png")) == name
    digest = pictures.keep(tmp_path / "p", told)
    data = (tmp_path / "p" / f"{digest}.png").read_bytes()
    assert b"camera" not in data
    with Image.open(tmp_path / "p" / f"{digest}.png") as kept:
        assert kept.info == {}


def test_profiles_transparency_and_depth_are_brought_to_srgb(tmp_path: Path) -> None:
    clear = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    clear.save(tmp_path / "clear.png")
    assert pictures.normalised(tmp_path / "clear.png").getpixel((0, 0)) == pictures.GREY
    deep = Image.fromarray(np.full((4, 4), 65535, np.uint16))
    deep.save(tmp_path / "deep.png")
    assert pictures.normalised(tmp_path / "deep.png").getpixel((0, 0)) == (255, 255, 255)
    Image.new("L", (4, 4), 200).save(tmp_path / "grey.png")
    assert pictures.normalised(tmp_path / "grey.png").getpixel((0, 0)) == (200, 200, 200)
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.new("RGB", (4, 4), (10, 200, 30)).save(tmp_path / "srgb.png", icc_profile=lab)
    assert pictures.normalised(tmp_path / "srgb.png").getpixel((0, 0)) == (10, 200, 30)
    Image.new("RGB", (4, 4), (10, 200, 30)).save(tmp_path / "odd.png", icc_profile=b"broken")
    assert pictures.normalised(tmp_path / "odd.png").getpixel((0, 0)) == (10, 200, 30)


def test_a_picture_that_is_gone_or_changed_is_named(tmp_path: Path) -> None:
    (path,) = faces(tmp_path, 1)
    digest = pictures.keep(tmp_path / "p", pictures.normalised(path))
    (tmp_path / "p" / f"{digest}.png").write_bytes(faces(tmp_path, 1, first=9)[0].read_bytes())
    with pytest.raises(StudyError) as changed:
        pictures.load(tmp_path / "p", digest)
    assert changed.value.code == "picture.changed"
    with pytest.raises(StudyError) as gone:
        pictures.load(tmp_path / "p", "0" * 32)
    assert gone.value.code == "picture.missing"
    for name in ("../x", "..", "0" * 31, "A" * 32, f"{digest}/../x"):
        with pytest.raises(StudyError) as refused:
            pictures.file_of(tmp_path, name)
        assert refused.value.code == "picture.missing"


def test_a_huge_picture_is_refused(tmp_path: Path) -> None:
    Image.new("L", (9000, 9000)).save(tmp_path / "huge.png")
    with pytest.raises(StudyError) as refused:
        pictures.normalised(tmp_path / "huge.png")
    assert refused.value.code == "picture.too-large"
