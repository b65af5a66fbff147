"""A feature as it registers itself: everything that it adds to the window, as one value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fiqa_studio.ui.actions.action import Action

if TYPE_CHECKING:
    from PySide6.QtWidgets import QMenu, QWidget

    from fiqa_studio.engine.jobs.kinds import JobKind
    from fiqa_studio.ui.actions.area import AreaView
    from fiqa_studio.ui.actions.context import Context


class Side(StrEnum):
    """Where a panel stands."""

    LEFT = "left"
    RIGHT = "right"
    BELOW = "below"
    ABOVE = "above"
    """Over the centre, as wide as it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuAt:
    """A menu of the menu bar, after the one it names (at the end but Help where it names none)."""

    title: str
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submenu:
    """A submenu that is filled each time it opens.

    Attributes:
        path: Such as ``File/Open Recent``.
        after: Id of the action it stands after; empty: at the menu's beginning.
        fill: Gets the emptied menu.
    """

    path: str
    fill: Callable[[Context, QMenu], None]
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A panel beside, below or above the centre. It gets an action ``panel.NAME`` of its own.

    Attributes:
        name: Unique; also the name of the setting that says whether it is shown.
        title: In the View menu.
        make: Builds it, the first time it is wanted.
        shown: Whether it is shown until the user says otherwise.
        keys: That fold it away and bring it back.
        place: Order among the panels of its side.
    """

    name: str
    title: str
    side: Side
    make: Callable[[Context], QWidget]
    shown: bool = True
    keys: tuple[str, ...] = ()
    icon: str = ""
    place: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """What may stand in the centre: grid, loupe, compare, survey, map, rating.

    Attributes:
        name: As `Action.areas` and ``show_area`` name it.
        title: In the key sheet.
        make: Builds it, the first time it is wanted.
        many: Whether the whole selection counts while it is in front; else the current one.
    """

    name: str
    title: str
    make: Callable[[Context], AreaView]
    many: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """Something in the tool bar or the status bar; give `actions`, or `make`.

    Attributes:
        place: Order from the left; from 50 on it stands at the right end.
        actions: Buttons; several stand together as one control.
        words: Whether buttons show words where there is room.
        make: Builds a widget. Has it a method ``update_state(state)``, that is called whenever
            the window's state changed.
        stretch: How much of the spare width it takes.
    """

    place: int
    actions: tuple[str, ...] = ()
    words: bool = False
    make: Callable[[Context], QWidget] | None = None
    stretch: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of the preferences."""

    title: str
    make: Callable[[Context], QWidget]
    place: int = 50


def no_facts(_: Context) -> Mapping[str, object]:
    """Nothing to state."""
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """What a feature adds to the window.

    Attributes:
        name: Of its room.
        menus, submenus, actions, panels, areas: As their classes say.
        tools: In the tool bar.
        status: In the status bar.
        pages: Of the preferences.
        settings: Defaults of the user's choices; new names begin with the feature's own, such as
            ``culling.auto-advance``.
        facts: What the ``when`` of actions asks; called often, so it only looks. While no library
            is open ``context.has_session`` is False, and every fact must be stated all the same.
        attached: Called when a library was opened and its workspace stands.
        paths: Takes files and folders that were dropped on the window or named at the start.
        job_kinds: Kinds of jobs it brings (`fiqa_studio.engine.jobs.kinds`), made when asked.
    """

    name: str
    menus: tuple[MenuAt, ...] = ()
    submenus: tuple[Submenu, ...] = ()
    actions: tuple[Action, ...] = ()
    panels: tuple[Panel, ...] = ()
    areas: tuple[Area, ...] = ()
    tools: tuple[Tool, ...] = ()
    status: tuple[Tool, ...] = ()
    pages: tuple[Page, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    facts: Callable[[Context], Mapping[str, object]] = no_facts
    attached: Callable[[Context], None] | None = None
    paths: Callable[[Context, Sequence[Path]], None] | None = None
    job_kinds: Callable[[], Sequence[JobKind]] = tuple
