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
from fiqa_studio.ui.session.kinds import ViewKind
from fiqa_studio.ui.session.settings import Settings

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
        _until(lambda: window.workspace is not None and window.workspace.browser.count > 0)
        work = window.workspace
        if work is None:
            raise TimeoutError("the window did not open the library")

        def shoot(name: str) -> None:
            _settle()
            window.grab().save(str(folder / f"{name}.png"))

        _until(lambda: work.filters.histogram.loaded)
        work.browser.view.go_to(0)
        shoot("1-faces")
        work.show_kind(ViewKind.PHOTOS)
        shoot("2-photos")
        work.show_kind(ViewKind.FACES)
        _settle()
        work.browser.view.go_to(work.browser.count // 2)
        work.show_loupe()
        work.loupe.set_overlay("quality")
        _until(lambda: work.in_loupe)
        _settle()
        work.loupe.zoom_to_face()
        shoot("3-loupe-quality")
        work.loupe.set_overlay("confidence")
        shoot("4-loupe-confidence")
        work.show_grid()
        theme.manager.apply("light")
        shoot("5-faces-light")
        window.close()
        studio.close()
        app.sendPostedEvents(None, QEvent.Type.DeferredDelete)


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
