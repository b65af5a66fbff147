"""A library whose thumbnails were deleted gets them back when the window opens it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from pytestqt.qtbot import QtBot

from fiqa_studio.domain.jobs import JobState
from fiqa_studio.store.thumbs_file import thumbs_path
from fiqa_studio.ui.app import App

from .conftest import PATIENCE_MS


def test_deleted_thumbnails_come_back(
    studio: App, qtbot: QtBot, album: Path, tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    shutil.copytree(album / "no faces", photos)
    shutil.copy(album / "burst" / "sharp.jpg", photos)
    path = tmp_path / "l.fiqa"
    command = [sys.executable, "-m", "fiqa_studio.cli", "--library", str(path)]
    subprocess.run([*command, "index", str(photos)], check=True, capture_output=True)
    thumbs_path(path).unlink()

    studio.window.library_wanted.emit(path, False)
    qtbot.waitUntil(lambda: studio.window.workspace is not None, timeout=PATIENCE_MS)
    work = studio.window.workspace
    assert work is not None
    library = work.session.library
    qtbot.waitUntil(lambda: not library.thumbnails.lacking(), timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: bool(library.thumbnails.photo(1)), timeout=PATIENCE_MS)

    def ended() -> bool:
        (job,) = (one for one in library.jobs.recent() if one.kind == "thumbnails")
        return job.state is JobState.DONE

    qtbot.waitUntil(ended, timeout=PATIENCE_MS)
    assert library.views.counts().photos == 2
