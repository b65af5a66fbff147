"""The decoders: as many processes as cores, one photo each, their deaths told apart exactly.

A slot is a thread that owns at most one decoder process. It takes a photo from the queue, hands
it over, and waits for the answer, the decoder's death, the time limit or a cancel, whichever
comes first.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from fiqa_studio.engine.worker.frames import (
    BEGUN,
    FrameEndedError,
    FrameLateError,
    FrameReader,
    FrameUnwantedError,
)
from fiqa_studio.engine.worker.options import WorkerOptions

_logger = logging.getLogger(__name__)

_START_SECONDS = 120.0
_FAILED_STARTS_ALLOWED = 4
_START_AGAIN_SECONDS = 0.5
"""How long a slot waits before it tries again to start a decoder; longer each time."""
_CANCEL_GRACE_SECONDS = 1.0
_PHOTOS_PER_DECODER = 2000
"""After which a decoder is replaced: decoding libraries leak a little."""
_EXTERNAL_SIGNALS = frozenset([signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])


CANCELLED = "cancelled"
"""The code of an item that nobody waits for any more."""


@dataclass(frozen=True, slots=True, eq=False)
class PoolItem:
    """One photo to decode: its request and the command, encoded and framed."""

    request_id: int
    frame: bytes


class PoolListener(Protocol):
    """Who is told what becomes of the items; called on the slots' threads."""

    def item_started(self, request_id: int) -> None:
        """A decoder took it in hand."""

    def item_answered(self, request_id: int, tag: bytes, payload: bytes) -> None:
        """Its decoder answered with this frame."""

    def item_failed(self, request_id: int, code: str, message: str) -> None:
        """It has no answer."""

    def pool_broken(self, message: str) -> None:
        """Decoders cannot be started at all."""


class DecoderPool:
    """Hands photos to decoder processes.

    ``submit`` and ``cancel`` return at once. Decoders start when there is work for them.
    """

    def __init__(self, options: WorkerOptions, listener: PoolListener):
        self._options = options
        self._listener = listener
        self._queue: deque[PoolItem] = deque()
        self._changed = threading.Condition()
        self._unwanted: set[int] = set()
        self._closed = False
        for number in range(options.decoders):
            # One thread a decoder process: it waits on that process's pipe and on nothing else.
            # They are daemons because the supervisor leaves by os._exit when its parent is gone.
            threading.Thread(target=self._slot, name=f"slot-{number}", daemon=True).start()

    def submit(self, item: PoolItem) -> None:
        """Queue one photo; for the screen the newest goes first."""
        with self._changed:
            self._queue.append(item)
            self._changed.notify()

    def cancel(self, request_ids: Iterable[int]) -> None:
        """Drop items not yet begun; stop those in hand after a moment of grace."""
        wanted_gone = set(request_ids)
        with self._changed:
            dropped = [item for item in self._queue if item.request_id in wanted_gone]
            for item in dropped:
                self._queue.remove(item)
            self._unwanted |= wanted_gone - {item.request_id for item in dropped}
        for item in dropped:
            self._listener.item_failed(item.request_id, CANCELLED, "Cancelled.")

    def forget(self, request_id: int) -> None:
        """The request is closed: a cancel for it means nothing any more."""
        with self._changed:
            self._unwanted.discard(request_id)

    def close(self) -> None:
        """End the slots once nothing is queued."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _take(self) -> PoolItem | None:
        with self._changed:
            while not self._queue:
                if self._closed:
                    return None
                self._changed.wait()
            return self._queue.pop() if self._options.render else self._queue.popleft()

    def _slot(self) -> None:
        slot = _Slot(self, self._options, self._listener)
        while (item := self._take()) is not None:
            try:
                self._listener.item_started(item.request_id)
                slot.serve(item)
            except Exception as error:
                # Whatever it is, the slot must live on and the item must be answered: a job
                # waits for each of its items.
                _logger.exception("a slot failed by our own fault")
                slot.drop_decoder()
                self._listener.item_failed(
                    item.request_id,
                    "photo.fault",
                    f"The worker failed on this photo ({type(error).__name__}: {error}). "
                    "The log file has the details.",
                )
        slot.drop_decoder()

    def is_unwanted(self, item: PoolItem) -> bool:
        """Whether an item in hand was cancelled."""
        with self._changed:
            return item.request_id in self._unwanted


class _Slot:
    """What one slot's thread does with an item, and the decoder it owns."""

    def __init__(self, pool: DecoderPool, options: WorkerOptions, listener: PoolListener):
        self._pool = pool
        self._options = options
        self._listener = listener
        self._decoder: _DecoderProcess | None = None
        self._failed_starts = 0

    def serve(self, item: PoolItem) -> None:
        """Answer one item, in one way or another."""
        for attempt in (1, 2):
            decoder = self._warm_decoder(item)
            if decoder is None:
                outcome = _Outcome(CANCELLED, "Cancelled.")
            else:
                served = self._serve(decoder, item)
                if served is None:
                    self._failed_starts = 0
                    return
                outcome = served
                if not decoder.began and outcome.code != CANCELLED:
                    self._note_failed_start(outcome.message)
            self.drop_decoder()
            if not (outcome.may_be_tried_again and attempt == 1):
                break
        self._listener.item_failed(item.request_id, outcome.code, outcome.message)

    def drop_decoder(self) -> None:
        """End the decoder, if there is one; the next item gets another."""
        decoder, self._decoder = self._decoder, None
        if decoder is not None:
            decoder.kill()

    def _note_failed_start(self, reason: str) -> None:
        self._failed_starts += 1
        if self._failed_starts >= _FAILED_STARTS_ALLOWED:
            self._failed_starts = 0
            self._listener.pool_broken(f"The decoder does not start ({reason})")

    def _warm_decoder(self, item: PoolItem) -> _DecoderProcess | None:
        """The slot's decoder, started if need be; None where the item was cancelled first."""
        if self._decoder is not None and self._decoder.photos >= _PHOTOS_PER_DECODER:
            self._decoder.end()
            self._decoder = None
        while self._decoder is None:
            try:
                self._decoder = _DecoderProcess(self._options)
            except (OSError, MemoryError) as error:
                # No memory, no descriptors, no processes: perhaps only for a moment.
                _logger.warning("a decoder cannot be started: %s", error)
                self._note_failed_start(str(error))
                if self._pool.is_unwanted(item):
                    return None
                time.sleep(_START_AGAIN_SECONDS * max(1, self._failed_starts))
        return self._decoder

    def _serve(self, decoder: _DecoderProcess, item: PoolItem) -> _Outcome | None:
        asked_at = time.monotonic()
        unwanted_since: list[float] = []

        def unwanted() -> bool:
            if not self._pool.is_unwanted(item):
                return False
            unwanted_since.append(time.monotonic())
            return unwanted_since[-1] - unwanted_since[0] > _CANCEL_GRACE_SECONDS

        try:
            decoder.send(item.frame)
            tag, payload = decoder.reader.read(asked_at + _START_SECONDS, unwanted)
            if tag == BEGUN:
                decoder.began = True
                limit = time.monotonic() + self._options.seconds_per_photo
                tag, payload = decoder.reader.read(limit, unwanted)
        except FrameUnwantedError:
            return _Outcome(CANCELLED, "Cancelled.")
        except FrameLateError:
            seconds = self._options.seconds_per_photo
            return _Outcome(
                "photo.timeout", f"Reading this photo took more than {seconds:g} s; it was stopped."
            )
        except FrameEndedError:
            return _death(decoder)
        decoder.photos += 1
        self._listener.item_answered(item.request_id, tag, payload)
        return None


@dataclass(frozen=True, slots=True)
class _Outcome:
    code: str
    message: str
    may_be_tried_again: bool = False


def _death(decoder: _DecoderProcess) -> _Outcome:
    status = decoder.wait()
    if status >= 0:
        return _Outcome(
            "photo.crash",
            f"The decoder gave up on this file (exit status {status}).",
            may_be_tried_again=not decoder.began,
        )
    number = -status
    if number == signal.SIGALRM:
        return _Outcome("photo.timeout", "Reading this photo took too long; it was stopped.")
    if number in _EXTERNAL_SIGNALS:
        return _Outcome(
            "photo.crash",
            "The process that read this photo was ended from outside, perhaps because memory "
            "ran out.",
            may_be_tried_again=True,
        )
    name = signal.strsignal(number) or f"signal {number}"
    return _Outcome(
        "photo.crash",
        f"The file crashes its decoder ({name.lower()}): it is damaged or made to do harm.",
        may_be_tried_again=not decoder.began,
    )


class _DecoderProcess:
    """One decoder process. Used by its slot's thread only.

    Attributes:
        began: Whether it ever got as far as touching a photo.
        photos: How many it has answered.
    """

    def __init__(self, options: WorkerOptions):
        self.began = False
        self.photos = 0
        environment = dict(os.environ)
        # One process a core: a library that starts a thread a core as well only gets in the way.
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"):
            environment[name] = "1"
        # Messages of TensorFlow's logger below "error" would fill the log.
        environment.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        environment.setdefault("GLOG_minloglevel", "2")
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-P", "-m", "fiqa_studio.engine.worker"),
                *options.arguments(decoder=True),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        if self._process.stdout is None:
            raise AssertionError("Popen gives the pipe it was asked for")
        self.reader = FrameReader(self._process.stdout.fileno())

    def send(self, frame: bytes) -> None:
        """Hand over a command; raises `FrameEndedError` where the process is gone."""
        if self._process.stdin is None:
            raise AssertionError("Popen gives the pipe it was asked for")
        try:
            self._process.stdin.write(frame)
            self._process.stdin.flush()
        except OSError as error:
            raise FrameEndedError from error

    def wait(self) -> int:
        """The exit status of a process whose pipe has ended."""
        try:
            return self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def end(self) -> None:
        """Let it go after its last photo."""
        self._close_pipes()
        self.wait()

    def kill(self) -> None:
        """End it now."""
        self._process.kill()
        self._close_pipes()
        self._process.wait()

    def _close_pipes(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
