"""The program is killed while somebody rates in the window: nothing is lost or doubled."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from fiqa_studio.study import file, reading
from tests.ui.study.conftest import Make

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("kill")]

_RATER = """
import sys
from pathlib import Path
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from fiqa_studio.study.sitting.steps import Trial
from fiqa_studio.ui.study.window import RatingWindow
app = QApplication([])
window = RatingWindow(Path(sys.argv[1]), "Anna")
window.resize(1280, 800)
keys = [Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_3, Qt.Key.Key_4, Qt.Key.Key_5]
window.show()
asked = None
while True:
    app.processEvents()
    page = window.trial_page
    if page is None or not isinstance(window.step, Trial):
        continue
    if not page.is_seen or page.trial != window.step or page.trial.id == asked:
        continue
    if asked is not None:
        print("done", asked, flush=True)
    print("next", page.trial.id, flush=True)
    asked = page.trial.id
    QTest.keyClick(window.focusWidget(), keys[page.trial.number % 5])
    QTest.keyClick(window.focusWidget(), Qt.Key.Key_Return)
"""


def test_killing_the_window_loses_and_doubles_nothing(make: Make) -> None:
    path = make()
    draw = random.Random(3)
    acknowledged: list[str] = []
    stored: list[str] = []
    for _ in range(3):
        before = _stored(path)
        process = subprocess.Popen(
            [sys.executable, "-c", _RATER, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        first, wanted, done = "", draw.randint(2, 6), 0
        for line in process.stdout:
            word, trial = line.split()
            first = first or trial
            done += word == "done"
            if word == "done":
                acknowledged.append(trial)
            if done >= wanted:
                break
        process.kill()
        rest, _ = process.communicate(timeout=30)
        acknowledged += [line.split()[1] for line in rest.splitlines() if line.startswith("done ")]
        stored = _stored(path)
        assert stored[: len(before)] == before
        assert stored[len(before)] == first, "the very next trial"
        assert len(set(stored)) == len(stored), "nothing twice"
        assert set(acknowledged) <= set(stored)
    # With each kill at most the one whose commit was not seen any more.
    assert len(stored) <= len(acknowledged) + 3


def _stored(path: Path) -> list[str]:
    with file.opened(path) as opened:
        found = reading.ratings(opened.database)
    assert [rating.index for rating in found] == list(range(len(found))), "none left out"
    return [rating.trial for rating in found]
