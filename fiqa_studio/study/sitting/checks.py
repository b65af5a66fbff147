"""Checks of a rater's set-up: what is shown, what is right, and how to mend what failed.

Each is drawn as SVG from a seed, so that window and page show the same and the answer is not in
the page's text. The plates find a wrong set-up or missing glasses; they diagnose nothing.
"""

from __future__ import annotations

import colorsys
import math
from dataclasses import dataclass

from fiqa_studio.study.planning.chance import Chance

CARD_MM = (85.60, 53.98)
"""Width and height of a bank card (ISO/IEC 7810 ID-1)."""
DIRECTIONS = ("up", "right", "down", "left")
_DIGITS = {
    "2": ("01110", "10001", "00001", "00110", "01000", "10000", "11111"),
    "3": ("11110", "00001", "00001", "01110", "00001", "00001", "11110"),
    "5": ("11111", "10000", "11110", "00001", "00001", "10001", "01110"),
    "6": ("00110", "01000", "10000", "11110", "10001", "10001", "01110"),
    "8": ("01110", "10001", "10001", "01110", "10001", "10001", "01110"),
    "9": ("01110", "10001", "10001", "01111", "00001", "00010", "01100"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check as it is put to a rater.

    Attributes:
        name: ``display``, ``card``, ``brightness``, ``acuity`` or ``colour``.
        asks: What to do, in a sentence.
        choices: What can be answered; empty: a number.
        svg: The plate; empty where there is none (the card is drawn by whoever shows it, since
            its size is the answer).
        right: The answers that pass; empty: any number within ``limits``.
        limits: Smallest and largest number that can be true.
        remedy: What to do where it failed.
    """

    name: str
    title: str
    asks: str
    remedy: str
    choices: tuple[str, ...] = ()
    svg: str = ""
    right: tuple[str, ...] = ()
    limits: tuple[float, float] = (0.0, 0.0)

    def passes(self, given: str) -> bool:
        """Whether ``given`` is a right answer."""
        if self.right:
            return given.strip().lower() in self.right
        try:
            number = float(given.replace(",", "."))
        except ValueError:
            return False
        return self.limits[0] <= number <= self.limits[1]


def check(name: str, chance: Chance) -> Check:
    """The check of that name, with a plate that ``chance`` decides.

    Raises:
        KeyError: There is no such check.
    """
    makers = {
        "display": _display, "card": _card, "brightness": _brightness, "acuity": _acuity,
        "colour": _colour,
    }  # fmt: skip
    return makers[name](chance)


NAMES = ("display", "card", "brightness", "acuity", "colour")


def _display(_chance: Chance) -> Check:
    return Check(
        name="display",
        title="Size of the screen",
        asks="Pictures are shown pixel by pixel, so the largest must fit.",
        remedy="Enlarge the window, turn the device, set the zoom to 100 %, or use another screen.",
    )


def _card(_chance: Chance) -> Check:
    return Check(
        name="card",
        title="Size of a pixel",
        asks="Hold a bank card to the screen and make the frame as wide as the card.",
        remedy="Any bank, library or driving card of the usual size will do; lay it flat.",
        limits=(2.0, 40.0),  # device pixels a millimetre: 50 to 1000 a inch
    )


def _brightness(chance: Chance) -> Check:
    # Grey steps at both ends. On a screen that is set well, each differs from its ground.
    dark = [4 + 3 * i for i in range(4)]
    light = [251 - 3 * i for i in range(4)]
    cells: list[str] = []
    shown = 0
    for row, (ground, greys) in enumerate(((0, dark), (255, light))):
        cells.append(
            f'<rect x="0" y="{row * 100}" width="600" height="100" fill="{_grey(ground)}"/>'
        )
        for column in range(6):
            if chance.below(3) == 0 and column not in {0, 5}:
                continue
            shown += 1
            grey = greys[min(column, 5 - column, 3)]
            cells.append(
                f'<circle cx="{column * 100 + 50}" cy="{row * 100 + 50}" r="28" '
                f'fill="{_grey(grey)}"/>'
            )
    right = tuple(str(count) for count in range(max(1, shown - 2), shown + 1))
    return Check(
        name="brightness",
        title="Brightness",
        asks="How many discs do you see in both rows together?",
        remedy="Raise the brightness, avoid light on the screen, and switch night mode off.",
        svg=_svg(600, 200, cells),
        right=right,
    )


def _acuity(chance: Chance) -> Check:
    direction = chance.one(DIRECTIONS)
    turn = {"right": 0, "down": 90, "left": 180, "up": 270}[direction]
    # A Landolt ring: outer diameter 5, stroke and gap 1 (ISO 8596), the gap 3 CSS pixels.
    ring = (
        '<rect x="0" y="0" width="120" height="120" fill="#ffffff"/>'
        f'<g transform="rotate({turn} 60 60)"><circle cx="60" cy="60" r="6" fill="none" '
        'stroke="#000000" stroke-width="3"/>'
        '<rect x="62" y="58.5" width="7" height="3" fill="#ffffff"/></g>'
    )
    return Check(
        name="acuity",
        title="Sharpness of sight",
        asks="On which side is the ring open?",
        remedy="Wear your glasses for reading, clean the screen, and sit as you usually do.",
        choices=DIRECTIONS,
        svg=_svg(120, 120, [ring]),
        right=(direction,),
    )


def _colour(chance: Chance) -> Check:
    digit = chance.one(sorted(_DIGITS))
    rows = _DIGITS[digit]
    dots: list[str] = ['<rect x="0" y="0" width="300" height="300" fill="#f4f0e6"/>']
    step = 10
    for y in range(15, 290, step):
        for x in range(15, 290, step):
            if math.hypot(x - 150, y - 150) > 138:
                continue
            column, row = (x - 75) // 30, (y - 45) // 30
            inside = 0 <= column < 5 and 0 <= row < 7 and rows[row][column] == "1"
            # Lightness varies in both alike, so only hue tells the digit.
            light = 42 + chance.below(20)
            hue = 18 + chance.below(14) if inside else 95 + chance.below(25)
            radius = 3.4 + 1.4 * chance.unit()
            dots.append(
                f'<circle cx="{x + chance.below(3) - 1}" cy="{y + chance.below(3) - 1}" '
                f'r="{radius:.1f}" fill="{_hue(hue, light)}"/>'
            )
    return Check(
        name="colour",
        title="Colour",
        asks="Which number do you see?",
        remedy="Switch off night mode and colour filters. If you do not tell red from green well, "
        "say so to the owner of the study.",
        svg=_svg(300, 300, dots),
        right=(digit,),
    )


def _svg(width: int, height: int, parts: list[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">{"".join(parts)}</svg>'
    )


def _hue(degrees: int, light: int) -> str:
    rgb = colorsys.hls_to_rgb(degrees / 360.0, light / 100.0, 0.45)
    return "#" + "".join(f"{round(255 * channel):02x}" for channel in rgb)


def _grey(value: int) -> str:
    return f"#{value:02x}{value:02x}{value:02x}"
