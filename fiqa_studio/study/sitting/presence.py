"""How long a rater was away, has been working, and whether somebody set the clock.

How long things take is measured by a clock that nobody can set (`Clock.running`); the wall clock
only says when, and how long ago the last sitting was. Where it went back, nobody knows how long
that was, and it counts as long.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from fiqa_studio.study import raters
from fiqa_studio.study.database import StudyDatabase
from fiqa_studio.study.raters import Rater
from fiqa_studio.study.sitting import journal, trials
from fiqa_studio.study.sitting.clock import Clock
from fiqa_studio.study.values import Study

_CLOCK_SLACK_MS = 2_000
_JUMP_MS = 60_000
_REST_SECONDS = 300.0
_AWAY_SECONDS = 60.0


class Presence:
    """One rater's time in one sitting.

    Attributes:
        journal: The rater's events.
        entering: The rater has just sat down, or was away: the set-up may have to be checked.
    """

    def __init__(self, study: Study, database: StudyDatabase, rater: Rater, clock: Clock):
        self.clock = clock
        self.entering = True
        self._study = study
        self._database = database
        self._rater = rater
        self._working_since: float | None = None
        self._lock = threading.RLock()
        with database.read() as connection:
            self.journal = journal.read(connection, rater.id)
        self._last_wall, self._last_running = clock.wall_ms(), clock.running()
        self._arrive()

    def note(self, kind: str, data: Mapping[str, Any]) -> None:
        """Write an event; on the disk when this returns."""
        with self._lock:
            now = self.clock.wall_ms()
            journal.write(self._database, self._rater.id, kind, data, now)
            self.journal.add(kind, now, data)

    def notice(self) -> None:
        """Look at the clocks; to be called whenever the rater does something."""
        wall, running = self.clock.wall_ms(), self.clock.running()
        passed = running - self._last_running
        drift = (wall - self._last_wall) - passed * 1000
        self._last_wall, self._last_running = wall, running
        if abs(drift) > _JUMP_MS:
            self._clock_went(int(drift))
        if passed >= _REST_SECONDS:
            self._working_since = None
        if passed > _AWAY_SECONDS:
            self._away(passed / 60.0)

    def worked(self) -> None:
        """An answer was given."""
        self.entering = False
        if self._working_since is None:
            self._working_since = self.clock.running()

    def rested(self) -> None:
        """A break begins or ends."""
        self._working_since = None

    def minutes_at_work(self) -> float:
        """Since the first answer after the last break."""
        if self._working_since is None:
            return 0.0
        return (self.clock.running() - self._working_since) / 60.0

    def _arrive(self) -> None:
        now, last = self._last_wall, self.journal.last_ms
        if not last:
            return
        if now < last - _CLOCK_SLACK_MS:
            self._clock_went(now - last)
            self._away(math.inf)
        else:
            self._away((now - last) / 60_000)

    def _away(self, minutes: float) -> None:
        rules = self._study.rules
        if minutes > min(rules.setup_valid_minutes, rules.training_valid_minutes):
            self.entering = True
        if minutes <= rules.training_valid_minutes or not self._study.training:
            return
        now = self.clock.wall_ms()

        def work(connection: Connection) -> None:
            row = trials.lock(connection, self._rater.id)
            found = trials.pending(connection, self._rater.id)
            # Who is in training, or has nothing left to rate, needs no reminder of it.
            if row is None or row.ended or not found or found[0].purpose != trials.BATCH:
                return
            known = None if math.isinf(minutes) else round(minutes, 1)
            raters.note(connection, self._rater.id, journal.AWAY, {"minutes": known}, now)
            if rules.refresher_lessons:
                trials.hand_out_training(
                    connection, self._study, self._rater, trials.REFRESHER, now
                )

        self._database.write(work)

    def _clock_went(self, by_ms: int) -> None:
        with self._database.read() as connection:
            row = journal.last_rating_row(connection, self._rater.id)
        self.note(journal.CLOCK, {"by_ms": by_ms, "rating": row})
