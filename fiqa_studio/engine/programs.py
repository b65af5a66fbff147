"""One run of the models' program: steps while it runs, its answer or its refusal at the end.

Checkpoints are read by ``fiqa_models.cli``, a process of its own: importing one may load a hostile
file, and torch, neither of which belongs into the window's process. The command line runs the same
program, so that both give the same reasons in the same words.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from typing import Any

from fiqa_studio.domain.errors import ScorerError, WorkerError
from fiqa_studio.engine.link.errors import cancelled

MODELS_PROGRAM = (sys.executable, "-P", "-m", "fiqa_models.cli")
"""``-P``: a folder of photos is no place to import modules from."""

_DEVIATES, _KNOWN = 1, 3
_GRACE_SECONDS = 5.0
_LOG_LINES = 40

StepCallback = Callable[[str, float | None], None]
"""Told what begins now and the share of the whole that is done, where that is known."""


def ignore_steps(_step: str, _share: float | None) -> None:
    """For a run that nobody watches."""


class ModelsCall:
    """One run of the models' program. `run` blocks; `cancel` may be called from any thread."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        on_step: StepCallback = ignore_steps,
        command: Sequence[str] = MODELS_PROGRAM,
    ):
        name, *rest = arguments
        self._command = [*command, name, "--json", "--progress", *rest]
        self._on_step = on_step
        self._guard = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._cancelled = False

    def run(self) -> Any:
        """Run it to its end; returns its answer, read from JSON.

        Raises:
            ScorerError: It refused, with message, cause and remedy.
            RequestCancelledError: `cancel` was called.
            WorkerError: It died, or cannot be started.
        """
        # A file takes answers of any length without a thread that empties a pipe.
        with tempfile.TemporaryFile() as answer:
            process = self._start(answer.fileno())
            log = self._follow(process)
            status = process.wait()
            if self._cancelled:
                raise cancelled()
            answer.seek(0)
            return _answer_of(answer.read(), status, log)

    def cancel(self) -> None:
        """Ask it to end; one that does not is killed. Half an import leaves nothing behind."""
        with self._guard:
            self._cancelled = True
            process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        # The window goes on meanwhile, so whoever waits for the end waits here.
        threading.Thread(target=_see_off, args=(process,), name="models-end", daemon=True).start()

    def _start(self, answer: int) -> subprocess.Popen[bytes]:
        with self._guard:
            if self._cancelled:
                raise cancelled()
            try:
                self._process = subprocess.Popen(
                    self._command,
                    stdin=subprocess.DEVNULL,
                    stdout=answer,
                    stderr=subprocess.PIPE,
                    start_new_session=True,  # Ctrl+C in the terminal is for us
                )
            except OSError as error:
                raise WorkerError(
                    "The models' program cannot be started.", cause=str(error), code="models.start"
                ) from error
            return self._process

    def _follow(self, process: subprocess.Popen[bytes]) -> list[str]:
        """Pass on its steps until it ends; returns the last of what else it said."""
        log: list[str] = []
        if process.stderr is None:
            raise AssertionError("Popen gives the pipe it was asked for")
        with process.stderr as lines:
            for raw in lines:
                line = raw.decode("utf-8", "replace").rstrip()
                step = _step_of(line)
                if step is not None:
                    self._on_step(*step)
                elif line:
                    log = [*log[1 - _LOG_LINES :], line]
        return log


def _step_of(line: str) -> tuple[str, float | None] | None:
    """A step from a line of standard error; None where it is anything else."""
    if not line.startswith("{"):
        return None
    try:
        values = json.loads(line)
        share = values["share"]
        return str(values["step"]), None if share is None else float(share)
    except (ValueError, KeyError, TypeError):
        return None


def _answer_of(raw: bytes, status: int, log: Sequence[str]) -> Any:
    with contextlib.suppress(ValueError):
        answer = json.loads(raw)
        if status == _KNOWN:
            error = answer["error"]
            raise ScorerError(
                error["message"],
                cause=error["cause"],
                remedy=error["remedy"],
                code="scorer.refused",
            )
        if status in (0, _DEVIATES):
            return answer
    killed = f"It was killed by signal {-status}." if status < 0 else ""
    raise WorkerError(
        "The models' program failed.",
        cause=killed or (log[-1] if log else f"Its exit status was {status}."),
        remedy="Did memory run out? The full network takes some gigabytes." if killed else "",
        code="models.died",
    )


def _see_off(process: subprocess.Popen[bytes]) -> None:
    """Wait for the end of a process that was asked to go, and kill it if it stays."""
    try:
        process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
