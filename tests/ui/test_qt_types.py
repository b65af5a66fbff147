"""Qt's classes are made in the window's thread alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import enum, sys, threading
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from fiqa_studio.ui import app, qt_types

elsewhere, make = [], enum.EnumType.__new__

def watch(cls, name, *arguments, **options):
    made = make(cls, name, *arguments, **options)
    if threading.current_thread() is not threading.main_thread():
        elsewhere.append(made)
    return made

def look():
    if "pyqtgraph.widgets.PlotWidget" in sys.modules:
        timer.stop()
        QTimer.singleShot(500, qt.quit)

enum.EnumType.__new__ = watch  # nearly every class of Qt brings enumerations
qt = QApplication([])
timer = QTimer()
timer.timeout.connect(look)
timer.start(50)
app.run(qt, Path(sys.argv[1]), [])
assert elsewhere, "nothing was watched"
of_qt = ("PySide6.QtCore", "PySide6.QtGui", "PySide6.QtWidgets")
print([made.__qualname__ for made in elsewhere if made.__module__.startswith(of_qt)])
"""


def test_no_class_is_made_off_the_windows_thread(tmp_path: Path) -> None:
    """In a process of its own, for a class is made once."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "new.fiqa")],
        env=os.environ | {"HOME": str(tmp_path), "QT_QPA_PLATFORM": "offscreen"},
        check=False,
        timeout=100,
        capture_output=True,
        text=True,
    )
    assert done.stdout == "[]\n", done.stdout + done.stderr
