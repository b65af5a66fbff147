"""What is selected and what is current: one object that everybody reads and nobody copies."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QItemSelection, QItemSelectionModel, QObject, Signal

from fiqa_studio.domain.photos import FaceId, PhotoId
from fiqa_studio.domain.query import Query, Subject
from fiqa_studio.domain.target import Target
from fiqa_studio.ui.session.cards import Card, Cards, Ids
from fiqa_studio.ui.session.rows import Rows, runs_of

if TYPE_CHECKING:
    from fiqa_studio.ui.session.listing import Listing

_Select = QItemSelectionModel.SelectionFlag


@dataclass(frozen=True, slots=True)
class Current:
    """The one with the keyboard.

    Attributes:
        row: In the list.
        id: Of the face or the photo listed there.
        photo_id: The photo.
        face_id: The face; None where a photo is current and none of its faces is.
    """

    row: int
    id: int
    photo_id: PhotoId
    face_id: FaceId | None


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """What a write would apply to now; it stays what it is when the selection moves on.

    Attributes:
        subject: What it is of.
        count: How many.
        ids: Of those; None where it is all that `query` asks for.
        query: What was listed.
    """

    subject: Subject
    count: int
    ids: Ids | None
    query: Query

    def target(self) -> Target:
        """The same for the engine; to be called off the window's thread where it is many."""
        if self.ids is None:
            return Target.all_of(self.subject, self.query)
        return Target(self.subject, ids=tuple(self.ids.tolist()))

    def __bool__(self) -> bool:
        return self.count > 0


class Selection(QObject):
    """Rows of the list that are selected, and the current photo and face.

    Rows are kept as ranges, so that all of a million is one range.

    Attributes:
        model: The same for Qt's views, which select through it.
        many: Whether the whole selection counts; else the current one alone, as in the loupe.

    Signals:
        changed: Other rows are selected.
        moved: Another one is current (`Current`, or None); told once its photo is known.
    """

    changed = Signal()
    moved = Signal(object)

    def __init__(self, listing: Listing, rows: Rows, cards: Cards) -> None:
        super().__init__(listing)
        self._listing = listing
        self._rows = rows
        self._cards = cards
        self._current: Current | None = None
        self._count: int | None = None
        self.version = 0
        self.many = True
        self.model = QItemSelectionModel(rows, self)
        self.model.selectionChanged.connect(self._on_changed)
        self.model.currentChanged.connect(lambda now, _before: self._on_moved(now.row()))

    # --- what is selected ------------------------------------------------------------------

    @property
    def count(self) -> int:
        """How many are selected."""
        if self._count is None:
            self._count = sum(last - first + 1 for first, last in self.ranges())
        return self._count

    @property
    def is_all(self) -> bool:
        """Whether everything listed is selected."""
        return 0 < self.count == len(self._rows.ids)

    def ranges(self) -> list[tuple[int, int]]:
        """The selected rows as ascending ranges (first, last) that do not meet."""
        parts = sorted((part.top(), part.bottom()) for part in self.model.selection().toList())
        merged: list[tuple[int, int]] = []
        for first, last in parts:
            if merged and first <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
            else:
                merged.append((first, last))
        return merged

    def rows(self) -> Ids:
        """The selected rows, ascending."""
        spans = [np.arange(first, last + 1, dtype=np.int64) for first, last in self.ranges()]
        return np.concatenate(spans) if spans else np.empty(0, np.int64)

    def ids(self) -> Ids:
        """The selected ids, in the order of the list; one range of a list is no copy."""
        listed = self._rows.ids
        spans = [listed[first : last + 1] for first, last in self.ranges()]
        if len(spans) == 1:
            return spans[0]
        return np.concatenate(spans) if spans else np.empty(0, np.int64)

    def chosen(self) -> Chosen:
        """What an action applies to: the selection, or the current one where there is none.

        In the loupe that is the photo in it, whatever the grid lists.
        """
        query = self._listing.query
        if self.many and self.count:
            whole = self.is_all and self._listing.is_answer
            return Chosen(query.subject, self.count, None if whole else self.ids().copy(), query)
        now = self._current
        if now is None:
            return Chosen(query.subject, 0, np.empty(0, np.int64), query)
        if self.many:
            return Chosen(query.subject, 1, np.array([now.id], np.int64), query)
        return Chosen(Subject.PHOTOS, 1, np.array([now.photo_id], np.int64), query)

    def chosen_faces(self) -> Chosen:
        """The same for what is said of a face: in the loupe, the face selected on the photo."""
        now = self._current
        if self.many or now is None:
            return self.chosen()
        ids = [] if now.face_id is None else [now.face_id]
        found = np.array(ids, np.int64)
        return Chosen(Subject.FACES, len(found), found, self._listing.query)

    def select_all(self) -> None:
        """Select everything listed."""
        self.select_ranges([(0, len(self._rows.ids) - 1)] if len(self._rows.ids) else [])

    def select_none(self) -> None:
        """Select nothing."""
        self.model.clearSelection()

    def select_rows(self, rows: Ids, current: int = -1) -> None:
        """Make ``rows`` (ascending) the selection, and ``current`` the current row."""
        if current >= 0:
            self.model.setCurrentIndex(self._rows.index(current), _Select.NoUpdate)
        self.select_ranges(runs_of(rows))

    def select_ranges(self, ranges: list[tuple[int, int]]) -> None:
        """Make these ranges of rows the selection."""
        self.model.select(self.spanning(ranges), _Select.ClearAndSelect)

    def spanning(self, ranges: list[tuple[int, int]]) -> QItemSelection:
        """Ranges of rows as Qt's views take them."""
        found = QItemSelection()
        for first, last in ranges:
            found.select(self._rows.index(first), self._rows.index(last))
        return found

    # --- what is current -------------------------------------------------------------------

    @property
    def current(self) -> Current | None:
        """The photo and face with the keyboard; None without one, or until it is known."""
        return self._current

    @property
    def row(self) -> int:
        """The current row, -1 for none."""
        return self.model.currentIndex().row()

    def go_to(self, row: int) -> bool:
        """Make one row the selection and the current one; False where there is no such row."""
        if not 0 <= row < len(self._rows.ids):
            return False
        self.model.setCurrentIndex(self._rows.index(row), _Select.ClearAndSelect)
        return True

    def step(self, by: int) -> bool:
        """Move on by so many rows, or back; False at either end. None current: the first."""
        return self.go_to(self.row + by if self.row >= 0 else 0)

    def go_to_id(self, key: int) -> bool:
        """Make one id the selection and the current one; False where it is not listed."""
        return self.go_to(self._rows.row_of(key))

    def choose_face(self, face_id: FaceId | None) -> None:
        """Another face of the current photo is meant, or none of them in particular."""
        now = self._current
        if now is not None and now.face_id != face_id:
            self._current = replace(now, face_id=face_id)
            self.version += 1
            self.moved.emit(self._current)

    def photos_near(self, reach: int) -> list[PhotoId]:
        """The photos likely to be wanted next, as far as known: after, before, after, ..."""
        steps = [by for n in range(1, reach + 1) for by in (n, -n)]
        rows = [self.row + by for by in steps if 0 <= self.row + by < len(self._rows.ids)]
        cards = [self._rows.card(row) for row in rows]
        return list(dict.fromkeys(card.photo_id for card in cards if card is not None))

    def tell(self) -> None:
        """Find out what is current, after the list changed, and tell it."""
        self._on_moved(self.row)

    def _on_changed(self) -> None:
        self._count = None
        self.version += 1
        self.changed.emit()

    def _on_moved(self, row: int) -> None:
        self.version += 1
        if not 0 <= row < len(self._rows.ids):
            self._set_current(None)
            return
        key = int(self._rows.ids[row])
        self._cards.with_card(key, lambda card: self._take_card(key, card))

    def _take_card(self, key: int, card: Card) -> None:
        row = self.row
        if 0 <= row < len(self._rows.ids) and int(self._rows.ids[row]) == key:
            self._set_current(Current(row, key, card.photo_id, card.face_id))

    def _set_current(self, current: Current | None) -> None:
        if current != self._current:
            self._current = current
            self.moved.emit(current)
