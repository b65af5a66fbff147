"""The list of a grid: an array of ids, and the cells of those seen lately."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence

import numpy as np
from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from typing_extensions import override

from fiqa_studio.ui.browser.cards import Card, Ids
from fiqa_studio.ui.session.kinds import ViewKind

PAGE = 128
_KEPT_CARDS = 4096


class GridModel(QAbstractListModel):
    """Ids in order; cells are put in as they arrive and forgotten when there are too many.

    Attributes:
        kind: What the ids are ids of.
        ids: ``(n,)`` int64.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.kind = ViewKind.FACES
        self.ids: Ids = np.empty(0, np.int64)
        self._cards: OrderedDict[int, Card] = OrderedDict()
        self._order: Ids | None = None

    def set_ids(self, kind: ViewKind, ids: Ids) -> None:
        """Show another list. Cells known by id stay known."""
        self.beginResetModel()
        if kind is not self.kind:
            self._cards.clear()
        self.kind = kind
        self.ids = ids
        self._order = None
        self.endResetModel()

    def card(self, row: int) -> Card | None:
        """The cell of a row, None while it is not here."""
        return self._cards.get(int(self.ids[row]))

    def add_cards(self, cards: Iterable[Card]) -> None:
        """Put in cells that were fetched; the caller repaints."""
        for card in cards:
            self._cards[card.id] = card
            self._cards.move_to_end(card.id)
        while len(self._cards) > _KEPT_CARDS:
            self._cards.popitem(last=False)

    def forget(self, ids: frozenset[int], photo_ids: frozenset[int]) -> None:
        """Drop cells that have changed, by their own id or by their photo's."""
        stale = [
            key for key, card in self._cards.items() if key in ids or card.photo_id in photo_ids
        ]
        for key in stale:
            del self._cards[key]

    def forget_all(self) -> None:
        """Drop every cell, such as when another scorer's scores count."""
        self._cards.clear()

    def missing_pages(self, rows: range) -> list[int]:
        """Ids of the unknown cells of the pages that ``rows`` touch, at most two pages."""
        if not rows:
            return []
        first = rows.start // PAGE * PAGE
        last = min(len(self.ids), ((rows.stop - 1) // PAGE + 1) * PAGE)
        wanted = [key for key in self.ids[rows.start : rows.stop].tolist() if self._unknown(key)]
        if not wanted:
            return []
        rest = [key for key in self.ids[first:last].tolist() if self._unknown(key)]
        return list(dict.fromkeys(wanted + rest))[: 2 * PAGE]

    def row_of(self, key: int) -> int:
        """The row of an id, -1 where it is not listed."""
        rows = self.rows_of([key])
        return int(rows[0]) if len(rows) else -1

    def rows_of(self, keys: Sequence[int] | Ids) -> Ids:
        """The rows of those ids that are listed, in ascending order."""
        if self._order is None:
            self._order = np.argsort(self.ids, kind="stable").astype(np.int64)
        if not len(self.ids) or not len(keys):
            return np.empty(0, np.int64)
        wanted = np.asarray(keys, np.int64)
        at = np.searchsorted(self.ids, wanted, sorter=self._order)
        at = np.minimum(at, len(self.ids) - 1)
        rows = self._order[at]
        return np.sort(rows[self.ids[rows] == wanted])

    def _unknown(self, key: int) -> bool:
        return key not in self._cards

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
