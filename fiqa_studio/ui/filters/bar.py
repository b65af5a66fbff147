"""The bar above the grid that narrows what it shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QSize, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from fiqa_studio.domain.fields_query import Query
from fiqa_studio.domain.scores import shown_score
from fiqa_studio.ui import theme
from fiqa_studio.ui.filters.chips import chips_of
from fiqa_studio.ui.filters.histogram import ScoreHistogram
from fiqa_studio.ui.filters.queries import is_filtered, without_filters
from fiqa_studio.ui.widgets.flow import FlowLayout

_FACES: tuple[tuple[str, int | None, int | None], ...] = (
    ("Any number of faces", None, None),
    ("No face", None, 0),
    ("At least one face", 1, None),
    ("One face", 1, 1),
    ("Two faces", 2, 2),
    ("Three or more", 3, None),
    ("Ten or more", 10, None),
)


_BOUNDS_FROM = 440
"""Below this width the fields for numbers would lie over the histogram."""


class FilterBar(QFrame):
    """Histogram with brush, number of faces, and the chips of the filters that are on.

    Signals:
        edited: The user asks for another `Query`.
    """

    edited = Signal(object)

    def __init__(self, root_name: Callable[[int], str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._root_name = root_name
        self._query = Query()
        theme.set_role(self, "toolbar")
        self.histogram = ScoreHistogram()
        self._low = _bound("Lowest score shown")
        self._high = _bound("Highest score shown")
        self._faces = QComboBox()
        self._faces.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self._faces.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
        self._faces.setAccessibleName("Number of faces in the photo")
        for title, low, high in _FACES:
            self._faces.addItem(title, (low, high))
        self._chips = QWidget()
        self._flow = FlowLayout(self._chips, theme.Space.XS)
        dash = QLabel("–")
        theme.set_role(dash, "muted")
        self._bounds = (self._low, dash, self._high)

        row = QHBoxLayout()
        row.setSpacing(theme.Space.S)
        row.addWidget(self.histogram, 1)
        row.addWidget(self._low)
        row.addWidget(dash)
        row.addWidget(self._high)
        row.addSpacing(theme.Space.S)
        row.addWidget(self._faces)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.Space.M, 6, theme.Space.M, 6)
        layout.setSpacing(6)
        layout.addLayout(row)
        layout.addWidget(self._chips)

        # Typing "80" passes through "8"; the list need not.
        self._typed = QTimer(self)
        self._typed.setSingleShot(True)
        self._typed.setInterval(300)
        self._typed.timeout.connect(self._take_bounds)
        self.histogram.range_edited.connect(self._take_range)
        self._low.valueChanged.connect(lambda _: self._typed.start())
        self._high.valueChanged.connect(lambda _: self._typed.start())
        self._faces.activated.connect(self._take_faces)
        self.set_query(Query())

    def set_query(self, query: Query) -> None:
        """Show what is on, without telling."""
        self._query = query
        self.histogram.set_range(query.min_score, query.max_score)
        bounds = (
            (self._low, 1 if query.min_score is None else shown_score(query.min_score)),
            (self._high, 100 if query.max_score is None else shown_score(query.max_score)),
        )
        if not self._typed.isActive():  # a number being typed is newer than any query
            for box, value in bounds:
                box.blockSignals(True)
                box.setValue(value)
                box.blockSignals(False)
        known = [(low, high) for _, low, high in _FACES]
        faces = (query.min_faces, query.max_faces)
        self._faces.setCurrentIndex(known.index(faces) if faces in known else -1)
        self._show_chips()

    def set_counts(self, counts: npt.NDArray[np.integer[Any]]) -> None:
        """Show the histogram of the scores."""
        self.histogram.set_counts(counts)

    def _take_range(self, bounds: tuple[float | None, float | None]) -> None:
        self.edited.emit(replace(self._query, min_score=bounds[0], max_score=bounds[1]))

    def _take_bounds(self) -> None:
        low, high = sorted((self._low.value(), self._high.value()))
        self.edited.emit(
            replace(
                self._query,
                min_score=None if low <= 1 else (low - 1) / 99,
                max_score=None if high >= 100 else (high - 1) / 99,
            )
        )

    def _take_faces(self, index: int) -> None:
        low, high = self._faces.itemData(index)
        self.edited.emit(replace(self._query, min_faces=low, max_faces=high))

    def _show_chips(self) -> None:
        self._flow.clear()
        for chip in chips_of(self._query, self._root_name):
            button = QPushButton(chip.text)
            theme.set_role(button, "chip")
            theme.set_icon(button, "close", "on_selection")
            button.setIconSize(QSize(10, 10))
            button.setAccessibleName(f"Remove the filter {chip.text}")
            button.setToolTip(f"Remove the filter “{chip.text}”")
            button.clicked.connect(lambda _=False, query=chip.without: self.edited.emit(query))
            self._flow.addWidget(button)
        self._chips.setVisible(is_filtered(self._query))
        if is_filtered(self._query):
            clear = QPushButton("Clear all")
            theme.set_role(clear, "link")
            clear.clicked.connect(lambda: self.edited.emit(without_filters(self._query)))
            self._flow.addWidget(clear)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where there is little room the histogram's brush has to do."""
        super().resizeEvent(event)
        for part in self._bounds:
            part.setVisible(event.size().width() >= _BOUNDS_FROM)


def _bound(name: str) -> QSpinBox:
    box = QSpinBox()
    box.setRange(1, 100)
    box.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
    box.setFixedWidth(44)
    box.setAccessibleName(name)
    box.setToolTip(name)
    return box
