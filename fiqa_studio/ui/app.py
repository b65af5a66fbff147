"""The program: makes the application, opens libraries, and ends everything in order."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication

from fiqa_studio.ui import features, theme
from fiqa_studio.ui.actions.keysfile import KeysFile
from fiqa_studio.ui.actions.registry import Registry
from fiqa_studio.ui.process import smoothness
from fiqa_studio.ui.process.crash import CrashReporter, start_log
from fiqa_studio.ui.session.background import Background
from fiqa_studio.ui.session.settings import Settings
from fiqa_studio.ui.shell.window import MainWindow

if TYPE_CHECKING:
    from fiqa_studio.engine.engine import Engine
    from fiqa_studio.store.library import Library

_LOG = logging.getLogger(__name__)


_KEEP_MS = 3000
"""How often the user's choices are written, where there are new ones."""


class App(QObject):
    """One window and the session in it.

    The window is shown before anything of the library is imported or opened; that happens off
    the thread once it is on the screen.

    Attributes:
        window: The window.
    """

    def __init__(
        self,
        settings: Settings,
        parent: QObject | None = None,
        registry: Registry | None = None,
    ) -> None:
        super().__init__(parent)
        registry = registry or features.registry()
        keys = KeysFile(settings.path.with_name("keys.json"))
        self.window = MainWindow(settings, registry, keys)
        self._settings = settings
        # One thread: libraries are opened and closed in order.
        self._background = Background("fiqa-libraries", 1, self)
        # A crash or a power cut costs the choices of a few seconds, not those of a day.
        keeping = QTimer(self, interval=_KEEP_MS)
        keeping.timeout.connect(settings.save)
        keeping.start()
        self.window.library_wanted.connect(self.open)
        self.window.closing.connect(self.close)

    def start(self, library: Path | None = None, folders: Sequence[Path] = ()) -> None:
        """Show the window, then open ``library`` or the last one, and index ``folders``."""
        remembered = self._settings["last-library"]
        path = library or (Path(remembered) if remembered else None)
        if path is not None and (library is not None or path.exists()):
            self.window.expect_library()
            chosen: Path | None = path
        else:
            chosen = None
            if path is not None:
                self.window.banner.show_message(
                    "warning", f"The library {path} is not there any more. Its disk may be away."
                )

        def after_paint() -> None:
            if chosen is not None:
                self.open(chosen, create=library is not None and not chosen.exists())
            if folders:
                self.window.with_session(lambda _: self.window.take_paths(folders))

        self.window.painted.connect(after_paint)
        self.window.show()

    def open(self, path: Path, create: bool = False) -> None:
        """Open a library off the thread and show it; where that fails, say so."""

        def work() -> tuple[Library, Engine]:
            from fiqa_studio.engine.engine import Engine  # noqa: PLC0415 - after first paint
            from fiqa_studio.store.library import Library  # noqa: PLC0415 - after first paint

            # Not the views' modules: those make Qt's classes, and only one thread may.
            library = Library.create(path) if create else Library.open(path)
            try:
                return library, Engine(library)
            except BaseException:
                library.close()
                raise

        self._background.run(
            work, lambda opened: self._attach(*opened), failed=self._failed, key="open"
        )

    def close(self) -> None:
        """End the session: jobs are cancelled, and go on where they were at the next start."""
        self._close_session(wait=True)
        self._background.close()
        self._settings.save()

    def _attach(self, library: Library, engine: Engine) -> None:
        from fiqa_studio.store.recent import RecentLibraries  # noqa: PLC0415 - after first paint
        from fiqa_studio.ui.session.session import Session  # noqa: PLC0415 - after first paint

        self._close_session(wait=False)
        session = Session(library, engine, self._settings, self)
        self.window.attach(session)
        self._settings["last-library"] = str(library.path)
        self._settings.save()
        RecentLibraries().add(library.path)
        notice = library.thumbnails.notice or library.vectors.notice
        if notice:
            self.window.banner.show_message("info", notice)
        session.run(engine.mend_thumbnails, _ignore, key="thumbnails", slow=True)

    def _failed(self, error: Exception) -> None:
        self.window.give_up(error)
        from fiqa_studio.domain.errors import KnownError  # noqa: PLC0415

        if not isinstance(error, KnownError):
            sys.excepthook(type(error), error, error.__traceback__)

    def _close_session(self, *, wait: bool) -> None:
        workspace = self.window.workspace
        if workspace is None:
            return
        session = workspace.session
        self.window.detach()
        if wait:
            session.close()
        else:
            self._background.run(session.close, _ignore, failed=_log_failure)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; its exit status."""
    parser = argparse.ArgumentParser(
        prog="fiqa-studio", description="Find the faces in your photos and see how good each looks."
    )
    parser.add_argument("folders", nargs="*", type=Path, help="folders of photos to index")
    parser.add_argument("--library", type=Path, help="the library to open; created where absent")
    options = parser.parse_args(arguments)
    start_log()
    app = QApplication.instance() or QApplication(sys.argv[:1])
    return run(app, options.library, options.folders)


def run(app: object, library: Path | None, folders: Sequence[Path]) -> int:
    """Run the event loop of an application until its window closes."""
    if not isinstance(app, QApplication):
        raise TypeError("the window needs a QApplication")
    app.setApplicationName("FIQA Studio")
    app.setDesktopFileName("fiqa-studio")
    app.setWindowIcon(theme.app_icon())
    smoothness.share_the_interpreter()
    reporter = CrashReporter()
    reporter.install()
    settings = Settings()
    theme.manager.apply(settings["theme"])
    studio = App(settings)
    _let_signals_in(studio.window.close)
    studio.start(library, [folder.resolve() for folder in folders])
    status = app.exec()
    studio.close()
    _LOG.info("ended with status %d", status)
    return status


def _let_signals_in(close: Callable[[], object]) -> QTimer:
    """End politely on Ctrl+C and SIGTERM; Python sees signals only while it runs code."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: close())
    timer = QTimer(QApplication.instance())
    timer.timeout.connect(lambda: None)
    timer.start(250)
    return timer


def _ignore(_: object) -> None:
    """Nothing to show."""


def _log_failure(error: Exception) -> None:
    _LOG.error("closing a library failed", exc_info=error)
