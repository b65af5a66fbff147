"""The filter bar, its histogram and its chips."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QComboBox, QPushButton, QSpinBox
from pytestqt.qtbot import QtBot

from fiqa_studio.domain.fields_query import Query, SortKey
from fiqa_studio.ui import theme
from fiqa_studio.ui.filters.bar import FilterBar
from fiqa_studio.ui.filters.chips import chips_of
from fiqa_studio.ui.filters.histogram import BINS
from fiqa_studio.ui.filters.queries import is_filtered, without_filters

ALL_ON = Query(
    sort=SortKey.TIME,
    min_score=0.5,
    max_score=0.9,
    min_faces=3,
    text="lake",
    root_id=4,
    include_missing=False,
    include_failed=False,
)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (Query(), []),
        (Query(min_score=0.5), ["Score 50 and up"]),
        (Query(max_score=0.25), ["Score up to 26"]),
        (Query(min_score=0.0, max_score=1.0), ["Score 1–100"]),
        (Query(max_faces=0), ["No face"]),
        (Query(min_faces=1, max_faces=1), ["1 face"]),
        (Query(min_faces=2, max_faces=2), ["2 faces"]),
        (Query(min_faces=1), ["With faces"]),
        (Query(min_faces=3), ["3 or more faces"]),
        (Query(max_faces=4), ["Up to 4 faces"]),
        (Query(min_faces=2, max_faces=4), ["2–4 faces"]),
        (Query(text="lake"), ["“lake”"]),
        (Query(root_id=4), ["In Holidays"]),
        (Query(missing_only=True), ["Missing files"]),
    ],
)
def test_filters_in_words(query: Query, words: list[str]) -> None:
    assert [chip.text for chip in chips_of(query, lambda _: "Holidays")] == words


def test_each_chip_takes_off_only_its_own() -> None:
    chips = chips_of(ALL_ON, lambda _: "Holidays")
    assert len(chips) == 6
    for chip in chips:
        assert len(chips_of(chip.without, lambda _: "Holidays")) == 5
        assert chip.without.sort is SortKey.TIME


def test_clearing_keeps_the_order() -> None:
    assert is_filtered(ALL_ON)
    assert without_filters(ALL_ON) == Query(sort=SortKey.TIME)
    assert not is_filtered(Query(sort=SortKey.NAME, descending=False))


@pytest.fixture
def bar(qtbot: QtBot) -> FilterBar:
    bar = FilterBar(lambda _: "Holidays")
    qtbot.addWidget(bar)
    bar.resize(900, 90)
    bar.histogram.load()
    bar.set_counts(np.arange(BINS))
    bar.show()
    return bar


def test_dragging_an_edge_asks_for_a_range(qtbot: QtBot, bar: FilterBar) -> None:
    plot = bar.histogram.findChild(type(bar.histogram._plot))
    viewport = plot.viewport()
    axis = plot.getPlotItem().vb

    def at(value: float) -> QPoint:
        middle = axis.viewRange()[1][1] / 2
        return plot.mapFromScene(axis.mapViewToScene(_point(value, middle)))

    with qtbot.waitSignal(bar.edited, timeout=5000) as edited:
        qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=at(0.0))
        for value in (0.05, 0.1, 0.2, 0.3):
            qtbot.mouseMove(viewport, at(value))
        qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=at(0.3))
    assert edited.args[0].min_score == pytest.approx(0.3, abs=0.06)
    assert edited.args[0].max_score is None


def _point(x: float, y: float) -> object:
    from PySide6.QtCore import QPointF  # noqa: PLC0415 - only here

    return QPointF(x, y)


def test_a_double_click_shows_everything(qtbot: QtBot, bar: FilterBar) -> None:
    bar.set_query(Query(min_score=0.4, max_score=0.6))
    viewport = bar.histogram._plot.viewport()
    with qtbot.waitSignal(bar.edited, timeout=5000) as edited:
        qtbot.mouseDClick(viewport, Qt.MouseButton.LeftButton)
    assert edited.args[0] == Query()


def test_numbers_can_be_typed(qtbot: QtBot, bar: FilterBar) -> None:
    low = next(b for b in bar.findChildren(QSpinBox) if b.accessibleName().startswith("Lowest"))
    with qtbot.waitSignal(bar.edited, timeout=5000) as edited:
        low.selectAll()
        qtbot.keyClicks(low.lineEdit(), "60")
    assert edited.args[0].min_score == pytest.approx(59 / 99)


def test_the_number_of_faces_is_chosen(qtbot: QtBot, bar: FilterBar) -> None:
    box = bar.findChild(QComboBox)
    with qtbot.waitSignal(bar.edited) as edited:
        box.setFocus()
        qtbot.keyClicks(box, "Two")
        box.activated.emit(box.currentIndex())
    assert (edited.args[0].min_faces, edited.args[0].max_faces) == (2, 2)


def test_showing_a_query_asks_for_nothing(qtbot: QtBot, bar: FilterBar) -> None:
    with qtbot.assertNotEmitted(bar.edited, wait=400):
        bar.set_query(ALL_ON)
        bar.set_query(Query())


def test_chips_are_buttons_that_take_filters_off(qtbot: QtBot, bar: FilterBar) -> None:
    bar.set_query(replace(Query(), text="lake", min_faces=3))
    chips = bar.findChildren(QPushButton)
    assert [chip.text() for chip in chips] == ["3 or more faces", "“lake”", "Clear all"]
    qtbot.waitUntil(chips[1].isVisible)
    with qtbot.waitSignal(bar.edited) as edited:
        qtbot.mouseClick(chips[1], Qt.MouseButton.LeftButton)
    assert edited.args[0] == Query(min_faces=3)


def test_a_refresh_does_not_take_back_what_is_being_typed(qtbot: QtBot, bar: FilterBar) -> None:
    low, _ = bar.findChildren(QSpinBox)
    low.selectAll()
    qtbot.keyClicks(low, "40")
    with qtbot.waitSignal(bar.edited) as told:
        bar.set_query(Query())  # as when a job has just changed the library
    assert told.args[0].min_score == pytest.approx(39 / 99)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_the_histogram_follows_the_theme(qtbot: QtBot, bar: FilterBar, name: str) -> None:
    bar.histogram.load()
    theme.manager.apply(name)
    corner = bar.histogram.grab().toImage().pixelColor(30, 4)
    wanted = QColor(theme.manager.palette.window)
    assert abs(corner.lightness() - wanted.lightness()) < 30


def test_a_drag_over_the_bars_draws_a_new_brush(qtbot: QtBot, bar: FilterBar) -> None:
    """With everything shown there is no edge where the bars are."""
    plot = bar.histogram._plot
    axis = plot.getPlotItem().vb

    def drag(start: float, end: float) -> Query:
        with qtbot.waitSignal(bar.edited, timeout=5000) as edited:
            qtbot.mousePress(plot.viewport(), Qt.MouseButton.LeftButton, pos=at(start))
            for part in (0.3, 0.7, 1.0):
                qtbot.mouseMove(plot.viewport(), at(start + part * (end - start)))
            qtbot.mouseRelease(plot.viewport(), Qt.MouseButton.LeftButton, pos=at(end))
        found: Query = edited.args[0]
        return found

    def at(value: float) -> QPoint:
        middle = axis.viewRange()[1][1] / 2
        return plot.mapFromScene(axis.mapViewToScene(_point(value, middle)))

    query = drag(0.4, 0.6)
    assert (query.min_score, query.max_score) == pytest.approx((0.4, 0.6), abs=0.03)
    bar.set_query(query)
    query = drag(0.95, 0.75)
    assert (query.min_score, query.max_score) == pytest.approx((0.75, 0.95), abs=0.03)
