"""The program's own icons: one stroke set, recoloured for the theme and the state.

The files draw in ``currentColor`` on a 24 x 24 grid. `set_icon` remembers what it set, so that
a change of theme reaches every button without a list of buttons anywhere.
"""

from __future__ import annotations

import weakref
from functools import lru_cache
from importlib.resources import files
from typing import Protocol

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from fiqa_studio.ui.theme.manager import manager
from fiqa_studio.ui.theme.tokens import Palette

_SIZES = (16, 18)
"""Of menus and of buttons; painters ask `pixmap` for theirs."""


class TakesIcon(Protocol):
    """A button or an action."""

    def setIcon(self, icon: QIcon, /) -> None:
        """Show this icon."""


_dressed: weakref.WeakKeyDictionary[TakesIcon, tuple[str, str]] = weakref.WeakKeyDictionary()


def icon(name: str, colour: str = "") -> QIcon:
    """The icon in the theme's text colour, or in ``colour``. Raises `KeyError` for no such."""
    return _icon(name, colour, manager.palette)


def pixmap(name: str, size: int, colour: str = "", ratio: float = 1.0) -> QPixmap:
    """The icon at ``size`` device-independent pixels, for painters."""
    return _pixmap(name, colour or manager.palette.text, size, ratio)


def set_icon(target: TakesIcon, name: str, colour: str = "") -> None:
    """Give a button or an action an icon that follows the theme.

    ``colour`` names a token of the palette, such as ``accent_text``; empty for plain text.
    """
    _dressed[target] = (name, colour)
    target.setIcon(_dress(name, colour))


def app_icon() -> QIcon:
    """The mark of the program, in its own colours."""
    result = QIcon()
    for size in (16, 32, 48, 64, 128, 256):
        result.addPixmap(_render(_source("app"), size, 1.0))
    return result


@lru_cache(maxsize=512)
def _icon(name: str, colour: str, palette: Palette) -> QIcon:
    result = QIcon()
    # Twice the size where any screen needs it: a window may be moved there.
    ratio = max((screen.devicePixelRatio() for screen in QGuiApplication.screens()), default=1.0)
    for size in _SIZES:
        for mode, tint in (
            (QIcon.Mode.Normal, colour or palette.text),
            (QIcon.Mode.Disabled, palette.text_disabled),
        ):
            result.addPixmap(_pixmap(name, tint, size, ratio), mode)
    return result


@lru_cache(maxsize=2048)
def _pixmap(name: str, colour: str, size: int, ratio: float) -> QPixmap:
    return _render(_source(name).replace("currentColor", colour), size, ratio)


def _render(svg: str, size: int, ratio: float) -> QPixmap:
    side = round(size * ratio)
    result = QPixmap(side, side)
    result.fill(Qt.GlobalColor.transparent)
    painter = QPainter(result)
    QSvgRenderer(QByteArray(svg.encode())).render(painter, QRectF(0, 0, side, side))
    painter.end()
    result.setDevicePixelRatio(ratio)
    return result


@lru_cache(maxsize=256)
def _source(name: str) -> str:
    source = files("fiqa_resources") / "icons" / f"{name}.svg"
    if not source.is_file():
        raise KeyError(f"no icon named {name!r}")
    return source.read_text(encoding="utf-8")


def _dress(name: str, colour: str) -> QIcon:
    return icon(name, getattr(manager.palette, colour) if colour else "")


def _dress_again() -> None:
    for target, (name, colour) in list(_dressed.items()):
        try:
            target.setIcon(_dress(name, colour))
        except RuntimeError:  # its C++ half is gone, the Python half not yet collected
            _dressed.pop(target, None)


manager.changed.connect(_dress_again)
