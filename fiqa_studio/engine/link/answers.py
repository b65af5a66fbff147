"""Futures that are known to hold one kind of answer."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TypeVar

from fiqa_studio.engine.link.protocol import Event

_T = TypeVar("_T", bound=Event)


def typed(future: Future[Event], kind: type[_T]) -> Future[_T]:
    """The same future, known to hold one kind of answer."""
    answer: Future[_T] = Future()
    answer.set_running_or_notify_cancel()
    pass_on(future, answer, kind)
    return answer


def pass_on(source: Future[Event], target: Future[_T], kind: type[_T]) -> None:
    """Give ``target`` what becomes of ``source``; another kind of answer is an error."""

    def done(finished: Future[Event]) -> None:
        error = finished.exception()
        if error is not None:
            target.set_exception(error)
            return
        answer = finished.result()
        if isinstance(answer, kind):
            target.set_result(answer)
        else:
            target.set_exception(
                TypeError(f"expected {kind.__name__}, not {type(answer).__name__}")
            )

    source.add_done_callback(done)
