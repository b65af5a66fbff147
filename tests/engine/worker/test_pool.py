"""A decoder that cannot be started is no photo's fault, and no item is left without an answer."""

from __future__ import annotations

import queue
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from fiqa_studio.engine.worker import pool as pools
from fiqa_studio.engine.worker.options import WorkerOptions
from fiqa_studio.engine.worker.pool import DecoderPool, PoolItem

PATIENCE = 60.0


class Listener:
    def __init__(self) -> None:
        self.told: queue.SimpleQueue[tuple[Any, ...]] = queue.SimpleQueue()
        self.fault: Exception | None = None

    def item_started(self, _request_id: int) -> None:
        if self.fault is not None:
            raise self.fault

    def item_answered(self, request_id: int, _tag: bytes, _payload: bytes) -> None:
        self.told.put(("answered", request_id))

    def item_failed(self, request_id: int, code: str, _message: str) -> None:
        self.told.put(("failed", request_id, code))

    def pool_broken(self, message: str) -> None:
        self.told.put(("broken", message))


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Listener:
    monkeypatch.setattr(pools, "_START_AGAIN_SECONDS", 0.001)
    return Listener()


@pytest.fixture
def pool(listener: Listener) -> Iterator[DecoderPool]:
    """A pool of one slot."""
    options = WorkerOptions(render=False, decoders=1, seconds_per_photo=5, memory_mb=0)
    made = DecoderPool(options, listener)
    yield made
    made.close()


@pytest.mark.allows_log("cannot be started")
def test_decoders_that_cannot_be_started_break_the_pool_and_blame_no_photo(
    listener: Listener, pool: DecoderPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_more: object) -> None:
        raise OSError("too many open files")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    pool.submit(PoolItem(1, b""))
    told = listener.told.get(timeout=PATIENCE)
    assert told == ("broken", "The decoder does not start (too many open files)")
    pool.cancel([1])
    until_failed = next(
        entry
        for entry in iter(lambda: listener.told.get(timeout=PATIENCE), None)
        if entry[0] == "failed"
    )
    assert until_failed == ("failed", 1, "cancelled")


@pytest.mark.allows_log("our own fault")
def test_a_fault_in_a_slot_answers_its_item_and_the_slot_lives_on(
    listener: Listener, pool: DecoderPool
) -> None:
    listener.fault = RuntimeError("a fault")
    pool.submit(PoolItem(1, b""))
    assert listener.told.get(timeout=PATIENCE) == ("failed", 1, "photo.fault")
    pool.submit(PoolItem(2, b""))
    assert listener.told.get(timeout=PATIENCE) == ("failed", 2, "photo.fault")
