"""The one style sheet, generated from the tokens."""

from __future__ import annotations

from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Final

from fiqa_studio.ui.theme.tokens import CONTROL_HEIGHT, Palette, Radius, Space, Type

_DISTANCES: Final = {
    "space_xs": Space.XS,
    "space_s": Space.S,
    "space_m": Space.M,
    "space_l": Space.L,
    "type_caption": Type.CAPTION,
    "type_body": Type.BODY,
    "type_title": Type.TITLE,
    "type_display": Type.DISPLAY,
    "radius_s": Radius.SMALL,
    "radius_m": Radius.MEDIUM,
    "radius_l": Radius.LARGE,
    "control": CONTROL_HEIGHT,
    # What Qt calls height leaves out the frame and padding.
    "control_inner": CONTROL_HEIGHT - 2,
}


def stylesheet(palette: Palette) -> str:
    """The style sheet for one palette. Raises `KeyError` where it names an unknown token."""
    themes = Path(str(files("fiqa_resources"))) / "themes"
    template = (themes / "studio.qss").read_text(encoding="utf-8")
    values = {
        **{name: value for name, value in asdict(palette).items() if isinstance(value, str)},
        **{name: f"{value}px" for name, value in _DISTANCES.items()},
        "art": (themes / palette.name).as_posix(),
    }
    return Template(template).substitute(values)
