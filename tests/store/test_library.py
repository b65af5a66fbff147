"""Creating, opening and refusing libraries."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from fiqa_studio.domain.changes import Changes, Kind
from fiqa_studio.domain.errors import LibraryError
from fiqa_studio.domain.jobs import JobState
from fiqa_studio.domain.query import Query
from fiqa_studio.store import database, lock
from fiqa_studio.store.library import Library
from fiqa_studio.store.schema import REVISION
from fiqa_studio.store.writer import Transaction
from tests.store.values import STARTER, Folder, make_face, make_maps, make_photo, make_score


def code_of(action: Callable[[], object]) -> str:
    with pytest.raises(LibraryError) as caught:
        action()
    assert caught.value.message
    return caught.value.code


def test_everything_survives_reopening(library: Library, folder: Folder) -> None:
    folder.put("a.jpg", "first")
    (recorded,) = folder.index("a.jpg")
    face = recorded.face_ids[0]
    library.scores.ensure_scorer(STARTER).result()
    library.scores.record(STARTER.hash, [(face, make_score(0.7), make_maps(0.5))]).result()
    library.close()
    with Library.open(library.path) as again:
        (row,) = again.views.face_rows(again.views.face_ids(Query()))
        assert (row.score, row.scorer, row.scorer_hash) == (0.7, "starter", STARTER.hash)
        assert again.thumbnails.face(face)
        assert again.id == library.id
        assert again.views.photo_rows(again.views.photo_ids(Query()))[0].best_score == 0.7


def test_the_file_is_set_up_as_designed(library: Library) -> None:
    def pragmas(transaction: Transaction) -> list[object]:
        connection = transaction.session.connection()
        names = ("journal_mode", "main.synchronous", "foreign_keys", "busy_timeout")
        return [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]

    assert library.write(pragmas).result() == ["wal", 2, 1, 10000]
    health = library.health()
    assert health["ok"]
    assert health["revision"] == REVISION
    assert health["counts"]["photos"] == 0


def test_closing_leaves_no_side_files(tmp_path: Path) -> None:
    with Library.create(tmp_path / "a.fiqa") as library:
        library.roots.add(tmp_path).result()
        assert library.roots.all()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "a.fiqa",
        "a.fiqa.thumbs",
        "a.fiqa.vectors",
    ]


def test_create_makes_folders_and_never_replaces(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deep" / "a.fiqa"
    Library.create(path).close()
    before = path.read_bytes()
    assert code_of(lambda: Library.create(path)) == "library.exists"
    assert path.read_bytes() == before
    assert sorted(found.name for found in path.parent.iterdir()) == [
        "a.fiqa",
        "a.fiqa.thumbs",
        "a.fiqa.vectors",
    ]


def test_open_creates_nothing(tmp_path: Path) -> None:
    assert code_of(lambda: Library.open(tmp_path / "none.fiqa")) == "library.missing"
    assert code_of(lambda: Library.open(tmp_path / "no" / "none.fiqa")) == "library.missing"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"hello", b"\xff\xd8\xff\xe0" * 1000])
def test_other_files_are_refused_untouched(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(content)
    assert code_of(lambda: Library.open(path)) == "library.not-a-library"
    assert path.read_bytes() == content
    assert [found.name for found in tmp_path.iterdir()] == ["photo.jpg"]


def test_other_databases_and_folders_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE photo (id INTEGER)")
    assert code_of(lambda: Library.open(path)) == "library.not-a-library"
    assert code_of(lambda: Library.open(tmp_path)) == "library.not-a-library"


def test_a_newer_library_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.fiqa"
    Library.create(path).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0099'")
    assert code_of(lambda: Library.open(path)) == "library.newer"
    assert code_of(lambda: Library.open(path, read_only=True)) == "library.newer"


def test_a_truncated_library_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.fiqa"
    Library.create(path).close()
    os.truncate(path, path.stat().st_size // 2)
    assert code_of(lambda: Library.open(path)) == "library.damaged"
    assert code_of(lambda: Library.open(path)) == "library.damaged"  # and no lock was left


def test_a_library_of_garbage_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.fiqa"
    Library.create(path).close()
    with path.open("r+b") as file:
        file.seek(100)
        file.write(os.urandom(path.stat().st_size - 100))
    assert code_of(lambda: Library.open(path)) == "library.damaged"


def test_a_second_writer_is_refused_and_a_reader_is_not(
    library: Library, add_photo: Callable[..., int]
) -> None:
    add_photo("/a.jpg", [make_face()])
    assert code_of(lambda: Library.open(library.path)) == "library.locked"
    with Library.open(library.path, read_only=True) as reader:
        assert reader.read_only
        assert reader.views.counts().faces == 1
        add_photo("/b.jpg", [make_face(1)])
        assert reader.views.counts().faces == 2
        assert reader.thumbnails.face(1)
        assert code_of(reader.roots.add("/x").result) == "library.read-only"
    library.close()
    with Library.open(library.path) as again:
        assert not again.read_only


def test_another_program_is_refused_until_this_one_ends(library: Library) -> None:
    script = (
        "import sys; from fiqa_studio.store.library import Library\n"
        "from fiqa_studio.domain.errors import LibraryError\n"
        "try: Library.open(sys.argv[1]).close()\n"
        "except LibraryError as error: sys.exit(error.code + ': ' + str(error))\n"
    )
    command = [sys.executable, "-c", script, os.fspath(library.path)]
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert refused.stderr.startswith("library.locked")
    assert str(os.getpid()) in refused.stderr
    library.close()
    assert subprocess.run(command, check=False).returncode == 0


def test_a_read_only_disk_opens_for_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.fiqa"
    with Library.create(path) as library:
        library.roots.add("/photos").result()

    def refuse(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(lock.os, "open", refuse)
    with Library.open(path) as library:
        assert library.read_only
        assert len(library.roots.all()) == 1
        assert code_of(library.roots.add("/more").result) == "library.read-only"


def test_a_write_protected_file_opens_for_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.fiqa"
    Library.create(path).close()
    # The tests may run as root, whom no mode bits stop.
    monkeypatch.setattr(database.os, "access", lambda *_: False)
    with Library.open(path) as library:
        assert library.read_only


def test_paths_need_not_be_utf8(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/l\xff %41?#\xe9.fiqa"))
    with Library.create(path) as library:
        photos = Folder(library, Path(os.fsdecode(os.fsencode(tmp_path) + b"/p\xff")))
        photos.put(os.fsdecode(b"\xfe.jpg"), "content")
        (recorded,) = photos.index(os.fsdecode(b"\xfe.jpg"))
        assert library.thumbnails.photo(recorded.photo_id)
        (row,) = library.views.photo_rows([recorded.photo_id])
        assert row.path.endswith("/p\ufffd/\ufffd.jpg")
        detail = library.photos.detail(recorded.photo_id)
        assert detail is not None
        assert detail.path_bytes.endswith(b"/p\xff/\xfe.jpg")
    with Library.open(path) as library:
        assert library.roots.all()[0].path_bytes.endswith(b"/p\xff")
        assert library.photos.scan_state(1).keys() == {detail.path_bytes}
    assert path in tmp_path.iterdir()


def test_a_full_disk_loses_only_the_write_it_stopped(library: Library) -> None:
    def limit(pages: int) -> None:
        library.write(
            lambda transaction: transaction.session.connection().exec_driver_sql(
                f"PRAGMA main.max_page_count = {pages}"
            )
        ).result()

    def record(number: int) -> None:
        photo = make_photo(f"hash {number}", [make_face(n) for n in range(20)])
        library.photos.record_indexed(None, f"/{number}.jpg".encode(), 1, 1, photo).result()

    record(0)
    limit(100)
    written = 1
    code = ""
    while not code:
        try:
            record(written)
            written += 1
        except LibraryError as error:
            code = error.code
    assert code == "library.disk-full"
    assert library.views.counts().photos == written
    limit(100_000)
    record(1000)
    assert library.views.counts().photos == written + 1
    assert library.health()["ok"]


def test_a_failed_write_changes_nothing_and_tells_nobody(library: Library) -> None:
    told: list[Changes] = []
    library.subscribe(told.append)

    def break_off(transaction: Transaction) -> None:
        transaction.session.connection().exec_driver_sql(
            "INSERT INTO setting (key, value) VALUES ('a', 'b')"
        )
        transaction.touch(Kind.SETTING, 0)
        raise KeyError("on purpose")

    with pytest.raises(KeyError):
        library.write(break_off).result()
    assert library.settings.get("a", "none") == "none"
    assert told == []
    library.settings.set("a", "c").result()
    assert library.settings.get("a") == "c"


def test_changes_are_told_after_the_commit_on_the_writer_thread(library: Library) -> None:
    seen: list[tuple[Changes, str, int]] = []

    def note(changes: Changes) -> None:
        seen.append((changes, threading.current_thread().name, len(library.roots.all())))

    unsubscribe = library.subscribe(note)
    root = library.roots.add("/photos").result()
    assert seen == [(Changes.of(Kind.ROOT, root), "library-writer", 1)]
    unsubscribe()
    library.roots.add("/more").result()
    assert len(seen) == 1


@pytest.mark.allows_log("A subscriber of the library failed")
def test_a_failing_subscriber_stops_nothing(
    library: Library, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[Changes] = []

    def fail(_: Changes) -> None:
        raise RuntimeError("on purpose")

    library.subscribe(fail)
    library.subscribe(told.append)
    library.roots.add("/photos").result()
    assert len(told) == 1
    assert "A subscriber of the library failed" in caplog.text


def test_many_threads_read_while_one_writes(library: Library) -> None:
    problems: list[BaseException] = []
    stop = threading.Event()

    def read() -> None:
        try:
            while not stop.is_set():
                counts = library.views.counts()
                assert counts.photos == counts.faces  # one transaction each: never in between
        except BaseException as error:  # noqa: BLE001
            problems.append(error)

    threads = [threading.Thread(target=read) for _ in range(6)]
    for thread in threads:
        thread.start()
    futures = [
        library.photos.record_indexed(
            None, f"/{number}.jpg".encode(), 1, 1, make_photo(str(number), [make_face(number)])
        )
        for number in range(50)
    ]
    for future in futures:
        future.result()
    stop.set()
    for thread in threads:
        thread.join()
    assert problems == []
    assert library.views.counts().faces == 50


def test_close_finishes_what_is_queued_and_refuses_more(library: Library) -> None:
    futures = [library.roots.add(f"/folder/{number}") for number in range(20)]
    library.close()
    library.close()
    assert all(future.done() and future.exception() is None for future in futures)
    assert code_of(library.roots.add("/late").result) == "library.closed"
    assert code_of(library.roots.all) == "library.closed"
    with Library.open(library.path) as again:
        assert len(again.roots.all()) == 20
    assert not [one for one in threading.enumerate() if one.name == "library-writer"]


def test_a_library_deleted_while_open_is_an_error_not_a_crash(library: Library) -> None:
    library.roots.add("/photos").result()
    assert library.roots.all()  # a pooled connection goes on with the file it has
    library.path.unlink()
    assert library.roots.all()


def test_jobs_left_running_are_marked_at_the_next_opening(library: Library) -> None:
    job = library.jobs.start("index", "Index", {}).result()
    library.close()
    with Library.open(library.path, read_only=True) as reader:
        assert reader.jobs.recent()[0].state is JobState.RUNNING
    with Library.open(library.path) as again:
        (record,) = again.jobs.recent()
        assert (record.id, record.state) == (job, JobState.INTERRUPTED)
        assert record.finished_at is not None
