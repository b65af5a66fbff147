"""A write that the user asked for: run off the thread, shown at once, taken back by Undo."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fiqa_studio.domain.changes import Changes

if TYPE_CHECKING:
    from fiqa_studio.engine.engine import Engine
    from fiqa_studio.ui.session.cards import Card


@dataclass(frozen=True, slots=True)
class Patch:
    """What cards will show once the write is in the library, so that they show it now.

    Attributes:
        change: A card as it will be.
        wanted: Which cards.
    """

    change: Callable[[Card], Card]
    wanted: Callable[[Card], bool]


def nothing(_: Any) -> None:
    """The answer shows by itself, as a job or a change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What to do, and what to say of it.

    Operations run one after another, in the order in which they were asked for.

    Attributes:
        title: What Undo and the history call it, such as ``3 stars on 12 photos``.
        work: Called off the window's thread with the engine. It answers with an outcome or the
            future of one; where that has an ``action_id``, Undo takes it back, and its
            ``changes`` are told at once as the user's own.
        patch: What is known of the answer beforehand.
        then: Called in the window's thread with the outcome.
        failed: Called with the error besides telling it.
        quiet: Whether nothing is said of it in the status bar.
        undoable: Whether Undo may take it back.
    """

    title: str
    work: Callable[[Engine], Future[Any] | Any]
    patch: Patch | None = None
    then: Callable[[Any], object] = nothing
    failed: Callable[[Exception], object] = nothing
    quiet: bool = False
    undoable: bool = True


def wait_for(answer: Future[Any] | Any) -> Any:
    """The outcome itself; for a thread beside the window's. Raises what the work raised."""
    return answer.result() if isinstance(answer, Future) else answer


def action_of(outcome: object) -> int | None:
    """The action that an outcome can be taken back by."""
    found = getattr(outcome, "action_id", None)
    return None if found is None else int(found)


def changes_of(outcome: object) -> Changes:
    """What an outcome changed."""
    found = getattr(outcome, "changes", None)
    return found if isinstance(found, Changes) else Changes()
