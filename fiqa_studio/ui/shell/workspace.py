"""One open library on the screen: slots on four sides and areas in the centre.

Features fill the slots; this file knows none of them. Panels are parts of splitters rather than
floating docks: they fold away and come back, and are always where the hand expects them.
"""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QStackedWidget, QVBoxLayout, QWidget
from typing_extensions import override

from fiqa_studio.ui.actions.area import AreaView
from fiqa_studio.ui.actions.context import Context
from fiqa_studio.ui.actions.feature import Panel, Side
from fiqa_studio.ui.session.session import Session
from fiqa_studio.ui.session.undo import Spot
from fiqa_studio.ui.shell.slot import Slot

_CENTRE = 400
"""What the centre gets before panels get the width that the user gave them."""


class Workspace(QWidget):
    """The views of one session.

    Attributes:
        session: The open library.
        area: Name of what stands in the centre.

    Signals:
        state_changed: Something that facts tell of.
        area_made: An area was built (its name, the widget).
    """

    state_changed = Signal()
    area_made = Signal(str, object)

    def __init__(self, session: Session, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.area = ""
        self._context = context
        self._areas: dict[str, AreaView] = {}
        self._panels: dict[str, QWidget] = {}
        self._centre = QStackedWidget()
        self._slots = {
            side: Slot(Qt.Orientation.Horizontal if side is Side.BELOW else Qt.Orientation.Vertical)
            for side in Side
        }
        self._lay_out()
        self._connect()
        session.undo.spot = self.spot
        session.undo.go = self.go

    def begin(self) -> None:
        """Build what is shown, and ask for the first list."""
        settings = self.session.settings
        self.session.begin()
        for panel in self._context.registry.panels:
            if settings[panel.name]:
                self._put(panel)
        first = self._context.registry.areas
        if first:
            self.show_area(first[0].name)
        self.session.overview.read()

    # --- areas -----------------------------------------------------------------------------

    def area_view(self, name: str = "") -> AreaView:
        """An area, built if need be; empty for what stands in the centre. Raises `KeyError`."""
        name = name or self.area
        if name not in self._areas:
            made = self._context.registry.area(name).make(self._context)
            self._areas[name] = made
            self._centre.addWidget(made)
            self.area_made.emit(name, made)
        return self._areas[name]

    def show_area(self, name: str) -> None:
        """Bring an area to the front and give it the keyboard. Raises `KeyError`."""
        view, before = self.area_view(name), self._areas.get(self.area)
        if name != self.area:
            self.area = name
            self.session.selection.many = self._context.registry.area(name).many
            self._centre.setCurrentWidget(view)
            if before is not None:
                before.left()
            view.entered()
            self.state_changed.emit()
        view.setFocus()

    # --- panels ----------------------------------------------------------------------------

    def panel(self, name: str) -> QWidget:
        """A panel, built if need be. Raises `KeyError`."""
        if name not in self._panels:
            self._put(self._context.registry.panel(name), shown=False)
        return self._panels[name]

    def show_panel(self, name: str, *, shown: bool | None = None) -> None:
        """Bring a panel out or fold it away; None: the other of the two."""
        panel = self.panel(name)
        wanted = panel.isHidden() if shown is None else shown
        slot = self._slots[self._context.registry.panel(name).side]
        slot.show_part(panel, shown=wanted)
        self._place_panels()
        if self.session.settings[name] != wanted:
            self.session.settings[name] = wanted
            self.state_changed.emit()

    def remember(self) -> None:
        """Put the sizes that the user gave the panels into the settings."""
        for name, splitter in (("columns", self._columns), ("rows", self._rows)):
            sizes = splitter.sizes()
            before = self.session.settings[name]
            self.session.settings[name] = [
                new or old for new, old in zip(sizes, before, strict=True)
            ]

    def close_down(self) -> None:
        """Stop asking for anything; the session is about to close."""
        self.session.undo.spot = self.session.undo.go = None
        self.session.silence()
        for area in self._areas.values():
            area.close_down()

    def _place_panels(self) -> None:
        """Panels get the sizes they had; the centre gets the rest, whatever the window's size."""
        left, _, right = self.session.settings["columns"]
        spare = max(self.width() - _CENTRE, 1)
        if left + right > spare:  # a small window: both give way, down to what they need
            left, right = (part * spare // (left + right) for part in (left, right))
        _, below = self.session.settings["rows"]
        self._columns.setSizes([left, max(self.width() - left - right, 1), right])
        self._rows.setSizes([max(self.height() - below, 1), below])

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_panels()

    # --- where things were done ------------------------------------------------------------

    def spot(self) -> Spot:
        """Where the user is, for Undo to come back to."""
        listing, selection = self.session.listing, self.session.selection
        anchor, offset = self._area_anchor()
        row = selection.row
        return Spot(
            area=self.area,
            query=listing.query,
            selected=None if selection.is_all else selection.ids().copy(),
            current=int(listing.ids[row]) if 0 <= row < listing.count else -1,
            anchor=anchor,
            offset=offset,
        )

    def go(self, spot: Spot) -> None:
        """Bring the user back to where something was done."""
        listing, selection = self.session.listing, self.session.selection

        def restore() -> None:
            current = listing.rows.row_of(spot.current) if spot.current >= 0 else -1
            if spot.selected is None:
                selection.select_rows(np.empty(0, np.int64), current)
                selection.select_all()
            else:
                selection.select_rows(listing.rows.rows_of(spot.selected), current)
            restore_anchor = getattr(self.area_view(), "restore_anchor", None)
            if restore_anchor is not None:
                restore_anchor(spot.anchor, spot.offset)

        if spot.area in self._areas and spot.area != self.area:
            self.show_area(spot.area)
        if spot.query == listing.query and listing.rows.row_of(spot.current) < 0 <= spot.current:
            listing.bring_up_to_date(restore)  # it had been marked out of what the filter shows
        else:
            listing.set_query(spot.query, restore)

    def _area_anchor(self) -> tuple[int, int]:
        anchor = getattr(self.area_view(), "anchor", None)
        return anchor() if anchor is not None else (-1, 0)

    # --- making ----------------------------------------------------------------------------

    def _put(self, panel: Panel, *, shown: bool = True) -> None:
        made = panel.make(self._context)
        self._panels[panel.name] = made
        self._slots[panel.side].put(made, panel.place, shown=shown)

    def _lay_out(self) -> None:
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._slots[Side.ABOVE])
        column.addWidget(self._centre, 1)
        self._columns = QSplitter(Qt.Orientation.Horizontal)
        for part in (self._slots[Side.LEFT], centre, self._slots[Side.RIGHT]):
            self._columns.addWidget(part)
        self._rows = QSplitter(Qt.Orientation.Vertical)
        self._rows.addWidget(self._columns)
        self._rows.addWidget(self._slots[Side.BELOW])
        for splitter, stretch in ((self._columns, 1), (self._rows, 0)):
            splitter.setHandleWidth(1)
            splitter.setChildrenCollapsible(False)
            splitter.setStretchFactor(stretch, 1)
            # Only a hand on a handle is a choice; what a small window squeezes is none.
            splitter.splitterMoved.connect(lambda *_: self.remember())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._rows)

    def _connect(self) -> None:
        session = self.session
        session.listing.query_changed.connect(lambda _: self.state_changed.emit())
        session.listing.listed.connect(lambda _: self.state_changed.emit())
        session.selection.changed.connect(self.state_changed)
        session.selection.moved.connect(lambda _: self.state_changed.emit())
        session.overview.changed.connect(self.state_changed)
        session.job_changed.connect(lambda _: self.state_changed.emit())
        session.undo.changed.connect(self.state_changed)
