"""The grid itself: an item view whose layout is arithmetic, so size does not matter.

Not a `QListView`: in icon mode that lays out every item, which takes seconds for a large
library. Being an item view all the same, it keeps Qt's selection, keyboard and accessibility.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import (
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QRegion,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QToolTip, QWidget
from typing_extensions import override

from fiqa_studio.ui import theme
from fiqa_studio.ui.actions.area import Step, Verb
from fiqa_studio.ui.browser.layout import MAX_THUMBNAIL, MIN_THUMBNAIL, GridLayout
from fiqa_studio.ui.browser.painter import CellPainter
from fiqa_studio.ui.session.cards import Ids
from fiqa_studio.ui.session.rows import Rows, runs_of
from fiqa_studio.ui.session.selection import Selection

_Index = QModelIndex | QPersistentModelIndex
_Cursor = QAbstractItemView.CursorAction
_Select = QItemSelectionModel.SelectionFlag
_MOVES = {
    Verb.LEFT: _Cursor.MoveLeft,
    Verb.RIGHT: _Cursor.MoveRight,
    Verb.UP: _Cursor.MoveUp,
    Verb.DOWN: _Cursor.MoveDown,
    Verb.PAGE_UP: _Cursor.MovePageUp,
    Verb.PAGE_DOWN: _Cursor.MovePageDown,
    Verb.FIRST: _Cursor.MoveHome,
    Verb.LAST: _Cursor.MoveEnd,
    Verb.NEXT: _Cursor.MoveNext,
    Verb.PREVIOUS: _Cursor.MovePrevious,
}


class GridView(QAbstractItemView):
    """Cells in rows; asks for what it shows and paints what has arrived.

    Signals:
        seen: The rows in view changed (range of rows).
        opened: A row was double-clicked (int).
        resized_thumbnails: The user asked for another size, by Ctrl and the wheel (int).
    """

    seen = Signal(range)
    opened = Signal(int)
    resized_thumbnails = Signal(int)

    def __init__(
        self,
        rows: Rows,
        selection: Selection,
        pixmap_of: Callable[[int], QPixmap | None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._grid = rows
        self._selection = selection
        self._anchor = -1
        self._pixmap_of = pixmap_of
        self._thumbnail = 176
        self._layout = GridLayout(0, 0, self._thumbnail)
        self._painter = CellPainter(self._layout, 1.0)
        self._hovered = -1
        self._shown = range(0)
        theme.set_role(self, "canvas")
        theme.set_role(self.viewport(), "canvas")
        self.setModel(rows)
        own = self.selectionModel()
        self.setSelectionModel(selection.model)
        own.deleteLater()
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectItems)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setMouseTracking(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.NoDragDrop)
        self.doubleClicked.connect(lambda index: self.opened.emit(index.row()))
        # What is passed at speed is not worth fetching.
        self._passing = QTimer(self)
        self._passing.setSingleShot(True)
        self._passing.setInterval(30)
        self._passing.timeout.connect(self._tell_seen)
        self.verticalScrollBar().valueChanged.connect(lambda _: self._pass())
        theme.manager.changed.connect(self._restyle)
        # A size of thumbnail that is still being dragged must not ask for a hundred images.
        self._settled = QTimer(self)
        self._settled.setSingleShot(True)
        self._settled.setInterval(120)
        self._settled.timeout.connect(self._tell_seen_anew)

    @property
    def thumbnail(self) -> int:
        """Side of the images, in device-independent pixels."""
        return self._thumbnail

    @property
    def grid_layout(self) -> GridLayout:
        """Where the cells lie now."""
        return self._layout

    def set_thumbnail(self, side: int) -> None:
        """Change the size of the images and keep the same row in view."""
        side = min(max(side, MIN_THUMBNAIL), MAX_THUMBNAIL)
        if side == self._thumbnail:
            return
        anchor = self.anchor()
        self._thumbnail = side
        self._relayout()
        self.restore_anchor(*anchor)
        self._settled.start()

    def visible_rows(self) -> range:
        """Rows of which at least a part is in view."""
        top = self.verticalOffset()
        return self._layout.span(top, top + self.viewport().height())

    def anchor(self) -> tuple[int, int]:
        """The first row in view, and how far its top lies from the top of the viewport."""
        rows = self.visible_rows()
        if not rows:
            return -1, 0
        return rows.start, self._layout.cell(rows.start).top() - self.verticalOffset()

    def restore_anchor(self, row: int, offset: int) -> None:
        """Scroll so that a row lies where `anchor` said."""
        if 0 <= row < self._layout.count:
            self.verticalScrollBar().setValue(self._layout.cell(row).top() - offset)

    def step(self, verb: Verb, step: Step) -> bool:
        """Move the current row; False where the verb is no move."""
        action = _MOVES.get(verb)
        if action is None:
            return False
        before = self.currentIndex().row()
        index = self.moveCursor(action, Qt.KeyboardModifier.NoModifier)
        if not index.isValid():
            return True
        model = self._selection.model
        if step is Step.EXTEND:
            start = self._anchor if 0 <= self._anchor < self._layout.count else max(before, 0)
            model.setCurrentIndex(index, _Select.NoUpdate)
            ends = sorted((start, index.row()))
            self._selection.select_ranges([(ends[0], ends[1])])
            self._anchor = start
        elif step is Step.KEEP:
            model.setCurrentIndex(index, _Select.NoUpdate)
        else:
            model.setCurrentIndex(index, _Select.ClearAndSelect)
            self._anchor = index.row()
        return True

    def toggle(self) -> None:
        """Take the current row into the selection, or out of it."""
        index = self.currentIndex()
        if index.isValid():
            self._selection.model.select(index, _Select.Toggle)
            self._anchor = index.row()

    def repaint_rows(self, rows: Ids) -> None:
        """Repaint those of the rows that are in view."""
        shown = self.visible_rows()
        for row in rows[(rows >= shown.start) & (rows < shown.stop)].tolist():
            self.viewport().update(self._place(row))

    def _place(self, row: int) -> QRect:
        return self._layout.cell(row).translated(0, -self.verticalOffset())

    def _relayout(self) -> None:
        viewport = self.viewport()
        self._layout = GridLayout(self._grid.rowCount(), viewport.width(), self._thumbnail)
        self._painter = CellPainter(self._layout, self.devicePixelRatioF())
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, self._layout.height - viewport.height()))
        bar.setPageStep(viewport.height())
        bar.setSingleStep(self._layout.row_step // 3)
        viewport.update()

    def _restyle(self) -> None:
        self._relayout()

    def _pass(self) -> None:
        if not self._passing.isActive():
            self._passing.start()

    def _tell_seen(self) -> None:
        rows = self.visible_rows()
        if rows != self._shown:
            self._shown = rows
            if not self._settled.isActive():
                self.seen.emit(rows)

    def _tell_seen_anew(self) -> None:
        self._shown = self.visible_rows()
        self.seen.emit(self._shown)

    def _hover(self, row: int) -> None:
        if row == self._hovered:
            return
        for changed in (self._hovered, row):
            if 0 <= changed < self._layout.count:
                self.viewport().update(self._place(changed))
        self._hovered = row

    # Qt overrides

    @override
    def visualRect(self, index: _Index) -> QRect:
        return self._place(index.row()) if index.isValid() else QRect()

    @override
    def indexAt(self, point: QPoint) -> QModelIndex:
        row = self._layout.index_at(point.x(), point.y() + self.verticalOffset())
        return self._grid.index(row) if row >= 0 else QModelIndex()

    @override
    def scrollTo(
        self,
        index: _Index,
        hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible,
    ) -> None:
        if not index.isValid():
            return
        bar, cell = self.verticalScrollBar(), self._layout.cell(index.row())
        height, gap = self.viewport().height(), self._layout.gap
        if hint is QAbstractItemView.ScrollHint.PositionAtCenter:
            bar.setValue(cell.center().y() - height // 2)
        elif cell.top() - gap < bar.value():
            bar.setValue(cell.top() - gap)
        elif cell.bottom() + gap > bar.value() + height:
            bar.setValue(cell.bottom() + gap - height)

    @override
    def moveCursor(self, action: _Cursor, modifiers: Qt.KeyboardModifier) -> QModelIndex:
        count, columns = self._layout.count, self._layout.columns
        if not count:
            return QModelIndex()
        row = self.currentIndex().row()
        if row < 0:
            return self._grid.index(0)
        page = max(1, self.viewport().height() // self._layout.row_step) * columns
        moves = {
            _Cursor.MoveLeft: row - 1,
            _Cursor.MovePrevious: row - 1,
            _Cursor.MoveRight: row + 1,
            _Cursor.MoveNext: row + 1,
            _Cursor.MoveUp: row - columns if row >= columns else row,
            _Cursor.MoveDown: row + columns if row // columns < self._layout.rows - 1 else row,
            _Cursor.MovePageUp: row - page if row >= page else row % columns,
            _Cursor.MovePageDown: row + page,
            _Cursor.MoveHome: 0,
            _Cursor.MoveEnd: count - 1,
        }
        return self._grid.index(min(max(moves.get(action, row), 0), count - 1))

    @override
    def horizontalOffset(self) -> int:
        return 0

    @override
    def verticalOffset(self) -> int:
        return self.verticalScrollBar().value()

    @override
    def isIndexHidden(self, index: _Index) -> bool:
        return False

    @override
    def setSelection(self, rect: QRect, command: QItemSelectionModel.SelectionFlag) -> None:
        top = self.verticalOffset()
        if self.state() is QAbstractItemView.State.DragSelectingState:
            area = rect.normalized().translated(0, top)
            span = self._layout.span(area.top(), area.bottom())
            found = [row for row in span if self._layout.cell(row).intersects(area)]
            ranges = runs_of(np.array(found, np.int64))
        else:
            # From one cell to another, as text is selected: all between, not a rectangle.
            ends = [
                self._layout.index_at(rect.left(), rect.top() + top),
                self._layout.index_at(rect.right(), rect.bottom() + top),
            ]
            if command & _Select.Current and 0 <= self._anchor < self._layout.count:
                # Qt knows where the mouse was pressed last; the keyboard may have moved since.
                ends[0] = self._anchor
            ranges = [(min(ends), max(ends))] if min(ends) >= 0 else []
        self._selection.model.select(self._selection.spanning(ranges), command)

    @override
    def visualRegionForSelection(self, selection: QItemSelection) -> QRegion:
        region = QRegion()
        shown = self.visible_rows()
        for part in selection.toList():
            for row in range(max(part.top(), shown.start), min(part.bottom() + 1, shown.stop)):
                region += self._place(row)
        return region

    @override
    def currentChanged(self, current: _Index, previous: _Index) -> None:
        super().currentChanged(current, previous)
        for index in (current, previous):
            if index.isValid():
                self.viewport().update(self.visualRect(index))

    @override
    def reset(self) -> None:
        super().reset()
        self._hovered = -1
        self._relayout()
        self._shown = range(0)
        self._tell_seen()

    @override
    def sizeHint(self) -> QSize:
        return QSize(720, 480)

    @override
    def keyboardSearch(self, search: str) -> None:
        """Letters are shortcuts here, not the beginning of a name."""

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        anchor = self.anchor()
        super().resizeEvent(event)
        self._relayout()
        self.restore_anchor(*anchor)
        self._tell_seen()

    @override
    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self.viewport().scroll(dx, dy)
        if self.underMouse():
            place = self.viewport().mapFromGlobal(self.cursor().pos())
            self._hover(self.indexAt(place).row())

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys are actions; see `ui.actions.keymap`."""
        event.ignore()

    @override
    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if not self.currentIndex().isValid() and self._layout.count:
            current = self.visible_rows().start
            self.selectionModel().setCurrentIndex(self._grid.index(current), _Select.NoUpdate)
        self.viewport().update(self.visualRect(self.currentIndex()))

    @override
    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.viewport().update(self.visualRect(self.currentIndex()))

    @override
    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            step = 16 if event.angleDelta().y() > 0 else -16
            self.resized_thumbnails.emit(self._thumbnail + step)
            event.accept()
        else:
            super().wheelEvent(event)

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        if not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._anchor = self.currentIndex().row()

    @override
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        self._hover(self.indexAt(event.position().toPoint()).row())

    @override
    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave:
            self._hover(-1)
        elif event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            self._show_tip(event)
            return True
        return super().viewportEvent(event)

    def _show_tip(self, event: QHelpEvent) -> None:
        index = self.indexAt(event.pos())
        card = self._grid.card(index.row()) if index.isValid() else None
        text = card.spoken() if card else ""
        QToolTip.showText(event.globalPos(), text, self, self.visualRect(index))

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        offset, area = self.verticalOffset(), event.rect()
        selection = self.selectionModel()
        current = self.currentIndex().row() if self.hasFocus() else -1
        for row in self._layout.span(offset + area.top(), offset + area.bottom()):
            place = self._place(row)
            if not area.intersects(place):
                continue
            self._painter.paint(
                painter,
                place,
                self._grid.card(row),
                self._pixmap_of(int(self._grid.ids[row])),
                selected=selection.isSelected(self._grid.index(row)),
                hovered=row == self._hovered,
                current=row == current,
            )
        painter.end()
