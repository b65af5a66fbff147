"""Makes Qt's actions and menus of the features' actions."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.ui import theme
from fiqa_studio.ui.actions.action import Action, State
from fiqa_studio.ui.actions.context import Context
from fiqa_studio.ui.actions.feature import Submenu
from fiqa_studio.ui.actions.keymap import Keymap
from fiqa_studio.ui.actions.registry import Registry


class ActionSet:
    """The features' actions, alive in one window.

    Args:
        window: Owns them, so that their keys work anywhere in it.
        context: Handed to what they run.
    """

    def __init__(self, window: QWidget, context: Context, registry: Registry) -> None:
        self._context = context
        self._registry = registry
        self._actions = {row.id: self._make(row, window) for row in registry.actions}
        self._state: State | None = None
        self._tips: dict[str, str] = {}

    def __getitem__(self, name: str) -> QAction:
        """The action of this id. Raises `KeyError`."""
        return self._actions[name]

    def trigger(self, row: Action) -> None:
        """Do it, and say in place what went wrong."""
        try:
            row.run(self._context)
        except KnownError as error:
            self._context.window.complain(error)
        # A click flips the mark by itself; the window's state says what it should be.
        self._state = None
        self._context.window.refresh(at_once=True)

    def bind(self, keymap: Keymap) -> None:
        """Give them their keys."""
        for row in self._registry.actions:
            action = self._actions[row.id]
            keys = keymap.keys_of(row.id)
            action.setShortcuts([QKeySequence(key) for key in keys])
            tip = row.tip or row.plain_title
            self._tips[row.id] = f"{tip}  ({native(keys[0])})" if keys else tip
            action.setToolTip(self._tips[row.id])
        self._state = None

    def update(self, state: State) -> None:
        """Enable, disable, check and name by what the window is doing."""
        if state == self._state:
            return
        self._state = state
        for row in self._registry.actions:
            action = self._actions[row.id]
            action.setEnabled(row.enabled(state))
            why_not = "" if action.isEnabled() else row.why_not(state)
            action.setToolTip(why_not or self._tips[row.id])
            if row.checked is not None:
                action.setChecked(row.checked(state))
            if row.retitled is not None:
                action.setText(row.retitled(state))
                action.setIconText(row.plain_title)

    def fill(self, bar: QMenuBar) -> None:
        """Build the menus."""
        menus: dict[str, QMenu] = {}
        for title, shown in mnemonics(self._registry.menus):
            menus[title] = bar.addMenu(shown)
        self._fill_submenus(menus, "")
        groups: dict[str, int] = {}
        rows = [row for row in self._registry.actions if row.menu]
        # Features come one after another; in a menu their actions stand by groups.
        for row in sorted(rows, key=lambda row: row.group):
            menu = self._menu_at(row.menu, menus)
            if groups.setdefault(row.menu, row.group) != row.group:
                groups[row.menu] = row.group
                menu.addSeparator()
            menu.addAction(self._actions[row.id])
            self._fill_submenus(menus, row.id)
        for menu in menus.values():
            menu.setToolTipsVisible(True)
            _letter(menu)

    def _fill_submenus(self, menus: dict[str, QMenu], after: str) -> None:
        for submenu in self._registry.submenus:
            if submenu.after == after:
                self._add_submenu(submenu, menus)

    def _add_submenu(self, submenu: Submenu, menus: dict[str, QMenu]) -> None:
        parent, _, title = submenu.path.rpartition("/")
        menu = self._menu_at(parent, menus).addMenu(title)
        menu.setToolTipsVisible(True)

        def fill() -> None:
            menu.clear()
            try:
                submenu.fill(self._context, menu)
            except KnownError as error:
                menu.addAction(error.message).setEnabled(False)

        menu.aboutToShow.connect(fill)

    def _menu_at(self, path: str, menus: dict[str, QMenu]) -> QMenu:
        if path not in menus:
            parent, _, title = path.rpartition("/")
            menus[path] = self._menu_at(parent, menus).addMenu(title)
        return menus[path]

    def _make(self, row: Action, window: QWidget) -> QAction:
        action = QAction(row.title, window)
        action.setObjectName(row.id)
        action.setIconText(row.plain_title)
        action.setCheckable(row.checked is not None)
        action.setAutoRepeat(not row.once)
        action.setStatusTip("")
        # A menu shows either an icon or a tick, and a tick says more.
        action.setIconVisibleInMenu(row.checked is None)
        if row.icon:
            theme.set_icon(action, row.icon)
        action.triggered.connect(partial(self._on_triggered, row))
        if row.focused:
            # Shown in menus; `FocusedKeys` runs it, and only while the area has the keyboard.
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        else:
            window.addAction(action)
        return action

    def _on_triggered(self, row: Action, _checked: bool = False) -> None:
        self.trigger(row)


def native(key: str) -> str:
    """A key as this platform writes it."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)


def mnemonics(titles: Iterable[str]) -> list[tuple[str, str]]:
    """Titles, each with itself and ``&`` before a letter that none before it has."""
    taken: set[str] = set()
    found = []
    for title in titles:
        # A word's first letter is found sooner than one inside it.
        places = [at for at, one in enumerate(title) if one.isalnum()]
        places.sort(key=lambda at: at > 0 and title[at - 1] != " ")
        at = next((at for at in places if title[at].lower() not in taken), None)
        escaped = title.replace("&", "&&")
        if at is None or escaped != title:
            found.append((title, escaped))
            continue
        taken.add(title[at].lower())
        found.append((title, f"{title[:at]}&{title[at:]}"))
    return found


def plain(text: str) -> str:
    """A text of a menu without its mnemonic."""
    return text.replace("&&", "\0").replace("&", "").replace("\0", "&")


def _letter(menu: QMenu) -> None:
    """Give the entries of a menu their letters."""
    actions = [action for action in menu.actions() if not action.isSeparator()]
    titles = [plain(action.text()) for action in actions]
    for action, (_, shown) in zip(actions, mnemonics(titles), strict=True):
        words = action.iconText()
        action.setText(shown)
        # Not by asking for its menu: PySide would take that for its own, and delete it.
        if action.objectName():
            action.setIconText(words)
