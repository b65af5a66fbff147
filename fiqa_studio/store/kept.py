"""What was read of a library stays read until something is written.

Who types a word or moves a bound asks for the same order again and again: it is walked once.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable

import numpy as np
import numpy.typing as npt

from fiqa_studio.store.columns import Ids

_LEAST = 20_000
"""Ids; fewer are read anew as quickly."""
_MOST_BYTES = 48 * 2**20


class Kept:
    """Arrays of ids by what was asked, all of one version of a library. For any thread."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._version = -1
        self._bytes = 0
        self._found: dict[Hashable, npt.NDArray[np.int32]] = {}

    def get(self, version: int, key: Hashable) -> Ids | None:
        """What was put under a key for this version; None where nothing was."""
        with self._guard:
            found = self._found.get(key) if version == self._version else None
        return None if found is None else found.astype(np.int64)

    def put(self, version: int, key: Hashable, ids: Ids) -> None:
        """Keep an answer, in place of older ones where there are many."""
        if len(ids) < _LEAST or int(ids.max()) > np.iinfo(np.int32).max:
            return
        with self._guard:
            if version < self._version:
                return
            if version > self._version:
                self._version, self._bytes = version, 0
                self._found.clear()
            if key in self._found:
                return
            small = ids.astype(np.int32)
            self._found[key] = small
            self._bytes += small.nbytes
            while self._bytes > _MOST_BYTES:
                oldest = next(iter(self._found))
                self._bytes -= self._found.pop(oldest).nbytes
