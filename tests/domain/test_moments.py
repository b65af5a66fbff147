"""Times of files that 64 bits do not hold."""

from __future__ import annotations

import os

import pytest

from fiqa_studio.domain.moments import EARLIEST_NS, LATEST_NS, changed_at_ns


class _Status:
    """Only what is read of a status; no disk here keeps the year 9999."""

    def __init__(self, nanoseconds: int):
        self.st_mtime_ns = nanoseconds


@pytest.mark.parametrize(
    ("on_disk", "kept"),
    [
        (10**18, 10**18),
        (0, 0),
        (-1, -1),
        (LATEST_NS + 1, LATEST_NS),
        (253_402_300_799 * 10**9, LATEST_NS),
        (EARLIEST_NS - 1, EARLIEST_NS),
    ],
)
def test_a_time_is_kept_as_near_as_64_bits_allow(on_disk: int, kept: int) -> None:
    status: os.stat_result = _Status(on_disk)  # type: ignore[assignment]
    assert changed_at_ns(status) == kept
