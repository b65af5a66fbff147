"""The same study on a real PostgreSQL server, which these tests start and end."""

from __future__ import annotations

import os
import pwd
import random
import shutil
import socket
import subprocess
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from fiqa_studio.study import file, foreign, raters, reading
from fiqa_studio.study import schema as s
from fiqa_studio.study.database import StudyDatabase, parse_url
from fiqa_studio.study.errors import AnswerError, StudyError
from fiqa_studio.study.sitting.sitting import Sitting
from fiqa_studio.study.sitting.steps import Trial
from fiqa_studio.study.values import Rules
from tests.study.values import a_rating, a_study, hashes, stimuli

KILLS = int(os.environ.get("FIQA_STUDY_KILLS", "6"))
_PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
_INITDB = shutil.which("initdb") or (str(_PROGRAMS[-1]) if _PROGRAMS else None)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("postgresql"),
    pytest.mark.skipif(_INITDB is None, reason="no PostgreSQL server is installed here"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The URL of a server of our own, without the name of a database."""
    assert _INITDB is not None
    programs = Path(_INITDB).resolve().parent
    # PostgreSQL refuses to run as root.
    user = None
    if os.geteuid() == 0:
        user = next((u for u in ("postgres", "nobody") if _exists(u)), None)
        if user is None:
            pytest.skip("PostgreSQL does not run as root, and there is no other user")
    folder = Path(tempfile.mkdtemp(prefix="fiqa-pg-"))
    if user is not None:
        shutil.chown(folder, user)
    data = folder / "data"

    def run(*command: str) -> None:
        # To no pipe: the server keeps what it inherits open.
        subprocess.run(
            command, user=user, check=True, timeout=120, cwd=folder,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
        )  # fmt: skip

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    try:
        run(str(programs / "initdb"), "-D", str(data), "-U", "lab", "-A", "trust", "-E", "UTF8")
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c max_connections=60"
        run(str(programs / "pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log"),
            "-o", options, "start")  # fmt: skip
        try:
            yield f"postgresql://lab@127.0.0.1:{port}"
        finally:
            run(str(programs / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


@pytest.fixture
def url(server: str, request: pytest.FixtureRequest) -> str:
    """An empty database of its own for each test."""
    name = request.node.name.lower()[:50]
    admin = StudyDatabase(parse_url(f"{server}/postgres"))
    try:
        with admin._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as plain:
            plain.execute(text(f'CREATE DATABASE "{name}"'))
    finally:
        admin.close()
    return f"{server}/{name}"


def _study(tmp_path: Path, url: str) -> Path:
    made = stimuli(24)
    names = tuple(x.hash for x in made)
    study = a_study(
        stimuli=made,
        batches=(names[:12], names[12:]),
        rules=Rules(
            batch_size=12, gold_per_batch=0, repeats_per_batch=2, checks=(), minimum_viewing_ms=0,
            raters_wanted=50,
        ),
    )  # fmt: skip
    path = tmp_path / "faces.study"
    file.create(study, path, database=url)
    return path


def test_the_schema_is_the_one_declared(tmp_path: Path, url: str) -> None:
    path = _study(tmp_path, url)
    assert not file.default_database(path).exists()
    with file.opened(path, database=url) as opened, opened.database.read() as connection:
        found = inspect(connection)
        assert set(found.get_table_names()) - {"alembic_version"} == set(s.metadata.tables)
        for name, table in s.metadata.tables.items():
            columns = {c["name"]: c["nullable"] for c in found.get_columns(name)}
            assert columns == {c.name: c.nullable for c in table.columns}
    with pytest.raises(StudyError) as twice:
        StudyDatabase.create(url, study_id="0", digest="")
    assert twice.value.code == "study.exists"
    with pytest.raises(StudyError) as other:
        StudyDatabase.open(url, study_id="f" * 32)
    assert other.value.code == "study.other"


def test_ratings_from_elsewhere_are_read_as_they_came(tmp_path: Path, url: str) -> None:
    with file.opened(_study(tmp_path, url), database=url) as opened:
        a, b, *_ = hashes(2)
        given = [a_rating("Anna", a, 12.5), a_rating("Ben", b, 99.0, reaction_ms=3.5)]
        foreign.record(opened.database, given)
        found = reading.ratings(opened.database)
        assert [(r.rater, r.value, r.reaction_ms, r.at) for r in found] == [
            (r.rater, r.value, r.reaction_ms, r.at) for r in given
        ]
        anna = raters.named(opened.database, "Anna")
        assert anna is not None
        raters.forget(opened.database, anna.id)
        assert [r.rater for r in reading.ratings(opened.database)] == ["Ben"]


def _rate(sitting: Sitting, value: float, refused: list[str]) -> None:
    while True:
        try:
            step = sitting.step()
            if not isinstance(step, Trial):
                return
            sitting.answer(step.id, {"quality": value}, attempt=step.attempt)
        except AnswerError as error:
            refused.append(error.code)


def test_several_desks_and_two_windows_of_one_rater(tmp_path: Path, url: str) -> None:
    path = _study(tmp_path, url)
    refused: list[str] = []
    with file.opened(path, database=url) as one, file.opened(path, database=url) as two:
        people = [raters.add(one.database, f"rater {i}") for i in range(4)]
        desks = [(one, people[0]), (two, people[0]), (one, people[1]), (two, people[2]),
                 (two, people[3])]  # fmt: skip
        threads = [
            threading.Thread(
                target=_rate, args=(Sitting(desk, rater, client="window"), 10.0 + i, refused)
            )
            for i, (desk, rater) in enumerate(desks)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = reading.ratings(one.database)
    assert len({rating.trial for rating in found}) == len(found) == 4 * 28
    assert set(Counter(r.stimulus for r in reading.counted(found)).values()) == {4}
    assert set(refused) <= {"answer.already", "answer.not-next"}


# SQLAlchemy says so where it throws a dead connection away.
@pytest.mark.allows_log("Exception (terminating|during reset|closing)")
def test_cut_connections_lose_and_double_nothing(tmp_path: Path, url: str) -> None:
    path = _study(tmp_path, url)
    acknowledged: dict[str, list[tuple[str, float]]] = {}
    faults: list[str] = []
    ready = threading.Barrier(4)
    over = threading.Event()

    def rate(name: str) -> None:
        draw = random.Random(name)
        with file.opened(path, database=url) as opened:
            rater = raters.add(opened.database, name)
            ready.wait(30)
            own = acknowledged.setdefault(name, [])
            sitting: Sitting | None = None
            step: object = None
            value = 0.0
            while not over.is_set():
                try:
                    sitting = sitting or Sitting(opened, rater, client="window")
                    if step is None:
                        step, value = sitting.step(), float(draw.randint(1, 100))
                    if not isinstance(step, Trial):
                        return
                    sitting.answer(step.id, {"quality": value}, attempt=step.attempt)
                except StudyError as error:
                    faults.append(error.code)
                    continue  # the same answer once more
                own.append((step.id, value))
                step = None
                threading.Event().wait(0.005)

    threads = [threading.Thread(target=rate, args=(f"rater {i}",)) for i in range(3)]
    for thread in threads:
        thread.start()
    ready.wait(30)
    draw = random.Random(5)
    cut = 0
    admin = StudyDatabase.open(url)
    try:
        while cut < KILLS and any(thread.is_alive() for thread in threads):
            threading.Event().wait(draw.random() * 0.05)
            with admin.read() as connection:
                cut += connection.execute(
                    text(
                        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )
                ).scalar_one()
        for thread in threads:
            thread.join(60)
    finally:
        over.set()
        for thread in threads:
            thread.join(60)
        admin.close()
    assert cut >= KILLS
    assert set(faults) <= {"study.database"}
    with file.opened(path, database=url) as opened:
        found = reading.ratings(opened.database)
    for name, said in acknowledged.items():
        own = [rating for rating in found if rating.rater == name]
        stored = [(rating.trial, rating.value) for rating in own]
        assert len(dict(stored)) == len(stored)
        assert stored == said, "all of it, once, in order"
        assert [rating.index for rating in own] == list(range(28))


def test_a_server_that_is_not_there_is_said() -> None:
    with pytest.raises(StudyError) as gone:
        StudyDatabase.open("postgresql://lab:hidden@127.0.0.1:1/faces")
    assert gone.value.code == "study.database"
    assert "hidden" not in str(gone.value)
