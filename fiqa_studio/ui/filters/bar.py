"""The bar above the grid that narrows what it shows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
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

from fiqa_studio.curation.queryvalues import points_of
from fiqa_studio.domain.query import Query
from fiqa_studio.domain.scores import highest_shown_as, lowest_shown_as
from fiqa_studio.domain.terms import Between, OneOf, Term
from fiqa_studio.ui import theme
from fiqa_studio.ui.filters.chips import chips_of
from fiqa_studio.ui.filters.histogram import ScoreHistogram
from fiqa_studio.ui.widgets.flow import FlowLayout

Choice = tuple[str, Term | None]


def _between(name: str, low: int | None, high: int | None) -> Term:
    return Between(name, low, high)


_FACES: tuple[Choice, ...] = (
    ("Any faces", None),
    ("No face", _between("faces", None, 0)),
    ("At least one face", _between("faces", 1, None)),
    ("One face", _between("faces", 1, 1)),
    ("Two faces", _between("faces", 2, 2)),
    ("Three or more", _between("faces", 3, None)),
    ("Ten or more", _between("faces", 10, None)),
)
_STARS: tuple[Choice, ...] = (
    ("Any stars", None),
    ("No stars", _between("stars", 0, 0)),
    *(("\u2605" * stars + " up", _between("stars", stars, None)) for stars in range(1, 5)),
    ("\u2605" * 5, _between("stars", 5, 5)),
)
_FLAGS: tuple[Choice, ...] = (
    ("Any flag", None),
    ("Picked", OneOf("flag", ("pick",))),
    ("Not rejected", OneOf("flag", ("reject",), negated=True)),
    ("Unflagged", OneOf("flag", ("",))),
    ("Rejected", OneOf("flag", ("reject",))),
)


_BOUNDS_FROM = 700
"""Below this width the fields for numbers would lie over the histogram."""
_NARROWEST = 160
_BOXES_FROM = {"faces": 310, "stars": 450, "flag": 590}
"""Below these widths there is no room for a choice; the query's text has it all the same."""


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
        self._boxes = {
            "faces": _box("Number of faces in the photo", _FACES),
            "stars": _box("Stars of the photo", _STARS),
            "flag": _box("Flag of the photo", _FLAGS),
        }
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
        for box in self._boxes.values():
            row.addWidget(box)
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
        for name, box in self._boxes.items():
            box.activated.connect(partial(self._take_choice, name))
        # Else what is to be hidden in a narrow window would keep it from getting narrow.
        self.setMinimumWidth(_NARROWEST)
        self.set_query(Query())

    def set_query(self, query: Query) -> None:
        """Show what is on, without telling."""
        self._query = query
        score = score_range(query)
        self.histogram.set_range(score.low, score.high)
        low, high = points_of(score)
        bounds = ((self._low, low or 1), (self._high, high or 100))
        if not self._typed.isActive():  # a number being typed is newer than any query
            for box, value in bounds:
                box.blockSignals(True)
                box.setValue(value)
                box.blockSignals(False)
        for name, choices in self._boxes.items():
            terms = [term for term in query.where if term.name == name]
            wanted = terms[0] if terms else None
            known = [choices.itemData(index) for index in range(choices.count())]
            fits = len(terms) <= 1 and wanted in known
            choices.setCurrentIndex(known.index(wanted) if fits else -1)
        self._show_chips()

    def set_counts(self, counts: npt.NDArray[np.integer[Any]]) -> None:
        """Show the histogram of the scores."""
        self.histogram.set_counts(counts)

    def _take_range(self, bounds: tuple[float | None, float | None]) -> None:
        self._ask_for_scores(*bounds)

    def _take_bounds(self) -> None:
        low, high = sorted((self._low.value(), self._high.value()))
        self._ask_for_scores(
            None if low <= 1 else lowest_shown_as(low),
            None if high >= 100 else highest_shown_as(high),
        )

    def _ask_for_scores(self, low: float | None, high: float | None) -> None:
        if low is None and high is None:
            self.edited.emit(self._query.without("score"))
        else:
            self.edited.emit(self._query.with_term(Between("score", low, high)))

    def _take_choice(self, name: str, index: int) -> None:
        term = self._boxes[name].itemData(index)
        query = self._query
        self.edited.emit(query.without(name) if term is None else query.with_term(term))

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
        self._chips.setVisible(self._query.is_filtered)
        if self._query.is_filtered:
            clear = QPushButton("Clear all")
            theme.set_role(clear, "link")
            clear.clicked.connect(lambda: self.edited.emit(self._query.without_filters()))
            self._flow.addWidget(clear)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where there is little room the histogram's brush has to do."""
        super().resizeEvent(event)
        width = event.size().width()
        for part in self._bounds:
            part.setVisible(width >= _BOUNDS_FROM)
        for name, box in self._boxes.items():
            box.setVisible(width >= _BOXES_FROM[name])


def score_range(query: Query) -> Between:
    """The scores that a query asks for; the first range, where it has several."""
    ranges = [term for term in query.terms(Between, "score") if not term.negated]
    return ranges[0] if ranges else Between("score")


def _box(name: str, choices: tuple[Choice, ...]) -> QComboBox:
    box = QComboBox()
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
    box.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
    box.setAccessibleName(name)
    box.setToolTip(name)
    for title, term in choices:
        box.addItem(title, term)
    return box


def _bound(name: str) -> QSpinBox:
    box = QSpinBox()
    box.setRange(1, 100)
    box.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
    box.setFixedWidth(44)
    box.setAccessibleName(name)
    box.setToolTip(name)
    return box
