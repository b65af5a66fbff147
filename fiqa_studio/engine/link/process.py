"""Starting and ending a worker process."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from fiqa_studio.engine.worker.options import WorkerOptions


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """How to run a worker.

    Attributes:
        decoders: Decoder processes; 0 for one a core.
        seconds_per_photo: After which a photo fails.
        memory_mb: What one decoder may use for a photo; 0 for no limit.
        device: For scorers; empty lets the worker choose.
        precision: For scorers; empty lets the worker choose.
        cancel_grace: Seconds from a cancel to the kill of a worker that ignores it.
        log_file: Where its standard error goes; None for the user's log folder.
        command: What starts it; empty for this interpreter.
    """

    decoders: int = 0
    seconds_per_photo: float = 120.0
    memory_mb: int = 4096
    device: str = ""
    precision: str = ""
    cancel_grace: float = 5.0
    log_file: Path | None = None
    command: tuple[str, ...] = ()

    def decoder_count(self) -> int:
        """Decoders to run: as asked, or one a core, sixteen at most."""
        return self.decoders or max(1, min(16, len(os.sched_getaffinity(0))))


def start_worker(settings: WorkerSettings, options: WorkerOptions) -> subprocess.Popen[bytes]:
    """Start a worker; raises OSError where that is not possible."""
    command = settings.command or (
        sys.executable,
        "-P",  # a folder of photos is no place to import modules from
        "-m",
        "fiqa_studio.engine.worker",
    )
    return subprocess.Popen(
        [*command, *options.arguments()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # Its own session: Ctrl+C in the terminal is for us, and one kill ends all of it.
        start_new_session=True,
    )


def await_exit(process: subprocess.Popen[bytes]) -> None:
    """Give a worker whose pipe ended a moment to exit, without reaping it.

    As long as nobody has reaped it, its process group cannot become somebody else's.
    """
    deadline = time.monotonic() + 1
    options = os.WEXITED | os.WNOHANG | os.WNOWAIT
    while os.waitid(os.P_PID, process.pid, options) is None and time.monotonic() < deadline:
        time.sleep(0.005)


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a worker and, as they share its session, its decoders."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
