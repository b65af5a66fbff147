"""Times of files, within what can be kept of them."""

from __future__ import annotations

import os

EARLIEST_NS, LATEST_NS = -(2**63), 2**63 - 1
"""1677-09-21 and 2262-04-11, in nanoseconds since 1970: what 64 bits hold, and so SQLite."""


def changed_at_ns(status: os.stat_result) -> int:
    """When a file changed last, in nanoseconds since 1970; the nearest that can be kept.

    File systems keep times that 64 bits do not hold (a camera whose clock says 2300). Whoever
    compares a file's time with one that was recorded must read both by this.
    """
    return max(EARLIEST_NS, min(LATEST_NS, status.st_mtime_ns))
