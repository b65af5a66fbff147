"""Feeding many items through the worker with a bounded number outstanding."""

from __future__ import annotations

import contextlib
import logging
import queue
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import Generic, TypeVar

from fiqa_studio.domain.errors import KnownError, PhotoError, WorkerError
from fiqa_studio.engine.jobs.job import Job
from fiqa_studio.engine.link.client import RequestCancelledError, WorkerClient
from fiqa_studio.engine.link.protocol import Command, Event

_logger = logging.getLogger(__name__)
_Item = TypeVar("_Item")

_TICK_SECONDS = 0.1
_BATCH_SECONDS = 0.2
_BATCH_ITEMS = 8
"""Few: a mark that a person waits for has to wait for one batch, 15 ms, and not for more."""
_FATAL = frozenset(["scorer.not-loaded", "scorer.unavailable"])
"""With these every other item would fail as well: the job fails, not the photos."""


class Batch(Generic[_Item]):
    """Collects results and writes them together, a few at a time or after 200 ms.

    A kill loses at most what is not yet written, and that is done again at the next scan. Where
    a write fails by our own fault (a value that does not fit), its items are written one by
    one, so that only the culprit fails, with a reason; what the user must act on (a full disk)
    would hit every item and is raised.

    Args:
        write: Writes some items, all or none of them, before it counts anything.
        failed: Told of an item that cannot be written.
    """

    def __init__(
        self,
        write: Callable[[list[_Item]], None],
        failed: Callable[[_Item, KnownError], None],
    ):
        self._write = write
        self._failed = failed
        self._items: list[_Item] = []
        self._since = 0.0

    def add(self, item: _Item) -> None:
        """Add one result; writes when there are enough."""
        if not self._items:
            self._since = time.monotonic()
        self._items.append(item)
        if len(self._items) >= _BATCH_ITEMS:
            self.flush()

    def tick(self) -> None:
        """Write what has waited long enough."""
        if self._items and time.monotonic() - self._since > _BATCH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write everything now."""
        items, self._items = self._items, []
        if not items:
            return
        try:
            self._write(items)
        except KnownError:
            raise
        except Exception as error:
            _logger.exception("a batch of %d cannot be written", len(items))
            if len(items) == 1:
                self._failed(items[0], not_recorded(error))
            else:
                self._write_singly(items)

    def _write_singly(self, items: list[_Item]) -> None:
        for item in items:
            try:
                self._write([item])
            except KnownError:
                raise
            except Exception as error:
                _logger.exception("this one of the batch cannot be written")
                self._failed(item, not_recorded(error))


def not_recorded(error: Exception) -> KnownError:
    """The reason of an item whose result could not be written, by a fault of the program."""
    # SQLAlchemy's own text quotes the whole statement; the driver's says what is wrong.
    reason = str(getattr(error, "orig", None) or error).partition("\n")[0]
    return PhotoError(
        "What was found could not be recorded, by a fault of the program.",
        cause=f"{type(error).__name__}: {reason}.",
        remedy="The other photos are not affected; please report it with the log file.",
        code="photo.not-recorded",
    )


def feed(
    job: Job,
    client: WorkerClient,
    items: Iterable[_Item],
    *,
    command_of: Callable[[_Item], Command],
    done: Callable[[_Item, Event], None],
    failed: Callable[[_Item, KnownError], None],
    tick: Callable[[], None],
) -> None:
    """Put every item through the worker; results come back in the order they finish.

    Args:
        job: Asked whether it was cancelled; nothing new begins then, and what is in hand may
            finish for a moment.
        client: The worker.
        items: Read as needed, never far ahead.
        command_of: The request for an item.
        done: Called with an item's answer, on this thread.
        failed: Called with an item's error, on this thread.
        tick: Called several times a second.

    Raises:
        WorkerError: The worker cannot be kept running.
        KnownError: Whatever ``done``, ``failed`` or ``tick`` raise; what is in hand is dropped.
    """
    answers: queue.SimpleQueue[Future[Event]] = queue.SimpleQueue()
    outstanding: dict[Future[Event], tuple[int, _Item]] = {}
    source = iter(items)
    exhausted = stopping = False
    try:
        while True:
            if job.cancelled and not stopping:
                stopping = exhausted = True
                client.cancel([number for number, _ in outstanding.values()])
            while not exhausted and len(outstanding) < 2 * client.window:
                try:
                    item = next(source)
                except StopIteration:
                    exhausted = True
                    break
                number, future = client.submit(command_of(item))
                outstanding[future] = (number, item)
                future.add_done_callback(answers.put)
            if not outstanding:
                return
            tick()
            with contextlib.suppress(queue.Empty):
                future = answers.get(timeout=_TICK_SECONDS)
                _, item = outstanding.pop(future)
                _hand_over(item, future, done, failed)
    finally:
        client.cancel([number for number, _ in outstanding.values()])


def _hand_over(
    item: _Item,
    future: Future[Event],
    done: Callable[[_Item, Event], None],
    failed: Callable[[_Item, KnownError], None],
) -> None:
    error = future.exception()
    if error is None:
        done(item, future.result())
    elif isinstance(error, RequestCancelledError):
        return
    elif isinstance(error, KnownError) and not _stops_the_job(error):
        failed(item, error)
    else:
        raise error


def _stops_the_job(error: KnownError) -> bool:
    return isinstance(error, WorkerError) or error.code in _FATAL


def ask(job: Job, client: WorkerClient, command: Command) -> Event | None:
    """Put one request and wait for its answer; None where the job is cancelled meanwhile."""
    number, future = client.submit(command)
    while True:
        try:
            return future.result(timeout=_TICK_SECONDS)
        except TimeoutError:
            if future.done():
                raise
            if job.cancelled:
                client.cancel([number])
                return None
        except RequestCancelledError:
            return None
