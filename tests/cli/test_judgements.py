"""Marks, history, undo, albums and subsets out, by the real program."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from fiqa_studio.cli import main
from fiqa_studio.domain.marks import Flag
from fiqa_studio.store.library import Library
from tests.store.values import SHARPNESS, STARTER, Folder, make_score

from .conftest import PROGRAM, Fiqa

COUNT = 12


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """Twelve photos with a face each, scored 0, 0.05, ... 0.55."""
    path = tmp_path / "test.fiqa"
    with Library.create(path) as opened:
        folder = Folder(opened, tmp_path / "photos")
        opened.scores.ensure_scorer(STARTER).result()
        names = [f"IMG_{number:02}.jpg" for number in range(COUNT)]
        for name in names:
            folder.put(name, name)
        faces = [one.face_ids[0] for one in folder.index(*names)]
        scores = [(face, make_score(number / 20), None) for number, face in enumerate(faces)]
        opened.scores.record(STARTER.hash, scores).result()
    return path


@pytest.fixture
def fiqa(library: Path) -> Fiqa:
    def run(
        *arguments: str | Path, status: int = 0, given: bytes = b""
    ) -> subprocess.CompletedProcess[str]:
        result = subprocess.run(
            [*PROGRAM, "--library", str(library), *map(str, arguments)],
            input=given.decode("utf-8", "surrogateescape"),
            capture_output=True,
            text=True,
            errors="surrogateescape",
            check=False,
            timeout=120,
        )
        assert result.returncode == status, result.stderr
        return result

    return run


def answer(fiqa: Fiqa, *arguments: str | Path, **more: Any) -> Any:
    return json.loads(fiqa(*arguments, "--json", **more).stdout)


def marked(library: Path) -> dict[str, Any]:
    """Marks of the photos that have any, by name."""
    with Library.open(library, read_only=True) as opened:
        rows = opened.views.photo_rows(list(range(1, COUNT + 1)))
    return {row.name: row.marks for row in rows if row.marks}


def test_a_query_lists_what_it_asks_for_in_its_order(fiqa: Fiqa) -> None:
    found = answer(fiqa, "list", "--query", "score:..15 sort:score-asc")
    assert [Path(face["path"]).name for face in found] == ["IMG_00.jpg", "IMG_01.jpg", "IMG_02.jpg"]
    photos = answer(fiqa, "list", "--photos", "--query", "IMG_03", "--sort", "name")
    assert [photo["stars"] for photo in photos] == [0]


def test_an_error_in_a_query_shows_its_place(fiqa: Fiqa) -> None:
    said = fiqa("list", "--query", "score:70.. starz:3", status=3).stderr.splitlines()
    assert "starz" in said[0]
    query, below = said[1], said[2]
    assert query.strip() == "score:70.. starz:3"
    assert query[below.index("^") : below.rindex("^") + 1] == "starz"


def test_marks_are_made_told_and_taken_back(fiqa: Fiqa, library: Path) -> None:
    made = answer(
        fiqa, "mark", "--query", "score:..15", "--stars", "4", "--flag", "pick", "--colour", "red",
        "--tag", "Straße", "--tag", "two words", "--author", "Ada",
    )  # fmt: skip
    assert made["changed"] == 3
    marks = marked(library)
    assert set(marks) == {"IMG_00.jpg", "IMG_01.jpg", "IMG_02.jpg"}
    assert (marks["IMG_00.jpg"].stars, marks["IMG_00.jpg"].flag) == (4, Flag.PICK)
    assert marks["IMG_00.jpg"].tags == {"Straße", "two words"}
    assert fiqa("mark", "--query", "stars:4", "--flag", "reject").stderr.startswith("3 changed")
    (latest, first) = answer(fiqa, "history")
    assert (first["action"], first["author"], first["origin"]) == (made["action"], "Ada", "cli")
    assert "[Ada, cli]" in fiqa("history").stdout
    undone = answer(fiqa, "undo", made["action"])
    assert (undone["restored"], undone["stayed"]) == (3, 3), "the later flag stays"
    assert all(one.stars == 0 and one.flag is Flag.REJECT for one in marked(library).values())
    fiqa("undo", latest["action"])
    assert fiqa("undo", made["action"], status=3).stderr.startswith("fiqa: ")
    assert fiqa("undo", "9999", status=3).stderr.startswith("fiqa: ")


def test_files_are_named_by_a_list_and_strangers_are_told(
    fiqa: Fiqa, library: Path, tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    names = [photos / "IMG_05.jpg", photos / "gone.jpg", photos / "IMG_07.jpg"]
    listed = tmp_path / "list.txt"
    listed.write_text("\n".join(map(str, names)) + "\n")
    said = fiqa("mark", "--paths", listed, "--stars", "2", status=1).stderr
    assert f"not in the library: {photos / 'gone.jpg'}" in said
    assert set(marked(library)) == {"IMG_05.jpg", "IMG_07.jpg"}
    given = b"\0".join(str(name).encode() for name in names[::2])
    again = answer(
        fiqa, "mark", "--paths", "-", "--null", "--untag", "x", "--stars", "0", given=given
    )
    assert (again["changed"], again["unknown"]) == (2, [])
    assert marked(library) == {}
    assert "cannot be read" in fiqa("mark", "--paths", "/no/list", "--stars", "1", status=3).stderr


def test_quality_is_said_of_faces(fiqa: Fiqa) -> None:
    fiqa("mark", "--query", "score:..5", "--quality", "poor")
    fiqa("mark", "--query", "score:6..10", "--quality", "100")
    found = answer(fiqa, "list", "--query", "quality:any sort:quality")
    assert [face["quality"] for face in found] == [1.0, 0.25]
    fiqa("mark", "--query", "", "--quality", "none")
    assert answer(fiqa, "list", "--query", "quality:any") == []


@pytest.mark.parametrize(
    "wrong",
    [
        ["--stars", "6"],
        ["--flag", "maybe"],
        ["--colour", "beige"],
        ["--quality", "101"],
        ["--quality", "nan"],
    ],
)
def test_what_is_no_mark_is_refused_before_anything_is_opened(
    fiqa: Fiqa, library: Path, wrong: list[str]
) -> None:
    fiqa("mark", "--query", "", *wrong, status=2)
    assert marked(library) == {}


def test_a_tag_that_cannot_be_kept_and_no_mark_at_all_are_said(fiqa: Fiqa, library: Path) -> None:
    assert "This tag cannot be kept" in fiqa("mark", "--query", "", "--tag", " ", status=3).stderr
    assert "Nothing was said" in fiqa("mark", "--query", "", status=1).stderr
    assert marked(library) == {}


def test_albums_are_made_filled_listed_and_forgotten(fiqa: Fiqa, tmp_path: Path) -> None:
    fiqa("albums", "create", "Worst", "--query", "score:..15")
    fiqa("albums", "create", "Chosen", "--plain", "--query", "IMG_03")
    assert "1 photo added" in fiqa("albums", "add", "Chosen", "--query", "IMG_01").stderr
    listed = answer(fiqa, "albums")
    assert [(one["name"], one["kind"], one["photos"]) for one in listed] == [
        ("Chosen", "plain", 2),
        ("Worst", "smart", 3),
    ]
    assert "score:..15" in fiqa("albums").stdout
    inside = answer(fiqa, "list", "--photos", "--album", "Chosen")
    assert [Path(photo["path"]).name for photo in inside] == ["IMG_03.jpg", "IMG_01.jpg"]
    both = answer(fiqa, "list", "--photos", "--query", "album:Worst album:Chosen")
    assert [Path(photo["path"]).name for photo in both] == ["IMG_01.jpg"]
    assert "1 photo removed" in fiqa("albums", "remove", "Chosen", "--query", "IMG_03").stderr
    fiqa("albums", "rename", "Chosen", "Kept")
    fiqa("albums", "delete", "Worst")
    assert [one["name"] for one in answer(fiqa, "albums")] == ["Kept"]
    assert "There is no album" in fiqa("albums", "delete", "Worst", status=3).stderr
    assert fiqa("albums", "create", "X", "--query", "starz:3", status=3).stderr.count("^") == 5


def test_subsets_go_out_also_beside_a_program_that_holds_the_library(
    fiqa: Fiqa, library: Path, tmp_path: Path
) -> None:
    said = answer(fiqa, "export", "--format", "photos", "--query", "score:..15", "--to",
                  tmp_path / "x", "--preview")  # fmt: skip
    assert (said["count"], said["bytes"], said["exact"]) == (3, 30, True)
    with Library.open(library):
        made = answer(fiqa, "export", "--format", "photos", "--query", "score:..15", "--to",
                      tmp_path / "worst", "--link", "symlink")  # fmt: skip
    assert (made["state"], made["written"]) == ("done", 3)
    assert (tmp_path / "worst" / "IMG_02.jpg").readlink() == tmp_path / "photos" / "IMG_02.jpg"
    said_again = fiqa("export", "--format", "photos", "--to", tmp_path / "worst", status=3).stderr
    assert "is there already" in said_again
    fiqa("albums", "create", "Two", "--plain", "--query", "sort:name-asc score:..10")
    fiqa("export", "--format", "list", "--album", "Two", "--to", tmp_path / "two.csv")
    assert len((tmp_path / "two.csv").read_text().splitlines()) == 3


def test_while_the_window_has_the_library_marks_are_refused_and_none_is_lost(
    fiqa: Fiqa, library: Path
) -> None:
    with Library.open(library):
        refused = fiqa("mark", "--query", "", "--stars", "5", status=3).stderr
    assert "is open in another program" in refused
    assert marked(library) == {}, "nothing was done, not a half"
    assert answer(fiqa, "history") == []


def test_a_script_may_wait_until_the_window_lets_go(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = Library.open(library)
    tried: list[float] = []

    def sleep(seconds: float) -> None:
        tried.append(seconds)
        if len(tried) == 3:
            window.close()

    monkeypatch.setattr("fiqa_studio.cli.opening.time.sleep", sleep)
    arguments = ["--library", str(library), "mark", "--query", "", "--stars", "5", "--wait", "600"]
    assert main(arguments) == 0
    assert len(tried) == 3
    assert len(marked(library)) == COUNT


def test_an_export_killed_in_the_middle_goes_on_with_the_same_command(
    fiqa: Fiqa, library: Path, tmp_path: Path
) -> None:
    target, out = tmp_path / "out" / "all", tmp_path / "out"
    out.mkdir()
    command = ["export", "--format", "photos", "--query", "sort:name-asc", "--to", str(target)]
    stuck = (
        "import sys, threading; from fiqa_studio.exports.photos import PhotosWriter; "
        "write = PhotosWriter._write; PhotosWriter._write = lambda self, original, part: ("
        "threading.Event().wait() if b'IMG_06' in original else write(self, original, part)); "
        "from fiqa_studio.cli import main; main(sys.argv[1:])"
    )
    arguments = [sys.executable, "-c", stuck, "--library", str(library), *command]
    with subprocess.Popen(arguments) as killed:
        deadline = time.monotonic() + 60
        while len([*out.glob("*.unfinished/IMG_*")]) < 6:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        killed.kill()
    assert not target.exists(), "half is not shown as whole"
    written = {path.name: path.stat().st_ino for path in out.glob("*.unfinished/IMG_*")}
    fiqa(*command)
    assert [path.name for path in out.iterdir()] == ["all"]
    assert len([*target.glob("IMG_*")]) == COUNT
    for name, inode in written.items():
        assert (target / name).stat().st_ino == inode, "not copied again"


def test_the_doctor_says_what_has_no_embedding_and_how_to_get_it(fiqa: Fiqa) -> None:
    assert json.loads(fiqa("doctor", "--json").stdout)["library"]["faces_without_vectors"] == COUNT
    assert f"embeddings of {COUNT} faces; fiqa score --fill" in fiqa("doctor").stdout
    refused = fiqa("score", "--fill", "--scorer", "nobody", status=3)
    assert "no scores of a scorer" in refused.stderr


def test_a_scorer_is_chosen_and_two_are_compared(fiqa: Fiqa, library: Path) -> None:
    with Library.open(library) as opened:
        opened.scores.ensure_scorer(SHARPNESS).result()
        scores = [(face, make_score(face / 20), None) for face in range(1, 6)]
        opened.scores.record(SHARPNESS.hash, scores).result()
    assert answer(fiqa, "scorers", "--use", "sharpness") == {"scorer": "sharpness", "unscored": 7}
    assert answer(fiqa, "list", "--query", "scored:yes")[0]["score"] == 0.25
    compared = answer(fiqa, "scorers", "--compare", "starter", "sharpness")
    assert (compared["faces"], compared["rank_agreement"]) == (5, pytest.approx(1.0))
    assert "agrees by 1.00" in fiqa("scorers", "--compare", "starter", "sharpness").stdout
    assert "no scores of a scorer" in fiqa("scorers", "--compare", "a", "b", status=3).stderr
