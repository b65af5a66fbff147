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


@dataclass(frozen=True, slots=True, eq=False)
class Done:
    """One action of this session.

    Attributes:
        action_id: Of the action that taking it back would take back.
        title: What it was.
        spot: Where.
    """

    action_id: int
    title: str
    spot: Spot


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
        self._expected: list[str] = []
        self._asked: list[Callable[[], None]] = []
        self.spot: Callable[[], Spot] | None = None
        self.go: Callable[[Spot], None] | None = None

    @property
    def title(self) -> str:
        """What Undo would take back; empty for nothing."""
        coming = next((title for title in reversed(self._expected) if title), "")
        return coming or (self._done[-1].title if self._done else "")

    @property
    def redo_title(self) -> str:
        """What Redo would do again; empty for nothing."""
        return self._undone[-1].title if self._undone else ""

    def expect(self, title: str) -> None:
        """An operation is on its way to the disk; ``title`` empty where it cannot be undone.

        Undo and Redo wait for it: a hand that marks and takes back is faster than a disk.
        """
        self._expected.append(title)
        if title:
            self.changed.emit()

    def came(self) -> None:
        """The operation that was expected first is done, or failed."""
        del self._expected[:1]
        self.changed.emit()
        while self._asked and not self._expected:
            self._asked.pop(0)()

    def push(self, action_id: int, title: str, spot: Spot) -> None:
        """An action was done; what was undone before it cannot be done again."""
        self._done.append(Done(action_id, title, spot))
        del self._done[:-_KEPT]
        self._undone.clear()
        self.changed.emit()

    def forget(self, action_id: int) -> None:
        """It was taken back elsewhere, as in the history."""
        self._done = [one for one in self._done if one.action_id != action_id]
        self._undone = [one for one in self._undone if one.action_id != action_id]
        self.changed.emit()

    def undo(self) -> None:
        """Take back the last action, and show where it was done."""
        self._in_turn(lambda: self._turn(self._done, self._undone, "Undo"))

    def redo(self) -> None:
        """Do again what was taken back last."""
        self._in_turn(lambda: self._turn(self._undone, self._done, "Redo"))

    def _in_turn(self, turn: Callable[[], None]) -> None:
        if self._expected:
            self._asked.append(turn)
        else:
            turn()

    def _turn(self, source: list[Done], target: list[Done], verb: str) -> None:
        if not source:
            return
        last = source.pop()
        self.changed.emit()

        def work(engine: Engine) -> Any:
            return engine.marking.undo(last.action_id)

        def then(outcome: Any) -> None:
            if self.go is not None:  # now, when what was marked away is listed again
                self.go(last.spot)
            turned = action_of(outcome)
            if turned is not None:
                target.append(Done(turned, last.title, last.spot))
            stayed = int(getattr(outcome, "stayed", 0))
            if stayed:
                self._session.said.emit(_stayed_words(last.title, stayed))
            self.changed.emit()

        def failed(_: Exception) -> None:
            source.append(last)
            self.changed.emit()

        self._session.do(
            Operation(title=f"{verb} {last.title}", work=work, then=then, failed=failed),
            undoable=False,
        )


def _stayed_words(title: str, stayed: int) -> str:
    one = "1 was changed since and stays" if stayed == 1 else f"{stayed:,} were changed since"
    return f"{title}: {one}" if stayed == 1 else f"{title}: {one} and stay"
