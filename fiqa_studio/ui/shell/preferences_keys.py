"""The page of the preferences on which keys are chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.ui import theme
from fiqa_studio.ui.actions.finding import matches
from fiqa_studio.ui.actions.keymap import PROFILES, Bindings, Keymap
from fiqa_studio.ui.actions.keys import normal
from fiqa_studio.ui.shell.focused_keys import key_of
from fiqa_studio.ui.shell.menus import native
from fiqa_studio.ui.widgets.small import label

if TYPE_CHECKING:
    from fiqa_studio.ui.actions.context import Context

_ID = Qt.ItemDataRole.UserRole
_MODIFIER_KEYS = (
    Qt.Key.Key_Control,
    Qt.Key.Key_Shift,
    Qt.Key.Key_Alt,
    Qt.Key.Key_Meta,
    Qt.Key.Key_AltGr,
)


class KeysPage(QWidget):
    """A profile, and one's own keys over it; what two actions want is shown.

    Attributes:
        profile: The profiles.
        field: Narrows the list.
        tree: The actions with their keys.
        catcher: Takes the next key that is pressed.
    """

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self.profile = QComboBox()
        self.profile.setAccessibleName("Profile of keys")
        for name, title in PROFILES.items():
            self.profile.addItem(title, name)
        self.field = QLineEdit()
        self.field.setPlaceholderText("Find")
        self.field.setAccessibleName("Find a command or a key")
        self.field.setClearButtonEnabled(True)
        self.tree = QTreeWidget()
        self.tree.setAccessibleName("Commands and their keys")
        self.tree.setHeaderLabels(["Command", "Keys", ""])
        self.tree.setRootIsDecorated(False)
        self.tree.setUniformRowHeights(True)
        self.catcher = KeyCatcher()
        self._add = QPushButton("Add")
        self._only = QPushButton("Use Only This")
        self._none = QPushButton("No Key")
        self._reset = QPushButton("As in the Profile")
        self._note = label("", "muted")
        self._lay_out()
        self.profile.activated.connect(self._on_profile)
        self.field.textChanged.connect(lambda _: self._fill())
        self.tree.currentItemChanged.connect(lambda *_: self._show_current())
        self.catcher.caught.connect(self._on_caught)
        self._add.clicked.connect(lambda: self._choose(keep=True))
        self._only.clicked.connect(lambda: self._choose(keep=False))
        self._none.clicked.connect(lambda: self._set(()))
        self._reset.clicked.connect(lambda: self._set(None))
        self._fill()

    @property
    def note(self) -> str:
        """What is said of the chosen action or of the key that was pressed."""
        return self._note.text()

    def select(self, action_id: str) -> None:
        """Choose an action in the list."""
        for number in range(self.tree.topLevelItemCount()):
            item = self.tree.topLevelItem(number)
            if item is not None and item.data(0, _ID) == action_id:
                self.tree.setCurrentItem(item)

    # --- what is shown ---------------------------------------------------------------------

    @property
    def _current(self) -> str:
        item = self.tree.currentItem()
        return str(item.data(0, _ID)) if item is not None else ""

    def _fill(self) -> None:
        keymap, chosen, text = self._context.keymap, self._current, self.field.text()
        self.profile.setCurrentIndex(self.profile.findData(keymap.bindings.profile))
        self.tree.clear()
        for action in self._context.registry.actions:
            keys = "  ".join(native(key) for key in keymap.wanted(action.id))
            if not matches(text, action.plain_title, keys, action.heading):
                continue
            state = "own" if keymap.is_own(action.id) else ""
            clashes = keymap.conflicts_of(action.id)
            if clashes:
                state = "conflict"
            item = QTreeWidgetItem([f"{action.heading}: {action.plain_title}", keys, state])
            item.setData(0, _ID, action.id)
            if clashes:
                item.setForeground(2, QColor(theme.manager.palette.danger))
                item.setToolTip(2, self._clash_words(action.id))
            self.tree.addTopLevelItem(item)
        if chosen:
            self.select(chosen)
        self._show_current()

    def _show_current(self) -> None:
        name = self._current
        self.catcher.setEnabled(bool(name))
        self.catcher.forget()
        keymap = self._context.keymap
        self._none.setEnabled(bool(name) and bool(keymap.wanted(name)))
        self._reset.setEnabled(bool(name) and keymap.is_own(name))
        self._add.setEnabled(False)
        self._only.setEnabled(False)
        self._note.setText(self._clash_words(name) if name else "Choose a command.")

    def _clash_words(self, name: str) -> str:
        said = []
        for clash in self._context.keymap.conflicts_of(name):
            winner, loser = (self._title(one) for one in clash.actions)
            said.append(f"{native(clash.key)} is used by “{winner}”, so “{loser}” is without it.")
        return "\n".join(said)

    def _title(self, name: str) -> str:
        return self._context.registry.action(name).plain_title

    # --- what is chosen --------------------------------------------------------------------

    def _on_profile(self, index: int) -> None:
        name = str(self.profile.itemData(index))
        self._bind(Bindings(name, self._context.keymap.bindings.own))

    def _on_caught(self, key: str) -> None:
        if not self._current:
            return
        self._add.setEnabled(True)
        self._only.setEnabled(True)
        clashes = self._would_clash(key)
        words = f"{native(key)} is free."
        if clashes:
            taken = ", ".join(f"“{self._title(one)}”" for one in clashes)
            words = f"{native(key)} is used by {taken}, which would be without it."
        self._note.setText(words)

    def _would_clash(self, key: str) -> list[str]:
        name = self._current
        bindings = self._context.keymap.bindings.with_keys(name, (key,))
        keymap = Keymap(self._context.registry.actions, bindings)
        others = [one for clash in keymap.conflicts_of(name) for one in clash.actions]
        return [one for one in dict.fromkeys(others) if one != name]

    def _choose(self, *, keep: bool) -> None:
        kept = self._context.keymap.wanted(self._current) if keep else ()
        self._set((*kept, self.catcher.key))

    def _set(self, keys: tuple[str, ...] | None) -> None:
        if self._current:
            unique = None if keys is None else tuple(dict.fromkeys(keys))
            self._bind(self._context.keymap.bindings.with_keys(self._current, unique))

    def _bind(self, bindings: Bindings) -> None:
        try:
            self._context.window.bind(bindings)
        except KnownError as error:
            self._fill()
            self._note.setText(f"{error.message} {error.cause}")
            return
        self._fill()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(theme.Space.S)
        head.addWidget(QLabel("Keys"))
        head.addWidget(self.profile)
        head.addStretch(1)
        head.addWidget(self.field, 1)
        foot = QHBoxLayout()
        foot.setSpacing(theme.Space.S)
        foot.addWidget(self.catcher, 1)
        for button in (self._add, self._only, self._none, self._reset):
            foot.addWidget(button)
        header = self.tree.header()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.Space.S)
        column.addLayout(head)
        column.addWidget(self.tree, 1)
        column.addWidget(self._note)
        column.addLayout(foot)


class KeyCatcher(QLineEdit):
    """Shows the key that was pressed in it, whichever it is; Tab leaves it all the same.

    Attributes:
        key: As keymaps write it; empty for none.

    Signals:
        caught: A key (str).
    """

    caught = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.key = ""
        self.setPlaceholderText("Press a key")
        self.setAccessibleName("Press the new key")
        self.setReadOnly(True)
        self.setMinimumWidth(110)

    def forget(self) -> None:
        """Show none."""
        self.key = ""
        self.clear()

    @override
    def event(self, event: QEvent) -> bool:
        """No shortcut of the window may take the key away."""
        if event.type() is QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        return super().event(event)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in _MODIFIER_KEYS:
            return
        try:
            self.key = normal(key_of(event))
        except ValueError:
            return
        self.setText(native(self.key))
        self.caught.emit(self.key)
