"""What failed is one answer, for the command line and the window."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fiqa_studio.domain.jobs import JobFailure, JobState
from fiqa_studio.engine.failures import Failures
from fiqa_studio.store.library import Library


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.create(tmp_path / "test.fiqa") as opened:
        yield opened


def index(library: Library, folders: list[str], *failed: bytes) -> None:
    """A job that looked at folders and could not use some of what it met."""
    job = library.jobs.start("index", "Index", {"folders": folders}).result()
    now = datetime.now(UTC)
    library.jobs.add_failures(
        [JobFailure(job, path.decode(), path, "folder.permission", "No.", now) for path in failed]
    ).result()
    library.jobs.finish(job, JobState.DONE).result()


def test_folders_count_until_a_later_job_looked_at_them_again(library: Library) -> None:
    root = library.roots.add("/photos").result()
    library.photos.record_failed(root, b"/photos/bad.jpg", 1, 1, "photo.empty", "Empty.").result()
    index(library, ["/photos"], b"/photos/private", b"/photos/bad.jpg")
    index(library, ["/elsewhere"], b"/elsewhere/locked")
    failures = Failures(library)
    assert [one.path for one in failures.in_library()] == [
        b"/photos/bad.jpg",
        b"/elsewhere/locked",
        b"/photos/private",
    ]
    index(library, ["/photos"])
    assert [one.path for one in failures.in_library()] == [
        b"/photos/bad.jpg",
        b"/elsewhere/locked",
    ]


def test_a_scan_of_everything_looks_at_the_indexed_folders(library: Library) -> None:
    library.roots.add("/photos").result()
    index(library, ["/photos"], b"/photos/private")
    index(library, [])
    assert Failures(library).in_library() == []
