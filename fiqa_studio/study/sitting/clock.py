"""Two clocks: one that says when, one that says how long."""

from __future__ import annotations

import time

from fiqa_studio.study.raters import now_ms


class Clock:
    """The system's clocks; tests put their own in their place."""

    def wall_ms(self) -> int:
        """Milliseconds since 1970. Somebody may set it, also backwards."""
        return now_ms()

    def running(self) -> float:
        """Seconds that only ever grow, within this process."""
        return time.monotonic()
