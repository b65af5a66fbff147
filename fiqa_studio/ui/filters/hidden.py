"""Says how much the filters hide, so that nobody misses what is only filtered out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QPushButton

from fiqa_studio.domain.query import Subject
from fiqa_studio.ui import theme
from fiqa_studio.ui.actions.action import State

if TYPE_CHECKING:
    from fiqa_studio.ui.actions.context import Context


class HiddenNote(QPushButton):
    """A line in the status bar that shows everything again when it is clicked."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        theme.set_role(self, "link")
        self.setToolTip("Take all filters off")
        self.hide()
        self.clicked.connect(lambda: context.window.action("filter.clear").trigger())

    def update_state(self, state: State) -> None:
        """Count what is not listed for the filters' sake."""
        if state["library"] and self._context.listing.loading:
            return  # what is shown still holds
        hidden = self._hidden(state) if state["library"] and state["filtered"] else 0
        self.setVisible(hidden > 0)
        if hidden > 0:
            self.setText(f"{hidden:,} hidden by filters: show")
            self.setAccessibleName(self.text())

    def _hidden(self, state: State) -> int:
        listing = self._context.listing
        counts = self._context.session.overview.counts
        if counts is None:
            return 0
        total = counts.faces if listing.subject is Subject.FACES else counts.photos
        return total - int(state["listed"])
