"""The model card's command: what it measures of a face, how it groups people, what it leaves."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from fiqa_models.manifest import Manifest
from fiqa_models.scoring import FaceScore
from fiqa_training.card import figures as card
from fiqa_training.card.cases import Case, Subject, evenly
from fiqa_training.card.failure_sheet import MOST_BYTES, may_be_shown, worst, write_failures
from fiqa_training.card.figures import CardPlan, kind_figures, measure_card
from fiqa_training.card.rated import measure_rated
from fiqa_training.card.text import as_markdown
from fiqa_training.cli import main
from fiqa_training.data.faces import FaceRow, position
from fiqa_training.data.landmarks import absent_landmarks
from fiqa_training.data.samples import Sample
from fiqa_training.degradations import kinds
from fiqa_training.errors import TrainingError
from fiqa_training.evaluation.slices import Person, by_name, figures, slice_figures

WriteFaces = Callable[[Path, list[tuple[str, str, str]]], Path]

PUBLIC = "public domain (US government)"
CC_BY = "CC BY 4.0 (Face Research Lab, webmorphR.stim)"
UNLICENSED = "synthetic (GAN), no licence stated: never redistribute the images"


class Brightness:
    """A scorer whose answer is known: the mean brightness, or always the same."""

    title = summary = kind = name = "brightness"
    hash = "0" * 16
    device, precision = "cpu", "float32"

    def __init__(self, always: float | None = None) -> None:
        self._always = always

    def score(self, crops, landmarks):
        assert len(crops) == len(landmarks)
        none = np.zeros((1, 1), np.float16)
        return [
            FaceScore(
                float(crop.mean()) / 255 if self._always is None else self._always,
                *(0.0, none, none, np.empty(0, np.float32)),
            )
            for crop in crops
        ]


# People


def row(
    name: str, kind: str = "portrait", licence: str = PUBLIC, group: str = "", ethnicity: str = ""
) -> FaceRow:
    return FaceRow(Path(name), kind, licence, group or name, 800, "", ethnicity)


def test_people_are_taken_evenly_and_each_once() -> None:
    rows = [row(f"p{i}") for i in range(20)] + [row(f"s{i}", "studio") for i in range(3)]
    rows += [row("again", group="p1")]
    taken = evenly(rows, lambda each: each.kind, 8)
    assert [each.kind for each in taken].count("studio") == 3
    assert len({each.group for each in taken}) == 8
    assert evenly(rows, lambda each: each.kind, 8) == taken
    with pytest.raises(TrainingError, match="Only 23 held-out persons, 24"):
        evenly(rows, lambda each: each.kind, 24)


def test_every_source_folder_gets_the_same_degradations() -> None:
    rows = [
        row(f"{sex}{number}", "synthetic_plain", UNLICENSED, ethnicity=sex)
        for sex in ("a", "b")
        for number in range(9)
    ]
    chosen = card._choose(rows, [row("one"), row("two")], CardPlan(persons=2))
    people, numbers = chosen["synthetic plain"]
    assert [each.ethnicity for each in people] == ["a", "b"]
    assert numbers == [0, 0]
    # The starter's checkpoint is chosen on the faces that come first by this place.
    first = min(rows, key=lambda each: position(each.path.name))
    assert first not in people
    assert "synthetic wild" not in chosen


# Failures


def case(name: str, kind: str, error: float, shown: FaceRow | None = None) -> Case:
    subject = Subject(shown or row(name), absent_landmarks(), None)
    return Case(subject, Sample(kind, 0.5, 1), 0.5, 0.5 + error)


def test_only_what_may_be_shown_is_shown() -> None:
    assert may_be_shown(row("a"))
    assert may_be_shown(row("a", "studio", CC_BY))
    assert not may_be_shown(row("a", "synthetic_plain", UNLICENSED))
    assert not may_be_shown(row("a", "portrait", "all rights reserved"))
    assert not may_be_shown(row("a", "synthetic_wild", PUBLIC))


def test_the_worst_cases_are_of_many_kinds_and_people() -> None:
    cases = [case(f"p{i}", "jpeg", 0.4 - i / 100) for i in range(5)]
    cases += [case("q", kind, -0.3) for kind in ("rain", "haze", "ringing")]
    cases += [case("r", "rain", 0.2), case("r", "rain", 0.19), case("r", "mosaic", 0.01)]
    cases += [case("x", "shadow", 0.9, row("x", "synthetic_plain", UNLICENSED))]
    found = [(each.subject.row.path.name, each.sample.kind) for each in worst(cases)]
    assert found == [
        *(("p0", "jpeg"), ("p1", "jpeg"), ("q", "rain"), ("q", "haze")),
        *(("r", "rain"), ("r", "mosaic")),
    ]
    assert len(worst(cases, 3)) == 3


def test_the_contact_sheet_is_a_small_jpeg(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (512, 512, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "a.png"), noise)
    cases = [case(str(tmp_path / "a.png"), kind, 0.3) for kind in ["jpeg", "", "rain"] * 4]
    write_failures(cases, tmp_path / "failures.jpg")
    assert (tmp_path / "failures.jpg").stat().st_size < MOST_BYTES
    with Image.open(tmp_path / "failures.jpg") as sheet:
        assert sheet.format == "JPEG"
        assert sheet.width > 1000
    assert not list(tmp_path.glob("*.part"))
    with pytest.raises(TrainingError, match="free licence"):
        write_failures([], tmp_path / "none.jpg")


def test_a_kind_that_the_score_ignores_has_no_response() -> None:
    def swept(scores: tuple[float, ...]) -> list[list[Case]]:
        labels = (0.9, 0.6, 0.4, 0.1)
        subject = Subject(row("p"), absent_landmarks(), None)
        return [
            [
                Case(subject, Sample("rain" if index else "", index / 3, 1), label, score)
                for index, (label, score) in enumerate(zip(labels, scores, strict=True))
            ]
        ] * 10

    blind, right = (
        kind_figures(swept((0.8, 0.8, 0.8, 0.8))),
        kind_figures(swept((0.9, 0.6, 0.4, 0.1))),
    )
    assert blind["response"] == pytest.approx(0)
    assert blind["srcc"] is None  # a constant has no order
    assert blind["falling"] == 0
    assert blind["error"] == pytest.approx(0.8 - (0.6 + 0.4 + 0.1) / 3)
    assert right["response"] == pytest.approx(1)
    assert right["srcc"] == pytest.approx(1)
    assert right["error"] == pytest.approx(0)


# The command


@pytest.fixture
def faces(tmp_path: Path, write_faces: WriteFaces) -> Path:
    """Three people to train on, three held out, two plain synthetic faces and one wild one."""
    names = [f"person-{number}" for number in range(200)]
    train = [name for name in names if position(name) >= 0.25][:3]
    test = [name for name in names if position(name) < 0.15][:3]
    rows = [(f"{name}.png", "portrait", name) for name in train]
    rows += [(f"{name}.png", "studio", name) for name in test]
    rows += [("x.png", "synthetic_plain", "x"), ("y.png", "synthetic_plain", "y")]
    rows += [("z.png", "synthetic_wild", "z")]
    folder = write_faces(tmp_path / "faces", rows)
    manifest = folder / "manifest.csv"
    text = manifest.read_text().replace("some licence", f'"{CC_BY}"')
    text = text.replace("x,640,0.0,,", "x,640,0.0,female,asian")
    text = text.replace("y,640,0.0,,", "y,640,0.0,male,black")
    manifest.write_text(text)
    return folder


@pytest.fixture
def few_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = [each for each in kinds() if each.name in {"gaussian_blur", "colour_cast"}]
    monkeypatch.setattr(card, "kinds", lambda: chosen)


TINY = ("--persons", "2", "--faces-per-kind", "1", "--label-faces", "2")


@pytest.mark.slow
@pytest.mark.usefixtures("few_kinds")
def test_one_command_leaves_figures_tables_and_a_picture(
    faces: Path, tmp_path: Path, capfd
) -> None:
    out = tmp_path / "out"
    arguments = ["card", "--faces", str(faces), "--scorer", "sharpness", "--out", str(out), *TINY]
    assert main([*arguments, "--json"]) == 0
    record = json.loads((out / "card.json").read_text())
    assert json.loads(capfd.readouterr().out) == record
    assert record["scorer"]["name"] == "sharpness"
    assert {name: each["overall"]["n"] for name, each in record["groups"].items()} == {
        "held out": 2,
        "synthetic plain": 2,
        "synthetic wild": 1,
    }
    plain = record["groups"]["synthetic plain"]["slicings"]
    assert [each["name"] for each in plain["sex"]["slices"]] == ["female", "male"]
    assert [each["name"] for each in plain["ethnicity"]["slices"]] == ["asian", "black"]
    # Sharpness sees blur and no colour.
    assert record["kinds"]["gaussian_blur"]["response"] > record["kinds"]["colour_cast"]["response"]
    assert "colour_cast" in record["hardly_seen"]
    assert {"gaussian_blur", "colour_cast"} == set(record["kinds"])
    with (out / "cases.csv").open(newline="") as file:
        cases = list(csv.DictReader(file))
    assert len(cases) == 5 * 8 + 2 * 3
    shown = {each["file"] for each in record["failures"]}
    assert shown
    assert not shown & {"x.png", "y.png", "z.png"}
    assert (out / "failures.jpg").stat().st_size < MOST_BYTES
    fragment = (out / "card.md").read_text()
    assert "| all | 2 (few) | - |" in fragment
    assert str(tmp_path) not in fragment
    assert "NaN" not in (out / "card.json").read_text()
    assert {path.name for path in out.iterdir()} == {
        *("card.json", "card.md", "cases.csv", "failures.jpg")
    }


@pytest.mark.slow
@pytest.mark.usefixtures("few_kinds")
def test_the_same_command_gives_the_same_figures(faces: Path) -> None:
    plan = CardPlan(persons=1, faces_per_kind=1, label_faces=1)
    scorer, manifest = card.open_scorer("sharpness")
    found = [measure_card(scorer, manifest, faces, plan) for _ in range(2)]
    first, second = ([(each.label, each.score) for each in each.cases] for each in found)
    assert first == second


def known(**what: Any) -> Manifest:
    """A manifest that knows only this."""
    return Manifest(name="a", title="A", summary="", network={}, weights="0" * 64, **what)


def test_a_range_that_holds_every_label_covers_all() -> None:
    wide = {"coverage": 0.9, "edges": [], "half_widths": [1.0], "calibrated_on": "test people"}
    manifest = known(figures={"interval": wide})
    cases = [[case("p", "jpeg", 0.3), case("p", "rain", -0.3)]]
    found = card._coverage(cases, manifest)
    assert found == {"promised": 0.9, "n": 2, "inside": 1.0, "mean_width": 1.0}
    assert card._coverage(cases, None) is None


def test_rated_photos_by_face_and_light(tmp_path: Path) -> None:
    folder = tmp_path / "rated"
    (folder / "images").mkdir(parents=True)
    lines = ["image,mos,std,largest_face_px"]
    for number in range(110):
        level = 30 + 2 * number
        cv2.imwrite(str(folder / "images" / f"{number}.png"), np.full((64, 64, 3), level, np.uint8))
        lines.append(f"{number}.png,{level / 3},10,{100 if number % 2 else 0}")
    (folder / "ratings.csv").write_text("\n".join(lines) + "\n")
    scorer = Brightness()
    left = known(provenance={"recipe": {"data": {"rated_fold": 1}}})
    found = measure_rated(scorer, left, folder, 1)
    assert found["left_out"] == 1
    assert found["overall"]["srcc"] == pytest.approx(1)
    assert [each["name"] for each in found["slicings"]["largest face"]] == ["face", "no face"]
    dark, *_, bright = found["slicings"]["luminance of the photo"]
    assert dark["range"][1] <= bright["range"][0]
    assert dark["n"] < 10
    assert dark["srcc"] is None
    assert found["five_folds"] == []
    unsaid = measure_rated(scorer, None, folder, 1)
    assert (unsaid["left_out"], unsaid["five_folds"]) == (None, [])
    whole = measure_rated(scorer, known(figures={"rated_fold_srcc": [0.8, 0.9]}), folder, 1)
    assert (whole["left_out"], whole["five_folds"]) == (None, [0.8, 0.9])
    with pytest.raises(TrainingError, match="cannot be read"):
        measure_rated(scorer, None, tmp_path / "nowhere", 0)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (("--faces", "nowhere"), "cannot be read"),
        (("--persons", "99"), "Only 3 held-out persons, 99 are needed"),
        (("--persons", "0"), "--persons is a number of people"),
        (("--scorer", "nobody"), "There is no scorer"),
        (("--scorer", "nowhere.safetensors"), "nowhere"),
    ],
)
def test_bad_input_is_told_in_a_sentence(faces: Path, tmp_path: Path, capfd, changed, told) -> None:
    arguments = ["card", "--faces", str(faces), "--scorer", "sharpness", *TINY]
    arguments += ["--out", str(tmp_path / "out"), *changed]
    assert main(arguments) == 2
    said = capfd.readouterr().err
    assert told in said
    assert "Traceback" not in said


def test_an_out_folder_that_cannot_be_made_is_told_before_anything_is_measured(
    faces: Path, tmp_path: Path, capfd
) -> None:
    (tmp_path / "file").write_text("")
    arguments = ["card", "--faces", str(faces), "--scorer", "sharpness", *TINY]
    assert main([*arguments, "--out", str(tmp_path / "file" / "out")]) == 2
    assert "cannot be made" in capfd.readouterr().err


def test_no_training_faces_no_labels(tmp_path: Path, write_faces: WriteFaces) -> None:
    held = next(f"person-{n}" for n in range(200) if position(f"person-{n}") < 0.15)
    folder = write_faces(tmp_path / "faces", [("a.png", "portrait", held)])
    scorer, manifest = card.open_scorer("sharpness")
    with pytest.raises(TrainingError, match="no licensed training faces"):
        measure_card(scorer, manifest, folder, CardPlan(persons=1))


def test_a_scorer_that_gives_no_number_is_refused(faces: Path) -> None:
    with pytest.raises(TrainingError, match="no finite number"):
        measure_card(Brightness(math.nan), None, faces, CardPlan(persons=1, label_faces=1))


def record_of(group: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "scorer": {"name": "a", "hash": "b", "kind": "c", "device": "cpu", "precision": "float32"},
        "date": "2026-01-01",
        "command": "fiqa-train card",
        "labels": "pseudo-MOS",
        "calibrated_on": "other people",
        "plan": {"faces_per_kind": 10},
        "groups": {"held out": group},
        "kinds": {},
        "hardly_seen": [],
        "failures": [],
        **more,
    }


def test_tables_survive_missing_figures() -> None:
    two = [Person(np.array([0.8, 0.4]), np.array([0.9, 0.3]), 1, 1)] * 2
    text = as_markdown(record_of({"overall": figures(two), "slicings": {}, "interval": None}))
    assert "These weights carry no calibrated range." in text
    assert "| all | 2 (few) | - | 100.0 % | 80 | 90 | -9.9 | +0.0 |" in text


def test_tables_speak_of_gaps_ranges_and_photos_that_were_not_held_out() -> None:
    # Scored alike but for the clean pictures of the second twelve, which get ten points less.
    rng = np.random.default_rng(0)
    people = []
    for index in range(24):
        labels = np.array([0.9, 0.6, 0.3]) + rng.normal(0, 0.02, 3)
        people.append(Person(labels - [0.1 if index >= 12 else 0.0, 0, 0], labels, 2, 2))
    slices = by_name(["female"] * 12 + ["male"] * 12)
    group = {
        "overall": figures(people),
        "slicings": {"sex": slice_figures(people, slices)},
        "interval": {"promised": 0.9, "n": 72, "inside": 0.93, "mean_width": 0.2},
    }
    photos = {
        "name": "all",
        "range": None,
        "n": 50,
        "srcc": 0.7,
        "srcc_ci": [0.6, 0.8],
        "plcc": 0.7,
        "krcc": 0.5,
        "rmse": 0.1,
        "error": -0.02,
    }
    rated = {"fold": 1, "left_out": 0, "five_folds": [], "overall": photos}
    rated["slicings"] = {"light": [photos]}
    text = as_markdown(record_of(group, rated=rated, hardly_seen=["rain"]))
    assert "sex: *female* is scored 9.9 points above *male*" in text
    assert "| held out | 72 | 90.0 % | 93.0 % | 20 |" in text
    assert "Calibrated on: other people." in text
    assert "**Not held out**: the scorer's manifest names fold 0." in text
    learned = rated | {"left_out": None, "five_folds": [0.85, 0.81]}
    all_of_them = as_markdown(record_of(group, rated=learned))
    assert "**Not held out**: the scorer has learned from all five folds." in all_of_them
    assert "without that fold's ratings: 0.850, 0.810." in all_of_them
    unsaid = as_markdown(record_of(group, rated=rated | {"left_out": None}))
    assert "does not say which fold its training left out" in unsaid
    assert "| light: all | 50 | 0.700 [0.600, 0.800] | 0.700 | 10.0 | -2.0 |" in text
    assert "Hardly seen (response below 0.5): rain." in text
    tables = [line.count("|") for line in text.splitlines() if line.startswith("|")]
    assert set(tables) == {6, 7, 8, 10}, "a row has as many cells as its head"
