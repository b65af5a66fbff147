"""Waiting for what happens, however long a busy machine takes, and for nothing to happen.

pytest-qt waits five seconds unless told otherwise, less than a machine takes that runs two suites.
And "nothing happened" is no claim after a pause of so many milliseconds: on a slow machine it has
simply not happened yet.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QTimer
from pytestqt.qtbot import QtBot

from fiqa_studio.ui.session.background import Background

PATIENCE_MS = 60_000
_ROUNDS = 3
"""What came of the first round may ask for more, and that for more again."""


class PatientBot(QtBot):
    """`QtBot` that gives up after a minute unless told otherwise."""

    def waitUntil(  # noqa: N802 - Qt's names
        self, callback: Callable[[], bool | None], *, timeout: int = PATIENCE_MS
    ) -> None:
        """See `QtBot.waitUntil`."""
        super().waitUntil(callback, timeout=timeout)

    def waitSignal(  # noqa: N802 - Qt's names
        self, signal: Any, *, timeout: int = PATIENCE_MS, **more: Any
    ) -> Any:
        """See `QtBot.waitSignal`."""
        return super().waitSignal(signal, timeout=timeout, **more)

    def waitSignals(  # noqa: N802 - Qt's names
        self, signals: Any, *, timeout: int = PATIENCE_MS, **more: Any
    ) -> Any:
        """See `QtBot.waitSignals`."""
        return super().waitSignals(signals, timeout=timeout, **more)


def still(qtbot: QtBot, *owners: QObject) -> None:
    """Wait until nothing is under way any more: then what did not happen will not.

    No timer that fires once still runs among the ``owners``' children, their pools have done all
    that they were given, and all that was sent to this thread has arrived.
    """
    for _ in range(_ROUNDS):
        qtbot.waitUntil(lambda: not any(map(_waits, owners)))
        for owner in owners:
            for background in (*owner.findChildren(Background), owner):
                if isinstance(background, Background):
                    _finish(qtbot, background)
        arrived(qtbot)


def arrived(qtbot: QtBot) -> None:
    """Wait until all that was sent to this thread until now has been delivered."""
    passed: list[bool] = []
    QTimer.singleShot(0, lambda: passed.append(True))
    qtbot.waitUntil(lambda: bool(passed))


def _waits(owner: QObject) -> bool:
    timers = owner.findChildren(QTimer)
    return any(timer.isSingleShot() and timer.isActive() for timer in timers)


def _finish(qtbot: QtBot, background: Background) -> None:
    """All threads of a pool meet: what was given to it before that is done."""
    pool = background._pool
    if pool._shutdown:
        return  # its end has been waited for
    meeting = threading.Barrier(pool._max_workers)
    met = [pool.submit(meeting.wait, PATIENCE_MS / 1000) for _ in range(pool._max_workers)]
    qtbot.waitUntil(lambda: all(future.done() for future in met))
