"""Plots as plain shapes, written as SVG text or drawn into a PNG: no window, no plotting library.

Coordinates are in points, from the upper left. A `Plot` is drawn the same by both writers.
"""

from __future__ import annotations

import io
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

INK, GREY, FAINT = "#222222", "#777777", "#dddddd"
BLUE, RED, GREEN = "#2f6db3", "#c0392b", "#3a8a4d"

_SHARPNESS = 3
_FONT = "Helvetica, Arial, sans-serif"


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line; ``dashed`` for what is a reference."""

    x1: float
    y1: float
    x2: float
    y2: float
    colour: str = INK
    width: float = 1.0
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Dot:
    """A filled circle; ``title`` shows where a pointer rests on it (SVG)."""

    x: float
    y: float
    radius: float = 3.0
    colour: str = BLUE
    title: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """A filled rectangle."""

    x: float
    y: float
    width: float
    height: float
    colour: str = BLUE


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text. ``anchor`` is start, middle or end; ``upright`` turns it to the left."""

    x: float
    y: float
    text: str
    size: float = 11.0
    anchor: str = "start"
    colour: str = INK
    upright: bool = False


Shape = Line | Dot | Box | Text


@dataclass(frozen=True, slots=True)
class Plot:
    """A finished plot.

    Attributes:
        name: For files: letters and dashes.
        title: What it shows.
        width: In points.
        height: In points.
        shapes: In the order of painting.
    """

    name: str
    title: str
    width: float
    height: float
    shapes: tuple[Shape, ...]


@dataclass(slots=True)
class Axes:
    """A frame with two scales that shapes are put into by their values.

    Attributes:
        x: Lower and upper end.
        y: Likewise.
        x_label: Under the frame.
        y_label: Beside it.
        width: Of the whole plot, in points.
        height: Likewise.
    """

    x: tuple[float, float]
    y: tuple[float, float]
    x_label: str = ""
    y_label: str = ""
    width: float = 420.0
    height: float = 300.0
    shapes: list[Shape] = field(default_factory=list)

    _LEFT, _RIGHT, _TOP, _BOTTOM = 58.0, 16.0, 14.0, 44.0

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where a pair of values lies in the plot."""
        across = (x - self.x[0]) / (self.x[1] - self.x[0])
        up = (y - self.y[0]) / (self.y[1] - self.y[0])
        return (
            self._LEFT + across * (self.width - self._LEFT - self._RIGHT),
            self.height - self._BOTTOM - up * (self.height - self._TOP - self._BOTTOM),
        )

    def line(
        self, start: tuple[float, float], end: tuple[float, float],
        colour: str = INK, width: float = 1.0, *, dashed: bool = False,
    ) -> None:  # fmt: skip
        """A line between two pairs of values."""
        self.shapes.append(Line(*self.at(*start), *self.at(*end), colour, width, dashed))

    def curve(self, points: Sequence[tuple[float, float]], colour: str = INK) -> None:
        """A line through pairs of values."""
        for start, end in itertools.pairwise(points):
            self.line(start, end, colour, 1.5)

    def dot(self, x: float, y: float, colour: str = BLUE, title: str = "", r: float = 3.0) -> None:
        """A dot at a pair of values."""
        self.shapes.append(Dot(*self.at(x, y), r, colour, title))

    def text(self, x: float, y: float, said: str, anchor: str = "start", up: float = 0.0) -> None:
        """A word at a pair of values, ``up`` points above it."""
        place = self.at(x, y)
        self.shapes.append(Text(place[0], place[1] - up, said, 9.0, anchor, GREY))

    def bar(self, left: float, right: float, height: float, colour: str = BLUE) -> None:
        """A bar from 0 up, between two values of x."""
        (x1, top), (x2, bottom) = self.at(left, height), self.at(right, max(self.y[0], 0.0))
        self.shapes.append(Box(x1, top, max(0.5, x2 - x1 - 1), bottom - top, colour))

    def plot(self, name: str, title: str) -> Plot:
        """The finished plot, with frame, marks and labels."""
        frame: list[Shape] = []
        for value in ticks(*self.x):
            x, y = self.at(value, self.y[0])
            frame.append(Line(x, self._TOP, x, y, FAINT))
            frame.append(Text(x, y + 14, f"{value:g}", 9.0, "middle", GREY))
        for value in ticks(*self.y):
            x, y = self.at(self.x[0], value)
            frame.append(Line(x, y, self.width - self._RIGHT, y, FAINT))
            frame.append(Text(x - 5, y + 3, f"{value:g}", 9.0, "end", GREY))
        middle = (self._LEFT + self.width - self._RIGHT) / 2
        frame.append(Text(middle, self.height - 10, self.x_label, 11.0, "middle"))
        centre = (self._TOP + self.height - self._BOTTOM) / 2
        frame.append(Text(14, centre, self.y_label, 11.0, "middle", INK, upright=True))
        return Plot(name, title, self.width, self.height, (*frame, *self.shapes))


def ticks(low: float, high: float) -> list[float]:
    """About five round values from ``low`` to ``high``."""
    rough = (high - low) / 5
    size = 10.0 ** math.floor(math.log10(rough))
    step = size * min((1, 2, 2.5, 5, 10), key=lambda factor: abs(size * factor - rough))
    first = math.ceil(low / step - 1e-9)
    count = math.floor(high / step + 1e-9) - first + 1
    return [round((first + i) * step, 10) for i in range(count)]


def svg(plot: Plot) -> str:
    """A plot as an SVG element that can stand in a page or in a file."""
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {plot.width:g} {plot.height:g}" '
            f'width="{plot.width:g}" height="{plot.height:g}" role="img" font-family="{_FONT}">'
        ),
        f"<title>{escape(plot.title)}</title>",
    ]
    parts += [_element(shape) for shape in plot.shapes]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _element(shape: Shape) -> str:
    if isinstance(shape, Line):
        dash = ' stroke-dasharray="4 3"' if shape.dashed else ""
        return (
            f'<line x1="{shape.x1:.2f}" y1="{shape.y1:.2f}" x2="{shape.x2:.2f}" '
            f'y2="{shape.y2:.2f}" stroke="{shape.colour}" stroke-width="{shape.width:g}"{dash}/>'
        )
    if isinstance(shape, Dot):
        title = f"<title>{escape(shape.title)}</title>" if shape.title else ""
        return (
            f'<circle cx="{shape.x:.2f}" cy="{shape.y:.2f}" r="{shape.radius:g}" '
            f'fill="{shape.colour}" fill-opacity="0.8">{title}</circle>'
        )
    if isinstance(shape, Box):
        return (
            f'<rect x="{shape.x:.2f}" y="{shape.y:.2f}" width="{shape.width:.2f}" '
            f'height="{shape.height:.2f}" fill="{shape.colour}"/>'
        )
    turned = f' transform="rotate(-90 {shape.x:.2f} {shape.y:.2f})"' if shape.upright else ""
    return (
        f'<text x="{shape.x:.2f}" y="{shape.y:.2f}" font-size="{shape.size:g}" '
        f'text-anchor="{shape.anchor}" fill="{shape.colour}"{turned}>{escape(shape.text)}</text>'
    )


def png(plot: Plot) -> bytes:
    """A plot as the bytes of a PNG on white, three pixels a point."""
    from PIL import Image, ImageDraw, ImageFont  # noqa: PLC0415 - only for this

    k = _SHARPNESS
    picture = Image.new("RGB", (round(plot.width * k), round(plot.height * k)), "white")
    draw = ImageDraw.Draw(picture)
    for shape in plot.shapes:
        if isinstance(shape, Line):
            for x1, y1, x2, y2 in _strokes(shape):
                width = max(1, round(shape.width * k))
                draw.line((x1 * k, y1 * k, x2 * k, y2 * k), fill=shape.colour, width=width)
        elif isinstance(shape, Dot):
            x, y, r = shape.x * k, shape.y * k, shape.radius * k
            draw.ellipse((x - r, y - r, x + r, y + r), fill=shape.colour)
        elif isinstance(shape, Box):
            x, y = shape.x * k, shape.y * k
            corner = (x + shape.width * k, y + max(0.0, shape.height * k))
            draw.rectangle((x, y, *corner), fill=shape.colour)
        else:
            font = ImageFont.load_default(size=shape.size * k)
            left, top, right, bottom = draw.textbbox((0, 0), shape.text, font=font, anchor="ls")
            word = Image.new("L", (max(1, round(right - left)), max(1, round(bottom - top))), 0)
            ImageDraw.Draw(word).text((-left, -top), shape.text, fill=255, font=font, anchor="ls")
            back = {"start": 0.0, "middle": 0.5, "end": 1.0}[shape.anchor] * (right - left)
            place = (shape.x * k + left - back, shape.y * k + top)
            if shape.upright:
                word = word.transpose(Image.Transpose.ROTATE_90)
                place = (shape.x * k + top, shape.y * k - (right - left) + back)
            picture.paste(shape.colour, (round(place[0]), round(place[1])), word)
    data = io.BytesIO()
    picture.save(data, "PNG", optimize=True)
    return data.getvalue()


def _strokes(line: Line) -> list[tuple[float, float, float, float]]:
    if not line.dashed:
        return [(line.x1, line.y1, line.x2, line.y2)]
    length = math.hypot(line.x2 - line.x1, line.y2 - line.y1)
    strokes = []
    for start in range(0, max(1, int(length)), 7):
        a, b = start / max(length, 1e-9), min(1.0, (start + 4) / max(length, 1e-9))
        dx, dy = line.x2 - line.x1, line.y2 - line.y1
        strokes.append((line.x1 + a * dx, line.y1 + a * dy, line.x1 + b * dx, line.y1 + b * dy))
    return strokes
