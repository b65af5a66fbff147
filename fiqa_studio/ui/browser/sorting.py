"""The order, in the tool bar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QComboBox

from fiqa_studio.domain.query import SortKey
from fiqa_studio.ui import theme
from fiqa_studio.ui.actions.action import State

if TYPE_CHECKING:
    from fiqa_studio.ui.actions.context import Context

_WIDEST = 150
_ENDS = {
    SortKey.SCORE: ("Best first", "Worst first"),
    SortKey.TIME: ("Newest first", "Oldest first"),
    SortKey.NAME: ("Z to A", "A to Z"),
    SortKey.FACE_SIZE: ("Largest first", "Smallest first"),
    SortKey.EYES: ("Widest open first", "Closed first"),
    SortKey.STARS: ("Most stars first", "Fewest stars first"),
    SortKey.FACES: ("Most faces first", "Fewest faces first"),
    SortKey.FILE_SIZE: ("Largest first", "Smallest first"),
    SortKey.QUALITY: ("Best first", "Worst first"),
    SortKey.PLACE: ("Last first", "First first"),
    SortKey.ADDED: ("Newest first", "Oldest first"),
}


class SortBox(QComboBox):
    """One entry for each action ``sort.KEY`` that there is."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self.setAccessibleName("Sort by")
        self.setToolTip("Sort by")
        # As wide as most entries, not as the longest: the bar has little room in small windows.
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(7)
        self.setMaximumWidth(_WIDEST)
        known = {action.id: action.title for action in context.registry.actions}
        self._keys = [key for key in SortKey if f"sort.{key}" in known]
        for key in self._keys:
            self.addItem(known[f"sort.{key}"])
        self.view().setMinimumWidth(self.view().sizeHintForColumn(0) + 2 * theme.Space.L)
        self.activated.connect(self._choose)

    def _choose(self, index: int) -> None:
        self._context.window.action(f"sort.{self._keys[index]}").trigger()

    def update_state(self, state: State) -> None:
        """Show the order, and what its button would say."""
        self.setEnabled(bool(state["library"]))
        if state["sort"] not in self._keys:
            return
        key = SortKey(state["sort"])
        self.setCurrentIndex(self._keys.index(key))
        button = self._context.window.action("sort.reverse")
        down = state["descending"]
        theme.set_icon(button, "sort-descending" if down else "sort-ascending")
        button.setToolTip(_ENDS[key][not down])
