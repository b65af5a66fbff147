"""The list as Qt's views see it: an array of ids, with the cards of those seen lately."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from typing_extensions import override

from fiqa_studio.domain.listing import Listing as Found
from fiqa_studio.domain.query import Query, Subject
from fiqa_studio.ui.session.cards import Card, Cards, Ids

PAGE = 128


class Rows(QAbstractListModel):
    """Ids in order; a million cost eight megabytes here and nothing else.

    Args:
        cards: Of the same subject.

    Attributes:
        ids: ``(n,)`` int64.
    """

    def __init__(self, cards: Cards, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.ids: Ids = np.empty(0, np.int64)
        self._cards = cards
        self._found = Found(Query(), self.ids)

    @property
    def subject(self) -> Subject:
        """What the ids are ids of."""
        return self._cards.subject

    def show(self, found: Found) -> None:
        """Show another list. Cards known by id stay known."""
        self.beginResetModel()
        self._cards.show(found.query)
        self._found = found
        self.ids = found.ids
        self.endResetModel()

    def card(self, row: int) -> Card | None:
        """The card of a row, None while it is not here."""
        return self._cards.get(int(self.ids[row]))

    def missing_pages(self, rows: range) -> list[int]:
        """Ids of the unknown cards of the pages that ``rows`` touch, at most two pages."""
        if not rows:
            return []
        first = rows.start // PAGE * PAGE
        last = min(len(self.ids), ((rows.stop - 1) // PAGE + 1) * PAGE)
        wanted = self._cards.lacking(self.ids[rows.start : rows.stop].tolist())
        if not wanted:
            return []
        rest = self._cards.lacking(self.ids[first:last].tolist())
        return list(dict.fromkeys(wanted + rest))[: 2 * PAGE]

    def row_of(self, key: int) -> int:
        """The row of an id, -1 where it is not listed."""
        return self._found.place(key)

    def rows_of(self, keys: Sequence[int] | Ids) -> Ids:
        """The rows of those ids that are listed, in ascending order."""
        return self._found.places(keys)

    # Qt overrides

    @override
    def rowCount(self, parent: QModelIndex | QPersistentModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.ids)

    @override
    def data(
        self,
        index: QModelIndex | QPersistentModelIndex,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> str | None:
        if not index.isValid() or role not in (
            Qt.ItemDataRole.DisplayRole,
            Qt.ItemDataRole.AccessibleTextRole,
        ):
            return None
        card = self.card(index.row())
        return card.spoken() if card else ""


def runs_of(rows: Ids) -> list[tuple[int, int]]:
    """Runs of consecutive numbers in an ascending array, as (first, last)."""
    if not len(rows):
        return []
    breaks = np.flatnonzero(np.diff(rows) != 1)
    firsts = rows[np.concatenate(([0], breaks + 1))]
    lasts = rows[np.concatenate((breaks, [len(rows) - 1]))]
    return list(zip(firsts.tolist(), lasts.tolist(), strict=True))
