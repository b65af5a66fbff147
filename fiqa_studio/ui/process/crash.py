"""Our own faults: to the log file, and to a dialog with a report to send."""

from __future__ import annotations

import faulthandler
import logging
import os
import platform
import sys
import threading
import traceback
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from platformdirs import user_log_path
from PySide6.QtCore import QObject, Qt, Signal, qVersion
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from fiqa_studio.ui import theme

_LOG = logging.getLogger("fiqa_studio")


def log_path() -> Path:
    """The window's log file."""
    return user_log_path("fiqa-studio", appauthor=False) / "studio.log"


def start_log() -> None:
    """Write what is logged to the log file, which is kept small."""
    path = log_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(path, maxBytes=1_000_000, backupCount=2, encoding="utf-8")
        # Not the log itself, which is another file once it has grown full: this one stays open.
        faults = os.open(path.with_name("faults.log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    except OSError:
        # A disk that cannot be written must not keep the window from opening.
        logging.basicConfig(level=logging.WARNING)
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    # Python cannot report a fault in Qt's own code; this writes where each thread was.
    faulthandler.enable(faults)


class CrashReporter(QObject):
    """Catches what nobody caught, in any thread.

    Signals:
        _caught: Internal: carries a report from any thread to the window's.
    """

    _caught = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._caught.connect(self._show)
        self._dialog: CrashDialog | None = None

    def install(self) -> None:
        """Take over the interpreter's hooks."""
        sys.excepthook = self._on_exception
        threading.excepthook = self._on_thread_exception

    def _on_exception(
        self,
        kind: type[BaseException],
        error: BaseException,
        trace: TracebackType | None,
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            QApplication.quit()
            return
        text = "".join(traceback.format_exception(kind, error, trace))
        _LOG.error("nobody caught this:\n%s", text)
        self._caught.emit(report_of(text))

    def _on_thread_exception(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            self._on_exception(args.exc_type, args.exc_value, args.exc_traceback)

    def _show(self, report: str) -> None:
        # One dialog at a time: a fault in a paint would open hundreds.
        if self._dialog is None:
            self._dialog = CrashDialog(report, QApplication.activeWindow())
            self._dialog.finished.connect(self._forget)
            self._dialog.open()

    def _forget(self) -> None:
        self._dialog = None


class CrashDialog(QDialog):
    """Says that it was our fault, and offers the report."""

    def __init__(self, report: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Something went wrong")
        self.setMinimumSize(560, 380)
        title = QLabel("Something went wrong, and it is our fault")
        theme.set_role(title, "title")
        text = QLabel(
            "Your photos and your library are safe. You can go on working; if something looks "
            f"odd, start the program again. The report is also in {log_path()}."
        )
        text.setWordWrap(True)
        theme.set_role(text, "muted")
        view = QPlainTextEdit(report)
        view.setReadOnly(True)
        view.setAccessibleName("Report")
        view.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        copy = QPushButton("Copy Report")
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(report))
        close = QPushButton("Go On")
        theme.set_role(close, "primary")
        close.clicked.connect(self.accept)
        buttons = QHBoxLayout()
        buttons.addStretch()
        buttons.addWidget(copy)
        buttons.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*(theme.Space.XL,) * 4)
        layout.setSpacing(theme.Space.M)
        layout.addWidget(title)
        layout.addWidget(text)
        layout.addWidget(view, 1)
        layout.addLayout(buttons)


def report_of(text: str) -> str:
    """A traceback with what is needed to understand it, and nothing of the user's."""
    lines = [
        f"Python {platform.python_version()}, Qt {qVersion()}, {platform.platform()}",
        "",
        text.replace(str(Path.home()), "~"),
    ]
    return "\n".join(lines)
