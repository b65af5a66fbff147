"""The dialog that makes a study; the job itself is tested with a real worker elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from fiqa_studio.domain.jobs import JobId, JobProgress, JobState
from fiqa_studio.domain.marks import SetQuality
from fiqa_studio.domain.query import Subject
from fiqa_studio.domain.target import Target
from fiqa_studio.engine.study_making import StudyOrder, order_from_json
from fiqa_studio.study.values import Method
from fiqa_studio.ui.shell.window import MainWindow
from fiqa_studio.ui.study.new_study import NewStudyDialog, parts_of
from tests.study.values import faces


class _Job:
    id = JobId(77)
    error = None
    progress = JobProgress(
        JobId(77),
        "study",
        JobState.DONE,
        "Make the study ours.study",
        60,
        60,
        0,
        None,
        None,
        message="60 pictures to rate in ours.study",
    )


class _Jobs:
    """Notes what is started; a worker that crops is not needed for that."""

    def __init__(self) -> None:
        self.orders: list[StudyOrder] = []

    def start(self, kind: str, params: dict[str, Any]) -> _Job:
        assert kind == "study"
        self.orders.append(order_from_json(params))
        return _Job()


@pytest.fixture
def jobs(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> _Jobs:
    found = _Jobs()
    monkeypatch.setattr(window.context.session.engine, "jobs", found)
    return found


def _open(window: MainWindow, tmp_path: Path) -> NewStudyDialog:
    window.action("study.new").trigger()
    dialog = window.findChild(NewStudyDialog)
    assert isinstance(dialog, NewStudyDialog)
    dialog.place.setText(str(tmp_path / "ours"))
    return dialog


def test_all_faces_with_the_owners_gold(
    qtbot: QtBot, window: MainWindow, jobs: _Jobs, tmp_path: Path
) -> None:
    session = window.context.session
    ids = [int(key) for key in session.library.resolve(
        Target.all_of(Subject.FACES, session.listing.query), Subject.FACES
    )]  # fmt: skip
    session.engine.marking.mark(Target.faces(ids[:2]), [SetQuality(0.95)]).result(20)
    session.engine.marking.mark(Target.faces(ids[2:3]), [SetQuality(0.1)]).result(20)
    dialog = _open(window, tmp_path)
    expected = f"{len(ids) - 3} pictures to rate; gold: 2 clearly good, 1 clearly bad."
    qtbot.waitUntil(lambda: expected in dialog.preview.text(), timeout=20_000)
    assert "20 or more keep raters" in dialog.preview.text()
    dialog.batch_size.setValue(20)
    dialog.seed.setText("7")
    dialog.method.setCurrentIndex(1)
    qtbot.mouseClick(dialog.make, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(jobs.orders), timeout=20_000)
    (order,) = jobs.orders
    assert (order.batch_size, order.seed, order.method) == (20, 7, Method.ACR5)
    assert order.to == tmp_path / "ours.study"
    assert order.target is not None
    assert len(session.library.resolve(order.target, Subject.FACES)) == len(ids)
    assert order.instructions[0][0] == "What is judged"
    qtbot.waitUntil(lambda: "60 pictures to rate" in window.banner.text, timeout=20_000)


def test_a_folder_and_own_instructions(
    qtbot: QtBot, window: MainWindow, jobs: _Jobs, tmp_path: Path
) -> None:
    faces(tmp_path / "in", 5)
    dialog = _open(window, tmp_path)
    dialog.what.setCurrentIndex(dialog.what.findText("Pictures of a folder, as they are"))
    assert not dialog.make.isEnabled()
    qtbot.keyClicks(dialog.folder, str(tmp_path / "in"))
    dialog.instructions.setPlainText("# Look\nWell.")
    dialog.method.setCurrentIndex(3)  # what the owner wrote stays
    qtbot.waitUntil(lambda: "5 pictures to rate" in dialog.preview.text(), timeout=20_000)
    qtbot.mouseClick(dialog.make, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(jobs.orders), timeout=20_000)
    (order,) = jobs.orders
    assert order.folder == str(tmp_path / "in")
    assert order.target is None
    assert order.instructions == (("Look", "Well."),)


def test_what_cannot_be_made_is_said_in_the_dialog(
    qtbot: QtBot, window: MainWindow, jobs: _Jobs, tmp_path: Path
) -> None:
    dialog = _open(window, tmp_path)
    (tmp_path / "ours.study").write_text("precious")
    qtbot.waitUntil(lambda: "pictures to rate" in dialog.preview.text(), timeout=20_000)
    qtbot.mouseClick(dialog.make, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "exists already" in dialog.banner.text, timeout=20_000)
    assert jobs.orders == []
    dialog.seed.setText("x")
    assert not dialog.make.isEnabled()
    dialog.reject()


def test_instructions_are_read_in_parts() -> None:
    assert parts_of("First\n# One\na\n\nb\n## Two\n") == (
        ("Instructions", "First"),
        ("One", "a\n\nb"),
        ("Two", ""),
    )
    assert parts_of("  ") == ()
