"""Geometry in upright pixels of the full-resolution photo (EXIF orientation applied)."""

from __future__ import annotations

from dataclasses import dataclass

EYES_CLOSED_BELOW = 0.2
"""Share of openness below which eyes count as closed."""


@dataclass(frozen=True, slots=True)
class Box:
    """An axis-aligned rectangle; ``x`` and ``y`` are its top left corner, in pixels."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The x of the right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """The y of the bottom edge."""
        return self.y + self.height

    @property
    def area(self) -> float:
        """Area in square pixels."""
        return self.width * self.height

    @property
    def center(self) -> tuple[float, float]:
        """The centre, as (x, y)."""
        return self.x + self.width / 2, self.y + self.height / 2

    def scaled(self, factor: float) -> Box:
        """The same rectangle in an image resized by ``factor``."""
        return Box(self.x * factor, self.y * factor, self.width * factor, self.height * factor)

    def iou(self, other: Box) -> float:
        """Intersection over union with another box, in [0, 1]."""
        width = min(self.right, other.right) - max(self.x, other.x)
        height = min(self.bottom, other.bottom) - max(self.y, other.y)
        if width <= 0 or height <= 0:
            return 0.0
        shared = width * height
        return shared / (self.area + other.area - shared)


@dataclass(frozen=True, slots=True)
class HeadPose:
    """Head rotation in degrees.

    Yaw > 0 turns to the image's right, pitch > 0 up, roll > 0 clockwise in the image.
    """

    yaw: float
    pitch: float
    roll: float
