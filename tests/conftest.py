"""What every test shares: the shared material, a clean home, and no mess left behind."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]
SHARED = CHECKOUT.parent / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real photos, faces and reference numbers beside the checkout."""
    if not (SHARED / "design.md").exists():
        pytest.skip("the shared material is not beside this checkout")
    return SHARED


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the user's configuration, cache or data."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(home / name.lower()))


@pytest.fixture(autouse=True)
def _no_stray_logs(
    request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> Iterator[None]:
    """A warning in the log fails the test, unless `allows_log` names it."""
    yield
    allowed = [re.compile(mark.args[0]) for mark in request.node.iter_markers("allows_log")]
    stray = [
        f"{record.name}: {record.getMessage()}"
        for record in caplog.get_records("call")
        if record.levelno >= logging.WARNING
        and not any(pattern.search(record.getMessage()) for pattern in allowed)
    ]
    assert not stray, "stray log lines: " + "; ".join(stray)


@pytest.fixture(autouse=True)
def _no_leaked_threads() -> Iterator[None]:
    """Threads that a test started have ended shortly after it."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + 5
    for thread in set(threading.enumerate()) - before:
        if not _may_outlive_a_test(thread):
            thread.join(max(0.0, deadline - time.monotonic()))
    leaked = [
        thread.name
        for thread in set(threading.enumerate()) - before
        if thread.is_alive() and not _may_outlive_a_test(thread)
    ]
    assert not leaked, f"threads left running: {leaked}"


def _may_outlive_a_test(thread: threading.Thread) -> bool:
    # Process-wide pools of libraries: tqdm's monitor, torch's autograd, Qt's own threads.
    return thread.name.startswith(("tqdm", "Dummy", "pydevd"))
