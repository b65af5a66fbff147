"""One thing a user can do, as a value.

Menus, tool bar, palette, key sheet, preferences and tests read these values; none of them knows
which feature an action came from. A feature's own module must stay light: it is imported before
the window is painted, so what an action needs is imported when it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fiqa_studio.ui.actions.context import Context

State = Mapping[str, Any]
"""What the window is doing, as facts by name; every feature states its own (`Feature.facts`).

Always there: ``library`` (one is open), ``read_only``, ``area`` (what stands in the centre),
``busy`` (a job runs), ``listed`` and ``selected`` (how many), ``current`` (something has the
keyboard), ``subject``, ``filtered``, ``undo`` and ``redo`` (what would be taken back, or empty),
and ``panel.NAME`` for each panel.
"""

When = Callable[[State], bool]
Run = Callable[["Context"], object]


def always(_: State) -> bool:
    """It can be done at any time."""
    return True


def with_library(state: State) -> bool:
    """A library is open."""
    return bool(state["library"])


def writable(state: State) -> bool:
    """A library is open and may be changed."""
    return bool(state["library"]) and not state["read_only"]


def with_current(state: State) -> bool:
    """A face or a photo is current."""
    return bool(state["current"])


def unsaid(_: State) -> str:
    """It goes without saying."""
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing a user can do.

    Attributes:
        id: Stable name, ``area.verb``; keys are bound to it, and a user's file of keys names it.
        title: As in the menu; three dots where a question follows.
        run: What it does.
        menu: Path of the menu, such as ``View/Sort by``; empty for what is in no menu.
        group: Lines in the menu stand between groups.
        keys: Such as ``Ctrl+Shift+E``; the first is shown. Those of the Lightroom profile.
        profile_keys: Keys of other profiles, by their name, where they differ.
        areas: Only while one of these stands in the centre; empty for anywhere.
        focused: Its keys count only while the area in the centre has the keyboard: arrows,
            Space, Enter and the like, which buttons, fields and lists need themselves.
        tap: It runs when the key is let go, unless the key was held for something else
            meanwhile, such as Space with a drag. Only for ``focused`` ones.
        family: One line of the key sheet stands for all actions with this title.
        section: Of the key sheet and palette; empty: the first part of the menu.
        palette: Whether it is offered in the command palette.
        icon: Name of an icon, or empty.
        when: Whether it can be done now, besides `areas`.
        checked: For things that are on or off: whether on; None for the others.
        retitled: Another title for now, such as ``Undo 3 stars``; None: always `title`.
        tip: One sentence for the tool tip; empty: the title.
        once: Holding its key does it once, not again and again.
        why_not: Why it cannot be done now, for the tool tip; empty where that goes without saying.
    """

    id: str
    title: str
    run: Run
    menu: str = ""
    group: int = 0
    keys: tuple[str, ...] = ()
    profile_keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    areas: tuple[str, ...] = ()
    focused: bool = False
    tap: bool = False
    family: str = ""
    section: str = ""
    palette: bool = True
    icon: str = ""
    when: When = always
    checked: When | None = None
    retitled: Callable[[State], str] | None = None
    tip: str = ""
    once: bool = False
    why_not: Callable[[State], str] = unsaid

    def enabled(self, state: State) -> bool:
        """Whether it can be done now."""
        return (not self.areas or state["area"] in self.areas) and bool(self.when(state))

    @property
    def plain_title(self) -> str:
        """The title without the dots of a question that follows."""
        return self.title.rstrip("…")

    @property
    def heading(self) -> str:
        """The section it stands under in the key sheet and the palette."""
        return self.section or self.menu.split("/", maxsplit=1)[0] or "Other"
