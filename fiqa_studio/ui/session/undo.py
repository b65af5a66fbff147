"""What this window did since it opened the library, to be taken back in order.

Only this session's actions: what somebody else did, or this user yesterday, is taken back in the
history, by name. The stacks hold ids of actions; the library holds what they did.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from fiqa_studio.domain.query import Query
from fiqa_studio.ui.session.cards import Ids
from fiqa_studio.ui.session.operation import Operation, action_of

if TYPE_CHECKING:
    from fiqa_studio.engine.engine import Engine
    from fiqa_studio.ui.session.session import Session

_KEPT = 1000
"""Actions that can be taken back one by one; older ones in the history."""
_SETTLED = ("action.undone", "action.unknown")
"""Failures after which there is nothing left to take back."""


@dataclass(frozen=True, slots=True, eq=False)
class Spot:
    """Where something was done: what was listed, selected, current and in view.

    Attributes:
        area: What stood in the centre.
        query: What was listed.
        selected: Ids; None for everything.
        current: Id, -1 for none.
        anchor: Id of the first one in view, -1 for none.
        offset: How far its top lay from the top of the view, in device-independent pixels.
    """

    area: str
    query: Query
    selected: Ids | None
    current: int
    anchor: int
    offset: int


@dataclass(slots=True, eq=False)
class Done:
    """One action of this session.

    Attributes:
        title: What it was.
        spot: Where; None where nobody knows.
        action_id: Of the action that taking it back would take back; None until it is written.
            Set by the thread that writes, and read by it for the next write.
    """

    title: str
    spot: Spot | None
    action_id: int | None = None


class Undo(QObject):
    """The stacks of Undo and Redo.

    Attributes:
        spot: Says where the user is; the window sets it.
        go: Brings the user back there; the window sets it.

    Signals:
        changed: Something else would be taken back.
    """

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._done: list[Done] = []
        self._undone: list[Done] = []
        self.spot: Callable[[], Spot] | None = None
        self.go: Callable[[Spot], None] | None = None

    @property
    def title(self) -> str:
        """What Undo would take back; empty for nothing."""
        return self._done[-1].title if self._done else ""

    @property
    def redo_title(self) -> str:
        """What Redo would do again; empty for nothing."""
        return self._undone[-1].title if self._undone else ""

    def begin(self, title: str) -> Done:
        """An action is on its way, and can be taken back from now on.

        What was undone before it cannot be done again.
        """
        done = Done(title, self.spot() if self.spot is not None else None)
        self._done.append(done)
        del self._done[:-_KEPT]
        self._undone.clear()
        self.changed.emit()
        return done

    def drop(self, done: Done) -> None:
        """It came to nothing: there is nothing to take back."""
        self._done[:] = [one for one in self._done if one is not done]
        self._undone[:] = [one for one in self._undone if one is not done]
        self.changed.emit()

    def forget(self, action_id: int) -> None:
        """It was taken back elsewhere, as in the history."""
        self._done[:] = [one for one in self._done if one.action_id != action_id]
        self._undone[:] = [one for one in self._undone if one.action_id != action_id]
        self.changed.emit()

    def undo(self) -> None:
        """Take back the last action, and show where it was done."""
        self._turn(self._done, self._undone, "Undo")

    def redo(self) -> None:
        """Do again what was taken back last."""
        self._turn(self._undone, self._done, "Redo")

    def _turn(self, source: list[Done], target: list[Done], verb: str) -> None:
        if not source:
            return
        last = source.pop()
        turned = Done(last.title, last.spot)
        target.append(turned)
        self.changed.emit()

        def work(engine: Engine) -> Any:
            # After what it takes back, since writes keep their order: so its id is known by now.
            if last.action_id is None:
                return None
            outcome = engine.marking.undo(last.action_id).result()
            turned.action_id = action_of(outcome)
            return outcome

        def then(outcome: Any) -> None:
            if self.go is not None and last.spot is not None:
                self.go(last.spot)  # now, when what was marked away is listed again
            if turned.action_id is None:
                self.drop(turned)
            stayed = int(getattr(outcome, "stayed", 0))
            if stayed:
                self._session.said.emit(_stayed_words(last.title, stayed))

        def failed(error: Exception) -> None:
            if getattr(error, "code", "") not in _SETTLED:
                source.append(last)
            self.drop(turned)

        self._session.do(
            Operation(
                title=f"{verb} {last.title}", work=work, then=then, failed=failed, undoable=False
            )
        )


def _stayed_words(title: str, stayed: int) -> str:
    one = "1 was changed since and stays" if stayed == 1 else f"{stayed:,} were changed since"
    return f"{title}: {one}" if stayed == 1 else f"{title}: {one} and stay"
