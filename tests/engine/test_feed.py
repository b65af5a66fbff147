"""A batch that cannot be written costs only the item that is to blame."""

from __future__ import annotations

import pytest

from fiqa_studio.domain.errors import KnownError, LibraryError
from fiqa_studio.engine.jobs.feed import Batch


class Ledger:
    """Writes all of a batch or nothing, and takes no negative number."""

    def __init__(self) -> None:
        self.written: list[int] = []
        self.failed: list[tuple[int, KnownError]] = []
        self.full = False

    def write(self, items: list[int]) -> None:
        if self.full:
            raise LibraryError("No space is left.", code="library.disk-full")
        for item in items:
            if item < 0:
                raise OverflowError(f"{item} does not fit")
        self.written += items

    def batch(self) -> Batch[int]:
        return Batch(self.write, lambda item, error: self.failed.append((item, error)))


def put(ledger: Ledger, *items: int) -> None:
    batch = ledger.batch()
    for item in items:
        batch.add(item)
    batch.flush()


@pytest.mark.allows_log("cannot be written")
@pytest.mark.parametrize("items", [(1, -2, 3, 4), (-2,), (-2, 1, 3, 4), (1, 3, 4, -2)])
def test_only_the_culprit_fails_and_says_why(items: tuple[int, ...]) -> None:
    ledger = Ledger()
    put(ledger, *items)
    assert ledger.written == [item for item in items if item > 0]
    ((item, error),) = ledger.failed
    assert (item, error.code) == (-2, "photo.not-recorded")
    assert "OverflowError: -2 does not fit" in str(error)


def test_what_would_hit_every_item_is_raised_and_blames_none() -> None:
    ledger = Ledger()
    ledger.full = True
    with pytest.raises(LibraryError):
        put(ledger, 1, 2)
    assert ledger.failed == []


def test_a_sound_batch_is_written_at_once() -> None:
    ledger = Ledger()
    put(ledger, 1, 2, 3)
    put(ledger)
    assert ledger.written == [1, 2, 3]
