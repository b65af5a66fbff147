"""Keys that count only while the area in the centre has the keyboard.

Arrows, Space, Enter and their like cannot be shortcuts of the window: buttons, fields and lists
need them. They are looked up in the same keymap as all others.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QWidget

from fiqa_studio.ui.actions.action import Action
from fiqa_studio.ui.actions.area import AreaView
from fiqa_studio.ui.actions.keymap import Keymap

_MODIFIERS = (
    Qt.KeyboardModifier.ControlModifier
    | Qt.KeyboardModifier.ShiftModifier
    | Qt.KeyboardModifier.AltModifier
    | Qt.KeyboardModifier.MetaModifier
)
_SAME = {Qt.Key.Key_Enter: Qt.Key.Key_Return, Qt.Key.Key_Backtab: Qt.Key.Key_Tab}


class FocusedKeys(QObject):
    """Watches what takes the keys of an area, and runs what they stand for.

    Args:
        keymap: Gives the keymap of the moment.
        enabled: Whether an action can be done now.
        run: Does it.
        parent: Owns this.
    """

    def __init__(
        self,
        keymap: Callable[[], Keymap],
        enabled: Callable[[Action], bool],
        run: Callable[[Action], None],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._keymap = keymap
        self._enabled = enabled
        self._run = run
        self._areas: dict[QObject, tuple[str, AreaView]] = {}
        self._held: tuple[int, Action] | None = None

    def watch(self, name: str, area: AreaView) -> None:
        """Take the keys of an area."""
        surface: QWidget = area.focusProxy() or area
        self._areas[surface] = (name, area)
        surface.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Before the widget itself sees the key."""
        found = self._areas.get(watched)
        if found is None:
            return False
        if event.type() is QEvent.Type.FocusOut:
            self._let_go(found[1])
        if not isinstance(event, QKeyEvent):
            return False
        if event.type() is QEvent.Type.KeyRelease:
            return self._on_release(found[1], event)
        action = self._keymap().action_for(key_of(event), found[0], focused=True)
        if action is None or not self._enabled(action):
            return False
        if event.type() is QEvent.Type.ShortcutOverride:
            event.accept()  # not a shortcut of the window: the press comes here
            return True
        if event.type() is QEvent.Type.KeyPress:
            self._on_press(found[1], event, action)
            return True
        return False

    def _on_press(self, area: AreaView, event: QKeyEvent, action: Action) -> None:
        if not action.tap:
            self._run(action)
        elif not event.isAutoRepeat():
            self._held = (event.key(), action)
            area.hold(on=True)

    def _on_release(self, area: AreaView, event: QKeyEvent) -> bool:
        if self._held is None or self._held[0] != event.key() or event.isAutoRepeat():
            return False
        action = self._held[1]
        self._held = None
        if not area.hold(on=False) and self._enabled(action):
            self._run(action)
        return True

    def _let_go(self, area: AreaView) -> None:
        if self._held is not None:
            self._held = None
            area.hold(on=False)


def key_of(event: QKeyEvent) -> str:
    """The pressed key as keymaps write it; the keypad's keys are the others'."""
    key = Qt.Key(event.key())
    if key == Qt.Key.Key_unknown:
        return ""
    modifiers = event.modifiers() & _MODIFIERS
    sequence = QKeySequence(int(_SAME.get(key, key).value) | int(modifiers.value))
    return sequence.toString(QKeySequence.SequenceFormat.PortableText)
