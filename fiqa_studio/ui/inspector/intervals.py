"""The calibrated intervals of scorers, asked for before a score of theirs is shown."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from fiqa_studio.domain.scores import ScorerInfo
    from fiqa_studio.engine.scoring.installed import Interval
    from fiqa_studio.ui.session.session import Session

_logger = logging.getLogger(__name__)


class Intervals(QObject):
    """Keeps what is known; a scorer is asked once, since it costs a process.

    The active scorer is asked at once, so that its answer is there by the first score.

    Signals:
        came: One more is known; also where the answer is that there is none.
    """

    came = Signal()

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._known: dict[str, Interval | None] = {}
        self._asked: set[str] = set()
        self._ask_for_active()

    def knows(self, scorer_hash: str) -> bool:
        """Whether the answer is there."""
        return scorer_hash in self._known

    def get(self, scorer_hash: str) -> Interval | None:
        """The interval; None without one, or where that is not known."""
        return self._known.get(scorer_hash)

    def ask(self, scorer_hash: str) -> None:
        """Find out, unless that is done or under way; `came` tells."""
        if scorer_hash in self._asked:
            return
        self._asked.add(scorer_hash)
        scorers = self._session.engine.scorers
        self._session.run(
            lambda: scorers.interval_of(scorer_hash),
            partial(self._take, scorer_hash),
            failed=partial(self._do_without, scorer_hash),
            key=f"interval-{id(self)}-{scorer_hash}",
            slow=True,  # a process of its own
        )

    def forget(self) -> None:
        """Scorers came or went: each is asked again."""
        self._known.clear()
        self._asked.clear()
        self._ask_for_active()

    def _ask_for_active(self) -> None:
        active = self._session.library.scores.active
        self._session.run(active, self._on_active, key=f"interval-{id(self)}-active", slow=True)

    def _on_active(self, scorer: ScorerInfo | None) -> None:
        if scorer is not None:
            self.ask(scorer.hash)

    def _take(self, scorer_hash: str, interval: Interval | None) -> None:
        if scorer_hash in self._asked:  # else it was forgotten on the way
            self._known[scorer_hash] = interval
            self.came.emit()

    def _do_without(self, scorer_hash: str, error: Exception) -> None:
        """A score is worth showing without its range."""
        _logger.info("the interval of scorer %s is not known: %s", scorer_hash, error)
        self._take(scorer_hash, None)
