"""The bar at the bottom: how many, a passing remark, and what features bring."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStatusBar, QWidget

from fiqa_studio.domain.query import Subject
from fiqa_studio.ui import theme
from fiqa_studio.ui.actions.action import State
from fiqa_studio.ui.actions.context import Context
from fiqa_studio.ui.actions.registry import Registry
from fiqa_studio.ui.widgets.small import ElidedLabel

_RIGHT_FROM = 50
"""From this place on widgets stand at the right end."""


class StatusBar(QStatusBar):
    """Counts on the left, then the features' widgets by their place."""

    def __init__(self, registry: Registry, context: Context) -> None:
        super().__init__()
        self.setSizeGripEnabled(False)
        self._counts = QLabel()
        self._note = ElidedLabel()
        self._made = [
            (tool.place, tool.make(context)) for tool in registry.status if tool.make is not None
        ]
        left = [w for place, w in self._made if place < _RIGHT_FROM]
        self.addWidget(self._row([self._counts, *left, self._note]), 1)
        self.addPermanentWidget(
            self._row([w for place, w in self._made if place >= _RIGHT_FROM], right=True)
        )

    def sizeHint(self) -> QSize:
        """As high as a row of text and a slider."""
        return QSize(super().sizeHint().width(), 28)

    def update_state(self, state: State) -> None:
        """Show how many are listed and selected."""
        self._counts.setText(counts_words(state) if state["library"] else "")
        for _, widget in self._made:
            update = getattr(widget, "update_state", None)
            if update is not None:
                update(state)

    def set_note(self, text: str) -> None:
        """Show a passing remark."""
        self._note.setText(text)

    @property
    def note(self) -> str:
        """The passing remark."""
        return self._note.text()

    def _row(self, widgets: list[QWidget], *, right: bool = False) -> QWidget:
        bar = QWidget()
        row = QHBoxLayout(bar)
        margin = theme.Space.M
        row.setContentsMargins(0 if right else margin, 0, margin if right else 0, 0)
        row.setSpacing(theme.Space.M if right else theme.Space.L)
        for widget in widgets:
            row.addWidget(widget)
        if not right:
            row.addStretch()
        return bar


def counts_words(state: State) -> str:
    """Such as ``1,204 faces · 37 selected``."""
    faces = state["subject"] == Subject.FACES
    one, many = ("face", "faces") if faces else ("photo", "photos")
    words = f"{state['listed']:,} {one if state['listed'] == 1 else many}"
    return f"{words} · {state['selected']:,} selected" if state["selected"] else words
