"""Moving about, in whatever stands in the centre: one set of actions for all areas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fiqa_studio.ui.actions.action import Action, with_library
from fiqa_studio.ui.actions.area import Step, Verb

if TYPE_CHECKING:
    from fiqa_studio.ui.actions.context import Context

_KEYS: Final = {
    Verb.LEFT: ("Left", "Left"),
    Verb.RIGHT: ("Right", "Right"),
    Verb.UP: ("Up", "Up"),
    Verb.DOWN: ("Down", "Down"),
    Verb.PAGE_UP: ("Page Up", "PgUp"),
    Verb.PAGE_DOWN: ("Page Down", "PgDown"),
    Verb.FIRST: ("First", "Home"),
    Verb.LAST: ("Last", "End"),
}
_STEPS: Final = {
    Step.CHOOSE: ("go", "Go", "", "Move"),
    Step.EXTEND: ("extend", "Extend", "Shift+", "Extend the selection"),
    Step.KEEP: ("keep", "Move only", "Ctrl+", "Move and keep the selection"),
}
_SECTION: Final = "Moving"


def _move(verb: Verb, step: Step) -> Action:
    title, key = _KEYS[verb]
    prefix, words, modifier, family = _STEPS[step]

    def run(context: Context) -> None:
        area = context.window.area_view()
        if area is not None:
            area.do(verb, step)

    return Action(
        id=f"{prefix}.{verb}",
        title=f"{words}: {title}",
        run=run,
        keys=(f"{modifier}{key}",),
        focused=True,
        family=family,
        section=_SECTION,
        palette=False,
        when=with_library,
    )


def _go(verb: Verb, title: str, by: int, *keys: str, tap: bool = False) -> Action:
    def run(context: Context) -> None:
        area = context.window.area_view()
        if area is not None and not area.do(verb):
            context.selection.step(by)

    return Action(
        id=f"go.{verb}",
        title=title,
        run=run,
        keys=keys,
        focused=True,
        tap=tap,
        section=_SECTION,
        when=with_library,
    )


def _open(context: Context) -> None:
    area = context.window.area_view()
    if area is not None:
        area.do(Verb.OPEN)


def _back(context: Context) -> None:
    area = context.window.area_view()
    if area is not None and not area.do(Verb.BACK):
        context.window.show_area(context.registry.areas[0].name)


def _toggle(context: Context) -> None:
    area = context.window.area_view()
    if area is not None:
        area.do(Verb.TOGGLE)


MOVES: Final = (
    # Space with a drag is the hand in the loupe, so it is done when the key is let go.
    _go(Verb.NEXT, "Next", 1, "Space", tap=True),
    _go(Verb.PREVIOUS, "Previous", -1, "Shift+Space", "Backspace"),
    Action(
        id="go.open",
        title="Open",
        run=_open,
        keys=("Return",),
        focused=True,
        section=_SECTION,
        when=with_library,
        palette=False,
    ),
    Action(
        id="go.back",
        title="Back to the Grid",
        run=_back,
        keys=("Esc",),
        focused=True,
        section=_SECTION,
        when=with_library,
        palette=False,
    ),
    Action(
        id="edit.toggle-selected",
        title="Select or Unselect the Current One",
        run=_toggle,
        keys=("Ctrl+Space",),
        focused=True,
        section=_SECTION,
        when=with_library,
        palette=False,
    ),
    *(_move(verb, step) for step in _STEPS for verb in _KEYS),
)
"""Keys that count while the centre has the keyboard."""
