"""The supervisor: reads commands, sends events, holds the warm scorer, ends with its parent."""

from __future__ import annotations

import logging
import os
import sys
import threading
from typing import BinaryIO

import msgspec

from fiqa_models.threads import available
from fiqa_studio.engine.link.protocol import (
    BROKEN_POOL,
    PROTOCOL_VERSION,
    Cancel,
    Command,
    Describe,
    Event,
    Hello,
    LoadScorer,
    Notice,
    PhotoCommand,
    PhotoScored,
    ProtocolError,
    Ready,
    RequestFailed,
    ScorerLoaded,
    Shutdown,
    Started,
    WireScore,
    frame_of,
    read_command,
    write_message,
    write_payload,
)
from fiqa_studio.engine.link.wire import with_scores
from fiqa_studio.engine.worker.decoder import private_standard_output
from fiqa_studio.engine.worker.describe import describe
from fiqa_studio.engine.worker.faults import fault_in_supervisor
from fiqa_studio.engine.worker.frames import CROPS, Crops
from fiqa_studio.engine.worker.options import WorkerOptions
from fiqa_studio.engine.worker.pool import CANCELLED, DecoderPool, PoolItem
from fiqa_studio.engine.worker.scoring import Scoring

_logger = logging.getLogger(__name__)

WRONG_PROTOCOL = 4

_SCORING_THREADS = 8

_decode_crops = msgspec.msgpack.Decoder(Crops).decode


def run_supervisor(options: WorkerOptions) -> int:
    """Serve until told to stop or until standard input ends."""
    logging.basicConfig(level=logging.INFO, format="worker: %(message)s")
    events = private_standard_output()
    commands = sys.stdin.buffer
    hello = read_command(commands)
    write_message(events, Ready(protocol=PROTOCOL_VERSION, pid=os.getpid()))
    if not isinstance(hello, Hello) or hello.protocol != PROTOCOL_VERSION:
        return WRONG_PROTOCOL
    supervisor = _Supervisor(options, events)
    status = 0
    try:
        while (command := read_command(commands)) is not None:
            supervisor.serve(command)
    except ProtocolError:
        _logger.exception("leaving")
        status = WRONG_PROTOCOL
    # The parent is gone or talks nonsense: nobody waits for what is in hand, and a library
    # busy in another thread must not hold this process back. Decoders follow by themselves.
    os._exit(status)


def _scoring_threads(options: WorkerOptions) -> int:
    """One a core as there are decoders, up to where Python's lock is shared by too many."""
    return 1 if options.render else max(1, min(options.decoders, _SCORING_THREADS, available()))


class _Supervisor:
    """Routes commands to the pool and the scoring threads, and their results to the parent."""

    def __init__(self, options: WorkerOptions, events: BinaryIO):
        self._events = events
        self._sending = threading.Lock()
        self._open: dict[int, Command] = {}
        self._unanswered = 0
        self._cancelled: set[int] = set()
        self._changed = threading.Condition()
        self._pool = DecoderPool(options, self)
        self._scoring = Scoring(
            self, cancelled=self._cancelled.__contains__, threads=_scoring_threads(options)
        )

    def serve(self, command: Command) -> None:
        """Take one command; returns at once."""
        match command:
            case _ if isinstance(command, PhotoCommand):
                self._register(command.request_id, command)
                self._pool.submit(PoolItem(command.request_id, frame_of(command)))
            case LoadScorer():
                self._register(command.request_id, command)
                self._scoring.load(command)
            case Describe():
                self._register(command.request_id, command)
                # It may import torch: seconds in which commands must still be read.
                threading.Thread(
                    target=self._describe, args=(command,), name="describe", daemon=True
                ).start()
            case Cancel():
                with self._changed:
                    known = [number for number in command.request_ids if number in self._open]
                    self._cancelled.update(known)
                self._pool.cancel(known)
            case Shutdown():
                threading.Thread(target=self._leave_when_idle, name="leave", daemon=True).start()
            case Hello():
                pass

    # --- what the pool tells ---------------------------------------------------------------

    def item_started(self, request_id: int) -> None:
        """Pass it on: the client must know whom to suspect."""
        self._send(Started(request_id=request_id))
        command = self._open.get(request_id)
        if isinstance(command, PhotoCommand):
            fault_in_supervisor(command.path)

    def item_answered(self, request_id: int, tag: bytes, payload: bytes) -> None:
        """Send a finished answer on, or the crops to the scorer."""
        if tag == CROPS:
            self._scoring.submit(_decode_crops(payload))
        else:
            self._close(request_id, payload)

    def item_failed(self, request_id: int, code: str, message: str) -> None:
        """Answer for a decoder that cannot."""
        self._fail(request_id, code, message)

    def pool_broken(self, message: str) -> None:
        """Without decoders there is nothing this process can do: say so and leave."""
        _logger.error("%s", message)
        self._send(Notice(level="error", message=message))
        os._exit(BROKEN_POOL)

    # --- what the scoring threads tell -----------------------------------------------------

    def begun(self, request_id: int) -> None:
        """A load may crash in a driver: the client must know."""
        self._send(Started(request_id=request_id))

    def scorer_loaded(self, answer: ScorerLoaded) -> None:
        """Pass it on."""
        self._answer(answer.request_id, answer)

    def load_failed(self, request_id: int, code: str, message: str) -> None:
        """Pass it on."""
        self._fail(request_id, code, message)

    def photo_scored(self, crops: Crops, scores: list[WireScore]) -> None:
        """Complete the photo's answer with its scores."""
        answer: Event
        if crops.indexed is not None:
            answer = with_scores(crops.indexed, scores)
        else:
            pairs = list(zip(crops.face_ids, scores, strict=True))
            hashes = list(zip(crops.face_ids, crops.hashes, strict=True))
            answer = PhotoScored(request_id=crops.request_id, scores=pairs, hashes=hashes)
        self._answer(crops.request_id, answer)

    def photo_not_scored(self, crops: Crops, code: str, message: str) -> None:
        """An indexed photo is worth having without scores; else there is no answer."""
        if crops.indexed is not None:
            # What was cancelled did not fail: the photo is indexed, and scored another time.
            problem = "" if code == CANCELLED else message
            self._answer(
                crops.request_id, msgspec.structs.replace(crops.indexed, score_problem=problem)
            )
        else:
            self._fail(crops.request_id, code, message)

    def notice(self, level: str, message: str) -> None:
        """Pass it on."""
        self._send(Notice(level=level, message=message))

    # --- requests --------------------------------------------------------------------------

    def _register(self, request_id: int, command: Command) -> None:
        with self._changed:
            self._open[request_id] = command
            self._unanswered += 1

    def _describe(self, command: Describe) -> None:
        try:
            self._answer(command.request_id, describe(command.request_id, devices=command.devices))
        except Exception as error:
            # The doctor must hear of a broken installation, whatever breaks.
            _logger.exception("the installation cannot be described")
            self._fail(command.request_id, "worker.describe", str(error))

    def _fail(self, request_id: int, code: str, message: str) -> None:
        failed = RequestFailed(request_id=request_id, code=code, message=message)
        self._answer(request_id, failed)

    def _answer(self, request_id: int, event: Event) -> None:
        self._close(request_id, msgspec.msgpack.encode(event))

    def _close(self, request_id: int, payload: bytes) -> None:
        """Send the closing event of a request, exactly once."""
        with self._changed:
            if self._open.pop(request_id, None) is None:
                return
            self._cancelled.discard(request_id)
        self._pool.forget(request_id)
        self._write(payload)
        with self._changed:
            self._unanswered -= 1
            self._changed.notify_all()

    def _send(self, event: Event) -> None:
        self._write(msgspec.msgpack.encode(event))

    def _write(self, payload: bytes) -> None:
        try:
            with self._sending:
                write_payload(self._events, payload)
        except OSError:
            os._exit(0)  # nobody listens any more

    def _leave_when_idle(self) -> None:
        with self._changed:
            while self._unanswered:
                self._changed.wait()
        self._scoring.close()
        os._exit(0)
