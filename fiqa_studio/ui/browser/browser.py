"""The grid as an area: feeds it with cards and thumbnails, and keeps its place over a new list."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QStackedLayout, QWidget
from typing_extensions import override

from fiqa_studio.domain.changes import Changes, Kind
from fiqa_studio.domain.query import Subject
from fiqa_studio.ui.actions.area import AreaView, Step, Verb
from fiqa_studio.ui.browser.grid import GridView
from fiqa_studio.ui.browser.thumbnails import Thumbnails
from fiqa_studio.ui.session.cards import Ids, read_thumbnails
from fiqa_studio.ui.session.session import Session

_STALE_MS = 40
"""Cards that many changes touch one after another are read once."""


class Browser(AreaView):
    """A grid of the faces or photos that are listed.

    Attributes:
        view: The grid itself.

    Signals:
        opened: The current one is to be shown large.
        thumbnail_resized: The size of thumbnails, by Ctrl and the wheel (int).
    """

    opened = Signal()
    thumbnail_resized = Signal(int)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._listing = session.listing
        self._thumbnails = Thumbnails(session.report, self)
        self.view = GridView(
            self._listing.rows, self._listing.selection, self._thumbnails.get, self
        )
        self._empty: QWidget | None = None
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.view)
        self.setFocusProxy(self.view)
        self._anchors: Ids = np.empty(0, np.int64)
        self._saw_current = False
        self._offset = 0
        self._stale = QTimer(self, singleShot=True, interval=_STALE_MS)
        self._stale.timeout.connect(lambda: self._feed(self.view.visible_rows()))
        self._connect()

    def _connect(self) -> None:
        self.view.seen.connect(self._feed)
        self.view.opened.connect(self.open)
        self.view.resized_thumbnails.connect(self.thumbnail_resized)
        self._thumbnails.arrived.connect(self._repaint)
        listing = self._listing
        listing.cards.arrived.connect(self._repaint)
        listing.cards.staled.connect(self._on_staled)
        listing.replacing.connect(self._note_place)
        listing.listed.connect(self._on_listed)
        self._session.changed.connect(self._on_changes)

    def open(self, row: int) -> None:
        """Show a row large."""
        if self._listing.selection.go_to(row):
            self.opened.emit()

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

    def anchor(self) -> tuple[int, int]:
        """Id of the first one in view, -1 for none, and how far its top lies from the top."""
        row, offset = self.view.anchor()
        return (int(self._listing.ids[row]) if row >= 0 else -1), offset

    def restore_anchor(self, key: int, offset: int) -> None:
        """Scroll so that an id lies where `anchor` said."""
        row = self._listing.rows.row_of(key) if key >= 0 else -1
        if row >= 0:
            self.view.restore_anchor(row, offset)

    # --- an area ---------------------------------------------------------------------------

    @override
    def do(self, verb: Verb, step: Step = Step.CHOOSE) -> bool:
        """Move, open and select."""
        if verb is Verb.OPEN:
            self.open(max(self._listing.selection.row, 0))
        elif verb is Verb.TOGGLE:
            self.view.toggle()
        else:
            return self.view.step(verb, step)
        return True

    @override
    def entered(self) -> None:
        """Where the loupe went meanwhile is brought into view."""
        self.view.scrollTo(self.view.currentIndex())

    @override
    def close_down(self) -> None:
        self._stale.stop()
        self._thumbnails.close()

    # --- lists -----------------------------------------------------------------------------

    def _note_place(self) -> None:
        row, self._offset = self.view.anchor()
        ids = self._listing.ids
        self._anchors = ids[row : row + 64].copy() if row > 0 else np.empty(0, np.int64)
        self._saw_current = self._listing.selection.row in self.view.visible_rows()
        self.view.setAutoScroll(False)  # what is selected again does not move the list
        self._use_subject()

    def _on_listed(self, anew: bool) -> None:
        self._use_subject()
        if anew:
            self.view.verticalScrollBar().setValue(0)
        else:
            self._restore_scroll()
            # What came in between may have pushed the current one out: the eye is on that.
            if self._saw_current and self._listing.selection.row >= 0:
                self.view.scrollTo(self.view.currentIndex())
        self._anchors = np.empty(0, np.int64)
        self.view.setAutoScroll(True)
        self._feed(self.view.visible_rows())

    def _use_subject(self) -> None:
        library, subject = self._session.library, self._listing.subject
        self.view.setAccessibleName(subject.value.title())
        self._thumbnails.set_source(subject, lambda ids: read_thumbnails(library, subject, ids))

    def _restore_scroll(self) -> None:
        for key in self._anchors.tolist():
            row = self._listing.rows.row_of(key)
            if row >= 0:
                self.view.restore_anchor(row, self._offset)
                return

    def _on_changes(self, changes: Changes) -> None:
        kind = Kind.FACE if self._listing.subject is Subject.FACES else Kind.PHOTO
        self._thumbnails.forget(changes.ids(kind))

    # --- cells -----------------------------------------------------------------------------

    def _on_staled(self) -> None:
        if not self._stale.isActive():
            self._stale.start()

    def _feed(self, rows: range) -> None:
        """Fetch the cells and images in view, then a page of neighbours on either side."""
        view, ids = self.view, self._listing.ids
        self._thumbnails.set_size(view.thumbnail, view.devicePixelRatioF())
        page, count = len(rows), len(ids)
        after = range(rows.stop, min(count, rows.stop + page))
        before = range(max(0, rows.start - page), rows.start)
        self._thumbnails.want(
            np.concatenate([ids[part.start : part.stop] for part in (rows, after, before)]).tolist()
        )
        self._listing.cards.want(self._listing.rows.missing_pages(rows))

    def _repaint(self, keys: list[int]) -> None:
        self.view.repaint_rows(self._listing.rows.rows_of(keys))
