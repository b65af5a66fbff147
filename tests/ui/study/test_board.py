"""The owner's board over made-up raters, by real clicks and keys."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from fiqa_studio.study import file, foreign, stored
from fiqa_studio.study.exchange.writing import Format
from fiqa_studio.study.mos import MosMethod
from fiqa_studio.study.reading import Rating
from fiqa_studio.study.simulation import Kind, simulate
from fiqa_studio.study.values import GoldSide, Study, TrialKind
from fiqa_studio.ui.session.session import Session
from fiqa_studio.ui.study.board import COLUMNS, BoardWindow, analysis_said
from tests.ui.study.conftest import Make

MIX = (*(Kind.HONEST,) * 4, Kind.RANDOM, Kind.FLAT)
Show = Callable[..., BoardWindow]


def _rated(path: Path) -> None:
    """Six made-up raters rate all 24 pictures, and gold."""
    study = file.read(path)
    made = simulate(MIX, stimuli=24, seed=5)
    values, names = made.ratings.table(), made.ratings.raters
    with file.opened(path) as opened:
        foreign.record(opened.database, list(_ratings(study, values, names)))


def _ratings(study: Study, values: np.ndarray, names: tuple[str, ...]) -> Iterator[Rating]:
    studied = [digest for batch in study.batches for digest in batch]
    for column, name in enumerate(names):
        for row, digest in enumerate(studied):
            yield _rating(name, digest, float(values[row, column]), TrialKind.STUDY)
        for gold in study.gold * 2:
            right = 90.0 if gold.side is GoldSide.HIGH else 10.0
            value = right if "honest" in name else 100.0 - right
            yield _rating(name, gold.hash, value, TrialKind.GOLD)


def _rating(name: str, digest: str, value: float, kind: TrialKind) -> Rating:
    return Rating(
        rater=name, rater_id="", session="", trial="", index=0, batch=-1, kind=kind,
        stimulus=digest, value=value, reaction_ms=3000.0,
        at=datetime(2026, 11, 27, 12, 0, tzinfo=UTC),
    )  # fmt: skip


@pytest.fixture
def show(qtbot: QtBot) -> Iterator[Show]:
    boards: list[BoardWindow] = []

    def shown(path: Path, session: Session | None = None) -> BoardWindow:
        board = BoardWindow(path, session)
        boards.append(board)
        board.show()
        return board

    yield shown
    for board in boards:
        board.close()
        board.deleteLater()
    qtbot.wait(1)


def _read(qtbot: QtBot, board: BoardWindow, rows: int = 6) -> None:
    qtbot.waitUntil(lambda: board.table.rowCount() == rows, timeout=20_000)


def _text(board: BoardWindow, row: int, column: str) -> str:
    return board.table.item(row, COLUMNS.index(column)).text()


def _click(qtbot: QtBot, board: BoardWindow, row: int, column: str) -> None:
    where = board.table.visualItemRect(board.table.item(row, COLUMNS.index(column)))
    at = where.center()
    at.setX(where.left() + 10)  # the box stands at the left
    qtbot.mouseClick(board.table.viewport(), Qt.MouseButton.LeftButton, pos=at)


def test_every_number_is_that_of_the_study(qtbot: QtBot, make: Make, show: Show) -> None:
    path = make()
    _rated(path)
    board = show(path)
    _read(qtbot, board)
    with file.opened(path) as opened:
        reports = stored.board(opened)
    for row, report in enumerate(reports):
        assert _text(board, row, "Rater") == report.rater
        assert _text(board, row, "Ratings") == "24"
        assert report.gold_accuracy is not None
        assert _text(board, row, "Gold") == f"{report.gold_accuracy:.0%}"
        assert report.loo_plcc is None or _text(board, row, "Others") == f"{report.loo_plcc:.2f}"
        assert all(flag.said in _text(board, row, "Flags") for flag in report.flags)
    assert _text(board, 0, "Flags") == ""
    assert "gold" in _text(board, 4, "Flags")
    assert "24 pictures in 2 batches" in board.summary.text()


def test_new_ratings_appear_while_it_is_open(qtbot: QtBot, make: Make, show: Show) -> None:
    path = make()
    board = show(path)
    qtbot.waitUntil(lambda: board.shown is not None, timeout=20_000)
    assert board.said.text() == "Nobody has rated yet."
    _rated(path)
    _read(qtbot, board)
    qtbot.waitUntil(lambda: board.analysis is not None, timeout=20_000)


def test_a_decision_needs_a_reason_and_can_be_taken_back(
    qtbot: QtBot, make: Make, show: Show
) -> None:
    path = make()
    _rated(path)
    board = show(path)
    _read(qtbot, board)
    _click(qtbot, board, 0, "Use")  # nothing speaks against this one
    qtbot.waitUntil(lambda: "reason" in board.banner.text, timeout=20_000)
    use = COLUMNS.index("Use")
    qtbot.waitUntil(
        lambda: board.table.item(0, use).checkState() == Qt.CheckState.Checked, timeout=20_000
    )
    with file.opened(path) as opened:
        assert stored.decisions(opened.database) == []

    _click(qtbot, board, 4, "Rater")
    assert "gold" in board.reason.text()  # what the flags say is proposed
    _click(qtbot, board, 4, "Use")
    qtbot.waitUntil(lambda: board.shown is not None and not board.shown.rows[4].use, timeout=20_000)
    qtbot.waitUntil(
        lambda: board.analysis is not None and not board.analysis.raters[4].used, timeout=30_000
    )
    board.reason.setText("He was tired")
    _click(qtbot, board, 4, "Use")
    qtbot.waitUntil(lambda: board.shown is not None and board.shown.rows[4].use, timeout=20_000)
    with file.opened(path) as opened:
        taken = stored.decisions(opened.database)
    assert [(one.rater, one.what.value, one.yes) for one in taken] == [
        ("random-5", "use", False),
        ("random-5", "use", True),
    ]
    assert taken[1].reason == "He was tired"


def test_the_method_report_and_exports(
    qtbot: QtBot, make: Make, show: Show, tmp_path: Path
) -> None:
    path = make()
    _rated(path)
    board = show(path)
    _read(qtbot, board)
    board.method.setCurrentIndex(list(MosMethod).index(MosMethod.MOS))
    qtbot.waitUntil(
        lambda: board.analysis is not None and board.analysis.method is MosMethod.MOS,
        timeout=30_000,
    )
    assert board.analysis is not None
    assert board.said.text() == analysis_said(board.analysis)
    with file.opened(path) as opened:
        table = stored.ratings_of(opened).table()
    assert f"Mean {table.mean():.1f}." in board.said.text()
    labels, report = tmp_path / "label.json", tmp_path / "report.html"
    board.export_to(labels, Format.GFIQA)
    qtbot.waitUntil(lambda: str(labels) in board.banner.text, timeout=30_000)
    assert len(json.loads(labels.read_text())["MOS"]) == 24
    board.report_to(report)
    qtbot.waitUntil(lambda: str(report) in board.banner.text, timeout=60_000)
    assert "random-5" in report.read_text(encoding="utf-8")


def test_publishing_says_where_no_face_is_found(
    qtbot: QtBot, make: Make, show: Show, session: Session
) -> None:
    path = make()
    _rated(path)
    board = show(path, session)
    _read(qtbot, board)
    assert board.publish.isEnabled()
    qtbot.mouseClick(board.publish, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(
        lambda: "None of the study's pictures is a face" in board.banner.text, timeout=60_000
    )
    assert board.publish.isEnabled()


def test_without_a_library_nothing_can_be_published(qtbot: QtBot, make: Make, show: Show) -> None:
    path = make()
    _rated(path)
    board = show(path)
    _read(qtbot, board)
    assert not board.publish.isEnabled()


def test_a_file_that_is_gone_is_said(qtbot: QtBot, show: Show, tmp_path: Path) -> None:
    board = show(tmp_path / "gone.study")
    qtbot.waitUntil(lambda: "cannot be read" in board.banner.text, timeout=20_000)
