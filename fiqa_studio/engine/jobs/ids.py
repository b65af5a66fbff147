"""Many ids as a short text, for the parameters of jobs: ``4,7-1999,2003``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int64]


def ids_to_text(ids: Sequence[int] | Ids) -> str:
    """Runs of consecutive ids are written once; the order is kept."""
    found = np.asarray(ids, np.int64)
    if not len(found):
        return ""
    starts = np.flatnonzero(np.diff(found, prepend=found[0] - 2) != 1)
    ends = np.append(starts[1:], len(found)) - 1
    pairs = zip(found[starts].tolist(), found[ends].tolist(), strict=True)
    return ",".join(f"{first}" if first == last else f"{first}-{last}" for first, last in pairs)


def ids_from_text(text: str) -> Ids:
    """The ids that `ids_to_text` wrote.

    Raises:
        ValueError: It did not write this.
    """
    runs = []
    for part in text.split(",") if text else []:
        first, _, last = part.partition("-")
        runs.append(np.arange(int(first), int(last or first) + 1, dtype=np.int64))
    return np.concatenate(runs) if runs else np.empty(0, np.int64)
