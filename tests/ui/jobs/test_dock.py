from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from fiqa_studio.domain.jobs import JobProgress, JobRecord, JobState
from fiqa_studio.domain.photos import JobId
from fiqa_studio.ui.jobs import words
from fiqa_studio.ui.jobs.dock import JobsPanel

MakePanel = Callable[[], JobsPanel]


def texts(panel: JobsPanel) -> list[str]:
    return [row.text for row in panel.rows()]


def button(panel: JobsPanel, row: int, text: str) -> QPushButton | QToolButton:
    """A button of a row that is seen, by its text or name."""
    found = [
        b
        for kind in (QPushButton, QToolButton)
        for b in panel.rows()[row].findChildren(kind)
        if not b.isHidden() and text in (b.text() or b.accessibleName())
    ]
    assert len(found) == 1, f"no button {text!r} in row {row}"
    return found[0]


def click(qtbot: QtBot, target: QWidget) -> None:
    """Click once the layout has settled: until then a click would hit a neighbour."""
    window = target.window()
    settled: list[QPoint] = []

    def hit() -> bool:
        middle = target.mapTo(window, target.rect().center())
        settled.append(middle)
        return window.childAt(middle) is target and settled[-2:-1] == [middle]

    qtbot.waitUntil(hit)
    qtbot.mouseClick(target, Qt.MouseButton.LeftButton)


def test_a_running_job_shows_count_rate_and_time_left(
    make_panel: MakePanel, jobs: Any, qtbot: QtBot
) -> None:
    panel = make_panel()
    jobs.play(7)

    qtbot.waitUntil(lambda: bool(texts(panel)))
    assert texts(panel) == ["Index Holidays | 1,204 of 5,000 · 14/s · 4 min left"]
    assert panel.running == 1


def test_figures_change_at_a_pace_that_can_be_read_and_the_end_at_once(
    make_panel: MakePanel, jobs: Any, qtbot: QtBot
) -> None:
    panel = make_panel()
    jobs.play(7, done=1)
    qtbot.waitUntil(lambda: bool(texts(panel)))
    for done in range(2, 60):
        jobs.play(7, done=done)
    qtbot.waitUntil(lambda: "59 of 5,000" in texts(panel)[0])

    jobs.remember(7, JobState.DONE)
    jobs.play(7, done=5000, state=JobState.DONE)
    qtbot.waitUntil(lambda: "Done · 5,000 photos" in texts(panel)[0])
    assert panel.running == 0


def test_jobs_that_ran_before_are_listed_newest_first_under_the_running(
    make_panel: MakePanel, jobs: Any, qtbot: QtBot
) -> None:
    jobs.remember(1, JobState.DONE)
    jobs.remember(2, JobState.FAILED)
    panel = make_panel()
    jobs.play(3)

    qtbot.waitUntil(lambda: [row.job_id for row in panel.rows()] == [3, 2, 1])


def test_cancel_is_asked_once_and_said_at_once(
    make_panel: MakePanel, jobs: Any, qtbot: QtBot
) -> None:
    panel = make_panel()
    jobs.play(7)
    qtbot.waitUntil(lambda: bool(texts(panel)))
    cancel = button(panel, 0, "Cancel")
    click(qtbot, cancel)
    qtbot.mouseClick(cancel, Qt.MouseButton.LeftButton)

    assert jobs.asked == [("cancel", 7)]
    assert "Cancelling…" in texts(panel)[0]


def test_an_unfinished_job_can_be_resumed(make_panel: MakePanel, jobs: Any, qtbot: QtBot) -> None:
    jobs.remember(4, JobState.INTERRUPTED)
    jobs.unfinished = [4]
    panel = make_panel()
    qtbot.waitUntil(lambda: bool(texts(panel)))
    assert "Interrupted · 812 of 5,000" in texts(panel)[0]
    click(qtbot, button(panel, 0, "Resume"))

    qtbot.waitUntil(lambda: jobs.asked == [("resume", 4)])


def test_a_job_that_another_took_over_from_offers_no_resume(
    make_panel: MakePanel, jobs: Any, qtbot: QtBot
) -> None:
    jobs.remember(4, JobState.INTERRUPTED)
    jobs.remember(5, JobState.DONE)
    panel = make_panel()
    qtbot.waitUntil(lambda: len(panel.rows()) == 2)

    with pytest.raises(AssertionError, match="no button"):
        button(panel, 1, "Resume")


def test_a_library_that_cannot_be_written_offers_no_resume(
    make_panel: MakePanel, jobs: Any, qtbot: QtBot
) -> None:
    jobs.read_only = True
    jobs.remember(4, JobState.INTERRUPTED)
    jobs.unfinished = [4]
    panel = make_panel()
    qtbot.waitUntil(lambda: bool(texts(panel)))

    with pytest.raises(AssertionError, match="no button"):
        button(panel, 0, "Resume")


def test_failures_are_listed_with_their_reason_copied_and_retried(
    make_panel: MakePanel, jobs: Any, qtbot: QtBot
) -> None:
    jobs.fail(7, "a.jpg", "The file is empty.")
    jobs.fail(7, "b.jpg", "The file is cut off.")
    panel = make_panel()
    jobs.play(7, failed=2)
    qtbot.waitUntil(lambda: bool(texts(panel)))
    click(qtbot, button(panel, 0, "2 failed"))
    qtbot.waitUntil(panel.failures.isVisible)
    listed = panel.failures
    model = listed.model

    assert listed.title == "2 files could not be used"
    shown = [[model.data(model.index(row, col)) for col in range(2)] for row in range(2)]
    assert shown == [["a.jpg", "The file is empty."], ["b.jpg", "The file is cut off."]]
    tip = model.data(model.index(0, 0), Qt.ItemDataRole.ToolTipRole)
    assert tip == "/photos/a.jpg"

    listed.copy_list()
    assert QGuiApplication.clipboard().text() == (
        "/photos/a.jpg\tThe file is empty.\n/photos/b.jpg\tThe file is cut off."
    )
    retry = next(b for b in listed.findChildren(QPushButton) if b.text() == "Retry All")
    click(qtbot, retry)
    qtbot.waitUntil(lambda: jobs.asked == [("retry", 7)])

    jobs.entries = [replace(entry, retried=True) for entry in jobs.entries]
    jobs.touch(7)
    qtbot.waitUntil(lambda: "tried again" in str(model.data(model.index(0, 1))))
    assert not retry.isEnabled()
    assert retry.toolTip() == "All of this list was tried again since"


def test_a_library_that_cannot_be_written_retries_nothing_and_says_why(
    make_panel: MakePanel, jobs: Any, qtbot: QtBot
) -> None:
    jobs.read_only = True
    jobs.fail(7, "a.jpg", "The file is empty.")
    panel = make_panel()
    panel.show_failures(7)
    qtbot.waitUntil(panel.failures.isVisible)
    retry = panel.failures.retry
    assert not retry.isEnabled()
    assert retry.toolTip() == "This library is open for reading only"


def test_in_a_narrow_window_the_failures_take_the_place_of_the_jobs(
    make_panel: MakePanel, jobs: Any, qtbot: QtBot
) -> None:
    jobs.fail(7, "a.jpg", "The file is empty.")
    panel = make_panel()
    panel.resize(500, 220)
    jobs.play(7, failed=1)
    qtbot.waitUntil(lambda: bool(texts(panel)))
    panel.show_failures(7)
    qtbot.waitUntil(panel.failures.isVisible)
    assert not panel.rows()[0].isVisible()

    panel.failures.closed.emit()
    assert panel.rows()[0].isVisible()


def progress(**changes: Any) -> JobProgress:
    start = JobProgress(JobId(1), "index", JobState.RUNNING, "Index", 100, 10, 0, None, None)
    return replace(start, **changes)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "10 of 100"),
        ({"total": None, "done": 0}, "Counting"),
        ({"total": None, "done": 1500}, "1,500 so far"),
        ({"rate": 3.24, "seconds_left": 27.0}, "10 of 100 · 3.2/s · 27 s left"),
        ({"rate": 0.25, "seconds_left": 7300.0}, "10 of 100 · 4.0 s each · 2 h 2 min left"),
    ],
)
def test_progress_reads_like_speech(changes: dict[str, Any], text: str) -> None:
    assert words.progress_said(progress(**changes)) == text


def test_outcomes_read_like_speech() -> None:
    now = datetime(2026, 7, 3, 12, 0, tzinfo=UTC)
    record = JobRecord(
        JobId(1), "score", JobState.DONE, "Score", now, now + timedelta(minutes=4), 1, 1, 0
    )
    assert words.outcome_said(record, now).startswith("Done · 1 photo · today, ")
    assert words.outcome_said(record, now).endswith(", in 4 min")
    naive = replace(record, created_at=now.replace(tzinfo=None), finished_at=None)
    assert words.outcome_said(naive, now + timedelta(days=1)).startswith(
        "Done · 1 photo · yesterday, "
    )


def test_all_that_cannot_be_read_in_one_list(
    make_panel: MakePanel, jobs: Any, qtbot: QtBot
) -> None:
    """Whichever jobs met them: the side bar counts them together."""
    jobs.unreadable = [
        (b"/photos/a.jpg", "photo.empty", "The file is empty."),
        (b"/photos/caf\xe9.jpg", "photo.empty", "The file is empty."),
    ]
    panel = make_panel()
    panel.show_unreadable()
    qtbot.waitUntil(panel.failures.isVisible)
    assert panel.failures.title == "2 files could not be used"

    retry = next(b for b in panel.failures.findChildren(QPushButton) if b.text() == "Retry All")
    click(qtbot, retry)
    qtbot.waitUntil(lambda: ("retry-unreadable", None) in jobs.asked)

    del jobs.unreadable[0]
    jobs.touch_photo()
    qtbot.waitUntil(lambda: panel.failures.title == "1 file could not be used")
