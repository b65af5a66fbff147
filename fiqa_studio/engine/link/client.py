"""The client of one worker process: requests in, futures out, whatever becomes of the worker.

Threads, all named after the client:

* ``NAME-reader`` starts the worker, reads its events, and starts it again when it dies.
* ``NAME-sender`` writes commands, so that a worker that does not read blocks nobody else.
* ``NAME-log`` copies its standard error into the log file.

A worker that dies takes nothing with it. Requests it had not begun are sent again. Those in
hand are suspects: they are tried again one by one, alone, so that the culprit shows itself and
the innocent are answered.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from fiqa_studio.domain.errors import WorkerError
from fiqa_studio.engine.link.errors import (
    RequestCancelledError,
    blame,
    cancelled,
    closed,
    error_of,
    keeps_dying,
    no_decoders,
    not_started,
    wrong_protocol,
)
from fiqa_studio.engine.link.log import WorkerLog, log_folder
from fiqa_studio.engine.link.process import (
    WorkerSettings,
    await_exit,
    kill,
    start_worker,
)
from fiqa_studio.engine.link.protocol import (
    BROKEN_POOL,
    PROTOCOL_VERSION,
    Cancel,
    Command,
    Event,
    Hello,
    LoadScorer,
    Notice,
    ProtocolError,
    Ready,
    RequestFailed,
    ScorerLoaded,
    Shutdown,
    Started,
    read_event,
    write_message,
)
from fiqa_studio.engine.worker.options import WorkerOptions

__all__ = ["RequestCancelledError", "WorkerClient", "WorkerSettings"]

_logger = logging.getLogger(__name__)

_START_SECONDS = 60.0
_KILLED_SECONDS = 5.0
_DEATHS_TO_BLAME = 2
"""A request in hand at so many crashes is the cause."""
_KILLS_TO_BLAME = 6
"""The same for deaths by a signal from outside, which say little about what was in hand."""
_FRUITLESS_STARTS = 5
"""So many starts in a row without one answer, and the worker is given up."""
_LONGEST_PAUSE_SECONDS = 2.0
_EXTERNAL_SIGNALS = frozenset([signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])


@dataclass(slots=True, eq=False)
class _Request:
    command: Command
    future: Future[Event]
    begun: bool = False
    unwanted: bool = False
    deaths: int = 0
    kills: int = 0


@dataclass(slots=True, eq=False)
class _Life:
    """One worker process from start to death."""

    process: subprocess.Popen[bytes]
    outgoing: deque[Cancel | Shutdown] = field(default_factory=deque)
    answered: bool = False
    over: bool = False


class WorkerClient:
    """Runs one worker and keeps it running.

    Args:
        settings: How.
        name: For threads and the log file.
        render: A light worker that serves the screen.
        on_notice: Told what belongs to no request; called on the reader thread.

    The worker is started by the first request. ``submit`` never blocks; the worker is given
    ``window`` requests at a time and the rest wait here, where they can be cancelled at once.
    """

    def __init__(
        self,
        settings: WorkerSettings,
        *,
        name: str = "worker",
        render: bool = False,
        on_notice: Callable[[Notice], None] = lambda _notice: None,
    ):
        count = 2 if render else settings.decoder_count()
        self._options = WorkerOptions(
            render=render,
            decoders=count,
            seconds_per_photo=settings.seconds_per_photo,
            memory_mb=settings.memory_mb,
        )
        self.window = 2 * count + 2
        self._settings = settings
        self._name = name
        self._on_notice = on_notice
        self._log = WorkerLog(settings.log_file or log_folder() / f"{name}.log")
        self._changed = threading.Condition()
        self._numbers = 0
        self._waiting: deque[int] = deque()
        self._sent: set[int] = set()
        self._requests: dict[int, _Request] = {}
        self._loaded: dict[str, LoadScorer] = {}
        self._life: _Life | None = None
        self._broken: WorkerError | None = None
        self._closing = False
        self._reader: threading.Thread | None = None
        self._fruitless = 0

    # --- requests --------------------------------------------------------------------------

    def submit(self, command: Command) -> tuple[int, Future[Event]]:
        """Queue a request; its id is chosen here. The future's errors are `KnownError`."""
        future: Future[Event] = Future()
        future.set_running_or_notify_cancel()
        with self._changed:
            self._numbers += 1
            number = self._numbers
            if self._closing or self._broken:
                future.set_exception(self._broken or closed())
                return number, future
            command = msgspec.structs.replace(command, request_id=number)
            self._requests[number] = _Request(command, future)
            self._waiting.append(number)
            if self._reader is None:
                self._reader = threading.Thread(
                    target=self._run, name=f"{self._name}-reader", daemon=True
                )
                self._reader.start()
            self._changed.notify_all()
        return number, future

    def cancel(self, request_ids: Iterable[int]) -> None:
        """Drop requests: at once where the worker has not seen them, else by a message.

        A worker that has not answered them after the grace period is killed; everything else
        it had is sent to the next one.
        """
        with self._changed:
            numbers = [number for number in request_ids if number in self._requests]
            unsent = [number for number in numbers if number not in self._sent]
            sent = [number for number in numbers if number in self._sent]
            dropped = [self._requests.pop(number) for number in unsent]
            for number in sent:
                self._requests[number].unwanted = True
            self._waiting = deque(n for n in self._waiting if n in self._requests)
            life = self._life
            if sent and life is not None:
                life.outgoing.append(Cancel(request_ids=sent))
            self._changed.notify_all()
        for request in dropped:
            request.future.set_exception(cancelled())
        if sent and life is not None:
            timer = threading.Timer(
                self._settings.cancel_grace, self._kill_if_unanswered, (life, sent)
            )
            timer.name, timer.daemon = f"{self._name}-grace", True
            timer.start()
            for number in sent:
                self._when_answered(number, sent, timer)

    def close(self, timeout: float = 3.0) -> None:
        """Drop all requests and end the worker: politely, then by a kill."""
        with self._changed:
            self._closing = True
            numbers = list(self._requests)
            life, reader = self._life, self._reader
            self._changed.notify_all()
        self.cancel(numbers)
        with self._changed:
            if life is not None:
                life.outgoing.append(Shutdown())
                self._changed.notify_all()
        if reader is not None:
            reader.join(timeout)
            self.kill()
            # The kernel may hold a killed process back (a dead network drive); nobody waits for it.
            reader.join(_KILLED_SECONDS)
        self._log.close()

    def kill(self) -> None:
        """End the worker and its decoders at once."""
        with self._changed:
            life = self._life
        if life is not None:
            kill(life.process)

    @property
    def pid(self) -> int | None:
        """The worker's process id while there is one."""
        with self._changed:
            return self._life.process.pid if self._life else None

    @property
    def log_path(self) -> Path:
        """The log file."""
        return self._log.path

    def _when_answered(self, number: int, sent: list[int], timer: threading.Timer) -> None:
        with self._changed:
            request = self._requests.get(number)
        if request is None:
            return

        def stop_timer(_future: Future[Event]) -> None:
            with self._changed:
                answered = not any(n in self._requests for n in sent)
            if answered:
                timer.cancel()

        request.future.add_done_callback(stop_timer)

    def _kill_if_unanswered(self, life: _Life, numbers: list[int]) -> None:
        with self._changed:
            late = [self._requests.pop(n) for n in numbers if n in self._requests]
            self._sent -= set(numbers)
            self._waiting = deque(n for n in self._waiting if n in self._requests)
            if late and self._life is life and not life.over:
                _logger.info("the worker ignores a cancel; it is ended")
                for request in self._requests.values():
                    request.begun = False  # nobody else is to blame for this death
                kill(life.process)
        for request in late:
            request.future.set_exception(cancelled())

    # --- the reader thread -----------------------------------------------------------------

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._closing:
                    self._changed.wait()
                if self._closing:
                    return
                pause = min(_LONGEST_PAUSE_SECONDS, 0.05 * 2**self._fruitless)
                if self._fruitless:
                    self._changed.wait_for(lambda: self._closing, pause)
            try:
                life = _Life(start_worker(self._settings, self._options))
            except OSError as error:
                self._give_up(not_started(error))
                continue
            self._live(life)

    def _live(self, life: _Life) -> None:
        process = life.process
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise AssertionError("Popen gives the pipes it was asked for")
        log_thread = self._log.follow(process.stderr)
        late = threading.Timer(_START_SECONDS, kill, (process,))
        late.name, late.daemon = f"{self._name}-start", True
        late.start()
        sender = threading.Thread(
            target=self._send, args=(life,), name=f"{self._name}-sender", daemon=True
        )
        with self._changed:
            self._life = life
        try:
            write_message(process.stdin, Hello())
            ready = read_event(process.stdout)
            late.cancel()
            if isinstance(ready, Ready) and ready.protocol != PROTOCOL_VERSION:
                self._give_up(wrong_protocol(ready.protocol))
            elif isinstance(ready, Ready):
                sender.start()
                while (event := read_event(process.stdout)) is not None:
                    self._handle(life, event)
        except (OSError, ProtocolError) as error:
            _logger.info("the worker's answers ended: %s", error)
        late.cancel()
        await_exit(process)
        kill(process)  # and what it may have left behind
        status = process.wait()
        with self._changed:
            life.over = True
            self._changed.notify_all()
        if sender.ident is not None:
            sender.join()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()
        log_thread.join(timeout=5)
        self._after_death(life, status)

    def _handle(self, life: _Life, event: Event) -> None:
        if isinstance(event, Notice):
            self._on_notice(event)
            return
        if isinstance(event, Ready):
            return
        with self._changed:
            if isinstance(event, Started):
                request = self._requests.get(event.request_id)
                if request is not None:
                    request.begun = True
                return
            request = self._requests.pop(event.request_id, None)
            self._sent.discard(event.request_id)
            if request is not None:  # else the answer to a scorer's reload: no sign of health
                life.answered = True
                self._fruitless = 0
            command = request.command if request is not None else None
            if isinstance(event, ScorerLoaded) and isinstance(command, LoadScorer):
                self._loaded[event.name] = command
            self._changed.notify_all()
        if request is None:
            return  # cancelled in the meantime
        if isinstance(event, RequestFailed):
            request.future.set_exception(error_of(event))
        else:
            request.future.set_result(event)

    def _after_death(self, life: _Life, status: int) -> None:
        """Sort the requests of a dead worker: to blame, to try alone, to send again."""
        external = -status in _EXTERNAL_SIGNALS
        blamed: list[_Request] = []
        with self._changed:
            self._life = None
            orphans = [n for n, r in self._requests.items() if r.unwanted or self._closing]
            dropped = [self._requests.pop(number) for number in orphans]
            self._sent -= set(orphans)
            self._waiting = deque(n for n in self._waiting if n in self._requests)
            if not self._closing:
                self._fruitless = 0 if life.answered else self._fruitless + 1
                if status != BROKEN_POOL:
                    blamed = self._sort_in_hand(external=external)
        for request in dropped:
            request.future.set_exception(cancelled())
        for request in blamed:
            request.future.set_exception(blame())
        if self._closing:
            return
        _logger.info("the worker ended with status %d", status)
        if status == BROKEN_POOL:  # no photo is to blame, and the next worker would do no better
            self._give_up(no_decoders(self._log.tail().rpartition("\n")[2], self._log.path))
            return
        if self._fruitless >= _FRUITLESS_STARTS:
            self._give_up(keeps_dying(self._log.tail().rpartition("\n")[2], self._log.path))

    def _sort_in_hand(self, *, external: bool) -> list[_Request]:
        """The lock is held."""
        blamed: list[_Request] = []
        again: list[int] = []
        for number in sorted(self._sent):
            request = self._requests[number]
            if request.begun:
                request.begun = False
                request.kills += external
                request.deaths += not external
            if request.deaths >= _DEATHS_TO_BLAME or request.kills >= _KILLS_TO_BLAME:
                blamed.append(self._requests.pop(number))
            else:
                again.append(number)
        self._sent.clear()
        # Suspects of a crash first and alone (see _next): the culprit must not take others along.
        again.sort(key=lambda n: (not self._requests[n].deaths, n))
        self._waiting.extendleft(reversed(again))
        return blamed

    def _give_up(self, error: WorkerError) -> None:
        """Fail everything; a later request tries again, except after a wrong protocol."""
        with self._changed:
            requests = list(self._requests.values())
            self._requests.clear()
            self._waiting.clear()
            self._sent.clear()
            self._fruitless = 0
            if error.code == "worker.protocol":
                self._broken = error
        for request in requests:
            request.future.set_exception(error)

    # --- the sender thread -----------------------------------------------------------------

    def _send(self, life: _Life) -> None:
        stream = life.process.stdin
        if stream is None:
            raise AssertionError("Popen gives the pipe it was asked for")
        try:
            with self._changed:
                reload = list(self._loaded.values())
            for command in reload:
                write_message(stream, command)
            while True:
                with self._changed:
                    while (message := self._next(life)) is None and not life.over:
                        self._changed.wait()
                if message is None:
                    return
                write_message(stream, message)
        except OSError:
            return  # the worker is gone; the reader thread sees it too

    def _next(self, life: _Life) -> Command | None:
        """What to send now, None for nothing; the lock is held."""
        if life.over:
            return None
        if life.outgoing:
            return life.outgoing.popleft()
        alone = any(self._requests[n].deaths for n in self._sent)
        if alone or not self._waiting:
            return None
        # For the screen the newest goes first: the older pictures may be out of sight by now.
        place = -1 if self._options.render else 0
        number = self._waiting[place]
        request = self._requests[number]
        limit = 1 if request.deaths else self.window
        if len(self._sent) >= limit:
            return None
        del self._waiting[place]
        self._sent.add(number)
        return request.command
