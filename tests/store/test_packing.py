"""Packed ids and values come back as they were, and are small."""

from __future__ import annotations

import numpy as np
import pytest

from fiqa_studio.store import packing
from fiqa_studio.store.errors import InconsistentError


@pytest.mark.parametrize(
    "ids",
    [
        [7],
        [1, 2, 3],
        [5, 1000, 70_000, 5_000_000_000],
        list(range(0, 3000, 300)),
        list(range(10, 100_000)),
    ],
)
def test_ids_come_back(ids: list[int]) -> None:
    array = np.array(ids, np.int64)
    assert np.array_equal(packing.unpack_ids(packing.pack_ids(array), ids[0]), array)


def test_values_come_back() -> None:
    small = np.array([0, 5, 255], np.uint8)
    assert np.array_equal(packing.unpack_values(packing.pack_values(small)), small)
    fractions = np.array([0.3, np.nan, 1.0])
    assert np.array_equal(
        packing.unpack_values(packing.pack_values(fractions)), fractions, equal_nan=True
    )


def test_a_million_ids_are_a_few_thousand_bytes() -> None:
    assert len(packing.pack_ids(np.arange(1, 1_000_001))) < 10_000
    assert len(packing.pack_values(np.zeros(1_000_000, np.uint8))) < 10_000


@pytest.mark.parametrize("blob", [b"", b"\x03abc", b"\x01abc", b"\x01"])
def test_other_bytes_are_damage(blob: bytes) -> None:
    with pytest.raises(InconsistentError):
        packing.unpack_ids(blob, 1)
    with pytest.raises(InconsistentError):
        packing.unpack_values(blob)
