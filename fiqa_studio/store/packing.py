"""Arrays of ids and values as small blobs: how an action keeps what it changed.

Part of the file's format. Ids are ascending and kept as the steps between them, in the least
number of bytes a step; then everything is compressed. All of a library of a million photos are
some four thousand bytes, every second one no more.
"""

from __future__ import annotations

import zlib

import numpy as np
import numpy.typing as npt

from fiqa_studio.store.errors import InconsistentError

Ids = npt.NDArray[np.int64]
_STEPS = {1: "<u1", 2: "<u2", 4: "<u4", 8: "<u8"}


def pack_ids(ids: Ids) -> bytes:
    """Ascending ids, each once, as a blob; the first is not in it (a column of its own)."""
    steps = np.diff(ids)
    most = int(steps.max(initial=0))
    width = next(width for width in _STEPS if most < 1 << (8 * width))
    return bytes([width]) + zlib.compress(steps.astype(_STEPS[width]).tobytes(), 1)


def unpack_ids(blob: bytes, first: int) -> Ids:
    """What `pack_ids` packed.

    Raises:
        InconsistentError: The blob is none of ours.
    """
    if not blob or blob[0] not in _STEPS:
        raise InconsistentError("no packed ids")
    steps = np.frombuffer(_decompressed(blob[1:]), _STEPS[blob[0]])
    ids = np.empty(len(steps) + 1, np.int64)
    ids[0] = first
    np.cumsum(steps, out=ids[1:], dtype=np.int64)
    ids[1:] += first
    return ids


def pack_values(values: npt.NDArray[np.uint8] | npt.NDArray[np.float64]) -> bytes:
    """Small numbers or fractions, one an id, as a blob."""
    kind = b"b" if values.dtype == np.uint8 else b"d"
    return kind + zlib.compress(values.astype("<f8" if kind == b"d" else np.uint8).tobytes(), 1)


def unpack_values(blob: bytes) -> npt.NDArray[np.uint8] | npt.NDArray[np.float64]:
    """What `pack_values` packed.

    Raises:
        InconsistentError: The blob is none of ours.
    """
    match blob[:1]:
        case b"b":
            return np.frombuffer(_decompressed(blob[1:]), np.uint8)
        case b"d":
            return np.frombuffer(_decompressed(blob[1:]), "<f8")
        case _:
            raise InconsistentError("no packed values")


def _decompressed(blob: bytes) -> bytes:
    try:
        return zlib.decompress(blob)
    except zlib.error as error:
        raise InconsistentError(str(error)) from error
