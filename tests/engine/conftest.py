"""Real files, a real library and a real worker, kept warm for the tests of one module."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from PIL import Image
from skimage import data

from fiqa_studio.domain.jobs import JobProgress, JobState
from fiqa_studio.domain.photos import PhotoId
from fiqa_studio.domain.query import Query
from fiqa_studio.engine.engine import Engine
from fiqa_studio.engine.jobs.job import Job
from fiqa_studio.engine.link.client import WorkerSettings
from fiqa_studio.store.library import Library

PATIENCE = 120.0
"""Seconds after which a job that should have ended counts as hung."""


def jpeg(image: Image.Image, quality: int = 90) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def portrait() -> bytes:
    """A JPEG with one face."""
    return jpeg(Image.fromarray(data.astronaut()))


@pytest.fixture(scope="session")
def plain() -> Callable[[int], bytes]:
    """Small JPEGs without a face; each number gives another content."""

    def make(number: int) -> bytes:
        noise = np.random.default_rng(number).integers(0, 255, (6, 8, 3), np.uint8)
        return jpeg(Image.fromarray(noise).resize((160, 120)))

    return make


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> WorkerSettings:
    log = tmp_path_factory.mktemp("log") / "worker.log"
    return WorkerSettings(decoders=2, cancel_grace=3.0, log_file=log)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """One library for a module; each test indexes a folder of its own."""
    with Library.create(tmp_path_factory.mktemp("library") / "test.fiqa") as opened:
        yield opened


@pytest.fixture(scope="module")
def engine(
    library: Library,
    settings: WorkerSettings,
    tmp_path_factory: pytest.TempPathFactory,
    plain: Callable[[int], bytes],
) -> Iterator[Engine]:
    """An engine whose two workers are up."""
    folder = tmp_path_factory.mktemp("first")
    (folder / "first.jpg").write_bytes(plain(999))
    running = Engine(library, worker=settings)
    finish(running.start_index([folder]))
    (first,) = library.views.photo_ids(Query())
    running.render_photo(PhotoId(int(first)), 32).result(PATIENCE)
    yield running
    running.shutdown()


def finish(job: Job) -> JobProgress:
    """Wait for a job to end well."""
    progress = job.wait(PATIENCE)
    assert progress.state is JobState.DONE, (progress, job.error)
    return progress
