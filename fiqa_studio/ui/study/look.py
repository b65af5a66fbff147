"""How the rating window looks: neutral grey, the same in both themes.

A tinted or bright surround shifts how a face is judged (ITU-R BT.500 asks for a neutral one), so
the user's theme has no say here. Contrast of the text on the grey is above 4.5 (WCAG AA).
"""

from __future__ import annotations

from typing import Final

from fiqa_studio.ui.theme import Radius, Space, Type

GREY: Final = "#808080"
TEXT: Final = "#000000"
BUTTON: Final = "#4d4d4d"
ON_BUTTON: Final = "#ffffff"
TRACK: Final = "#4d4d4d"
THUMB: Final = "#f4f4f4"
RIGHT: Final = "#b8b8b8"
"""The range that is right, in training; a grey as well."""

SHEET: Final = f"""
QWidget {{ background: {GREY}; color: {TEXT}; font-size: {Type.TITLE}px; }}
QLabel {{ background: transparent; }}
QLabel[role="display"] {{ font-size: {Type.DISPLAY}px; font-weight: 600; color: {TEXT}; }}
QLabel[role="title"] {{ font-size: {Type.TITLE}px; font-weight: 600; color: {TEXT}; }}
QPushButton {{
    background: {BUTTON}; color: {ON_BUTTON}; border: 2px solid {BUTTON};
    border-radius: {Radius.MEDIUM}px; padding: {Space.S}px {Space.XL}px; min-height: 22px;
}}
QPushButton:hover {{ background: #404040; }}
QPushButton:focus {{ border-color: {ON_BUTTON}; }}
QPushButton:disabled {{ background: #757575; color: #4a4a4a; border-color: #757575; }}
QPushButton:checked {{ background: {THUMB}; color: {TEXT}; border-color: {TEXT}; }}
QPushButton[right="true"] {{ border-color: {ON_BUTTON}; }}
QPushButton[role="quiet"] {{ background: transparent; color: {TEXT}; border-color: transparent; }}
QPushButton[role="quiet"]:hover {{ background: #8e8e8e; }}
QPushButton[role="quiet"]:focus {{ border-color: {TEXT}; }}
QLineEdit, QComboBox, QSpinBox {{
    background: #c8c8c8; color: {TEXT}; border: 2px solid {BUTTON}; padding: {Space.XS}px;
    min-height: 24px; selection-background-color: {BUTTON}; selection-color: {ON_BUTTON};
}}
QComboBox QAbstractItemView {{ background: #c8c8c8; color: {TEXT}; }}
QScrollArea {{ border: none; }}
"""
