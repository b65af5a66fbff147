"""A list of ids in order, with the way back from an id to its place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from fiqa_studio.domain.query import Query

Ids = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """What a query found. Made whole on the thread that asked: looking up places costs nothing.

    Attributes:
        query: What was asked.
        ids: In order; each once.
    """

    query: Query
    ids: Ids
    _places: npt.NDArray[np.int32] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        size = int(self.ids.max()) + 1 if len(self.ids) else 0
        places = np.full(size, -1, np.int32)
        places[self.ids] = np.arange(len(self.ids), dtype=np.int32)
        object.__setattr__(self, "_places", places)

    def __len__(self) -> int:
        return len(self.ids)

    def place(self, key: int) -> int:
        """The place of an id; -1 where it is not listed."""
        return int(self._places[key]) if 0 <= key < len(self._places) else -1

    def places(self, keys: Iterable[int] | Ids) -> Ids:
        """The places of those of these ids that are listed, ascending."""
        wanted = keys if isinstance(keys, np.ndarray) else np.fromiter(keys, np.int64)
        wanted = wanted[(wanted >= 0) & (wanted < len(self._places))]
        found = self._places[wanted]
        return np.sort(found[found >= 0]).astype(np.int64)
