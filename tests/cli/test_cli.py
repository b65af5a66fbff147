"""The command line, as a user and as a script see it."""

from __future__ import annotations

import csv
import fcntl
import json
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import pytest

from fiqa_studio.domain.query import Query
from fiqa_studio.domain.scores import Score, ScorerInfo
from fiqa_studio.engine.scoring.installed import Scorers
from fiqa_studio.store.library import Library
from tests.engine.installed import INTERVAL, install

from .conftest import PROGRAM, Fiqa

Indexed = subprocess.CompletedProcess[str]

ODD = 'd�rk\nand, "odd".jpg'


def answer(fiqa: Fiqa, *arguments: str) -> Any:
    return json.loads(fiqa(*arguments, "--json").stdout)


def test_every_file_is_accounted_for(indexed: Indexed) -> None:
    counts = json.loads(indexed.stdout)
    assert counts["state"] == "done"
    assert (counts["indexed"], counts["faces"], counts["failed"], counts["other"]) == (3, 2, 1, 1)
    assert "3 photos indexed with 2 faces" in indexed.stderr
    assert "1 failed" in indexed.stderr


def test_a_second_index_has_nothing_to_do(indexed: Indexed, fiqa: Fiqa, album: Path) -> None:
    assert answer(fiqa, "index", str(album))["unchanged"] == 4


def test_faces_are_listed_best_first(indexed: Indexed, fiqa: Fiqa, album: Path) -> None:
    best, second = answer(fiqa, "list")
    assert best["path"] == str(album / "bright.jpg")
    assert best["path_bytes"] is None
    assert 0 <= second["score"] < best["score"] <= 1
    assert set(best["box"]) == {"x", "y", "width", "height"}
    assert best["scorer"] == "sharpness"
    worst = answer(fiqa, "list", "--ascending", "--limit", "1")
    assert [face["face_id"] for face in worst] == [second["face_id"]]


def test_a_score_is_listed_with_its_calibrated_range(
    indexed: Indexed, fiqa: Fiqa, library: Path, tmp_path: Path
) -> None:
    assert {face["interval"] for face in answer(fiqa, "list")} == {None}
    copy = tmp_path / library.name
    for file in library.parent.iterdir():
        shutil.copy(file, tmp_path)
    install("mine", figures={"interval": INTERVAL})
    (mine,) = (scorer for scorer in Scorers().installed() if scorer.name == "mine")
    info = ScorerInfo(mine.name, mine.title, mine.hash, mine.summary, mine.kind)
    with Library.open(copy) as opened:
        opened.scores.ensure_scorer(info).result()
        opened.scores.set_active(mine.hash).result()
        face = int(opened.views.face_ids(Query())[0])
        score = Score(0.5, 0.02, "float32", "cpu", datetime.now(UTC))
        opened.scores.record(mine.hash, [(face, score, None)]).result()
    listed = answer(fiqa, "list", "--library", str(copy))
    scored, other = sorted(listed, key=lambda one: one["face_id"] != face)
    assert scored["interval"] == pytest.approx({"low": 0.39, "high": 0.61, "coverage": 0.9})
    assert other["interval"] is None


def test_what_cannot_be_indexed_makes_no_library(fiqa: Fiqa, tmp_path: Path) -> None:
    new = tmp_path / "new.fiqa"
    for folder, words in (("/no/where", "no folder"), (__file__, "is a file")):
        refused = fiqa("index", tmp_path, folder, "--library", new, status=3)
        assert words in refused.stderr
    assert list(tmp_path.iterdir()) == []


def test_scoring_again_has_nothing_to_do(indexed: Indexed, fiqa: Fiqa) -> None:
    again = answer(fiqa, "score", "--scorer", "sharpness")
    assert (again["state"], again["scored"], again["failed"]) == ("done", 0, 0)
    assert fiqa("score", "--scorer", "sharpness").stderr == "Nothing to score.\n"


def test_a_name_that_is_not_utf8_is_shown_and_told_exactly(
    indexed: Indexed, fiqa: Fiqa, album: Path
) -> None:
    (odd,) = (face for face in answer(fiqa, "list") if face["path"] != str(album / "bright.jpg"))
    assert odd["path"] == str(album / ODD)
    raw = bytes.fromhex(odd["path_bytes"])
    assert Path(os.fsdecode(raw)).exists()
    lines = fiqa("list").stdout.splitlines()
    assert len(lines) == 2, "a line break in a name must not make a line"


def test_photos_are_listed_with_the_reason_where_they_have_no_score(
    indexed: Indexed, fiqa: Fiqa
) -> None:
    photos = answer(fiqa, "list", "--photos", "--sort", "name")
    named = {Path(photo["path"]).name: photo for photo in photos}
    assert list(named) == sorted(named, key=str.casefold)
    assert named["plain.png"]["reason"] == "No face was found."
    assert named["plain.png"]["format"] == "JPEG"
    assert named["empty.jpg"]["status"] == "failed"
    assert "empty" in named["empty.jpg"]["reason"]
    assert named["bright.jpg"]["faces"] == 1


def test_failures_are_told_with_path_and_reason(indexed: Indexed, fiqa: Fiqa, album: Path) -> None:
    (failure,) = answer(fiqa, "failures")
    assert failure["path"] == str(album / "empty.jpg")
    assert failure["code"] == "photo.empty"
    assert failure["reason"] in fiqa("failures").stdout


def test_the_csv_has_one_row_a_face(indexed: Indexed, fiqa: Fiqa, tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    fiqa("export", "--format", "csv", "--to", target)
    with target.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0])[:8] == ["path", "x", "y", "width", "height", "score", "spread", "scorer"]
    faces = answer(fiqa, "list")
    assert [row["path"] for row in rows] == [face["path"] for face in faces]
    for row, face in zip(rows, faces, strict=True):
        assert float(row["score"]) == pytest.approx(face["score"], abs=1e-6)
        assert float(row["x"]) == face["box"]["x"]
        assert row["path_bytes"] == (face["path_bytes"] or "")
    first = target.read_bytes()
    fiqa("export", "--to", target)
    assert target.read_bytes() == first
    assert {path.name for path in tmp_path.iterdir()} == {"out.csv", "out.csv.manifest.json"}


def test_an_export_never_goes_onto_a_library(
    indexed: Indexed, fiqa: Fiqa, library: Path, tmp_path: Path
) -> None:
    faces = answer(fiqa, "list")
    other = Path(shutil.copy(library, tmp_path / "other.fiqa"))
    link = tmp_path / "faces.csv"
    link.symlink_to(library)
    before = {path: path.read_bytes() for path in (library, other)}
    for target in (
        library,
        other,
        link,
        *(f"{library}{end}" for end in (".thumbs", "-wal", ".lock")),
    ):
        refused = fiqa("export", "--to", target, status=3)
        assert "a library" in refused.stderr
    assert {path: path.read_bytes() for path in before} == before
    assert answer(fiqa, "list") == faces


def test_an_export_never_goes_among_the_originals(
    indexed: Indexed, fiqa: Fiqa, album: Path, tmp_path: Path
) -> None:
    link = tmp_path / "link"
    link.symlink_to(album)
    for target in (album / "out.csv", link / "out.csv", album / "bright.jpg"):
        refused = fiqa("export", "--to", target, status=3)
        assert "originals" in refused.stderr
    assert not (album / "out.csv").exists()
    assert "There is no folder" in fiqa("export", "--to", "/no/where/x.csv", status=3).stderr


def test_the_doctor_reports_versions_scorers_and_a_sound_library(
    indexed: Indexed, fiqa: Fiqa
) -> None:
    report = answer(fiqa, "doctor")
    assert report["ok"]
    assert report["library"]["ok"]
    assert report["library"]["counts"]["failed"] == 1
    assert report["devices"][0]["name"] == "cpu"
    assert {"torch", "mediapipe", "numpy"} <= set(report["versions"])
    assert "sharpness" in [scorer["name"] for scorer in report["scorers"]]


def test_the_doctor_tells_lost_thumbnails_from_a_damaged_library(
    indexed: Indexed, fiqa: Fiqa, library: Path, tmp_path: Path
) -> None:
    assert ": sound; " in fiqa("doctor").stdout
    copy = shutil.copy(library, tmp_path / "copy.fiqa")
    Path(f"{copy}.thumbs").write_bytes(b"garbage" * 9000)
    report = fiqa("doctor", "--library", copy, status=1).stdout
    assert ": sound; " in report
    assert "Problem  thumbnails: " in report
    assert "The library is not affected" in report


def test_scorers_are_listed(fiqa: Fiqa) -> None:
    found = {scorer["name"]: scorer for scorer in answer(fiqa, "scorers")}
    assert found["sharpness"]["available"] is True
    assert sum(scorer["default"] for scorer in found.values()) == 1


def test_errors_have_their_status_and_no_traceback(fiqa: Fiqa, tmp_path: Path) -> None:
    for arguments, status, text in [
        (["--library", tmp_path / "none.fiqa", "list"], 3, "There is no library"),
        (["list", "--library", tmp_path / "none.fiqa"], 3, "There is no library"),
        (["index", tmp_path / "no-folder"], 3, "There is no folder"),
        (["score", "--scorer", "no-such"], 3, "no-such"),
        (["list", "--sort", "beauty"], 2, "invalid choice"),
        ([], 2, "required"),
    ]:
        result = fiqa(*arguments, status=status)
        assert text in result.stderr
        assert "Traceback" not in result.stderr


def test_a_file_that_is_no_library_is_left_alone(fiqa: Fiqa, tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear Sir or Madam, " * 20)
    result = fiqa("--library", letter, "index", tmp_path, status=3)
    assert "is not a FIQA Studio library" in result.stderr
    assert letter.read_text().startswith("Dear Sir")


def test_a_reader_that_goes_away_is_met_with_silence(indexed: Indexed, library: Path) -> None:
    result = subprocess.run(
        [
            *("bash", "-c", 'set -o pipefail; "$@" | true; echo $?', "-", *PROGRAM),
            *("--library", str(library), "list", "--json"),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert result.stderr == ""
    assert result.stdout.strip() in {"0", "141"}


def test_reading_commands_start_without_anything_heavy() -> None:
    code = (
        "import sys, fiqa_studio.cli as c\n"
        "c.main(['list', '--library', '/nowhere'])\n"
        "heavy = {'torch', 'cv2', 'mediapipe', 'PySide6', 'tqdm'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert result.stdout.strip() == "[]"


class Terminal:
    """The program on a terminal of its own, so that it shows progress and takes Ctrl+C."""

    def __init__(self, *arguments: str, **environment: str):
        self._terminal, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 120, 0, 0))
        self.process = subprocess.Popen(
            [*PROGRAM, *arguments],
            stdin=inner,
            stdout=subprocess.DEVNULL,
            stderr=inner,
            start_new_session=True,
            env={**os.environ, **environment},
        )
        os.close(inner)
        self.text = ""

    def wait_for(self, text: str, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while text not in self.text:
            left = deadline - time.monotonic()
            assert left > 0, self.text
            if select.select([self._terminal], [], [], left)[0]:
                self.text += self._read()

    def end(self, seconds: float = 60) -> int:
        deadline = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < deadline, self.text
            if select.select([self._terminal], [], [], 0.05)[0]:
                self.text += self._read()
        while select.select([self._terminal], [], [], 0)[0] and (more := self._read()):
            self.text += more
        return self.process.returncode

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._terminal)

    def _read(self) -> str:
        try:
            return os.read(self._terminal, 65536).decode(errors="replace")
        except OSError:
            return ""


@pytest.fixture
def long_job(tmp_path: Path, album: Path) -> list[str]:
    """Arguments for a job that a hanging file keeps from ending."""
    folder = tmp_path / "photos"
    folder.mkdir()
    content = (album / "plain.png").read_bytes()
    for number in range(40):
        (folder / f"{number:02}.jpg").write_bytes(content + bytes([number]))
    (folder / "99-fault-hang.jpg").write_bytes(content)
    return ["--library", str(tmp_path / "l.fiqa"), "index", str(folder)]


def test_progress_is_shown_on_a_terminal_and_ctrl_c_cancels_cleanly(
    long_job: list[str], tmp_path: Path, fiqa: Fiqa
) -> None:
    with Terminal(*long_job, FIQA_WORKER_FAULTS="1") as terminal:
        terminal.wait_for("40/41")
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.end() == 130
    assert "Stopped: 40 photos indexed" in terminal.text
    assert "Traceback" not in terminal.text
    photos = answer(fiqa, "--library", long_job[1], "list", "--photos")
    assert len(photos) == 40


def test_a_second_ctrl_c_ends_the_program_at_once(long_job: list[str]) -> None:
    with Terminal(*long_job, FIQA_WORKER_FAULTS="1") as terminal:
        terminal.wait_for("40/41")
        terminal.process.send_signal(signal.SIGINT)
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.end(seconds=5) == 130


@pytest.mark.shared
def test_every_file_of_a_real_album_is_accounted_for(
    shared: Path, fiqa: Fiqa, tmp_path: Path
) -> None:
    library = tmp_path / "album.fiqa"
    counts = answer(fiqa, "--library", str(library), "index", str(shared / "album"))
    # Paths are listed with symbolic links followed.
    files = [path for path in (shared / "album").resolve().rglob("*") if path.is_file()]
    assert counts["indexed"] + counts["failed"] + counts["other"] == len(files)
    photos = answer(fiqa, "--library", str(library), "list", "--photos")
    failures = answer(fiqa, "--library", str(library), "failures")
    listed = {photo["path"] for photo in photos}
    assert {str(path) for path in files if path.name != "manifest.csv"} == listed
    assert {failure["path"] for failure in failures} <= listed
    assert all(failure["code"].startswith("photo.") for failure in failures)
    assert all(len(failure["reason"].split()) >= 4 for failure in failures)


def test_help_names_every_command(fiqa: Fiqa) -> None:
    text = fiqa("--help").stdout
    for command in ("index", "score", "retry", "list", "failures", "export", "doctor", "scorers"):
        assert command in text


def test_a_library_that_another_program_holds_can_be_read_but_not_indexed(
    indexed: Indexed, fiqa: Fiqa, library: Path, album: Path
) -> None:
    with Library.open(library):
        assert "another program" in fiqa("index", album, status=3).stderr
        assert len(answer(fiqa, "list")) == 2


def test_words_for_people_are_whole(fiqa: Fiqa, album: Path, tmp_path: Path) -> None:
    """One photo is no photos, an odd name is one line, and a wrong number is named."""
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "plain.png").write_bytes((album / "plain.png").read_bytes())
    (folder / "torn\n\x1b[31mleaf.jpg").write_bytes(b"")
    (folder / "notes.txt").write_text("nothing to see")
    library = ("--library", str(tmp_path / "own.fiqa"))
    said = fiqa(*library, "index", folder).stderr
    assert said.startswith("1 photo indexed with 0 faces; ")
    assert said.endswith("; 1 other file passed over. See fiqa failures.\n")
    (line,) = fiqa(*library, "failures").stdout.splitlines()
    assert line == f"{folder}/torn��[31mleaf.jpg: The file is empty."
    assert "“some” is no number" in fiqa("list", "--limit", "some", status=2).stderr
