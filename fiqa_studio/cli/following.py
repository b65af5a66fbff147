"""Following a job to its end."""

from __future__ import annotations

import argparse
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from fiqa_studio.cli import output
from fiqa_studio.cli.status import DONE, INTERRUPTED
from fiqa_studio.domain.jobs import JobState

if TYPE_CHECKING:
    from fiqa_studio.engine.engine import Engine
    from fiqa_studio.engine.jobs.job import Job

_REFRESH_SECONDS = 0.1


def follow(engine: Engine, job: Job, options: argparse.Namespace) -> int:
    """Show a job's progress until it ends, then say what it did.

    Raises:
        KnownError: Why the job failed as a whole.
    """
    from fiqa_studio.engine.jobs.kinds import find  # noqa: PLC0415 - not for those that only read

    kind = find(job.kind)
    with _interruptible(engine, job), output.progress_bar(kind.nouns[0]) as show:
        while not (progress := job.wait(_REFRESH_SECONDS)).state.finished:
            show(progress)
        show(progress)
    if job.error is not None:
        raise job.error
    if options.json:
        print(json.dumps({"state": str(progress.state), **output.summary(job)}))
    output.say(output.sentence(job, kind))
    return INTERRUPTED if progress.state is JobState.CANCELLED else DONE


@contextmanager
def _interruptible(engine: Engine, job: Job) -> Iterator[None]:
    """The first Ctrl+C cancels the job, the second ends the program at once."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        if job.cancelled:
            engine.kill_workers()
            os._exit(INTERRUPTED)
        job.cancel()

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, interrupt) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
