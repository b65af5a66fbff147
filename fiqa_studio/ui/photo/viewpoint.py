"""Moves the view: smooth, and always interruptible by the next wish."""

from __future__ import annotations

from PySide6.QtCore import QEasingCurve, QObject, QRectF, QVariantAnimation, Signal

from fiqa_studio.ui.photo.view import View

MOVE_MS = 180
"""Length of a zoom by key or button."""
WHEEL_MS = 110
"""Length of one wheel step: shorter, since steps follow each other."""


class Viewpoint(QObject):
    """The current view and the one it is moving to.

    Attributes:
        view: What is seen now; None without a photo.
        animated: Whether moves take time; off in tests and for people who want no motion.

    Signals:
        changed: The view moved.
        settled: A move has ended (or was none).
    """

    changed = Signal()
    settled = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.view: View | None = None
        self.animated = True
        self._start: View | None = None
        self._target: View | None = None
        self._animation = QVariantAnimation(self)
        self._animation.setStartValue(0.0)
        self._animation.setEndValue(1.0)
        self._animation.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._animation.valueChanged.connect(self._on_step)

    @property
    def target(self) -> View | None:
        """Where the view will be once it has arrived."""
        return self._target or self.view

    def begin(
        self, photo: tuple[float, float], area: tuple[float, float], device_ratio: float
    ) -> None:
        """Look at another photo, fitted, at once."""
        self._put(View.fitted(photo, area, device_ratio))

    def end(self) -> None:
        """There is no photo."""
        self.stop()
        self.view = None
        self.changed.emit()

    def resize(self, area: tuple[float, float], device_ratio: float) -> None:
        """The widget has another size."""
        if self.view is not None:
            self._put((self.target or self.view).resized(area, device_ratio))

    def fit(self) -> None:
        """Show the whole photo."""
        if self.view is not None:
            view = self.view
            self._go(View.fitted(view.photo, view.area, view.device_ratio), MOVE_MS)

    def zoom_by(
        self, factor: float, around: tuple[float, float] | None = None, *, ms: int = MOVE_MS
    ) -> None:
        """Zoom about a point of the screen, adding to a zoom under way."""
        if (target := self.target) is not None:
            self._go(target.zoomed(target.scale * factor, around), ms)

    def zoom_to(self, device_scale: float, around: tuple[float, float] | None = None) -> None:
        """Zoom to so many device pixels per photo pixel."""
        if self.view is not None:
            self._go(self.view.zoomed(device_scale / self.view.device_ratio, around), MOVE_MS)

    def show(self, rect: QRectF, fill: float, *, at_once: bool = False) -> None:
        """Bring a rectangle of the photo to the middle, filling this share of the widget."""
        if self.view is None:
            return
        target = self.view.showing(rect.x(), rect.y(), rect.width(), rect.height(), fill)
        if at_once:
            self._put(target)
        else:
            self._go(target, MOVE_MS)

    def move(self, dx: float, dy: float, *, ms: int = 0) -> None:
        """Push the photo by logical pixels of the screen."""
        if (target := self.target) is not None:
            self._go(target.moved(dx, dy), ms)

    def look_at(self, x: float, y: float) -> None:
        """Bring a point of the photo to the middle, at once."""
        if self.view is not None:
            at_x, at_y = self.view.to_screen(x, y)
            self.move(self.view.area[0] / 2 - at_x, self.view.area[1] / 2 - at_y)

    def stop(self) -> None:
        """Stay where the view is now."""
        self._animation.stop()
        self._start = self._target = None

    def _go(self, target: View, ms: int) -> None:
        if not self.animated or ms <= 0 or self.view is None:
            self._put(target)
            return
        self._animation.stop()
        self._start, self._target = self.view, target
        self._animation.setDuration(ms)
        self._animation.start()

    def _put(self, view: View) -> None:
        self.stop()
        self.view = view
        self.changed.emit()
        self.settled.emit()

    def _on_step(self, progress: float) -> None:
        if self._start is None or self._target is None:
            return
        self.view = self._start.towards(self._target, progress)
        if progress >= 1.0:
            self._start = self._target = None
        self.changed.emit()
        if self._target is None:
            self.settled.emit()
