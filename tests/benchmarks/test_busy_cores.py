"""Scoring beside other work: how much slower than with the cores to ourselves.

One busy loop a core takes half of each, so twice the time is what is due; the promise is 2.2 times.
Both are measured by turns with one warm worker, so that what others do on this machine meanwhile
meets both. Threads that spin while they wait made it twenty times (152 s instead of 7.4 s for 60
faces on two cores of an AMD EPYC).
"""

from __future__ import annotations

import io
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from PIL import Image
from skimage import data

from fiqa_studio.engine.link.client import WorkerClient, WorkerSettings
from fiqa_studio.engine.link.protocol import (
    IndexPhoto,
    LoadScorer,
    PhotoIndexed,
    PhotoScored,
    ScorePhoto,
    WireFaceToScore,
)

MOST = 2.2
PHOTOS, FACES_EACH, ROUNDS = 15, 4, 3
PATIENCE = 600.0

pytestmark = pytest.mark.benchmark


def _group(number: int) -> bytes:
    """A JPEG of four portraits, each photo in another light."""
    face = data.astronaut() * (0.6 + 0.4 * number / PHOTOS)
    picture = np.tile(face.astype(np.uint8), (2, 2, 1))
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerClient]:
    log = tmp_path_factory.mktemp("log") / "worker.log"
    running = WorkerClient(WorkerSettings(log_file=log))
    yield running
    running.close()


@pytest.fixture(scope="module")
def orders(client: WorkerClient, tmp_path_factory: pytest.TempPathFactory) -> list[ScorePhoto]:
    """Sixty faces to score, with the default scorer warm."""
    folder = tmp_path_factory.mktemp("photos")
    _, loading = client.submit(LoadScorer(request_id=0, scorer="", device="cpu"))
    scorer = loading.result(PATIENCE).name  # type: ignore[union-attr]
    found = []
    for number in range(PHOTOS):
        path = folder / f"{number}.jpg"
        path.write_bytes(_group(number))
        _, indexing = client.submit(IndexPhoto(request_id=0, path=os.fsencode(path), scorer=""))
        photo = indexing.result(PATIENCE)
        assert isinstance(photo, PhotoIndexed)
        faces = [WireFaceToScore(n, face.landmarks) for n, face in enumerate(photo.faces)]
        found.append(
            ScorePhoto(
                request_id=0,
                path=os.fsencode(path),
                content_hash=photo.content_hash,
                faces=faces,
                scorer=scorer,
            )
        )
    assert sum(len(order.faces) for order in found) == PHOTOS * FACES_EACH
    return found


def test_scoring_beside_a_busy_loop_a_core(
    client: WorkerClient, orders: list[ScorePhoto], capsys: pytest.CaptureFixture[str]
) -> None:
    cores = len(os.sched_getaffinity(0))
    _seconds(client, orders)  # kernels are chosen and memory is taken
    quiet, busy = [], []
    for _ in range(ROUNDS):
        quiet.append(_seconds(client, orders))
        with _busy_loops(cores):
            busy.append(_seconds(client, orders))
    ratio = statistics.median(busy) / statistics.median(quiet)
    others = os.getloadavg()[0]
    with capsys.disabled():
        sys.stdout.write(
            f"\n{PHOTOS * FACES_EACH} faces, {cores} cores: alone "
            f"{', '.join(f'{s:.2f}' for s in quiet)} s; beside a busy loop a core "
            f"{', '.join(f'{s:.2f}' for s in busy)} s; ratio of the medians {ratio:.2f} "
            f"(load average afterwards {others:.1f})\n"
        )
    assert ratio <= MOST


def _seconds(client: WorkerClient, orders: list[ScorePhoto]) -> float:
    began = time.perf_counter()
    futures = [client.submit(order)[1] for order in orders]
    for future in futures:
        answer = future.result(PATIENCE)
        assert isinstance(answer, PhotoScored)
        assert len(answer.scores) == FACES_EACH
    return time.perf_counter() - began


@contextmanager
def _busy_loops(count: int) -> Iterator[None]:
    """So many processes that do nothing but compute; they end by themselves too."""
    code = f"import time\nend = time.monotonic() + {PATIENCE}\nwhile time.monotonic() < end: pass"
    loops = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()
