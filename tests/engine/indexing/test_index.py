"""Indexing real folders with a real worker: what each change between two scans does."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.jobs import JobProgress, JobState
from fiqa_studio.domain.marks import SetStars
from fiqa_studio.domain.photos import PhotoRow
from fiqa_studio.domain.query import Query, SortKey
from fiqa_studio.engine.engine import Engine
from fiqa_studio.store.library import Library
from fiqa_studio.store.writer import Transaction
from tests.engine.conftest import finish
from tests.store.values import mark

Plain = Callable[[int], bytes]


@pytest.fixture
def album(tmp_path: Path, portrait: bytes, plain: Plain) -> Path:
    folder = tmp_path / "album"
    (folder / "trip").mkdir(parents=True)
    (folder / "portrait.jpg").write_bytes(portrait)
    (folder / "a.jpg").write_bytes(plain(1))
    (folder / "trip" / "b.jpg").write_bytes(plain(2))
    return folder


def rows(library: Library, folder: Path) -> dict[str, PhotoRow]:
    """Photos below a folder, by path relative to it; missing ones too."""
    ids = library.views.photo_ids(Query().sorted_by(SortKey.NAME))
    found = library.views.photo_rows(ids)
    inside = f"{folder}/"
    return {row.path.removeprefix(inside): row for row in found if row.path.startswith(inside)}


def present(library: Library, folder: Path) -> dict[str, PhotoRow]:
    return {name: row for name, row in rows(library, folder).items() if not row.missing}


def index(engine: Engine, *folders: Path) -> tuple[JobProgress, dict[str, int]]:
    job = engine.start_index(folders)
    progress = finish(job)
    return progress, {name: count for name, count in job.counts.items() if count}


def test_a_folder_is_indexed_and_a_second_look_costs_nothing(
    engine: Engine, library: Library, album: Path
) -> None:
    progress, counts = index(engine, album)
    assert (progress.total, progress.done, progress.failed) == (3, 3, 0)
    assert counts == {"indexed": 3, "faces": 1}
    found = present(library, album)
    assert found["portrait.jpg"].face_count == 1
    assert found["a.jpg"].reason == "No face was found."
    assert index(engine, album)[1] == {"unchanged": 3}


def test_adding_changing_and_removing_files(
    engine: Engine, library: Library, album: Path, plain: Plain
) -> None:
    index(engine, album)
    (album / "new.jpg").write_bytes(plain(7))
    (album / "a.jpg").write_bytes(plain(8))
    (album / "trip" / "b.jpg").unlink()
    _, counts = index(engine, album)
    assert counts == {"indexed": 2, "missing": 1, "unchanged": 1}
    assert set(present(library, album)) == {"new.jpg", "a.jpg", "portrait.jpg"}
    assert rows(library, album)["trip/b.jpg"].missing


def test_moved_and_renamed_photos_keep_everything(
    engine: Engine, library: Library, album: Path
) -> None:
    index(engine, album)
    before = present(library, album)["portrait.jpg"]
    faces = library.photos.detail(before.id)
    assert faces is not None
    mark(library, before.id, SetStars(5))
    (album / "portrait.jpg").rename(album / "trip" / "renamed.jpg")
    (album / "trip").rename(album / "journey")
    _, counts = index(engine, album)
    assert counts == {"moved": 2, "unchanged": 1}
    after = present(library, album)["journey/renamed.jpg"]
    assert after.id == before.id
    assert library.marks.of_photo(after.id).stars == 5
    detail = library.photos.detail(after.id)
    assert detail is not None
    assert detail.face_ids == faces.face_ids


def test_two_photos_that_swap_names_keep_their_own_marks(
    engine: Engine, library: Library, album: Path
) -> None:
    index(engine, album)
    portrait_id = present(library, album)["portrait.jpg"].id
    (album / "portrait.jpg").rename(album / "t")
    (album / "a.jpg").rename(album / "portrait.jpg")
    (album / "t").rename(album / "a.jpg")
    index(engine, album)
    after = present(library, album)
    assert after["a.jpg"].id == portrait_id
    assert len(after) == 3


def test_a_move_between_two_indexed_folders_is_followed(
    engine: Engine, library: Library, album: Path, tmp_path: Path, plain: Plain
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "c.jpg").write_bytes(plain(3))
    index(engine, album, other)
    before = present(library, album)["portrait.jpg"].id
    (album / "portrait.jpg").rename(other / "portrait.jpg")
    index(engine, album, other)
    assert present(library, other)["portrait.jpg"].id == before
    assert "portrait.jpg" not in rows(library, album)


def test_a_copy_is_a_photo_of_its_own(engine: Engine, library: Library, album: Path) -> None:
    index(engine, album)
    shutil.copy(album / "portrait.jpg", album / "copy.jpg")
    index(engine, album)
    found = present(library, album)
    assert found["copy.jpg"].id != found["portrait.jpg"].id
    assert found["copy.jpg"].face_count == 1


def test_an_unplugged_disk_makes_photos_missing_and_nothing_is_lost(
    engine: Engine, library: Library, album: Path
) -> None:
    index(engine, album)
    before = present(library, album)
    away = album.rename(album.with_name("away"))
    progress, counts = index(engine, album)
    assert counts == {"missing": 3, "failed": 1}
    assert progress.failed == 1
    assert all(row.missing for row in rows(library, album).values())
    away.rename(album)
    _, counts = index(engine, album)
    assert counts == {"returned": 3}
    assert present(library, album) == before


def test_broken_files_are_rows_with_a_reason_and_are_not_tried_again_until_changed(
    engine: Engine, library: Library, album: Path, portrait: bytes
) -> None:
    (album / "empty.jpg").write_bytes(b"")
    (album / "half.jpg").write_bytes(portrait[:300])
    (album / "text.jpg").write_bytes(b"this is no photo")
    progress, counts = index(engine, album)
    assert counts["failed"] == progress.failed == 3
    found = {name: row for name, row in rows(library, album).items() if row.status == "failed"}
    assert set(found) == {"empty.jpg", "half.jpg", "text.jpg"}
    assert all(len(row.reason) > 10 for row in found.values())
    assert index(engine, album)[1] == {"unchanged": 6}
    (album / "text.jpg").write_bytes(portrait)
    assert index(engine, album)[1] == {"unchanged": 5, "indexed": 1, "faces": 1}


def test_a_retry_tries_the_failures_of_a_job_and_nothing_else(
    engine: Engine, library: Library, album: Path, portrait: bytes
) -> None:
    (album / "broken.jpg").write_bytes(bytes(len(portrait)))
    moment = (album / "broken.jpg").stat().st_mtime_ns
    job = engine.start_index([album])
    finish(job)
    assert [failure.path for failure in job.failures()] == [str(album / "broken.jpg")]
    # Mended without any trace in size or time: only a retry can find out.
    (album / "broken.jpg").write_bytes(portrait)
    os.utime(album / "broken.jpg", ns=(moment, moment))
    assert "indexed" not in index(engine, album)[1]
    again = engine.retry(job.id)
    finish(again)
    assert again.counts["indexed"] == 1
    assert all(failure.retried for failure in job.failures())


def test_all_unreadable_photos_are_tried_again_whichever_jobs_met_them(
    engine: Engine, library: Library, album: Path, portrait: bytes
) -> None:
    for name in ("broken.jpg", "trip/broken.jpg"):
        file = album / name
        file.write_bytes(bytes(len(portrait)))
        index(engine, album)
        moment = file.stat().st_mtime_ns
        file.write_bytes(portrait)
        os.utime(file, ns=(moment, moment))

    def unreadable() -> int:
        return sum(path.startswith(os.fsencode(album)) for path, _, _ in library.photos.failures())

    assert unreadable() == 2
    again = engine.retry_unreadable()
    finish(again)
    assert again.counts["indexed"] == 2
    assert unreadable() == 0


def test_names_that_are_not_utf8_are_indexed(
    engine: Engine, library: Library, album: Path, plain: Plain
) -> None:
    path = album / os.fsdecode(b"f\xe9te\nof June.jpg")
    path.write_bytes(plain(5))
    index(engine, album)
    found = present(library, album)
    name = "f�te\nof June.jpg"
    assert library.photos.paths([found[name].id]) == {found[name].id: os.fsencode(path)}
    assert index(engine, album)[1] == {"unchanged": 4}


def test_a_folder_within_an_indexed_one_is_scanned_without_doubling_it(
    engine: Engine, library: Library, album: Path, plain: Plain
) -> None:
    index(engine, album)
    (album / "trip" / "new.jpg").write_bytes(plain(9))
    (album / "outside.jpg").write_bytes(plain(10))
    assert index(engine, album / "trip")[1] == {"indexed": 1, "unchanged": 1}
    assert str(album / "trip") not in [str(root.path) for root in library.roots.all()]


def test_a_folder_around_an_indexed_one_leaves_it_in_peace(
    engine: Engine, library: Library, album: Path
) -> None:
    index(engine, album / "trip")
    assert index(engine, album)[1] == {"indexed": 2, "faces": 1}
    finish(engine.rescan())
    assert len(present(library, album)) == 3


def test_a_name_that_is_no_folder_is_refused_before_anything_happens(
    engine: Engine, library: Library, album: Path
) -> None:
    before = len(library.jobs.recent(500))
    with pytest.raises(KnownError) as missing:
        engine.start_index([album / "nothing"])
    assert missing.value.code == "folder.gone"
    with pytest.raises(KnownError) as file:
        engine.start_index([album / "a.jpg"])
    assert file.value.code == "folder.not-a-folder"
    assert len(library.jobs.recent(500)) == before


def test_a_file_dated_beyond_what_fits_is_indexed_like_any_other(
    engine: Engine, library: Library, album: Path
) -> None:
    moment = int(datetime(2300, 1, 1, tzinfo=UTC).timestamp())
    for name in ("portrait.jpg", "trip/b.jpg"):
        os.utime(album / name, (moment, moment))
    if (album / "portrait.jpg").stat().st_mtime != moment:
        pytest.skip("this disk keeps no such time")
    (album / "broken.jpg").write_bytes(b"no picture")
    os.utime(album / "broken.jpg", (moment, moment))
    _, counts = index(engine, album)
    assert counts == {"indexed": 3, "faces": 1, "failed": 1}
    assert index(engine, album)[1] == {"unchanged": 4}
    (album / "portrait.jpg").rename(album / "trip" / "moved.jpg")
    shutil.copy2(album / "trip" / "b.jpg", album / "copy.jpg")
    assert index(engine, album)[1] == {"indexed": 1, "moved": 1, "unchanged": 3}
    assert set(present(library, album)) == {
        *("trip/moved.jpg", "a.jpg", "trip/b.jpg", "copy.jpg", "broken.jpg")
    }


@pytest.mark.allows_log("cannot be (written|recorded)")
def test_a_photo_that_cannot_be_recorded_fails_alone(
    engine: Engine, library: Library, album: Path, plain: Plain
) -> None:
    for number in range(20, 30):
        (album / f"{number}.jpg").write_bytes(plain(number))
    (album / "poison.jpg").write_bytes(plain(31))
    (album / "poisoned-too.jpg").write_bytes(b"no picture")

    def run(statement: str) -> None:
        def work(transaction: Transaction) -> None:
            transaction.session.execute(text(statement))

        library.write(work).result()

    run(
        "CREATE TRIGGER poison BEFORE INSERT ON photo WHEN NEW.path_text LIKE '%/poison%'"
        " BEGIN SELECT RAISE(ABORT, 'does not fit'); END"
    )
    try:
        job = engine.start_index([album])
        progress = finish(job)
    finally:
        run("DROP TRIGGER poison")
    assert (job.counts["indexed"], progress.failed, progress.done) == (13, 2, 15)
    failures = {failure.path_bytes: failure for failure in job.failures()}
    assert set(failures) == {os.fsencode(album / f"poison{end}.jpg") for end in ("", "ed-too")}
    poison = failures[os.fsencode(album / "poison.jpg")]
    assert poison.code == "photo.not-recorded"
    assert "IntegrityError: does not fit. " in poison.message
    assert "INSERT" not in poison.message
    retried = finish(engine.retry(job.id))
    assert retried.failed == 1, "the one that is no picture"
    assert "poison.jpg" in present(library, album)


def test_a_cancelled_job_stops_and_the_next_one_goes_on_from_there(
    engine: Engine, library: Library, album: Path, plain: Plain
) -> None:
    for number in range(200):
        (album / f"many-{number}.jpg").write_bytes(plain(number))
    job = engine.start_index([album])

    def cancel(progress: JobProgress) -> None:
        if progress.id == job.id and progress.done > 5:
            engine.cancel(job.id)

    unsubscribe = engine.subscribe_jobs(cancel)
    progress = job.wait(60)
    unsubscribe()
    assert progress.state is JobState.CANCELLED
    assert 5 < job.counts["indexed"] < 203
    _, counts = index(engine, album)
    assert counts["unchanged"] == job.counts["indexed"]
    assert counts["indexed"] + counts["unchanged"] == 203


def test_progress_is_told_with_count_rate_and_time_left(
    engine: Engine, album: Path, plain: Plain
) -> None:
    for number in range(300):
        (album / f"many-{number}.jpg").write_bytes(plain(number))
    told: list[JobProgress] = []
    unsubscribe = engine.subscribe_jobs(told.append)
    job = engine.start_index([album])
    finish(job)
    unsubscribe()
    mine = [progress for progress in told if progress.id == job.id]
    assert [progress.done for progress in mine] == sorted(progress.done for progress in mine)
    assert mine[-1].state is JobState.DONE
    assert mine[-1].done == mine[-1].total == 303
    assert any(progress.rate and progress.seconds_left for progress in mine)
    recorded = engine._library.jobs.get(job.id)
    assert recorded is not None
    assert (recorded.state, recorded.total, recorded.done) == (JobState.DONE, 303, 303)


def test_a_full_disk_stops_the_job_with_a_clear_error_and_keeps_what_was_written(
    engine: Engine, library: Library, album: Path, plain: Plain
) -> None:
    for number in range(60):
        (album / f"many-{number}.jpg").write_bytes(plain(number))
    with limited_size(library, pages=4):
        job = engine.start_index([album])
        assert job.wait(60).state is JobState.FAILED
    assert job.error is not None
    assert job.error.code == "library.disk-full"
    written = len(present(library, album))
    assert 0 < written < 63
    _, counts = index(engine, album)
    assert counts["unchanged"] == written
    assert len(present(library, album)) == 63


@contextmanager
def limited_size(library: Library, *, pages: int) -> Iterator[None]:
    """No more than so many pages may be added: SQLite then says what it says on a full disk."""

    def limit(transaction: Transaction, most: int) -> None:
        transaction.session.execute(text(f"PRAGMA main.max_page_count = {most}"))

    def used(transaction: Transaction) -> int:
        return int(transaction.session.execute(text("PRAGMA main.page_count")).scalar_one())

    now = library.write(used).result()
    library.write(lambda transaction: limit(transaction, now + pages)).result()
    yield
    library.write(lambda transaction: limit(transaction, 1 << 30)).result()
