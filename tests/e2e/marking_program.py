"""The real window, marked by real keys until somebody kills it; tells which badges it showed.

``python -m tests.e2e.marking_program LIBRARY SETTINGS FIRST_ROW SEED`` presses Ctrl+Z once, then
stars from ``FIRST_ROW`` on, and writes ``PHOTO_ID STARS`` on a line of its own the moment a cell
shows these stars in full.
"""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QRect, Qt, QTimer
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from fiqa_studio.ui.app import App
from fiqa_studio.ui.browser.painter import CellPainter
from fiqa_studio.ui.session.cards import Card
from fiqa_studio.ui.session.settings import Settings

_PAUSE_MS = 4
_LEAVE_MS = 120_000
"""Nobody killed it: whoever started it is gone."""


class _Hand:
    """Presses keys, one at a time, as long as the program lives."""

    def __init__(self, program: App, first: int, seed: int) -> None:
        self._program = program
        self._first = first
        self._random = random.Random(seed)
        self._timer = QTimer()
        self._timer.timeout.connect(self._step)
        self._timer.start(_PAUSE_MS)
        self._ready = False

    def _step(self) -> None:
        work = self._program.window.workspace
        if work is None or work.session.listing.loading or not work.session.listing.count:
            return
        surface = work.area_view().focusProxy()
        assert surface is not None
        if not self._ready:
            self._ready = True
            work.session.selection.go_to(self._first)
            self._program.window.refresh(at_once=True)
            QTest.keyClick(surface, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
            return
        key = Qt.Key(Qt.Key.Key_0.value + self._random.randint(1, 5))
        QTest.keyClick(surface, key)


def _tell_of_badges() -> None:
    paint = CellPainter.paint
    told: dict[int, int] = {}

    def telling(
        self: CellPainter,
        painter: QPainter,
        cell: QRect,
        card: Card | None,
        pixmap: QPixmap | None,
        **state: bool,
    ) -> None:
        paint(self, painter, cell, card, pixmap, **state)
        if card is None or card.pending or not card.marks.stars:
            return
        if told.get(card.id) != card.marks.stars:
            told[card.id] = card.marks.stars
            os.write(1, f"{card.photo_id} {card.marks.stars}\n".encode())

    CellPainter.paint = telling  # type: ignore[method-assign, assignment]  # to look over its shoulder


def main(library: str, settings: str, first: str, seed: str) -> None:
    """Until killed."""
    app = QApplication([])
    _tell_of_badges()
    choices = Settings(Path(settings))
    choices["view"], choices["sort"], choices["descending"] = "photos", "name", False
    program = App(choices)
    program.window.resize(1400, 900)
    program.start(Path(library))
    program.window.activateWindow()
    hand = _Hand(program, int(first), int(seed))
    QTimer.singleShot(_LEAVE_MS, app.quit)
    app.exec()
    del hand


if __name__ == "__main__":
    main(*sys.argv[1:])
