"""One open library as the window sees it: reads off the thread, changes as signals."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from fiqa_studio.domain.changes import Changes
from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.jobs import JobProgress
from fiqa_studio.ui.process.qt_types import ready_for_threads
from fiqa_studio.ui.session.background import Background
from fiqa_studio.ui.session.settings import Settings

if TYPE_CHECKING:
    from fiqa_studio.engine.engine import Engine
    from fiqa_studio.store.library import Library

T = TypeVar("T")
_LOG = logging.getLogger(__name__)

_CHANGES_EVERY_MS = 150
"""During an index a write commits many times a second; views refresh at a human pace."""


class Session(QObject):
    """A library, its engine and the user's settings, for as long as the library is open.

    Attributes:
        library: The open library; every read is callable from any thread.
        engine: Starts jobs and renders photos.
        settings: The user's choices, shared by all sessions.

    Signals:
        changed: `Changes` since the last time, merged.
        job_changed: `JobProgress` of a job of this session.
        error: `KnownError` to be shown in place.
    """

    changed = Signal(object)
    job_changed = Signal(object)
    error = Signal(object)
    _changes_arrived = Signal()
    _job_arrived = Signal(object)

    def __init__(
        self,
        library: Library,
        engine: Engine,
        settings: Settings,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.library = library
        self.engine = engine
        self.settings = settings
        self._closed = False
        self._ended = False
        ready_for_threads()
        # Three: a slow export or rescan must not keep a query or a detail waiting.
        self._background = Background("fiqa-window", 3, self)
        self._lock = threading.Lock()
        self._pending = Changes()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_CHANGES_EVERY_MS)
        self._timer.timeout.connect(self._emit_changes)
        self._changes_arrived.connect(self._schedule)
        self._job_arrived.connect(self._relay_job)
        self._unsubscribe = [
            library.subscribe(self._on_changes),
            engine.subscribe_jobs(self._on_job),
        ]

    @property
    def closed(self) -> bool:
        """Whether `close` was called; nothing is delivered any more."""
        return self._closed

    def run(
        self,
        fn: Callable[[], T],
        then: Callable[[T], object],
        *,
        failed: Callable[[Exception], None] | None = None,
        key: str = "",
    ) -> None:
        """Run ``fn`` off the thread and ``then(result)`` in the window's.

        A newer call with the same ``key`` drops the older one's result. Without ``failed``, a
        `KnownError` is shown in place and anything else reaches the crash dialog.
        """
        self._background.run(fn, then, failed=failed or self.report, key=key)

    def report(self, error: Exception) -> None:
        """Show an error: in place if the user can act on it, else as a crash report."""
        if self._closed:
            return
        if isinstance(error, KnownError):
            _LOG.info("shown to the user: %s", error)
            self.error.emit(error)
        else:
            sys.excepthook(type(error), error, error.__traceback__)

    def silence(self) -> None:
        """Tell and deliver nothing more; to be called before the views are deleted."""
        self._closed = True
        self._timer.stop()
        self._background.silence()
        unsubscribe, self._unsubscribe = self._unsubscribe, []
        for end in unsubscribe:
            end()

    def close(self, timeout: float = 5.0) -> None:
        """End the engine's processes and close the library.

        Jobs that run are cancelled; they resume where they were at the next start. After
        `silence` this may be called from another thread, since it can take seconds.
        """
        if self._ended:
            return
        self._ended = True
        if not self._closed:
            self.silence()
        self.engine.shutdown(timeout)
        self._background.close()
        self.library.close()

    def _on_changes(self, changes: Changes) -> None:
        """Called on the writer's thread, after the commit."""
        with self._lock:
            first = not self._pending
            self._pending |= changes
        if first and not self._closed:
            self._changes_arrived.emit()

    def _on_job(self, progress: JobProgress) -> None:
        """Called on the engine's threads."""
        if not self._closed:
            self._job_arrived.emit(progress)

    @Slot()
    def _schedule(self) -> None:
        if not self._timer.isActive() and not self._closed:
            self._timer.start()

    @Slot()
    def _emit_changes(self) -> None:
        with self._lock:
            changes, self._pending = self._pending, Changes()
        if changes:
            self.changed.emit(changes)

    @Slot(object)
    def _relay_job(self, progress: JobProgress) -> None:
        if not self._closed:
            self.job_changed.emit(progress)
