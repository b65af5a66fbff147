"""How many faces have which score, with a brush that picks a range.

pyqtgraph takes a good part of a second to import, so it is imported when the window has been
painted; until then the widget is an empty frame of the same size.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QMouseEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from fiqa_studio.domain.scores import lowest_shown_as
from fiqa_studio.ui import theme

BINS = 50
Range = tuple[float | None, float | None]
_FULL = (0.0, 1.0)
_HEIGHT = 46
_GRIP = 6
"""Pixels about an edge that take hold of it, and that a drag must cover to be one."""


def import_plotting() -> None:
    """Import pyqtgraph; from any thread, once Qt's classes are there (see `ui.qt_types`)."""
    importlib.import_module("pyqtgraph")


class ScoreHistogram(QWidget):
    """Bars in the colours of the scores, and a brush with two edges to drag.

    Signals:
        range_edited: The user moved the brush: (lowest, highest) in [0, 1], None for no bound.
    """

    range_edited = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._counts: npt.NDArray[np.int64] = np.zeros(BINS, np.int64)
        self._range: Range = (None, None)
        self._plot: Any = None
        self._bars: Any = None
        self._brush: Any = None
        self._quiet = False
        self._anchor: float | None = None
        # While an edge is dragged, one query a moment is enough.
        self._edited = QTimer(self)
        self._edited.setSingleShot(True)
        self._edited.setInterval(60)
        self._edited.timeout.connect(self._tell)
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(_HEIGHT)
        self.setMinimumWidth(110)
        self.setMaximumWidth(420)
        self.setToolTip("Drag over the scores to be shown; double-click to show all")
        self.setAccessibleName("Histogram of scores")
        theme.manager.changed.connect(self._restyle)

    @property
    def loaded(self) -> bool:
        """Whether the plot is there; pyqtgraph is imported after the first paint."""
        return self._plot is not None

    def sizeHint(self) -> QSize:
        """Low enough to leave the room to the photos."""
        return QSize(280, _HEIGHT)

    def load(self) -> None:
        """Draw; call once the window has been painted and pyqtgraph imported."""
        if self._plot is not None:
            return
        import pyqtgraph as pg  # noqa: PLC0415 - slow to import, see the module's docstring

        plot = pg.PlotWidget(background=None)
        plot.setMenuEnabled(False)
        plot.hideButtons()
        plot.setMouseEnabled(x=False, y=False)
        plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        plot.setFrameShape(plot.Shape.NoFrame)
        for side in ("left", "bottom", "top", "right"):
            plot.hideAxis(side)
        item = plot.getPlotItem()
        item.layout.setContentsMargins(0, 0, 0, 0)
        item.vb.setDefaultPadding(0)
        self._bars = pg.BarGraphItem(x=[], height=[], width=1 / BINS)
        self._brush = pg.LinearRegionItem(_FULL, bounds=_FULL, swapMode="block")
        self._brush.setZValue(10)
        plot.addItem(self._bars)
        plot.addItem(self._brush)
        plot.setXRange(-0.005, 1.005, padding=0)
        plot.viewport().installEventFilter(self)
        self._plot = plot
        self._box.addWidget(plot)
        self._brush.sigRegionChanged.connect(self._on_brush)
        self._restyle()
        self.set_range(*self._range)

    def set_counts(self, counts: npt.NDArray[np.integer[Any]]) -> None:
        """Show these counts, `BINS` equal bins over [0, 1]."""
        self._counts = np.asarray(counts, np.int64)
        total = int(self._counts.sum())
        self.setAccessibleDescription(f"{total} scores")
        self._draw()

    def set_range(self, lowest: float | None, highest: float | None) -> None:
        """Put the brush there without telling."""
        self._range = (lowest, highest)
        if self._brush is None or self._edited.isActive():
            return
        self._quiet = True
        self._brush.setRegion(
            (_FULL[0] if lowest is None else lowest, _FULL[1] if highest is None else highest)
        )
        self._quiet = False
        self._draw()

    def _on_brush(self) -> None:
        if self._quiet:
            return
        # Edges lie between two points of the scale, so that each point is in or out as a whole.
        low, high = (_between_points(float(edge)) for edge in self._brush.getRegion())
        self._range = (low if low > 0 else None, high if high < 1 else None)
        self._draw()
        self._edited.start()

    def _tell(self) -> None:
        self.range_edited.emit(self._range)

    def _restyle(self) -> None:
        if self._brush is None:
            return
        palette = theme.manager.palette
        # Left to itself, the scene keeps the background of the theme it was made in.
        self._plot.setBackground(QColor(palette.window))
        wash = QColor(palette.text)
        wash.setAlpha(16)
        self._brush.setBrush(wash)
        wash.setAlpha(28)
        self._brush.setHoverBrush(wash)
        for line in self._brush.lines:
            line.setPen(QColor(palette.text_muted), width=2)
            line.setHoverPen(QColor(palette.accent), width=3)
        self._draw()

    def _draw(self) -> None:
        if self._bars is None:
            return
        centres = (np.arange(BINS) + 0.5) / BINS
        low, high = (
            _FULL[0] if self._range[0] is None else self._range[0],
            _FULL[1] if self._range[1] is None else self._range[1],
        )
        colours = []
        for centre in centres:
            colour = QColor(theme.score_colour(float(centre)))
            colour.setAlpha(255 if low <= centre <= high else 70)
            colours.append(colour)
        # A square root keeps rare scores visible beside common ones.
        heights = np.sqrt(self._counts)
        top = max(1.0, float(heights.max()))
        self._bars.setOpts(
            x=centres, height=heights, width=0.82 / BINS, brushes=colours, pen=QColor(0, 0, 0, 0)
        )
        self._plot.setYRange(0, top * 1.08, padding=0)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A double click shows everything again; a drag beside the brush draws a new one."""
        if isinstance(event, QMouseEvent):
            if event.type() == QEvent.Type.MouseButtonDblClick:
                self._anchor = None
                self.set_range(None, None)
                self._tell()
                return True
            if self._draws(event):
                return True
        return super().eventFilter(watched, event)

    def _draws(self, event: QMouseEvent) -> bool:
        """Whether a new brush is being drawn; its edges and its middle are left to pyqtgraph."""
        left = Qt.MouseButton.LeftButton
        if event.type() == QEvent.Type.MouseButtonPress and event.button() is left:
            self._anchor = self._place_beside_the_brush(event)
        elif self._anchor is None:
            return False
        elif event.type() == QEvent.Type.MouseMove:
            place = self._place(event)
            if abs(place - self._anchor) * self._plot.width() >= _GRIP:
                self._brush.setRegion(sorted((self._anchor, place)))
        elif event.type() == QEvent.Type.MouseButtonRelease and event.button() is left:
            self._anchor = None
            return True
        return self._anchor is not None

    def _place(self, event: QMouseEvent) -> float:
        """The score under the mouse."""
        scene = self._plot.mapToScene(event.position().toPoint())
        place = float(self._plot.getPlotItem().vb.mapSceneToView(scene).x())
        return min(max(place, _FULL[0]), _FULL[1])

    def _place_beside_the_brush(self, event: QMouseEvent) -> float | None:
        place = self._place(event)
        low, high = self._brush.getRegion()
        if min(abs(place - low), abs(place - high)) * self._plot.width() < _GRIP:
            return None
        # Where everything is shown there is nothing to move.
        return None if low <= place <= high and (low, high) != _FULL else place


def _between_points(edge: float) -> float:
    """The nearest place between two scores as they are shown; the ends of the scale stay."""
    return lowest_shown_as(round(99 * edge + 0.5) + 1)
