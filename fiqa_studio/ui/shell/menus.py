"""Makes Qt's actions and menus from the table in `actions`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.ui import theme
from fiqa_studio.ui.shell.actions import ACTIONS, MENUS, Action
from fiqa_studio.ui.shell.commands import Commands
from fiqa_studio.ui.shell.state import State


class ActionSet:
    """The table's actions, alive in one window.

    Args:
        window: Owns them, so that their shortcuts work anywhere in it.
        commands: What they do.
    """

    def __init__(self, window: QWidget, commands: Commands) -> None:
        self._actions = {row.id: _make(row, window, commands) for row in ACTIONS}
        self._state: State | None = None

    def __getitem__(self, name: str) -> QAction:
        """The action of this id. Raises `KeyError`."""
        return self._actions[name]

    def update(self, state: State) -> None:
        """Enable, disable and check by what the window is doing."""
        if state == self._state:
            return
        self._state = state
        for row in ACTIONS:
            action = self._actions[row.id]
            action.setEnabled(row.when(state))
            if row.checked is not None:
                action.setChecked(row.checked(state))

    def fill(self, bar: QMenuBar, dynamic: dict[str, Callable[[QMenu], None]]) -> None:
        """Build the menus.

        ``dynamic`` names submenus, such as ``File/Open Recent``, filled each time they open.
        """
        menus: dict[str, QMenu] = {}
        for title in MENUS:
            menus[title] = bar.addMenu(title)
            for path, filler in dynamic.items():
                if path.startswith(f"{title}/") and title != "File":
                    _add_dynamic(menus[title], path.split("/", 1)[1], filler)
        groups: dict[str, int] = {}
        for row in ACTIONS:
            menu = _menu_at(row.menu, menus)
            if groups.setdefault(row.menu, row.group) != row.group:
                groups[row.menu] = row.group
                menu.addSeparator()
            menu.addAction(self._actions[row.id])
            if row.id == "library.open" and (recent := dynamic.get("File/Open Recent")):
                _add_dynamic(menu, "Open Recent", recent)


def _make(row: Action, window: QWidget, commands: Commands) -> QAction:
    action = QAction(row.title, window)
    action.setObjectName(row.id)
    action.setShortcuts([QKeySequence(key) for key in row.shortcuts])
    action.setCheckable(row.checked is not None)
    tip = row.tip or row.title.rstrip("…")
    keys = f"  ({action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)})"
    action.setToolTip(tip + (keys if row.shortcuts else ""))
    action.setStatusTip("")
    # A menu shows either an icon or a tick, and a tick says more.
    action.setIconVisibleInMenu(row.checked is None)
    if row.icon:
        theme.set_icon(action, row.icon)
    action.triggered.connect(partial(_trigger, row, commands))
    window.addAction(action)
    return action


def _trigger(row: Action, commands: Commands, _checked: bool = False) -> None:
    try:
        row.run(commands)
    except KnownError as error:
        commands.complain(error)
    # A click flips the mark by itself; the window's state says what it should be.
    commands.refresh()


def _menu_at(path: str, menus: dict[str, QMenu]) -> QMenu:
    if path not in menus:
        parent, _, title = path.rpartition("/")
        menus[path] = _menu_at(parent, menus).addMenu(title)
    return menus[path]


def _add_dynamic(menu: QMenu, title: str, filler: Callable[[QMenu], None]) -> None:
    submenu = menu.addMenu(title)
    submenu.aboutToShow.connect(lambda: filler(submenu))
