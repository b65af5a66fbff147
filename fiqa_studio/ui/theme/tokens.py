"""Design tokens: every colour, distance, size of type and radius that the window uses.

Plain values without Qt, so that a test can compute the contrast of each pair. The greys are
neutral on purpose: a tinted surround shifts how skin looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one theme, as ``#rrggbb``.

    Attributes:
        name: ``dark`` or ``light``.
        canvas: Behind photos and thumbnails.
        window: The frame: tool bar, menu bar, status bar.
        panel: Side panels and docks.
        raised: Menus, popups, buttons, cards.
        hover: Raised things under the pointer.
        pressed: Raised things held down.
        well: Text fields and tracks of sliders.
        line: Hairlines between areas.
        edge: Outlines of fields and buttons.
        text: Text to read.
        text_muted: Secondary text.
        text_disabled: Text of what cannot be used now; exempt from the contrast rule.
        accent: The one highlight colour: primary buttons, selection frames, progress.
        accent_hover: The accent under the pointer.
        on_accent: Text on the accent.
        accent_text: The accent as text on panels.
        selection: Background of selected rows and cells.
        on_selection: Text on the selection.
        focus: The ring around what has the keyboard.
        danger: Failures.
        warning: What a user should know.
        success: What went well.
        danger_soft: Background of a failure's banner.
        warning_soft: Background of a warning's banner.
        info_soft: Background of a neutral banner.
        ramp: Colours of the scores 0, 0.25, 0.5, 0.75 and 1.
    """

    name: str
    canvas: str
    window: str
    panel: str
    raised: str
    hover: str
    pressed: str
    well: str
    line: str
    edge: str
    text: str
    text_muted: str
    text_disabled: str
    accent: str
    accent_hover: str
    on_accent: str
    accent_text: str
    selection: str
    on_selection: str
    focus: str
    danger: str
    warning: str
    success: str
    danger_soft: str
    warning_soft: str
    info_soft: str
    ramp: tuple[str, str, str, str, str]

    @property
    def is_dark(self) -> bool:
        """Whether light text stands on a dark ground."""
        return luminance(self.window) < 0.2


DARK: Final = Palette(
    name="dark",
    canvas="#161718",
    window="#1e1f21",
    panel="#232426",
    raised="#2c2d30",
    hover="#36383b",
    pressed="#404246",
    well="#18191a",
    line="#313336",
    edge="#484a4f",
    text="#e4e5e7",
    text_muted="#a6a8ad",
    text_disabled="#6e7075",
    accent="#5b9bf5",
    accent_hover="#7aaef8",
    on_accent="#0c1420",
    accent_text="#8ab8f8",
    selection="#2d4364",
    on_selection="#f2f5fa",
    focus="#7fb2fa",
    danger="#f28b82",
    warning="#e8bd6a",
    success="#74c99a",
    danger_soft="#3b2524",
    warning_soft="#3a3020",
    info_soft="#22303f",
    ramp=("#ee7f6b", "#ec9a55", "#dcb950", "#98c96a", "#56c596"),
)

LIGHT: Final = Palette(
    name="light",
    canvas="#e3e4e6",
    window="#f1f2f3",
    panel="#f8f8f9",
    raised="#ffffff",
    hover="#eaebee",
    pressed="#dcdee2",
    well="#ffffff",
    line="#d8dade",
    edge="#b9bcc3",
    text="#1d1e21",
    text_muted="#565960",
    text_disabled="#989ba2",
    accent="#2463c9",
    accent_hover="#1b54b0",
    on_accent="#ffffff",
    accent_text="#1f5ab8",
    selection="#cbdcf6",
    on_selection="#10213c",
    focus="#2463c9",
    danger="#b3291f",
    warning="#855500",
    success="#1b6b3f",
    danger_soft="#fbe4e1",
    warning_soft="#faeed3",
    info_soft="#e1ebfa",
    ramp=("#b3301f", "#9c4a0c", "#7d5c00", "#4b6b12", "#12694a"),
)

PALETTES: Final = {palette.name: palette for palette in (DARK, LIGHT)}


class Space:
    """Distances in device-independent pixels, on a grid of four."""

    HAIR: Final = 1
    XS: Final = 4
    S: Final = 8
    M: Final = 12
    L: Final = 16
    XL: Final = 24
    XXL: Final = 40


class Type:
    """Sizes of type in device-independent pixels."""

    CAPTION: Final = 11
    BODY: Final = 13
    TITLE: Final = 16
    DISPLAY: Final = 24

    FAMILIES: Final = (
        "Inter",
        "Segoe UI Variable",
        "Segoe UI",
        "SF Pro Text",
        "Adwaita Sans",
        "Cantarell",
        "Ubuntu",
        "Noto Sans",
        "Open Sans",
    )
    """Tried in this order before the system's own font."""


class Radius:
    """Rounding of corners in device-independent pixels."""

    SMALL: Final = 3
    MEDIUM: Final = 5
    LARGE: Final = 8


ICON_SIZE: Final = 18
CONTROL_HEIGHT: Final = 28

SCRIM: Final = "#121314"
"""Ground of badges on photos, the same in both themes."""
ON_SCRIM: Final = "#f1f2f3"


def luminance(colour: str) -> float:
    """Relative luminance of ``#rrggbb`` (WCAG 2.2)."""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(a: str, b: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
