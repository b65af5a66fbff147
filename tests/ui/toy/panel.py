"""A panel that says how many are selected."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel

from fiqa_studio.ui.actions.context import Context


class ToyPanel(QLabel):
    """Follows the selection."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._selection = context.selection
        self._selection.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        self.setText(f"{self._selection.count} selected")
