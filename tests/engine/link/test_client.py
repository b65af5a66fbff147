"""A real worker process, and what becomes of requests when it or a decoder dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import torch

from fiqa_models.networks import build_network
from fiqa_models.weights import save_checkpoint
from fiqa_studio.domain.errors import KnownError, PhotoError, WorkerError
from fiqa_studio.engine.link.client import RequestCancelledError, WorkerClient, WorkerSettings
from fiqa_studio.engine.link.protocol import (
    Event,
    IndexPhoto,
    LoadScorer,
    PhotoIndexed,
    Rendered,
    RenderPhoto,
    ScorerLoaded,
)
from fiqa_studio.engine.worker.faults import SWITCH
from tests.engine.installed import own_models

PATIENCE = 60.0


@pytest.fixture
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WorkerSettings:
    """Settings for a worker that may be broken; it obeys the names of files."""
    monkeypatch.setenv(SWITCH, "1")
    return WorkerSettings(
        decoders=2, seconds_per_photo=2, cancel_grace=3, log_file=tmp_path / "worker.log"
    )


@pytest.fixture
def client(own_settings: WorkerSettings) -> Iterator[WorkerClient]:
    """A client that renders: its decoders are light and start in a moment."""
    running = WorkerClient(own_settings)
    yield running
    running.close()


def photo(folder: Path, name: str, content: bytes) -> bytes:
    path = folder / name
    path.write_bytes(content)
    return os.fsencode(path)


def render(client: WorkerClient, path: bytes) -> Future[Event]:
    return client.submit(RenderPhoto(request_id=0, path=path, max_side=64))[1]


def answer(future: Future[Event]) -> Event:
    return future.result(PATIENCE)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)


def error_of(future: Future[Event]) -> KnownError:
    error = future.exception(PATIENCE)
    assert isinstance(error, KnownError)
    return error


def test_a_photo_is_indexed_and_rendered(
    client: WorkerClient, tmp_path: Path, portrait: bytes
) -> None:
    path = photo(tmp_path, "portrait.jpg", portrait)
    indexed = answer(client.submit(IndexPhoto(request_id=0, path=path))[1])
    assert isinstance(indexed, PhotoIndexed)
    assert (indexed.width, indexed.height, len(indexed.faces)) == (512, 512, 1)
    shown = answer(render(client, path))
    assert isinstance(shown, Rendered)
    assert (shown.width, shown.height, len(shown.rgb)) == (64, 64, 64 * 64 * 3)
    assert (shown.full_width, shown.full_height) == (512, 512)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("fault-segfault.jpg", "photo.crash"),
        ("fault-hang.jpg", "photo.timeout"),
        ("fault-memory.jpg", "photo.memory"),
        ("not-a-photo.jpg", "photo.unsupported"),
    ],
)
def test_a_hostile_file_fails_with_a_reason_and_takes_nothing_along(
    client: WorkerClient, tmp_path: Path, plain: Callable[[int], bytes], name: str, code: str
) -> None:
    content = b"no photo at all" if name.startswith("not") else plain(1)
    hostile = photo(tmp_path, name, content)
    others = [photo(tmp_path, f"good-{number}.jpg", plain(number)) for number in range(6)]
    futures = [render(client, path) for path in (*others[:3], hostile, *others[3:])]
    failed = error_of(futures.pop(3))
    assert isinstance(failed, PhotoError)
    assert failed.code == code
    assert len(failed.message) > 20
    assert all(isinstance(answer(future), Rendered) for future in futures)


def test_a_photo_that_kills_the_whole_worker_is_found_and_the_rest_answered(
    client: WorkerClient, tmp_path: Path, plain: Callable[[int], bytes]
) -> None:
    hostile = photo(tmp_path, "fault-supervisor.jpg", plain(1))
    others = [photo(tmp_path, f"good-{number}.jpg", plain(number)) for number in range(8)]
    futures = [render(client, path) for path in (*others[:4], hostile, *others[4:])]
    assert error_of(futures.pop(4)).code == "crash"
    assert all(isinstance(answer(future), Rendered) for future in futures)


def test_a_killed_worker_is_replaced_and_its_requests_are_sent_again(
    client: WorkerClient, tmp_path: Path, plain: Callable[[int], bytes]
) -> None:
    paths = [photo(tmp_path, f"{number}.jpg", plain(number)) for number in range(30)]
    futures = [render(client, path) for path in paths]
    answer(futures[0])
    assert client.pid is not None
    os.kill(client.pid, signal.SIGKILL)
    assert all(isinstance(answer(future), Rendered) for future in futures)


def test_a_decoder_killed_from_outside_costs_its_photo_nothing(
    client: WorkerClient, tmp_path: Path, plain: Callable[[int], bytes]
) -> None:
    paths = [photo(tmp_path, f"{number}.jpg", plain(number)) for number in range(30)]
    futures = [render(client, path) for path in paths]
    answer(futures[0])
    for decoder in psutil.Process(client.pid).children():
        decoder.kill()
    assert all(isinstance(answer(future), Rendered) for future in futures)


def test_cancel_drops_what_waits_and_stops_what_hangs(
    own_settings: WorkerSettings, tmp_path: Path, plain: Callable[[int], bytes]
) -> None:
    client = WorkerClient(replace(own_settings, seconds_per_photo=600))
    try:
        hanging = [photo(tmp_path, f"fault-hang-{n}.jpg", plain(n)) for n in range(2)]
        waiting = [photo(tmp_path, f"{n}.jpg", plain(n)) for n in range(20)]
        submitted = [
            client.submit(RenderPhoto(request_id=0, path=path, max_side=64))
            for path in hanging + waiting
        ]
        client.cancel([number for number, _ in submitted])
        for _, future in submitted:
            assert isinstance(future.exception(PATIENCE), RequestCancelledError)
        good = photo(tmp_path, "good.jpg", plain(100))
        assert isinstance(answer(render(client, good)), Rendered)
    finally:
        client.close()


def test_a_worker_that_ignores_a_cancel_is_killed(
    own_settings: WorkerSettings, tmp_path: Path, plain: Callable[[int], bytes]
) -> None:
    """A stopped process stands for one that is stuck: it reads nothing and answers nothing."""
    client = WorkerClient(replace(own_settings, cancel_grace=0.5))
    try:
        path = photo(tmp_path, "good.jpg", plain(1))
        answer(render(client, path))
        assert client.pid is not None
        os.kill(client.pid, signal.SIGSTOP)
        number, future = client.submit(RenderPhoto(request_id=0, path=path, max_side=64))
        until(lambda: number in client._sent)
        client.cancel([number])
        assert isinstance(future.exception(PATIENCE), RequestCancelledError)
        assert isinstance(answer(render(client, path)), Rendered)
    finally:
        client.close()


_OTHER_VERSION = """
import sys
from fiqa_studio.engine.link.protocol import Ready, read_command, write_message
read_command(sys.stdin.buffer)
write_message(sys.stdout.buffer, Ready(protocol=99, pid=1))
"""


def test_a_worker_of_another_version_is_refused_with_a_clear_message(
    own_settings: WorkerSettings,
) -> None:
    client = WorkerClient(replace(own_settings, command=(sys.executable, "-c", _OTHER_VERSION)))
    try:
        error = error_of(render(client, b"/x.jpg"))
        assert error.code == "worker.protocol"
        assert "99" in str(error)
        assert error_of(render(client, b"/x.jpg")).code == "worker.protocol"
    finally:
        client.close()


def test_a_worker_that_cannot_start_is_given_up_and_its_last_words_are_told(
    own_settings: WorkerSettings,
) -> None:
    broken = "raise SystemExit('the library libfoo.so is not there')"
    client = WorkerClient(replace(own_settings, command=(sys.executable, "-c", broken)))
    try:
        error = error_of(render(client, b"/x.jpg"))
        assert isinstance(error, WorkerError)
        assert error.code == "worker.died"
        assert "libfoo.so" in error.cause
    finally:
        client.close()


def test_noise_on_standard_output_and_error_harms_nothing_and_ends_in_the_log(
    own_settings: WorkerSettings, tmp_path: Path, plain: Callable[[int], bytes]
) -> None:
    noisy = (
        "import sys, os; from fiqa_studio.engine.worker import supervisor, options;"
        "real = supervisor.private_standard_output\n"
        "def noisy():\n"
        "    stream = real(); print('noise on stdout', flush=True)\n"
        "    os.write(2, b'noise on stderr\\n'); return stream\n"
        "supervisor.private_standard_output = noisy\n"
        "supervisor.run_supervisor(options.parse_options(sys.argv[1:]))"
    )
    client = WorkerClient(replace(own_settings, command=(sys.executable, "-c", noisy)))
    try:
        path = photo(tmp_path, "good.jpg", plain(1))
        assert isinstance(answer(render(client, path)), Rendered)
    finally:
        client.close()
    log = client.log_path.read_text()
    assert "noise on stdout" in log
    assert "noise on stderr" in log


_PARENT = """
import sys
from pathlib import Path
from fiqa_studio.engine.link.client import WorkerClient, WorkerSettings
from fiqa_studio.engine.link.protocol import RenderPhoto
client = WorkerClient(WorkerSettings(decoders=2, log_file=Path(sys.argv[1])))
for path in sys.argv[2:]:
    future = client.submit(RenderPhoto(request_id=0, path=path.encode(), max_side=64))[1]
print(client.submit(RenderPhoto(request_id=0, path=path.encode(), max_side=64))[1].result().width)
print(client.pid, flush=True)
sys.stdin.read()
"""


def test_nothing_outlives_a_parent_that_is_killed(
    tmp_path: Path, plain: Callable[[int], bytes]
) -> None:
    paths = [os.fsdecode(photo(tmp_path, f"{n}.jpg", plain(n))) for n in range(8)]
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, str(tmp_path / "worker.log"), *paths],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    assert parent.stdin is not None
    assert parent.stdout.readline().strip() == "64"
    worker = psutil.Process(int(parent.stdout.readline()))
    family = [worker, *worker.children(recursive=True)]
    assert len(family) >= 2
    parent.kill()
    parent.wait()
    parent.stdin.close()
    parent.stdout.close()
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive


@pytest.mark.slow
def test_a_scorer_that_another_took_the_name_of_is_loaded_anew(client: WorkerClient) -> None:
    hashes = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        path = own_models() / "mine.safetensors"
        save_checkpoint(build_network("starter"), path, title="Mine", summary="For tests.")
        loaded = answer(client.submit(LoadScorer(request_id=0, scorer="mine"))[1])
        assert isinstance(loaded, ScorerLoaded)
        hashes.append(loaded.hash)
    assert hashes[0] != hashes[1]
    again = answer(client.submit(LoadScorer(request_id=0, scorer="mine"))[1])
    assert isinstance(again, ScorerLoaded)
    assert again.hash == hashes[1]
    path.with_suffix(".json").unlink()
    with pytest.raises(KnownError, match="There is no scorer"):
        answer(client.submit(LoadScorer(request_id=0, scorer="mine"))[1])


def test_a_worker_that_cannot_start_decoders_fails_requests_without_blaming_a_photo(
    own_settings: WorkerSettings,
) -> None:
    starved = (
        "import sys; from fiqa_studio.engine.worker.__main__ import main; "
        "from fiqa_studio.engine.worker import pool; pool._START_AGAIN_SECONDS = 0.01; "
        "import subprocess, errno\n"
        "def no(*a, **k): raise OSError(errno.EAGAIN, 'no more processes')\n"
        "subprocess.Popen = no\n"
        "sys.exit(main())"
    )
    client = WorkerClient(replace(own_settings, command=(sys.executable, "-c", starved)))
    try:
        requests = [render(client, b"/a.jpg"), render(client, b"/b.jpg")]
        for request in requests:
            error = error_of(request)
            assert isinstance(error, WorkerError), "it stops the job; no photo is to blame"
            assert error.code == "worker.decoders"
            assert "no more processes" in str(error)
    finally:
        client.close()
