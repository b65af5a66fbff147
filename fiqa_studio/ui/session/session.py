"""One open library as the window sees it: reads off the thread, changes as signals."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from fiqa_studio.domain.changes import Changes
from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.jobs import JobProgress
from fiqa_studio.domain.query import Order, Query, SortKey, Subject
from fiqa_studio.ui.process.qt_types import ready_for_threads
from fiqa_studio.ui.session.background import Background
from fiqa_studio.ui.session.listing import Listing
from fiqa_studio.ui.session.operation import Operation, action_of, changes_of, wait_for
from fiqa_studio.ui.session.overview import Overview
from fiqa_studio.ui.session.selection import Selection
from fiqa_studio.ui.session.settings import Settings
from fiqa_studio.ui.session.undo import Undo

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
        listing: The query on the screen and its answer.
        overview: Counts and folders.
        undo: What this session did.
        running: Progress of the jobs that run, by id.
        telling_own: While ``changed`` is emitted: whether it tells of the user's own operation.

    Signals:
        changed: `Changes`: of the user's own operation at once, of others merged since the last
            time.
        job_changed: `JobProgress` of a job of this session.
        error: `KnownError` to be shown in place.
        said: A passing remark for the status bar (str).
        done: An `Operation` was done (the operation, its outcome).
        scorers_changed: Scorers came, went or got another name in this installation.
    """

    changed = Signal(object)
    job_changed = Signal(object)
    error = Signal(object)
    said = Signal(str)
    done = Signal(object, object)
    scorers_changed = Signal()
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
        self.telling_own = False
        self.running: dict[int, JobProgress] = {}
        ready_for_threads()
        # Lists, cards and details; what may take a second goes the other way, so that a card
        # never waits behind it; writes keep their order.
        self._quick = Background("fiqa-window", 3, self)
        self._slow = Background("fiqa-slow", 2, self)
        self._writes = Background("fiqa-writes", 1, self, drain=True)
        self._lock = threading.Lock()
        self._pending: list[Changes] = []
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
        self.listing = Listing(self, _first_query(settings))
        self.overview = Overview(self)
        self.undo = Undo(self)

    @property
    def selection(self) -> Selection:
        """What is selected and current."""
        return self.listing.selection

    @property
    def busy(self) -> JobProgress | None:
        """A job that is running, if any."""
        return next(iter(self.running.values()), None)

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
        slow: bool = False,
    ) -> None:
        """Run ``fn`` off the thread and ``then(result)`` in the window's.

        A newer call with the same ``key`` drops the older one's result. Without ``failed``, a
        `KnownError` is shown in place and anything else reaches the crash dialog. ``slow`` is for
        what may take longer than a list: it has threads of its own.
        """
        lane = self._slow if slow else self._quick
        lane.run(fn, then, failed=failed or self.report, key=key)

    def begin(self) -> None:
        """Ask for the first list; what is slow waits until it is on the screen."""
        self._slow.hold()
        self.listing.answered.connect(self._slow.release)
        self.listing.ask()

    def do(self, operation: Operation) -> None:
        """Run a write that the user asked for; see `Operation`.

        Cards show it before the next frame where it says what they will show.
        """
        done = self.undo.begin(operation.title) if operation.undoable else None
        engine = self.engine
        patched: list[int] = []

        def work() -> Any:
            outcome = wait_for(operation.work(engine))
            if done is not None:
                done.action_id = action_of(outcome)
            return outcome

        def take(outcome: Any) -> None:
            self.listing.cards.settle(patched)
            self._tell_own(changes_of(outcome))
            if done is not None and done.action_id is None:
                self.undo.drop(done)
            if not operation.quiet:
                self.said.emit(operation.title)
            operation.then(outcome)
            self.done.emit(operation, outcome)

        def failed(error: Exception) -> None:
            self.listing.cards.drop(patched)
            if done is not None:
                self.undo.drop(done)
            operation.failed(error)
            self.report(error)

        # The disk is at work while the window shows it.
        self._writes.run(work, take, failed=failed)
        patched += self._patch(operation)

    def _patch(self, operation: Operation) -> list[int]:
        if operation.patch is None:
            return []
        return self.listing.cards.patch(operation.patch.change, operation.patch.wanted)

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
        self.listing.close_down()
        self.overview.close_down()
        for lane in (self._quick, self._slow, self._writes):
            lane.silence()
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
        # What the user marked last is written before the library closes.
        self._writes.close()
        self.engine.shutdown(timeout)
        self._quick.close()
        self._slow.close()
        self.library.close()

    def _on_changes(self, changes: Changes) -> None:
        """Called on the writer's thread, after the commit."""
        with self._lock:
            first = not self._pending
            self._pending.append(changes)
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
            pending, self._pending = self._pending, []
        merged = Changes()
        for changes in pending:
            merged |= changes
        if merged:
            self.changed.emit(merged)

    def _tell_own(self, changes: Changes) -> None:
        if not changes:
            return
        with self._lock:
            if changes in self._pending:  # the writer told of it, before it gave the outcome
                self._pending.remove(changes)
        self.telling_own = True
        try:
            self.changed.emit(changes)
        finally:
            self.telling_own = False

    @Slot(object)
    def _relay_job(self, progress: JobProgress) -> None:
        if self._closed:
            return
        if progress.state.finished:
            self.running.pop(int(progress.id), None)
        else:
            self.running[int(progress.id)] = progress
        self.job_changed.emit(progress)


def _first_query(settings: Settings) -> Query:
    """What was listed last, without its filters."""
    subject, key = settings["view"], settings["sort"]
    return Query(
        subject=Subject(subject) if subject in list(Subject) else Subject.FACES,
        order=Order(
            SortKey(key) if key in list(SortKey) else SortKey.SCORE, settings["descending"]
        ),
    )
