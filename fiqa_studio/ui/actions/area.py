"""What stands in the centre, as the actions of keys see it."""

from __future__ import annotations

from enum import StrEnum

from PySide6.QtWidgets import QWidget


class Verb(StrEnum):
    """What keys ask of the area in the centre; each area takes those that mean something there."""

    NEXT = "next"
    PREVIOUS = "previous"
    OPEN = "open"
    BACK = "back"
    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    DOWN = "down"
    PAGE_UP = "page-up"
    PAGE_DOWN = "page-down"
    FIRST = "first"
    LAST = "last"
    TOGGLE = "toggle"
    """Select or unselect the current one."""


class Step(StrEnum):
    """What a move does to the selection."""

    CHOOSE = "choose"
    """The selection becomes where it ends."""
    EXTEND = "extend"
    """The selection reaches to where it ends."""
    KEEP = "keep"


class AreaView(QWidget):
    """Base of what can stand in the centre. Its focus proxy, or else it itself, has the keys."""

    def do(self, verb: Verb, step: Step = Step.CHOOSE) -> bool:
        """Do it; False where it means nothing here."""
        del verb, step
        return False

    def hold(self, *, on: bool) -> bool:
        """The key of a ``tap`` action went down or up.

        True where it was used as something held, so that the action is not wanted.
        """
        del on
        return False

    def entered(self) -> None:
        """It came to the front."""

    def left(self) -> None:
        """Something else came to the front."""

    def close_down(self) -> None:
        """Stop loading: the session is about to close."""
