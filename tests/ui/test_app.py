"""The program from start to end: libraries opened, changed and closed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.exceptions import capture_exceptions
from pytestqt.qtbot import QtBot

from fiqa_studio.engine.engine import Engine
from fiqa_studio.store.library import Library
from fiqa_studio.store.recent import RecentLibraries, default_library_path
from fiqa_studio.ui.app import App
from fiqa_studio.ui.process.crash import CrashDialog, CrashReporter, log_path, report_of
from fiqa_studio.ui.session.settings import Settings


@pytest.fixture
def studio(qtbot: QtBot, settings: Settings) -> Iterator[App]:
    studio = App(settings)
    yield studio
    studio.window.close()
    studio.close()
    studio.window.deleteLater()
    qtbot.wait(1)


def _open_path(studio: App) -> Path | None:
    workspace = studio.window.workspace
    return workspace.session.library.path if workspace else None


def test_the_first_start_opens_nothing_and_welcomes(qtbot: QtBot, studio: App) -> None:
    with qtbot.waitSignal(studio.window.painted):
        studio.start()
    assert studio.window.welcome.isVisible()
    assert not default_library_path().exists()


def test_the_first_folder_makes_the_usual_library(
    qtbot: QtBot, studio: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[Path]] = []
    monkeypatch.setattr(Engine, "start_index", lambda _, folders, **__: asked.append([*folders]))
    studio.start(folders=[tmp_path])
    qtbot.waitUntil(lambda: asked == [[tmp_path]], timeout=20_000)
    assert _open_path(studio) == default_library_path()


def test_a_folder_goes_into_the_library_that_is_named(
    qtbot: QtBot, studio: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[Path]] = []
    monkeypatch.setattr(Engine, "start_index", lambda _, folders, **__: asked.append([*folders]))
    studio.start(tmp_path / "named.fiqa", [tmp_path])
    qtbot.waitUntil(lambda: asked == [[tmp_path]], timeout=20_000)
    assert _open_path(studio) == tmp_path / "named.fiqa"
    assert not default_library_path().exists()


def test_the_last_library_is_opened_again(
    qtbot: QtBot, studio: App, settings: Settings, sample: Path
) -> None:
    settings["last-library"] = str(sample)
    studio.start()
    qtbot.waitUntil(lambda: _open_path(studio) == sample, timeout=20_000)
    assert RecentLibraries().list() == [sample]


def test_choices_are_kept_while_the_program_runs(
    qtbot: QtBot,
    studio: App,
    settings: Settings,
    sample: Path,
) -> None:
    """A program that is killed saves nothing at its end."""
    studio.start(sample)
    qtbot.waitUntil(lambda: Settings(settings.path)["last-library"] == str(sample), timeout=20_000)
    settings["theme"] = "light"
    qtbot.waitUntil(lambda: Settings(settings.path)["theme"] == "light", timeout=20_000)


def test_another_library_takes_its_place(
    qtbot: QtBot, studio: App, sample: Path, tmp_path: Path
) -> None:
    studio.start(sample)
    qtbot.waitUntil(lambda: _open_path(studio) == sample, timeout=20_000)
    first = studio.window.workspace.session  # type: ignore[union-attr]
    other = tmp_path / "other.fiqa"
    studio.window.library_wanted.emit(other, True)
    qtbot.waitUntil(lambda: _open_path(studio) == other, timeout=20_000)
    assert first.closed
    assert "other" in studio.window.windowTitle()


def test_a_library_that_cannot_be_opened_leaves_the_one_that_is(
    qtbot: QtBot, studio: App, sample: Path, tmp_path: Path
) -> None:
    studio.start(sample)
    qtbot.waitUntil(lambda: _open_path(studio) == sample, timeout=20_000)
    broken = tmp_path / "broken.fiqa"
    broken.write_text("this is not a library")
    studio.window.library_wanted.emit(broken, False)
    qtbot.waitUntil(lambda: bool(studio.window.banner.text))
    assert "broken.fiqa" in studio.window.banner.text
    assert _open_path(studio) == sample


def test_a_library_whose_disk_is_away_is_said(
    qtbot: QtBot, studio: App, settings: Settings, tmp_path: Path
) -> None:
    settings["last-library"] = str(tmp_path / "away.fiqa")
    with qtbot.waitSignal(studio.window.painted):
        studio.start()
    assert "away.fiqa" in studio.window.banner.text
    assert studio.window.welcome.isVisible()


def test_closing_ends_everything_and_releases_the_library(
    qtbot: QtBot, studio: App, sample: Path
) -> None:
    studio.start(sample)
    qtbot.waitUntil(lambda: _open_path(studio) == sample, timeout=20_000)
    studio.window.close()
    with Library.open(sample) as again:
        assert not again.read_only


@pytest.mark.allows_log("nobody caught")
@pytest.mark.qt_no_exception_capture
def test_our_own_faults_are_reported_once(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    with capture_exceptions():
        reporter = CrashReporter()
        monkeypatch.setattr(sys, "excepthook", reporter._on_exception)
        for _ in range(3):
            try:
                1 / 0  # noqa: B018 - the fault
            except ZeroDivisionError as error:
                sys.excepthook(type(error), error, error.__traceback__)
        dialog = reporter._dialog
        assert dialog is not None
        assert isinstance(dialog, CrashDialog)
        dialog.accept()
        assert reporter._dialog is None
        qtbot.wait(1)


def test_a_report_names_versions_but_not_the_user() -> None:
    report = report_of(f"Traceback\n  {Path.home()}/pictures/a.py")
    assert "Qt 6" in report
    assert str(Path.home()) not in report
    assert log_path().name == "studio.log"


def test_a_fault_in_native_code_leaves_its_place_in_a_log(tmp_path: Path) -> None:
    """Python's own hooks never see one; in a process of its own, for it ends it."""
    program = "from fiqa_studio.ui.process import crash; crash.start_log(); import os; os.abort()"
    home = {"XDG_STATE_HOME": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | home, check=False, timeout=60
    )
    assert done.returncode == -signal.SIGABRT
    (log,) = tmp_path.rglob("faults.log")
    assert "Fatal Python error: Aborted" in log.read_text()
