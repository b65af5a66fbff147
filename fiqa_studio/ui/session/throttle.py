"""Reading again when something changed: not too often, and never two at a time."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer


class Refresher(QObject):
    """Turns many requests into few starts.

    While an index fills the library, changes come faster than a large library can be read. A
    start waits for the one before it to finish, and what is asked for meanwhile is done once.

    Args:
        start: Begins reading; whoever is called back at the end calls `finished`.
        interval_ms: Least time between a request and its start.
        parent: Owns this.
    """

    def __init__(self, start: Callable[[], None], interval_ms: int, parent: QObject) -> None:
        super().__init__(parent)
        self._start = start
        self._running = False
        self._stale = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(interval_ms)
        self._timer.timeout.connect(self.now)

    @property
    def running(self) -> bool:
        """Whether a start has not finished."""
        return self._running

    def request(self) -> None:
        """Start soon."""
        if self._running:
            self._stale = True
        elif not self._timer.isActive():
            self._timer.start()

    def now(self) -> None:
        """Start at once, or as soon as what runs has finished."""
        if self._running:
            self._stale = True
            return
        self._timer.stop()
        self._running = True
        self._start()

    def replaced(self) -> None:
        """Something newer was started in another way: what is waiting is out of date."""
        self._timer.stop()
        self._running, self._stale = True, False

    def finished(self) -> None:
        """What was started has ended."""
        self._running = False
        if self._stale:
            self._stale = False
            self._timer.start()

    def stop(self) -> None:
        """Start nothing more."""
        self._timer.stop()
        self._stale = False
