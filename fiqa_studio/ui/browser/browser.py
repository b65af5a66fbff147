"""The browser: runs queries off the thread, feeds the grid, follows changes in place."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedLayout, QWidget

from fiqa_studio.domain.changes import Changes, Kind
from fiqa_studio.domain.fields_query import Query
from fiqa_studio.domain.photos import PhotoId
from fiqa_studio.ui.browser.cards import Card, Ids, Source
from fiqa_studio.ui.browser.grid import GridView
from fiqa_studio.ui.browser.model import GridModel
from fiqa_studio.ui.browser.thumbnails import Thumbnails
from fiqa_studio.ui.session.kinds import ViewKind
from fiqa_studio.ui.session.session import Session
from fiqa_studio.ui.session.throttle import Refresher

_REFRESH_MS = 400
"""Least time between two refreshes of the list while an index fills the library."""


class Browser(QWidget):
    """A grid of faces or photos that shows the answer to a query.

    Signals:
        listed: A list is shown (int: how many).
        current_changed: The card with the keyboard (`Card`), or None.
        selection_changed: How many are selected (int).
        opened: A card to be shown large (`Card`).
        thumbnail_resized: The size of thumbnails, by Ctrl and the wheel (int).
    """

    listed = Signal(int)
    current_changed = Signal(object)
    selection_changed = Signal(int)
    opened = Signal(object)
    thumbnail_resized = Signal(int)

    def __init__(
        self,
        session: Session,
        sources: Sequence[Source],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._sources = {source.kind: source for source in sources}
        self._kind = ViewKind.FACES
        self._query = Query()
        self._model = GridModel(self)
        self._thumbnails = Thumbnails(session.report, self)
        self.view = GridView(self._model, self._thumbnails.get, self)
        self._empty: QWidget | None = None
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.view)
        self._refresh = Refresher(self._list_again, _REFRESH_MS, self)
        self._connect()

    def _connect(self) -> None:
        self.view.seen.connect(self._feed)
        self.view.opened.connect(lambda row: self._with_card(row, self.opened.emit))
        self.view.current_moved.connect(self._tell_current)
        self.view.selection_moved.connect(
            lambda: self.selection_changed.emit(len(self.view.selected_rows()))
        )
        self.view.resized_thumbnails.connect(self.thumbnail_resized)
        self._thumbnails.arrived.connect(self._repaint)
        self._session.changed.connect(self._on_changes)

    @property
    def kind(self) -> ViewKind:
        """What is shown."""
        return self._kind

    @property
    def query(self) -> Query:
        """What is asked for."""
        return self._query

    @property
    def count(self) -> int:
        """How many are listed."""
        return len(self._model.ids)

    @property
    def loading(self) -> bool:
        """Whether a list is on its way."""
        return self._refresh.running

    def selected_ids(self) -> Ids:
        """The ids selected, in the order of the list."""
        return self._model.ids[self.view.selected_rows()]

    def show_query(self, kind: ViewKind, query: Query) -> None:
        """List the answer to a query, from its beginning."""
        self._kind, self._query = kind, query
        source = self._sources[kind]
        self._refresh.replaced()
        self._session.run(
            lambda: source.ids(query),
            lambda ids: self._show(kind, ids, anew=True),
            failed=self._failed,
            key="browser",
        )

    def show_empty(self, page: QWidget | None) -> None:
        """Show a page instead of the grid, or the grid again."""
        if page is self._empty:
            return
        if self._empty is not None:
            self._stack.removeWidget(self._empty)
            self._empty.hide()
        self._empty = page
        if page is not None:
            self._stack.addWidget(page)
            self._stack.setCurrentWidget(page)
        else:
            self._stack.setCurrentWidget(self.view)

    def step(self, by: int, then: Callable[[Card], None]) -> bool:
        """Move the current row and hand over its card; False at either end."""
        row = self.view.currentIndex().row() + by
        if not 0 <= row < self.count:
            return False
        self.view.go_to(row)
        self._with_card(row, then)
        return True

    def position(self) -> int:
        """The current row, -1 for none."""
        return self.view.currentIndex().row()

    def photos_near(self, rows: Sequence[int]) -> list[PhotoId]:
        """The photos of those rows that are known, in the order of ``rows``."""
        inside = (self._model.card(row) for row in rows if 0 <= row < self.count)
        return list(dict.fromkeys(card.photo_id for card in inside if card is not None))

    def open_current(self) -> None:
        """Show the current card large; the first one where none is current."""
        row = max(self.position(), 0)
        if row < self.count:
            self.view.go_to(row)
            self._with_card(row, self.opened.emit)

    def close_down(self) -> None:
        """Stop loading; the session is about to close."""
        self._refresh.stop()
        self._thumbnails.close()

    # --- lists -----------------------------------------------------------------------------

    def _show(self, kind: ViewKind, ids: Ids, *, anew: bool) -> None:
        source = self._sources[kind]
        self.view.setAccessibleName(kind.value.title())
        self._thumbnails.set_source(kind, source.thumbnails)
        if anew or kind is not self._model.kind:
            kept = self._kept() if kind is self._model.kind else None
            self._model.set_ids(kind, ids)
            if kept is not None:
                self._restore_selection(*kept[:2])
            self.view.verticalScrollBar().setValue(0)
        elif not np.array_equal(ids, self._model.ids):
            selected, current, anchors, offset = self._kept()
            self._model.set_ids(kind, ids)
            self._restore_selection(selected, current)
            self._restore_scroll(anchors, offset)
        self._feed(self.view.visible_rows())
        if self.position() < 0:
            self.current_changed.emit(None)
        self._refresh.finished()
        self.listed.emit(len(ids))

    def _failed(self, error: Exception) -> None:
        self._refresh.finished()
        self._session.report(error)

    def _kept(self) -> tuple[Ids, int, Ids, int]:
        """Selected ids, current id, the ids from the first in view on, and its offset."""
        row, offset = self.view.anchor()
        current = self.position()
        return (
            self.selected_ids(),
            int(self._model.ids[current]) if current >= 0 else -1,
            self._model.ids[row : row + 64] if row > 0 else np.empty(0, np.int64),
            offset,
        )

    def _restore_selection(self, selected: Ids, current: int) -> None:
        row = self._model.row_of(current) if current >= 0 else -1
        rows = self._model.rows_of(selected)
        if len(rows) or row >= 0:
            self.view.select_rows(rows, row)

    def _restore_scroll(self, anchors: Ids, offset: int) -> None:
        for key in anchors.tolist():
            row = self._model.row_of(key)
            if row >= 0:
                self.view.restore_anchor(row, offset)
                return

    def _list_again(self) -> None:
        kind, query, source = self._kind, self._query, self._sources[self._kind]
        self._session.run(
            lambda: source.ids(query),
            lambda ids: self._show(kind, ids, anew=False),
            failed=self._failed,
            key="browser",
        )

    def _on_changes(self, changes: Changes) -> None:
        photos = changes.ids(Kind.PHOTO) | changes.ids(Kind.MARK)
        faces = changes.ids(Kind.FACE) | changes.ids(Kind.SCORE)
        listed = bool(photos or faces or changes.ids(Kind.ROOT))
        if changes.whole or changes.ids(Kind.SCORER) or changes.ids(Kind.SETTING):
            self._model.forget_all()
            listed = True
        if not listed:
            return
        if self._kind is ViewKind.FACES:
            self._model.forget(faces, photos)
            self._thumbnails.forget(changes.ids(Kind.FACE))
        elif faces:
            # Which photos those faces are in is not known here, and only what is seen is
            # fetched again.
            self._model.forget_all()
            self._thumbnails.forget(changes.ids(Kind.PHOTO))
        else:
            self._model.forget(photos, photos)
            self._thumbnails.forget(changes.ids(Kind.PHOTO))
        self._refresh.request()

    # --- cells -----------------------------------------------------------------------------

    def _feed(self, rows: range) -> None:
        """Fetch the cells and images in view, then a page of neighbours on either side."""
        view = self.view
        self._thumbnails.set_size(view.thumbnail, view.devicePixelRatioF())
        page, count = len(rows), self.count
        after = range(rows.stop, min(count, rows.stop + page))
        before = range(max(0, rows.start - page), rows.start)
        ids = self._model.ids
        self._thumbnails.want(
            np.concatenate([ids[part.start : part.stop] for part in (rows, after, before)]).tolist()
        )
        wanted = self._model.missing_pages(rows)
        if wanted:
            source, kind = self._sources[self._model.kind], self._model.kind
            self._session.run(
                lambda: source.cards(wanted),
                lambda cards: self._take_cards(kind, cards),
                key="browser-cards",
            )

    def _take_cards(self, kind: ViewKind, cards: list[Card]) -> None:
        if kind is not self._model.kind:
            return
        self._model.add_cards(cards)
        self._repaint([card.id for card in cards])
        current = self.position()
        if current >= 0 and any(card.id == self._model.ids[current] for card in cards):
            self._tell_current(current)

    def _repaint(self, keys: list[int]) -> None:
        self.view.repaint_rows(self._model.rows_of(keys))

    def _with_card(self, row: int, then: Callable[[Card], None]) -> None:
        """Hand over the card of a row, now or when it has been fetched."""
        card = self._model.card(row)
        if card is not None:
            then(card)
            return
        source, key = self._sources[self._model.kind], int(self._model.ids[row])
        self._session.run(
            lambda: source.cards([key]),
            lambda cards: then(cards[0]) if cards else None,
            key="browser-card",
        )

    def _tell_current(self, row: int) -> None:
        if 0 <= row < self.count:
            self._with_card(row, self.current_changed.emit)
        else:
            self.current_changed.emit(None)
