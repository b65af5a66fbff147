"""Thumbnails and maps that are lost come back by the next scan, or by a job of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fiqa_studio.domain.jobs import JobState
from fiqa_studio.engine.engine import Engine
from fiqa_studio.engine.link.client import WorkerSettings
from fiqa_studio.store.library import Library
from fiqa_studio.store.thumbs_file import thumbs_path
from tests.engine.conftest import finish

SCORER = "sharpness"
Lose = Callable[[Path], object]


@pytest.fixture
def album(tmp_path: Path, portrait: bytes, plain: Callable[[int], bytes]) -> Path:
    folder = tmp_path / "album"
    folder.mkdir()
    (folder / "portrait.jpg").write_bytes(portrait)
    for number in range(3):
        (folder / f"{number}.jpg").write_bytes(plain(number))
    (folder / "broken.jpg").write_bytes(b"no picture")
    return folder


@pytest.fixture
def path(tmp_path: Path, album: Path, settings: WorkerSettings) -> Path:
    """A library whose photos are indexed and scored, closed."""
    with Library.create(tmp_path / "l.fiqa") as library:
        engine = Engine(library, worker=settings)
        finish(engine.start_index([album], score_with=SCORER))
        engine.shutdown()
        assert library.thumbnails.lacking() == frozenset()
    return library.path


@pytest.fixture
def opened(path: Path, settings: WorkerSettings) -> Iterator[Callable[[], tuple[Library, Engine]]]:
    """Opens it again, with an engine; both are closed at the end."""
    made: list[tuple[Library, Engine]] = []

    def open_again() -> tuple[Library, Engine]:
        library = Library.open(path)
        made.append((library, Engine(library, worker=settings)))
        return made[-1]

    yield open_again
    for library, engine in made:
        engine.shutdown()
        library.close()


def spoil(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for at in range(16384, len(content), 7):
        content[at] ^= 255
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:20000])


def complete(library: Library) -> None:
    assert not library.thumbnails.damage()
    assert library.thumbnails.lacking() == frozenset()
    active = library.scores.active()
    assert active is not None
    assert library.thumbnails.faces_without_map(active.hash) == []
    assert library.scores.maps(1) is not None


@pytest.mark.parametrize("lose", [Path.unlink, spoil, cut])
def test_a_scan_makes_again_what_is_lost_and_touches_nothing_else(
    path: Path, album: Path, opened: Callable[[], tuple[Library, Engine]], lose: Lose
) -> None:
    lose(thumbs_path(path))
    library, engine = opened()
    before = library.scores.get(1)
    job = engine.start_index([album])
    finish(job)
    assert (job.counts["unchanged"], job.counts["indexed"], job.counts["failed"]) == (5, 0, 0)
    assert (job.counts["thumbnails"], job.counts["maps"]) == (4, 1)
    complete(library)
    assert library.scores.get(1) == before
    again = engine.start_index([album])
    finish(again)
    assert (again.counts["thumbnails"], again.counts["maps"]) == (0, 0)


def test_a_file_deleted_while_the_library_is_open_comes_back_with_the_next_scan(
    path: Path, opened: Callable[[], tuple[Library, Engine]]
) -> None:
    library, engine = opened()
    thumbs_path(path).unlink()
    job = engine.rescan()
    finish(job)
    assert (job.counts["thumbnails"], job.counts["maps"]) == (4, 1)
    complete(library)


def test_a_library_that_opens_without_its_thumbnails_gets_them_by_a_job(
    path: Path, opened: Callable[[], tuple[Library, Engine]]
) -> None:
    library, engine = opened()
    assert engine.mend_thumbnails() is None, "nothing is lost yet"
    spoil(thumbs_path(path))
    job = engine.mend_thumbnails()
    assert job is not None
    assert job.wait(120).state is JobState.DONE
    assert (job.counts["thumbnails"], job.counts["maps"]) == (4, 1)
    complete(library)
    assert engine.mend_thumbnails() is None


def test_photos_that_cannot_be_reached_now_are_left_in_peace(
    path: Path, album: Path, opened: Callable[[], tuple[Library, Engine]]
) -> None:
    thumbs_path(path).unlink()
    album.rename(album.with_name("unplugged"))
    library, engine = opened()
    job = engine.mend_thumbnails()
    assert job is not None
    finish(job)
    assert (job.progress.failed, job.counts["thumbnails"]) == (0, 0)
    assert library.views.counts().photos == 5
    album.with_name("unplugged").rename(album)
    finish(engine.rescan())
    complete(library)
