"""Work off the window's thread: run a function there, get its result here.

The runnables are plain functions with no signals of their own; the one signal belongs to
`Background`, which outlives them (a runnable that owns its signal object dies on a pool
thread).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from PySide6.QtCore import QObject, Signal, Slot

T = TypeVar("T")


class Background(QObject):
    """A small pool of named threads whose results arrive in the thread that made this object.

    Args:
        name: Of the threads.
        threads: How many.
        parent: Owns this.
        drain: What was asked for is done even where this is closed before its turn, as for
            writes; nothing is delivered then.

    Signals:
        _finished: Internal: carries a delivery from a pool thread to the window's.
    """

    _finished = Signal(object)

    def __init__(
        self, name: str, threads: int, parent: QObject | None = None, *, drain: bool = False
    ) -> None:
        super().__init__(parent)
        self._drain = drain
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._lock = threading.Lock()
        self._newest: dict[str, int] = {}
        self._pending: dict[str, Future[None]] = {}
        self._counter = 0
        self._closed = False
        self._held: list[tuple[str, Callable[[], None]]] | None = None
        self._finished.connect(self._deliver)

    def run(
        self,
        fn: Callable[[], T],
        then: Callable[[T], object],
        *,
        failed: Callable[[Exception], object],
        key: str = "",
    ) -> None:
        """Run ``fn`` on the pool, then ``then(result)`` or ``failed(error)`` in the window.

        A newer call with the same ``key`` drops the older one: it is not started if it waits,
        and its result is not delivered if it runs. After `close` nothing is delivered.
        """
        if self._closed:
            return
        self._counter += 1
        ticket = self._counter

        def wanted() -> bool:
            return not self._closed and (not key or self._newest.get(key) == ticket)

        def work() -> None:
            if not wanted() and not self._drain:
                return
            try:
                result = fn()
            except Exception as error:  # noqa: BLE001 - handed over whole, to the window
                self._hand_over(wanted, failed, error)
            else:
                self._hand_over(wanted, then, result)

        with self._lock:
            if key:
                self._newest[key] = ticket
                if (older := self._pending.get(key)) is not None:
                    older.cancel()
            if self._held is not None:
                self._held.append((key, work))
            else:
                self._submit(key, work)

    def hold(self) -> None:
        """Begin nothing until `release`: something else is wanted first."""
        with self._lock:
            self._held = self._held or []

    def release(self) -> None:
        """Begin what was held back, in its order."""
        with self._lock:
            held, self._held = self._held or [], None
            for key, work in held:
                self._submit(key, work)

    def _submit(self, key: str, work: Callable[[], None]) -> None:
        future = self._pool.submit(work)
        if key:
            self._pending[key] = future

    def drop(self, key: str) -> None:
        """Forget the newest call with this key, whether it waits or runs."""
        with self._lock:
            self._newest.pop(key, None)
            if (older := self._pending.pop(key, None)) is not None:
                older.cancel()

    def silence(self) -> None:
        """Deliver nothing more: those who would receive it are about to be deleted."""
        self._closed = True

    def close(self, *, wait: bool = True) -> None:
        """Deliver nothing more, and ``wait`` for what is running. Safe to call twice."""
        self.silence()
        self._pool.shutdown(wait=wait, cancel_futures=not self._drain)

    def _hand_over(
        self, wanted: Callable[[], bool], receiver: Callable[[T], object], value: T
    ) -> None:
        def deliver() -> None:
            if wanted():
                receiver(value)

        if not self._closed:
            self._finished.emit(deliver)

    @Slot(object)
    def _deliver(self, delivery: Callable[[], None]) -> None:
        delivery()
