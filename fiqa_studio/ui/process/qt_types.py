"""Makes Qt's classes known to Python in the window's thread, before another thread asks.

PySide makes a class when it is first asked for, which runs Python code half-way through. While
another thread does that, the window's thread can meet the unfinished class, and the program
ends with a segmentation fault (seen in one start of twenty, as pyqtgraph was imported, which
asks for every class there is). The other way round it can deadlock: any import statement of a
thread, also one inside the standard library such as strftime's, asks PySide's import hook.
"""

from __future__ import annotations

import contextlib
import importlib
import time
from collections.abc import Callable, Iterator
from types import ModuleType

from PySide6 import QtCore, QtGui, QtSvg, QtWidgets
from PySide6.QtCore import QObject, QTimer

_SLICE_SECONDS = 0.004
"""How long the window may be kept at a time; all of it takes a fifth of a second."""


_USED_BY_THREADS = (
    QtCore.Qt,
    QtCore.QBuffer,
    QtCore.QByteArray,
    QtCore.QIODevice,
    QtCore.QSize,
    QtGui.QColor,
    QtGui.QImage,
    QtGui.QImageReader,
)
"""Thumbnails and photos are decoded, scaled and coloured off the window's thread."""


_FOR_PLOTTING = ("QtOpenGL", "QtOpenGLWidgets", "QtTest")
"""pyqtgraph, which a thread imports, imports these where they are installed."""


def ready_for_threads() -> None:
    """Make what other threads use of Qt, enumerations included; call before they start."""
    for kind in _USED_BY_THREADS:
        for name in dir(kind):
            getattr(kind, name)


class TypeLoader(QObject):
    """Loads all classes, a few at a time.

    Args:
        then: Called once all are there.
    """

    def __init__(self, then: Callable[[], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._then = then
        self._left = _load_each()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._load_some)
        self._timer.start(0)

    def stop(self) -> None:
        """Load no more, and call nothing."""
        self._timer.stop()

    def _load_some(self) -> None:
        until = time.perf_counter() + _SLICE_SECONDS
        for _ in self._left:
            if time.perf_counter() > until:
                return
        self._timer.stop()
        self._then()


def _load_each() -> Iterator[None]:
    for module in (QtCore, QtGui, QtWidgets, QtSvg):
        yield from _load_all(module)
    for name in _FOR_PLOTTING:
        with contextlib.suppress(ImportError):
            yield from _load_all(importlib.import_module(f"PySide6.{name}"))


def _load_all(module: ModuleType) -> Iterator[None]:
    yield
    for name in dir(module):
        getattr(module, name)
        yield
