"""A small album for the window's tests, and the real program with nothing faked."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from fiqa_studio.ui import theme
from fiqa_studio.ui.app import App
from fiqa_studio.ui.session.settings import Settings

PATIENCE_MS = 180_000
"""For work of the worker process on a slow, busy machine."""

_CHOSEN = (
    "burst/sharp.jpg",
    "burst/soft 2.jpg",
    "burst/soft 4.jpg",
    "burst/noisy 3.jpg",
    "burst/dark 3.jpg",
    "burst/compressed 4.jpg",
    "groups/team, sent by chat.jpg",
    "rotated/portrait, camera turned (6).jpg",
    "no faces/coffee.png",
)


@pytest.fixture(scope="session")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine photos of the demo album: eight with faces, and a broken file."""
    whole = tmp_path_factory.mktemp("demo")
    subprocess.run([sys.executable, "-m", "fiqa_studio.demo.album", str(whole)], check=True)
    folder = tmp_path_factory.mktemp("photos") / "album"
    for name in _CHOSEN:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(whole / name, target)
    (folder / "broken.jpg").write_bytes(b"")
    return folder


@pytest.fixture
def studio(qtbot: QtBot, tmp_path: Path) -> Iterator[App]:
    """The program as a user starts it for the first time."""
    theme.manager.apply("dark")
    settings = Settings(tmp_path / "window.json")
    program = App(settings)
    program.window.resize(1400, 860)
    program.start()
    # A bare virtual screen has no window manager to hand out the keyboard.
    program.window.activateWindow()
    qtbot.waitUntil(program.window.isActiveWindow, timeout=20_000)
    yield program
    program.window.close()
    program.close()
    QApplication.processEvents()
