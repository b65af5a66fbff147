"""How the window looks: tokens, the style sheet made from them, icons, colours of scores.

Widgets get colours from the style sheet by their *role* (`set_role`); those that paint by hand
read ``theme.manager.palette`` and repaint on ``theme.manager.changed``.
"""

from __future__ import annotations

from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication, QWidget

from fiqa_studio.ui.theme.icons import app_icon, icon, pixmap, set_icon
from fiqa_studio.ui.theme.manager import manager
from fiqa_studio.ui.theme.scores import badge_colour, score_colour
from fiqa_studio.ui.theme.tokens import (
    CONTROL_HEIGHT,
    DARK,
    ICON_SIZE,
    LIGHT,
    ON_SCRIM,
    SCRIM,
    Palette,
    Radius,
    Space,
    Type,
    contrast,
)

__all__ = [
    "CONTROL_HEIGHT",
    "DARK",
    "ICON_SIZE",
    "LIGHT",
    "ON_SCRIM",
    "SCRIM",
    "Palette",
    "Radius",
    "Space",
    "Type",
    "app_icon",
    "badge_colour",
    "contrast",
    "font",
    "icon",
    "manager",
    "pixmap",
    "score_colour",
    "set_icon",
    "set_role",
]


def set_role(widget: QWidget, role: str) -> None:
    """Say what a widget is, for the style sheet; may be changed at any time.

    Labels: ``title``, ``display``, ``muted``, ``caption``, ``section``, ``mono``, ``danger``,
    ``warning``, ``success``. Buttons: ``primary``, ``quiet`` (no frame until hovered),
    ``segment``. Frames: ``panel``, ``canvas``, ``card``, ``toolbar``, ``chip``, ``banner-error``,
    ``banner-warning``, ``banner-info``, ``line``.
    """
    if widget.property("role") == role:
        return
    widget.setProperty("role", role)
    widget.style().unpolish(widget)
    widget.style().polish(widget)


def font(size: int = Type.BODY, *, bold: bool = False) -> QFont:
    """The application's font at a size of the type scale, for painters."""
    result = QFont(QApplication.font())
    result.setPixelSize(size)
    if bold:
        result.setWeight(QFont.Weight.DemiBold)
    return result
