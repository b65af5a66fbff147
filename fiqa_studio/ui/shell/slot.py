"""A side of the workspace: panels one after another, gone where none is shown."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QWidget


class Slot(QSplitter):
    """Holds panels in order of their place."""

    def __init__(self, orientation: Qt.Orientation, parent: QWidget | None = None) -> None:
        super().__init__(orientation, parent)
        self._places: list[int] = []
        self.setHandleWidth(1)
        self.setChildrenCollapsible(False)
        self.hide()

    def put(self, panel: QWidget, place: int, *, shown: bool) -> None:
        """Take in a panel."""
        at = sum(one <= place for one in self._places)
        self._places.insert(at, place)
        self.insertWidget(at, panel)
        self.show_part(panel, shown=shown)

    def show_part(self, panel: QWidget, *, shown: bool) -> None:
        """Show a panel or fold it away; the slot goes with the last of them."""
        panel.setVisible(shown)
        self.setVisible(any(not self.widget(at).isHidden() for at in range(self.count())))
