"""The bar at the top, made of the features' tools."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QToolButton, QWidget
from typing_extensions import override

from fiqa_studio.ui import theme
from fiqa_studio.ui.actions.action import State
from fiqa_studio.ui.actions.context import Context
from fiqa_studio.ui.actions.feature import Tool
from fiqa_studio.ui.actions.registry import Registry
from fiqa_studio.ui.shell.menus import ActionSet

_WORDS_FROM = 1040
"""Below this width buttons show their icon only."""
_SEGMENT_WORDS_FROM = 860
"""The same for buttons that stand together, whose icons say less."""
_RIGHT_FROM = 50
"""From this place on tools stand at the right end."""


class ToolBar(QFrame):
    """Buttons of actions, and widgets that features bring."""

    def __init__(self, actions: ActionSet, registry: Registry, context: Context) -> None:
        super().__init__()
        theme.set_role(self, "toolbar")
        self._actions = actions
        self._registry = registry
        self._wordy: dict[QToolButton, int] = {}
        self._made: list[QWidget] = []
        layout = QHBoxLayout(self)
        layout.setContentsMargins(theme.Space.M, 7, theme.Space.M, 7)
        layout.setSpacing(theme.Space.S)
        stretched = False
        for tool in registry.tools:
            if tool.place >= _RIGHT_FROM and not stretched:
                layout.addStretch(1)
                stretched = True
            self._add(layout, tool, context)

    def update_state(self, state: State) -> None:
        """Bring the features' widgets in line."""
        for widget in self._made:
            update = getattr(widget, "update_state", None)
            if update is not None:
                update(state)

    def _add(self, layout: QHBoxLayout, tool: Tool, context: Context) -> None:
        if tool.make is not None:
            widget = tool.make(context)
            self._made.append(widget)
            layout.addWidget(widget, tool.stretch)
        elif len(tool.actions) == 1:
            button = self._button(tool.actions[0], words=tool.words)
            if tool.words:
                self._wordy[button] = _WORDS_FROM
            layout.addWidget(button)
        else:
            layout.addLayout(self._segments(tool))

    def _segments(self, tool: Tool) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(0)
        row.setContentsMargins(theme.Space.XS, 0, theme.Space.XS, 0)
        last = len(tool.actions) - 1
        for number, name in enumerate(tool.actions):
            button = self._button(name, words=tool.words)
            theme.set_role(button, "segment")
            place = "first" if number == 0 else "last" if number == last else ""
            button.setProperty("place", place)
            if tool.words:
                self._wordy[button] = _SEGMENT_WORDS_FROM
            row.addWidget(button)
        return row

    def _button(self, name: str, *, words: bool) -> QToolButton:
        action, title = self._actions[name], self._registry.action(name).plain_title
        button = QToolButton()
        button.setDefaultAction(action)
        button.setIconSize(QSize(theme.ICON_SIZE, theme.ICON_SIZE))
        button.setAccessibleName(title)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        if words:
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        else:
            theme.set_role(button, "flat")
        return button

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        for button, words_from in self._wordy.items():
            button.setToolButtonStyle(
                Qt.ToolButtonStyle.ToolButtonTextBesideIcon
                if self.width() >= words_from
                else Qt.ToolButtonStyle.ToolButtonIconOnly
            )
