"""Leaves pictures of a library: the contact sheet and the real window, driven by its actions.

Run as ``python -m fiqa_studio.demo.pictures LIBRARY FOLDER [--sheet-only]``.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QElapsedTimer, QEvent, QEventLoop
from PySide6.QtWidgets import QApplication

from fiqa_studio.demo.contact_sheet import write_contact_sheet
from fiqa_studio.store.library import Library
from fiqa_studio.ui import theme
from fiqa_studio.ui.app import App
from fiqa_studio.ui.session.settings import Settings
from fiqa_studio.ui.shell.window import MainWindow

_PATIENCE_MS = 60_000
_SETTLED_MS = 700
"""A view that asked for nothing new during this time has what it needs."""


def take_screenshots(library: Path, folder: Path) -> None:
    """Open the real window on the library and photograph its main views.

    Raises:
        TimeoutError: The window did not show the library.
    """
    app = QApplication.instance() or QApplication(sys.argv[:1])
    if not isinstance(app, QApplication):
        raise TypeError("the window needs a QApplication")
    with tempfile.TemporaryDirectory() as scratch:
        # The user's own choices stay out of the pictures, and the pictures out of them.
        settings = Settings(Path(scratch) / "window.json")
        theme.manager.apply("dark")
        studio = App(settings)
        window = studio.window
        window.resize(1440, 900)
        studio.start(library)
        _until(lambda: _listed(window) > 0)

        def shoot(name: str) -> None:
            _settle()
            window.grab().save(str(folder / f"{name}.png"))

        def do(*names: str) -> None:
            for name in names:
                window.action(name).trigger()
                _settle()

        selection = window.context.selection
        _settle()
        selection.go_to(0)
        shoot("1-faces")
        do("view.photos")
        shoot("2-photos")
        do("view.faces")
        selection.go_to(_listed(window) // 2)
        do("view.loupe", "overlay.quality", "loupe.zoom-face")
        shoot("3-loupe-quality")
        do("overlay.confidence")
        shoot("4-loupe-confidence")
        do("view.grid")
        theme.manager.apply("light")
        shoot("5-faces-light")
        window.close()
        studio.close()
        app.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def _listed(window: MainWindow) -> int:
    return window.context.listing.count if window.workspace is not None else 0


def _until(condition: Callable[[], bool]) -> None:
    clock = QElapsedTimer()
    clock.start()
    while not condition():
        if clock.elapsed() > _PATIENCE_MS:
            raise TimeoutError("the window did not get there in a minute")
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 50)


def _settle() -> None:
    clock = QElapsedTimer()
    clock.start()
    _until(lambda: clock.elapsed() > _SETTLED_MS)


def main() -> int:
    """Write the pictures; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sheet-only", action="store_true")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with Library.open(options.library) as library:
        write_contact_sheet(library, options.folder / "contact-sheet.png")
    if not options.sheet_only:
        take_screenshots(options.library, options.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
