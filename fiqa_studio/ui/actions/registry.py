"""All features together: what the window asks instead of any one of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from fiqa_studio.ui.actions.action import Action, State, with_library
from fiqa_studio.ui.actions.context import Context
from fiqa_studio.ui.actions.feature import Area, Feature, Page, Panel, Side, Submenu, Tool

if TYPE_CHECKING:
    from fiqa_studio.engine.jobs.kinds import JobKind


class Registry:
    """The features of one window.

    Raises:
        ValueError: Two of them use one name, or one asks for a menu that none has.

    Attributes:
        features: In order; menus and keys are given out in this order.
        actions: Of all, those that fold panels included.
        menus: Titles of the menu bar, from the left.
        settings: Defaults of the user's choices.
    """

    def __init__(self, features: Iterable[Feature]) -> None:
        self.features = tuple(features)
        self.menus = _menus(self.features)
        self.panels = tuple(
            sorted((p for f in self.features for p in f.panels), key=lambda panel: panel.place)
        )
        self.areas = tuple(area for feature in self.features for area in feature.areas)
        self.actions = tuple(
            action
            for feature in self.features
            for action in (*feature.actions, *(_toggle(panel) for panel in feature.panels))
        )
        self.settings: dict[str, Any] = {panel.name: panel.shown for panel in self.panels}
        for feature in self.features:
            self.settings.update(feature.settings)
        self._by_id = {action.id: action for action in self.actions}
        _check("action", (action.id for action in self.actions))
        _check("panel", (panel.name for panel in self.panels))
        _check("area", (area.name for area in self.areas))
        _check("feature", (feature.name for feature in self.features))
        _check("setting", (n for f in self.features for n in (*f.settings, *_panels(f))))
        paths = [action.menu for action in self.actions if action.menu]
        paths += [submenu.path for submenu in self.submenus]
        for path in paths:
            if path.split("/", maxsplit=1)[0] not in self.menus:
                raise ValueError(f"no feature has the menu {path!r}")

    def action(self, name: str) -> Action:
        """The action of this id. Raises `KeyError`."""
        return self._by_id[name]

    def area(self, name: str) -> Area:
        """The area of this name. Raises `KeyError`."""
        return next((one for one in self.areas if one.name == name), None) or _unknown(name)

    def panel(self, name: str) -> Panel:
        """The panel of this name. Raises `KeyError`."""
        return next((one for one in self.panels if one.name == name), None) or _unknown(name)

    def panels_at(self, side: Side) -> list[Panel]:
        """The panels of one side, in order."""
        return [panel for panel in self.panels if panel.side is side]

    @property
    def submenus(self) -> tuple[Submenu, ...]:
        """Those that are filled as they open."""
        return tuple(submenu for feature in self.features for submenu in feature.submenus)

    @property
    def tools(self) -> list[Tool]:
        """The tool bar, from the left."""
        found = [tool for feature in self.features for tool in feature.tools]
        return sorted(found, key=lambda tool: tool.place)

    @property
    def status(self) -> list[Tool]:
        """The status bar, from the left."""
        found = [tool for feature in self.features for tool in feature.status]
        return sorted(found, key=lambda tool: tool.place)

    @property
    def pages(self) -> list[Page]:
        """The pages of the preferences, in order."""
        found = [page for feature in self.features for page in feature.pages]
        return sorted(found, key=lambda page: page.place)

    def facts(self, context: Context) -> State:
        """What all features state of the window."""
        facts: dict[str, object] = {}
        for feature in self.features:
            facts.update(feature.facts(context))
        return facts

    def job_kinds(self) -> list[JobKind]:
        """The kinds of jobs of all features, made now."""
        return [kind for feature in self.features for kind in feature.job_kinds()]


def _toggle(panel: Panel) -> Action:
    fact = f"panel.{panel.name}"
    return Action(
        id=fact,
        title=panel.title,
        run=lambda context: context.window.show_panel(panel.name),
        menu="View",
        group=50,
        keys=panel.keys,
        icon=panel.icon,
        when=with_library,
        checked=lambda state: bool(state[fact]),
    )


def _menus(features: Iterable[Feature]) -> tuple[str, ...]:
    """The titles in order; Help stands last, as everywhere."""
    titles: list[str] = []
    for menu in (menu for feature in features for menu in feature.menus):
        if menu.title in titles:
            continue
        at = titles.index(menu.after) + 1 if menu.after in titles else len(titles)
        titles.insert(at, menu.title)
    return tuple(sorted(titles, key=lambda title: title == "Help"))


def _panels(feature: Feature) -> list[str]:
    return [panel.name for panel in feature.panels]


def _check(what: str, names: Iterable[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ValueError(f"two features have the {what} {', '.join(twice)}")


def _unknown(name: str) -> Any:
    raise KeyError(name)
