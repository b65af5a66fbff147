"""Chance that a seed reproduces, on every machine and with every version of Python."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")


class Chance:
    """Draws that follow from a seed and labels, such as the rater and the batch.

    ``random.Random`` promises the same shuffle only within one version of Python; a study's order
    must still be checkable in ten years.
    """

    def __init__(self, seed: int, *labels: object):
        text = "/".join([str(seed), *map(str, labels)])
        self._key = hashlib.blake2b(text.encode(), digest_size=32).digest()
        self._count = 0

    def unit(self) -> float:
        """The next number in [0, 1)."""
        self._count += 1
        block = hashlib.blake2b(
            self._count.to_bytes(8, "big"), key=self._key, digest_size=8
        ).digest()
        return (int.from_bytes(block, "big") >> 11) / 2.0**53

    def below(self, count: int) -> int:
        """The next whole number in [0, count)."""
        return int(self.unit() * count)

    def shuffled(self, items: Iterable[T]) -> list[T]:
        """The items in a random order."""
        left = list(items)
        for last in range(len(left) - 1, 0, -1):
            other = self.below(last + 1)
            left[last], left[other] = left[other], left[last]
        return left

    def one(self, items: Sequence[T]) -> T:
        """One of the items."""
        return items[self.below(len(items))]
