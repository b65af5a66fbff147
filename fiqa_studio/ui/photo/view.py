"""Where a photo lies on the screen: pure arithmetic, without widgets.

Points of the photo are continuous upright full-resolution pixels; points of the screen are
logical pixels of the widget, from its top left corner.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

MAX_SCALE = 16.0
"""Device pixels per photo pixel at the closest."""
MAX_FIT_SCALE = 4.0
"""A tiny photo is not blown up further than this when it is fitted."""


@dataclass(frozen=True, slots=True)
class View:
    """One way of looking at a photo.

    Attributes:
        photo: Width and height of the photo in its pixels.
        area: Width and height of the widget in logical pixels.
        scale: Logical pixels per photo pixel.
        x: The photo's x in the middle of the widget.
        y: The photo's y in the middle of the widget.
        device_ratio: Device pixels per logical pixel.
    """

    photo: tuple[float, float]
    area: tuple[float, float]
    scale: float
    x: float
    y: float
    device_ratio: float = 1.0

    @classmethod
    def fitted(
        cls, photo: tuple[float, float], area: tuple[float, float], device_ratio: float = 1.0
    ) -> View:
        """The whole photo, as large as it goes, in the middle."""
        scale = min(area[0] / photo[0], area[1] / photo[1], MAX_FIT_SCALE / device_ratio)
        return cls(photo, area, scale, photo[0] / 2, photo[1] / 2, device_ratio)

    @property
    def fit_scale(self) -> float:
        """The scale at which the whole photo is seen."""
        return View.fitted(self.photo, self.area, self.device_ratio).scale

    @property
    def is_fitted(self) -> bool:
        """Whether the whole photo is seen."""
        return self.scale <= self.fit_scale * 1.001

    @property
    def device_scale(self) -> float:
        """Device pixels per photo pixel; 1 is what people call 100 %."""
        return self.scale * self.device_ratio

    def to_screen(self, x: float, y: float) -> tuple[float, float]:
        """A point of the photo, on the screen."""
        return (
            (x - self.x) * self.scale + self.area[0] / 2,
            (y - self.y) * self.scale + self.area[1] / 2,
        )

    def to_photo(self, x: float, y: float) -> tuple[float, float]:
        """A point of the screen, in the photo (perhaps outside it)."""
        return (
            (x - self.area[0] / 2) / self.scale + self.x,
            (y - self.area[1] / 2) / self.scale + self.y,
        )

    def visible(self) -> tuple[float, float, float, float]:
        """The part of the photo on the screen, as left, top, right and bottom."""
        left, top = self.to_photo(0, 0)
        right, bottom = self.to_photo(*self.area)
        return (
            max(left, 0.0),
            max(top, 0.0),
            min(right, self.photo[0]),
            min(bottom, self.photo[1]),
        )

    def clamped(self) -> View:
        """The nearest view that wastes no space: no gap where the photo could fill it."""
        low = min(self.fit_scale, 1.0 / self.device_ratio)
        scale = min(max(self.scale, low), MAX_SCALE / self.device_ratio)

        def kept_inside(middle: float, length: float, room: float) -> float:
            half = room / scale / 2
            if 2 * half >= length:
                return length / 2
            return min(max(middle, half), length - half)

        return replace(
            self,
            scale=scale,
            x=kept_inside(self.x, self.photo[0], self.area[0]),
            y=kept_inside(self.y, self.photo[1], self.area[1]),
        )

    def zoomed(self, scale: float, around: tuple[float, float] | None = None) -> View:
        """Another scale, with the photo's point under ``around`` (on the screen) kept there."""
        low = min(self.fit_scale, 1.0 / self.device_ratio)
        scale = min(max(scale, low), MAX_SCALE / self.device_ratio)
        at_x, at_y = around or (self.area[0] / 2, self.area[1] / 2)
        photo_x, photo_y = self.to_photo(at_x, at_y)
        return replace(
            self,
            scale=scale,
            x=photo_x - (at_x - self.area[0] / 2) / scale,
            y=photo_y - (at_y - self.area[1] / 2) / scale,
        ).clamped()

    def moved(self, dx: float, dy: float) -> View:
        """The photo pushed by this many logical pixels of the screen."""
        return replace(self, x=self.x - dx / self.scale, y=self.y - dy / self.scale).clamped()

    def showing(self, x: float, y: float, width: float, height: float, fill: float) -> View:
        """A rectangle of the photo in the middle, filling this share of the widget."""
        scale = fill * min(self.area[0] / max(width, 1.0), self.area[1] / max(height, 1.0))
        return replace(self, scale=scale, x=x + width / 2, y=y + height / 2).clamped()

    def resized(self, area: tuple[float, float], device_ratio: float) -> View:
        """The same place in a widget of another size; a fitted photo stays fitted."""
        if self.is_fitted:
            return View.fitted(self.photo, area, device_ratio)
        return replace(self, area=area, device_ratio=device_ratio).clamped()

    def towards(self, target: View, t: float) -> View:
        """The view on the way to ``target``, ``t`` from 0 to 1.

        The scale runs geometrically and the centre such that the one point that lies at the same
        place of the screen in both views stays there all the way: the eye has something to hold.
        """
        if t >= 1:
            return target
        scale = self.scale * (target.scale / self.scale) ** t
        start, end, now = 1 / self.scale, 1 / target.scale, 1 / scale
        share = t if abs(start - end) < 1e-9 * start else (start - now) / (start - end)
        return replace(
            target,
            scale=scale,
            x=self.x + (target.x - self.x) * share,
            y=self.y + (target.y - self.y) * share,
        )
