"""Marking in the real window: how soon it is seen and kept, and that a kill loses nothing."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from fiqa_studio.domain.changes import Changes, Kind
from fiqa_studio.domain.query import Query, SortKey, Subject
from fiqa_studio.ui import theme
from fiqa_studio.ui.app import App
from fiqa_studio.ui.browser.painter import CellPainter
from fiqa_studio.ui.process import smoothness
from fiqa_studio.ui.session.cards import Card
from fiqa_studio.ui.session.session import Session
from fiqa_studio.ui.session.settings import Settings
from tests.benchmarks.synthetic_library import build
from tests.benchmarks.test_grid_scroll import Heartbeat
from tests.e2e.killing import mark_and_kill

pytestmark = pytest.mark.benchmark
_PHOTOS = 200_000
_KEYS = 200
_WARM_UP = 10
_QUIET = 50
"""Percentile held to the budgets: the median."""
_REST_MS = 1000
"""The window has just come up: panels are laid out, the library is looked through."""
_BADGE_MS = 50.0
_COMMIT_MS = 20.0
_WORST_STALL_MS = 150.0
"""Measured 119 ms with all of 200,000 on quiet cores; a frame's 50 ms is the aim."""
_MASS_S = 2.0
_LIVES = 50


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = build(tmp_path_factory.mktemp("marking") / "big.fiqa", _PHOTOS)
    os.sync()
    return path


@pytest.fixture
def program(qtbot: QtBot, big: Path, tmp_path: Path) -> Iterator[App]:
    theme.manager.apply("dark")
    choices = Settings(tmp_path / "window.json")
    choices["view"], choices["sort"], choices["descending"] = "photos", "name", False
    program = App(choices)
    program.window.resize(1400, 900)
    program.start(big)
    program.window.activateWindow()
    smoothness.share_the_interpreter()
    qtbot.waitUntil(lambda: program.window.workspace is not None, timeout=60_000)
    session = program.window.context.session
    qtbot.waitUntil(
        lambda: session.listing.count > 0 and not session.listing.loading, timeout=60_000
    )
    program.window.activateWindow()
    qtbot.waitUntil(program.window.isActiveWindow, timeout=20_000)
    yield program
    program.window.close()
    program.close()


class _Watch:
    """When a mark was kept, seen faintly, and seen in full."""

    def __init__(self, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wanted = (-1, -1)
        self.kept = self.faint = self.full = 0.0
        paint = CellPainter.paint
        self.end = session.library.subscribe(self._on_changes)

        def watching(
            painter: CellPainter, to: Any, cell: Any, card: Card | None, *rest: Any, **state: bool
        ) -> None:
            paint(painter, to, cell, card, *rest, **state)
            if card is not None and (card.photo_id, card.marks.stars) == self.wanted:
                if card.pending:
                    self.faint = self.faint or time.perf_counter()
                else:
                    self.full = self.full or time.perf_counter()

        monkeypatch.setattr(CellPainter, "paint", watching)

    def expect(self, photo: int, stars: int) -> None:
        self.wanted = (photo, stars)
        self.kept = self.faint = self.full = 0.0

    def _on_changes(self, changes: Changes) -> None:
        """On the writer's thread, after the commit."""
        if changes.touches(Kind.MARK, [self.wanted[0]]):
            self.kept = self.kept or time.perf_counter()


def _measure(
    qtbot: QtBot, program: App, monkeypatch: pytest.MonkeyPatch, first: int
) -> tuple[Any, Any]:
    """Milliseconds from the key to the commit and to the full badge, of many keys."""
    session = program.window.context.session
    watch = _Watch(session, monkeypatch)
    view = program.window.area_view()
    assert view is not None
    surface = view.focusProxy()
    assert surface is not None
    QTest.qWait(_REST_MS)
    session.selection.go_to(first)
    program.window.refresh(at_once=True)
    commits, badges = [], []
    for _ in range(_WARM_UP + _KEYS):
        row = session.selection.row
        qtbot.waitUntil(lambda row=row: session.listing.rows.card(row) is not None)
        photo = int(session.listing.ids[row])
        card = session.listing.rows.card(row)
        assert card is not None
        stars = card.marks.stars % 5 + 1
        watch.expect(photo, stars)
        start = time.perf_counter()
        QTest.keyClick(surface, Qt.Key(Qt.Key.Key_0.value + stars))
        qtbot.waitUntil(lambda: watch.full > 0 and watch.kept > 0, timeout=10_000)
        commits.append(1000 * (watch.kept - start))
        badges.append(1000 * (watch.full - start))
        QTest.qWait(20)
    watch.end()
    return np.array(commits[_WARM_UP:]), np.array(badges[_WARM_UP:])


def _report(capsys: pytest.CaptureFixture[str], what: str, commits: Any, badges: Any) -> None:
    with capsys.disabled():
        sys.stdout.write(
            f"\n{what}: key to commit {np.median(commits):.1f} ms in the median, 90 % under "
            f"{np.percentile(commits, 90):.1f}; key to badge {np.median(badges):.1f}, 90 % under "
            f"{np.percentile(badges, 90):.1f}, at most {badges.max():.0f} of {len(badges)}\n"
        )


def test_a_mark_is_kept_and_seen_at_once(
    qtbot: QtBot,
    program: App,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    commits, badges = _measure(qtbot, program, monkeypatch, 100)
    _report(capsys, f"{_PHOTOS:,} photos", commits, badges)
    assert np.percentile(commits, _QUIET) < _COMMIT_MS
    assert np.percentile(badges, _QUIET) < _BADGE_MS


def test_also_while_a_job_indexes(
    qtbot: QtBot,
    program: App,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "new photos"
    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(600):
        noise = random.integers(0, 255, (60, 80, 3), np.uint8)
        Image.fromarray(noise).resize((1600, 1200)).save(folder / f"{number}.jpg")
    session = program.window.context.session
    session.engine.start_index([folder])
    before = session.library.views.counts().photos
    qtbot.waitUntil(lambda: session.library.views.counts().photos > before, timeout=120_000)
    commits, badges = _measure(qtbot, program, monkeypatch, 5000)
    running = session.busy is not None
    _report(capsys, "while indexing", commits, badges)
    assert running, "the job was over too soon to say anything"
    assert np.percentile(commits, _QUIET) < _COMMIT_MS
    assert np.percentile(badges, _QUIET) < _BADGE_MS


def test_all_are_marked_and_taken_back_without_a_stall(
    qtbot: QtBot, program: App, capsys: pytest.CaptureFixture[str]
) -> None:
    session = program.window.context.session
    done: list[bool] = []
    session.listing.set_query(
        Query(Subject.PHOTOS).sorted_by(SortKey.TIME), lambda: done.append(True)
    )
    qtbot.waitUntil(lambda: bool(done), timeout=20_000)
    view = program.window.area_view()
    assert view is not None
    surface = view.focusProxy()
    assert surface is not None
    QTest.qWait(_REST_MS)
    seconds, stalls = [], []
    for key in (Qt.Key.Key_5, Qt.Key.Key_Z):
        heart = Heartbeat()
        heart.start()
        start = time.perf_counter()
        finished: list[object] = []
        session.done.connect(lambda *_, ended=finished: ended.append(True))
        if key is Qt.Key.Key_5:
            QTest.keyClick(surface, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
            QTest.keyClick(surface, key)
        else:
            QTest.keyClick(surface, key, Qt.KeyboardModifier.ControlModifier)
        qtbot.waitUntil(lambda ended=finished: bool(ended), timeout=60_000)
        seconds.append(time.perf_counter() - start)
        QTest.qWait(500)
        heart.stop()
        stalls.append(max(heart.late))
    with capsys.disabled():
        sys.stdout.write(
            f"\nall of {session.listing.count:,}: marked in {seconds[0]:.2f} s (longest stall "
            f"{stalls[0]:.0f} ms), taken back in {seconds[1]:.2f} s ({stalls[1]:.0f} ms)\n"
        )
    assert max(seconds) < _MASS_S
    assert max(stalls) < _WORST_STALL_MS


@pytest.mark.slow
def test_fifty_kills_lose_no_mark_that_was_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library = build(tmp_path / "marked.fiqa", 5000)
    shown = 0
    for life in range(_LIVES):
        killed = mark_and_kill(library, tmp_path / "window.json", first=life * 90, seed=life)
        assert killed.lost == {}, f"shown and lost in life {life}"
        assert killed.undone == 0
        shown += len(killed.shown)
    with capsys.disabled():
        sys.stdout.write(f"\n{shown:,} marks were seen in {_LIVES} lives; none was lost\n")
    assert shown >= 1000
