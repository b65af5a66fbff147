"""The query on the screen and its answer: asked off the thread, and again when it changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal

from fiqa_studio.domain.changes import Changes, Kind
from fiqa_studio.domain.listing import Listing as Found
from fiqa_studio.domain.query import Query, Subject
from fiqa_studio.ui.session.cards import Cards, Ids
from fiqa_studio.ui.session.rows import Rows
from fiqa_studio.ui.session.selection import Selection
from fiqa_studio.ui.session.throttle import Refresher

if TYPE_CHECKING:
    from fiqa_studio.store.library import Library
    from fiqa_studio.ui.session.session import Session

_REFRESH_MS = 400
"""Least time between two refreshes of the list while an index fills the library."""
_NEAR = 64
"""So many rows before one that left are tried as its neighbour."""


@dataclass(frozen=True, slots=True, eq=False)
class _Kept:
    """What is to stay, as it was when the question was asked.

    Attributes:
        version: Of the selection.
        selected: Ids selected; all of the list is not spelled out.
        everything: All of the list is selected.
        current: Id with the keyboard, -1 for none.
        hold: The current one stays, even where it no longer fits.
        before: The ids before the current one, nearest first.
    """

    version: int
    selected: Ids
    everything: bool
    current: int
    hold: bool
    before: Ids


@dataclass(frozen=True, slots=True, eq=False)
class _Answer:
    """A list, with all that takes long to find out about it."""

    found: Found
    selected: Ids
    current: int
    held: bool


class Listing(QObject):
    """What is listed.

    A change that the query depends on asks it again. After a change of the user's own, that waits
    until the user moves on: a frame that no longer fits the filter must not jump away under the
    hand. Changes of others bring the list up to date at once, but the current frame stays.

    Attributes:
        cards: Of what is listed.
        rows: The ids, for Qt's views.
        selection: Of its rows.

    Signals:
        query_changed: Another `Query`; its answer is on the way.
        replacing: Another list is about to be shown; what must stay in view is to be noted.
        listed: A list is shown: whether for another query, so that it is seen from its beginning.
        answered: A question was answered, if only by an error.
    """

    query_changed = Signal(object)
    replacing = Signal()
    listed = Signal(bool)
    answered = Signal()

    def __init__(self, session: Session, query: Query) -> None:
        super().__init__(session)
        self._session = session
        self._query = query
        self._waits = False
        self._held = -1
        self._then: list[Callable[[], object]] = []
        self.cards = Cards(session)
        self.cards.show(query)
        self.rows = Rows(self.cards, self)
        self.selection = Selection(self, self.rows, self.cards)
        self._refresh = Refresher(self._list_again, _REFRESH_MS, self)
        self.selection.moved.connect(lambda _: self._on_moved())
        session.changed.connect(self._on_changes)

    @property
    def query(self) -> Query:
        """What is asked for."""
        return self._query

    @property
    def subject(self) -> Subject:
        """Whether faces or photos are listed."""
        return self._query.subject

    @property
    def ids(self) -> Ids:
        """``(n,)`` int64, in the order of the query."""
        return self.rows.ids

    @property
    def count(self) -> int:
        """How many are listed."""
        return len(self.rows.ids)

    @property
    def loading(self) -> bool:
        """Whether a list is on its way."""
        return self._refresh.running

    @property
    def is_answer(self) -> bool:
        """Whether the list is just what the query asks for: nothing is kept or on its way."""
        return not (self._waits or self._held >= 0 or self.loading)

    def set_query(self, query: Query, then: Callable[[], object] | None = None) -> None:
        """Ask for something else; ``then`` is called once its answer is shown."""
        if then is not None:
            self._then.append(then)
        if query == self._query:
            if not self.loading:
                self._run_then()
            return
        self._query = query
        self._session.settings["view"] = query.subject.value
        self._session.settings["sort"] = query.order.key.value
        self._session.settings["descending"] = query.order.descending
        self.query_changed.emit(query)
        self.ask()

    def show(self, subject: Subject) -> None:
        """List faces, or photos; keeps the filters that make sense."""
        query = self._query.of(subject)
        if subject is Subject.FACES and is_faceless(query):
            query = query.without("faces")
        self.set_query(query)

    def ask(self) -> None:
        """Ask the query from its beginning."""
        self._waits, self._held = False, -1
        self._refresh.replaced()
        self._ask(anew=True)

    def refresh(self) -> None:
        """Ask the same again, soon; what is selected and in view stays."""
        self._refresh.request()

    def bring_up_to_date(self, then: Callable[[], object]) -> None:
        """Ask the same again, now; ``then`` is called once that answer is shown."""
        self._waits, self._held = False, -1
        self._then.append(then)
        self._refresh.replaced()
        self._ask(anew=False)

    def close_down(self) -> None:
        """Ask for nothing more; the session is about to close."""
        self._refresh.stop()

    # --- asking ----------------------------------------------------------------------------

    def _list_again(self) -> None:
        self._ask(anew=False)

    def _ask(self, *, anew: bool) -> None:
        library, query, kept = self._session.library, self._query, self._kept()
        self._session.run(
            lambda: _answer(library, query, kept),
            lambda answer: self._show(query, kept, answer, anew=anew),
            failed=self._failed,
            key="listing",
        )

    def _kept(self) -> _Kept:
        """Read from the window's thread, used in another."""
        selection, row = self.selection, self.selection.row
        everything = selection.is_all
        ids = self.rows.ids
        return _Kept(
            version=selection.version,
            selected=np.empty(0, np.int64) if everything else selection.ids(),
            everything=everything,
            current=int(ids[row]) if 0 <= row < len(ids) else -1,
            hold=self._waits or self._held >= 0,
            before=ids[max(0, row - _NEAR) : row][::-1] if row > 0 else np.empty(0, np.int64),
        )

    def _show(self, query: Query, kept: _Kept, answer: _Answer, *, anew: bool) -> None:
        subject = query.subject
        same = subject is self.rows.subject
        if anew or not np.array_equal(answer.found.ids, self.rows.ids):
            if same and kept.version != self.selection.version:
                # The user went on selecting meanwhile.
                kept = self._kept()
                answer = _placed(answer, kept)
            self.replacing.emit()
            self.rows.show(answer.found)
            if same:
                self._restore(kept, answer)
        self._held = answer.current if answer.held else -1
        self.selection.tell()
        self._refresh.finished()
        self.listed.emit(anew)
        self._run_then()
        self.answered.emit()

    def _restore(self, kept: _Kept, answer: _Answer) -> None:
        if kept.everything:
            self.selection.select_rows(np.empty(0, np.int64), answer.current)
            self.selection.select_all()
        elif len(answer.selected) or answer.current >= 0:
            self.selection.select_rows(answer.selected, answer.current)

    def _failed(self, error: Exception) -> None:
        self._refresh.finished()
        self._then.clear()
        self.answered.emit()
        self._session.report(error)

    def _run_then(self) -> None:
        waiting, self._then = self._then, []
        for then in waiting:
            then()

    # --- following -------------------------------------------------------------------------

    def _on_changes(self, changes: Changes) -> None:
        self._touch_cards(changes)
        if not self._query.depends_on(changes):
            return
        if self._session.telling_own:
            self._waits = True
        else:
            self._refresh.request()

    def _on_moved(self) -> None:
        """The user moved on: what waited for that may go now."""
        row = self.selection.row
        if self._waits or (self._held >= 0 and row != self._held):
            self._waits, self._held = False, -1
            self._refresh.now()

    def _touch_cards(self, changes: Changes) -> None:
        photos = changes.ids(Kind.PHOTO) | changes.ids(Kind.MARK)
        faces = changes.ids(Kind.FACE) | changes.ids(Kind.SCORE) | changes.ids(Kind.OVERRIDE)
        many = bool(changes.whole & _ON_CARDS) or bool(changes.ids(Kind.SCORER))
        if many or (self.subject is Subject.PHOTOS and faces):
            # Which photos those faces are in is not known here, and only what is seen is read.
            self.cards.touch_all()
        elif photos or faces:
            self.cards.touch(photos if self.subject is Subject.PHOTOS else faces, photos)


_ON_CARDS = frozenset({Kind.PHOTO, Kind.FACE, Kind.SCORE, Kind.SCORER, Kind.MARK, Kind.OVERRIDE})
"""Kinds of things that cards show."""


def is_faceless(query: Query) -> bool:
    """Whether it asks for photos without faces."""
    term = query.term("faces")
    return getattr(term, "high", None) == 0 and not getattr(term, "negated", False)


def _answer(library: Library, query: Query, kept: _Kept) -> _Answer:
    """Off the thread: the ids, and where those that matter stand in them."""
    found = library.views.listing(query)
    held = kept.hold and kept.current >= 0 and found.place(kept.current) < 0
    if held:
        place = _place_for(found, kept.before)
        found = Found(query, np.insert(found.ids, place, kept.current))
    return _placed(_Answer(found, found.ids[:0], -1, held), kept)


def _placed(answer: _Answer, kept: _Kept) -> _Answer:
    found = answer.found
    return _Answer(found, found.places(kept.selected), found.place(kept.current), answer.held)


def _place_for(found: Found, before: Ids) -> int:
    """After the nearest of those that stood before it and are still listed."""
    places = (found.place(key) for key in before.tolist())
    return next((place + 1 for place in places if place >= 0), 0)
