"""Qt's classes are made in the window's thread alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from fiqa_studio.store.library import Library

PROGRAM = """
import enum, sys, threading
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from fiqa_studio.ui import app
from fiqa_studio.ui.process import qt_types

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
print([made.__qualname__ for made in elsewhere if made.__module__.startswith("PySide6")])
"""


GUARDED = """
import enum, sys, threading
from importlib.abc import MetaPathFinder
from pathlib import Path
import shiboken6
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from fiqa_studio.ui import app
from fiqa_studio.ui.process import qt_types

imported, late, started = [], [], threading.Thread.start

class Watch(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if threading.current_thread() is not threading.main_thread():
            imported.append(name)

def made():
    found, left = set(), [shiboken6.Shiboken.Object, enum.Enum]
    while left:
        new = [each for each in type.__subclasses__(left.pop()) if each not in found]
        found.update(new)
        left += new
    return {each for each in found if each.__module__.startswith("PySide6")}

def start(thread):
    if thread.name.startswith(("fiqa-window", "fiqa-slow", "fiqa-writes", "fiqa-thumbnails")):
        before = made()
        qt_types.ready_for_threads()
        late.extend(sorted(each.__qualname__ for each in made() - before))
    started(thread)
    threads.append(thread.name)

def look():
    work = studio.window.workspace
    if work is None or "pyqtgraph.widgets.PlotWidget" not in sys.modules:
        return
    begun = any(name.startswith("fiqa-thumbnails") for name in threads)
    if begun and not work.session.listing.loading:
        timer.stop()
        QTimer.singleShot(0, qt.quit)

threads = []
threading.Thread.start = start
sys.meta_path.insert(0, Watch())
qt = QApplication([])
make = app.App.__init__

def keep(self, *given):
    global studio
    make(self, *given)
    studio = self

app.App.__init__ = keep
timer = QTimer()
timer.timeout.connect(look)
timer.start(20)
app.run(qt, Path(sys.argv[1]), [])
assert any(name.startswith("fiqa_studio.store") for name in imported), "nothing was watched"
print(late)
print([name for name in imported if name.startswith(("PySide6", "shiboken6", "fiqa_studio.ui"))])
"""


def run(program: str, library: Path, home: Path) -> subprocess.CompletedProcess[str]:
    """A program in a process of its own, for a class is made once."""
    return subprocess.run(
        [sys.executable, "-c", program, str(library)],
        env=os.environ | {"HOME": str(home), "QT_QPA_PLATFORM": "offscreen"},
        check=False,
        timeout=100,
        capture_output=True,
        text=True,
    )


def test_no_class_is_made_off_the_windows_thread(tmp_path: Path) -> None:
    done = run(PROGRAM, tmp_path / "new.fiqa", tmp_path)
    assert done.stdout == "[]\n", done.stdout + done.stderr


def test_threads_begin_when_their_classes_are_whole_and_import_none(
    library: Library, tmp_path: Path
) -> None:
    """Else a thread that imports and the window's that makes a class can wait for each other."""
    library.close()
    done = run(GUARDED, library.path, tmp_path)
    assert done.stdout == "[]\n[]\n", done.stdout + done.stderr
