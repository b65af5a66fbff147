"""Who gave the scores on the screen."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel

from fiqa_studio.ui.actions.action import State


class ScoredBy(QLabel):
    """Stands in the status bar."""

    def update_state(self, state: State) -> None:
        """Show the scorer of the open library."""
        self.setText(f"Scored by {state['scorer']}" if state["scorer"] else "")
