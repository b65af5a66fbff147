"""Which theme is on: applies it to the application and tells who paints by hand."""

from __future__ import annotations

from typing import Literal, cast

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from fiqa_studio.ui.theme.stylesheet import stylesheet
from fiqa_studio.ui.theme.tokens import DARK, LIGHT, PALETTES, Palette, Type

ThemeName = Literal["dark", "light", "system"]


class ThemeManager(QObject):
    """The theme of the one application.

    Signals:
        changed: The palette is another one; repaint, and take colours anew.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.palette: Palette = DARK
        self.name: ThemeName = "dark"
        self._follows = False

    def apply(self, name: str) -> None:
        """Put on ``dark``, ``light`` or ``system``; an unknown name means dark."""
        self.name = cast("ThemeName", name) if name in (*PALETTES, "system") else "dark"
        hints = QGuiApplication.styleHints()
        if not self._follows:
            self._follows = True
            hints.colorSchemeChanged.connect(self._follow_system)
        self._put_on(_system_palette() if self.name == "system" else PALETTES[self.name])

    def _follow_system(self) -> None:
        if self.name == "system":
            self._put_on(_system_palette())

    def _put_on(self, palette: Palette) -> None:
        app = cast("QApplication", QApplication.instance())
        self.palette = palette
        if app.style().objectName().lower() != "fusion":
            app.setStyle("Fusion")
        app.setFont(_font())
        app.setPalette(_qt_palette(palette))
        app.setStyleSheet(stylesheet(palette))
        self.changed.emit()


def _system_palette() -> Palette:
    scheme = QGuiApplication.styleHints().colorScheme()
    return LIGHT if scheme is Qt.ColorScheme.Light else DARK


def _font() -> QFont:
    known = set(QFontDatabase.families())
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
    family = next((name for name in Type.FAMILIES if name in known), None)
    if family is not None:
        font.setFamily(family)
    font.setPixelSize(Type.BODY)
    return font


def _qt_palette(palette: Palette) -> QPalette:
    """What the style sheet leaves to the style: text in views, links, tool tips."""
    roles = {
        QPalette.ColorRole.Window: palette.window,
        QPalette.ColorRole.WindowText: palette.text,
        QPalette.ColorRole.Base: palette.well,
        QPalette.ColorRole.AlternateBase: palette.panel,
        QPalette.ColorRole.Text: palette.text,
        QPalette.ColorRole.Button: palette.raised,
        QPalette.ColorRole.ButtonText: palette.text,
        QPalette.ColorRole.BrightText: palette.text,
        QPalette.ColorRole.Highlight: palette.selection,
        QPalette.ColorRole.HighlightedText: palette.on_selection,
        QPalette.ColorRole.ToolTipBase: palette.raised,
        QPalette.ColorRole.ToolTipText: palette.text,
        QPalette.ColorRole.PlaceholderText: palette.text_muted,
        QPalette.ColorRole.Link: palette.accent_text,
        QPalette.ColorRole.Accent: palette.accent,
    }
    result = QPalette()
    for role, colour in roles.items():
        result.setColor(role, QColor(colour))
    for role in (
        QPalette.ColorRole.WindowText,
        QPalette.ColorRole.Text,
        QPalette.ColorRole.ButtonText,
    ):
        result.setColor(QPalette.ColorGroup.Disabled, role, QColor(palette.text_disabled))
    return result


manager = ThemeManager()
"""Made at import, before any QApplication: a plain QObject may be."""
