"""The one thread that writes: closures go in, futures come out, changes are told."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from fiqa_studio.domain.changes import Changes, Kind
from fiqa_studio.store import errors

T = TypeVar("T")
_log = logging.getLogger(__name__)


class Transaction:
    """One write in progress: its session, and what it touched so far.

    Attributes:
        session: On the write connection, inside ``BEGIN IMMEDIATE``. Committed by the writer.
    """

    def __init__(self, session: Session):
        self.session = session
        self._touched: dict[Kind, set[int]] = {}
        self._whole: set[Kind] = set()

    def touch(self, kind: Kind, *ids: int) -> None:
        """Tell subscribers, once this is committed, that these things changed."""
        self._touched.setdefault(kind, set()).update(ids)

    def touch_all(self, kind: Kind) -> None:
        """The same for so many of one kind that they are better not named."""
        self._whole.add(kind)

    @property
    def changes(self) -> Changes:
        """What was touched so far."""
        named = (
            (kind, frozenset(ids))
            for kind, ids in self._touched.items()
            if ids and kind not in self._whole
        )
        return Changes(tuple(named), frozenset(self._whole))


class Writer:
    """Runs closures one after another on a thread of its own, each in one transaction.

    Urgent ones, which a person waits for, run before all others that wait; among themselves both
    keep their order. A closure that raises leaves nothing behind, and the next one runs as if it
    had not been.

    Args:
        engine: Of the one write connection.
        path: The library.
        mend: Told on this thread, with the connection closed, why a write failed; true where it has
            removed the cause, so that the write is worth another try.
    """

    def __init__(
        self, engine: Engine, path: Path, mend: Callable[[BaseException], bool] = lambda _: False
    ):
        self._engine = engine
        self._path = path
        self._mend = mend
        self._urgent: deque[Callable[[], None]] = deque()
        self._queue: deque[Callable[[], None]] = deque()
        self._subscribers: list[Callable[[Changes], None]] = []
        self._guard = threading.Condition()
        self._closed = False
        self.version = 0
        """Grows as a transaction begins and as it ends: what was read between two looks at the
        same even number is all that there is."""
        # A daemon: what was committed is safe, and a forgotten close() must not hang the exit.
        self._thread = threading.Thread(target=self._run, name="library-writer", daemon=True)
        self._thread.start()

    def write(self, work: Callable[[Transaction], T], *, urgent: bool = False) -> Future[T]:
        """Queue ``work``; the future resolves on the writer thread, after the commit.

        ``urgent`` puts it before all that is not: for short writes that a person waits for.
        """
        future: Future[T] = Future()
        with self._guard:
            if self._closed:
                future.set_exception(errors.closed(self._path))
            else:
                lane = self._urgent if urgent else self._queue
                lane.append(lambda: self._perform(work, future))
                self._guard.notify()
        return future

    def write_each(self, works: Sequence[Callable[[Transaction], T]]) -> Future[list[T]]:
        """Queue closures that belong to one batch; the future resolves after the last commit.

        They run in one transaction, all or none, unless an urgent write comes meanwhile: then
        those that are done are committed, the urgent one runs, and the rest go on.
        """
        future: Future[list[T]] = Future()
        results: list[T] = []

        def some(transaction: Transaction) -> list[T]:
            done: list[T] = []
            for work in works[len(results) :]:
                done.append(work(transaction))
                if self._urgent:
                    break
            return done

        def perform() -> None:
            if not results and not future.set_running_or_notify_cancel():
                return
            try:
                done, changes = self._attempt(some)
            except BaseException as error:  # noqa: BLE001  (whoever holds the future gets it)
                future.set_exception(errors.library_error(error, self._path))
                return
            results.extend(done)
            self._tell(changes)
            if len(results) < len(works):
                with self._guard:
                    self._queue.appendleft(perform)
            else:
                future.set_result(results)

        with self._guard:
            if self._closed:
                future.set_exception(errors.closed(self._path))
            else:
                self._queue.append(perform)
                self._guard.notify()
        return future

    def between(self, work: Callable[[], T]) -> Future[T]:
        """Run ``work`` after what is queued, on the writer thread, with the connection closed."""
        future: Future[T] = Future()

        def perform() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                self._engine.dispose()
                result = work()
            except BaseException as error:  # noqa: BLE001  (whoever holds the future gets it)
                future.set_exception(errors.library_error(error, self._path))
            else:
                future.set_result(result)

        with self._guard:
            if self._closed:
                future.set_exception(errors.closed(self._path))
            else:
                self._queue.append(perform)
                self._guard.notify()
        return future

    def subscribe(self, callback: Callable[[Changes], None]) -> Callable[[], None]:
        """Call ``callback`` on the writer thread after each commit that changed something.

        It must return soon and must not wait for another write. Returns how to unsubscribe.
        """
        with self._guard:
            self._subscribers = [*self._subscribers, callback]

        def unsubscribe() -> None:
            with self._guard:
                self._subscribers = [one for one in self._subscribers if one is not callback]

        return unsubscribe

    def drain(self) -> None:
        """Take nothing more, finish what is queued and end the thread."""
        with self._guard:
            self._closed = True
            self._guard.notify()
        self._thread.join()

    def close(self) -> None:
        """Drain, then close the connection."""
        self.drain()
        self._engine.dispose()

    def _run(self) -> None:
        while (perform := self._next()) is not None:
            perform()

    def _next(self) -> Callable[[], None] | None:
        with self._guard:
            self._guard.wait_for(lambda: self._urgent or self._queue or self._closed)
            for lane in (self._urgent, self._queue):
                if lane:
                    return lane.popleft()
        return None

    def _perform(self, work: Callable[[Transaction], T], future: Future[T]) -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            result, changes = self._attempt(work)
        except BaseException as error:  # noqa: BLE001  (whoever holds the future gets it)
            future.set_exception(errors.library_error(error, self._path))
            return
        self._tell(changes)
        future.set_result(result)

    def _attempt(self, work: Callable[[Transaction], T]) -> tuple[T, Changes]:
        try:
            return self._commit(work)
        except Exception as error:
            if not self._mend(error):
                raise
        return self._commit(work)

    def _commit(self, work: Callable[[Transaction], T]) -> tuple[T, Changes]:
        self.version += 1
        try:
            with Session(self._engine, expire_on_commit=False) as session, session.begin():
                transaction = Transaction(session)
                result = work(transaction)
        finally:
            self.version += 1
        return result, transaction.changes

    def _tell(self, changes: Changes) -> None:
        if not changes:
            return
        for callback in self._subscribers:
            try:
                callback(changes)
            except Exception:  # noqa: BLE001  (the write is committed; others must still hear)
                _log.exception("A subscriber of the library failed")


def failed(error: BaseException) -> Future[Any]:
    """A future that already failed."""
    future: Future[Any] = Future()
    future.set_exception(error)
    return future
