"""Kills at random moments: the library stays sound, nothing committed is lost, work resumes."""

from __future__ import annotations

import contextlib
import csv
import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image
from skimage import data

from fiqa_studio.domain.jobs import JobProgress
from fiqa_studio.engine.engine import Engine
from fiqa_studio.engine.link.client import WorkerSettings
from fiqa_studio.store.library import Library

from .conftest import finish, jpeg

PROGRAM_KILLS = int(os.environ.get("FIQA_PROGRAM_KILLS", "8"))
WORKER_KILLS = int(os.environ.get("FIQA_WORKER_KILLS", "12"))
SCORER = "sharpness"

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("kill")]


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory, plain: Callable[[int], bytes]) -> Path:
    """Forty photos, half of them with a face, and some files that are none."""
    folder = tmp_path_factory.mktemp("album")
    face = data.astronaut()
    for number in range(20):
        darker = (face * (1 - number / 40)).astype(np.uint8)
        (folder / f"face-{number:02}.jpg").write_bytes(jpeg(Image.fromarray(darker)))
        (folder / f"plain-{number:02}.jpg").write_bytes(plain(number))
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "broken.jpg").write_bytes(jpeg(Image.fromarray(face))[:2000])
    return folder


def run(library: Path, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fiqa_studio.cli", "--library", str(library), *arguments],
        capture_output=True,
        text=True,
        check=check,
        timeout=300,
    )


def results(library: Path, target: Path) -> list[tuple[str, ...]]:
    """All faces with their scores, without the numbers of this library; and the failures."""
    run(library, "export", "--to", str(target), "--sort", "name")
    with target.open(newline="") as stream:
        rows = sorted(
            tuple(value for key, value in row.items() if key not in ("photo_id", "face_id"))
            for row in csv.DictReader(stream)
        )
    return [*rows, (run(library, "failures", "--json").stdout,)]


@pytest.fixture(scope="module")
def expected(album: Path, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, ...]]:
    """What an undisturbed run gives."""
    folder = tmp_path_factory.mktemp("expected")
    run(folder / "l.fiqa", "index", str(album), "--score", SCORER)
    found = results(folder / "l.fiqa", folder / "out.csv")
    assert len(found) == 21
    assert all(row[5] for row in found[:-1]), "every face has a score"
    return found


def committed(library: Path) -> tuple[int, int]:
    """Photos and scores that are safe; the file must be sound."""
    connection = sqlite3.connect(library)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        (photos,) = connection.execute("SELECT count(*) FROM photo").fetchone()
        (scores,) = connection.execute("SELECT count(*) FROM score").fetchone()
    finally:
        connection.close()
    return photos, scores


def test_the_whole_program_killed_at_random_moments(
    album: Path, expected: list[tuple[str, ...]], tmp_path: Path
) -> None:
    library = tmp_path / "l.fiqa"
    Library.create(library).close()
    moments = random.Random(20)
    before = (0, 0)
    for round_number in range(PROGRAM_KILLS):
        steps = ["index", str(album)]
        if round_number % 2:
            steps += ["--score", SCORER]
        elif before[0] == 42:
            steps = ["score", "--scorer", SCORER]
        program = subprocess.Popen(
            [sys.executable, "-m", "fiqa_studio.cli", "--library", str(library), *steps],
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        family: list[psutil.Process] = []
        try:
            program.wait(timeout=moments.uniform(0.5, 6))
        except subprocess.TimeoutExpired:
            family = psutil.Process(program.pid).children(recursive=True)
            os.killpg(program.pid, signal.SIGKILL)
            program.wait()
        _, alive = psutil.wait_procs(family, timeout=20)
        assert not alive, "processes outlive the program"
        after = committed(library)
        assert after >= before, "something that was committed is gone"
        before = after
    run(library, "index", str(album), "--score", SCORER)
    assert results(library, tmp_path / "out.csv") == expected
    committed(library)


class Killer:
    """Kills the worker whenever a job has come a random number of items further."""

    def __init__(self, kills: int):
        self._random = random.Random(7)
        self._job = 0
        self._next = 1
        self.engine: Engine | None = None
        self.left = kills

    def __call__(self, progress: JobProgress) -> None:
        worker = self.engine._client.pid if self.engine is not None else None
        if progress.id != self._job:
            self._job, self._next = progress.id, 1
        if self.left and worker is not None and progress.done >= self._next:
            self._next = progress.done + self._random.randint(1, 4)
            self.left -= 1
            with contextlib.suppress(ProcessLookupError):  # it died of the last kill just now
                os.kill(worker, signal.SIGKILL)


@pytest.fixture
def engine_on(tmp_path: Path) -> Iterator[Callable[[Path], Engine]]:
    opened: list[tuple[Library, Engine]] = []

    def make(path: Path) -> Engine:
        library = Library.create(path)
        settings = WorkerSettings(decoders=2, log_file=tmp_path / "worker.log")
        opened.append((library, Engine(library, worker=settings)))
        return opened[-1][1]

    yield make
    for library, engine in opened:
        engine.shutdown()
        library.close()


def test_the_worker_killed_at_random_moments(
    album: Path,
    expected: list[tuple[str, ...]],
    tmp_path: Path,
    engine_on: Callable[[Path], Engine],
) -> None:
    killer = Killer(WORKER_KILLS)
    # How many kills one run meets depends on how fast it is; all of them must have been met.
    for number in range(WORKER_KILLS):
        library = tmp_path / f"{number}.fiqa"
        killer.engine = engine = engine_on(library)
        stop = engine.subscribe_jobs(killer)
        finish(engine.start_index([album]))
        finish(engine.start_score(SCORER))
        stop()
        engine.shutdown()
        engine._library.close()
        assert results(library, tmp_path / "out.csv") == expected
        committed(library)
        if not killer.left:
            return
    pytest.fail(f"{killer.left} kills met no running worker")
