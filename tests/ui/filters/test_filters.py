"""The filter bar, its histogram and its chips."""

from __future__ import annotations

import re

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QComboBox, QPushButton, QSpinBox
from pytestqt.qtbot import QtBot

from fiqa_studio.curation.querytext import apply, text_of
from fiqa_studio.domain.query import Query
from fiqa_studio.domain.scores import lowest_shown_as
from fiqa_studio.domain.terms import TERMS, Between, OneOf
from fiqa_studio.ui import theme
from fiqa_studio.ui.filters.bar import FilterBar, score_range
from fiqa_studio.ui.filters.chips import chips_of
from fiqa_studio.ui.filters.histogram import BINS

ALL_ON = apply(
    "score:50..90 faces:3.. stars:3.. -flag:reject colour:red tag:sea time:2024 lake root:4"
    " missing:no failed:no sort:time",
    Query(),
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("score:50..", ["Score 50 and up"]),
        ("score:..26", ["Score up to 26"]),
        ("score:1..100", ["Score 1–100"]),
        ("score:40..60", ["Score 40–60"]),
        ("score:any", ["With score"]),
        ("score:none", ["Not with score"]),
        ("scored:no", ["Not scored"]),
        ("faces:0", ["No face"]),
        ("faces:1", ["1 face"]),
        ("faces:2", ["2 faces"]),
        ("faces:1..", ["With faces"]),
        ("faces:3..", ["3 or more faces"]),
        ("faces:..4", ["Up to 4 faces"]),
        ("faces:2..4", ["2–4 faces"]),
        ("-faces:2", ["Not 2 faces"]),
        ("lake", ["“lake”"]),
        ('"my lake" boat -rain', ["“my lake” “boat”", "Not “rain”"]),
        ("root:4", ["In Holidays"]),
        ("missing:yes", ["Missing files"]),
        ("missing:no", ["Files present"]),
        ("failed:yes", ["Unreadable files"]),
        ("stars:3..", ["Stars 3 and up"]),
        ("stars:5", ["Stars 5"]),
        ("flag:pick,none", ["Unflagged or Picked"]),
        ("colour:red,none", ["No colour or Red"]),
        ("tag:sea", ["Tag sea"]),
        ("-tag:none", ["Not tag none"]),
        ('album:"Best of"', ["Album Best of"]),
        ("flaw:profile", ["Turned away"]),
        ("eyes:closed", ["Eyes closed"]),
        ("eyes:0.3..0.5", ["Eyes 0.3–0.5"]),
        ("size:100..", ["Face size 100 and up"]),
        ("quality:..30", ["Quality up to 30"]),
        ("mos:60..", ["MOS 60 and up"]),
        ("filesize:5MB..", ["File size 5MB and up"]),
        ("time:2024-05", ["Taken 2024-05"]),
        ("time:2024..2025-02", ["Taken 2024 – 2025-02"]),
        ("time:none", ["Not with a time"]),
        ("camera:canon", ["Camera “canon”"]),
        ("folder:June", ["Folder “June”"]),
        ("like:12", ["Like face 12"]),
        ("ids:1,2,3", ["3 by number"]),
    ],
)
def test_filters_in_words(text: str, words: list[str]) -> None:
    chips = chips_of(apply(text, Query()), lambda _: "Holidays")
    assert [chip.text for chip in chips] == words


def test_every_term_has_words() -> None:
    for name, kind in TERMS.items():
        text = "lake" if name == "text" else kind.example
        (chip,) = chips_of(apply(text, Query()), lambda _: "Holidays")
        assert chip.text


def test_each_chip_takes_off_only_its_own() -> None:
    chips = chips_of(ALL_ON, lambda _: "Holidays")
    assert len(chips) == len(ALL_ON.where) == 11
    for chip in chips:
        assert len(chips_of(chip.without, lambda _: "Holidays")) == 10
        assert chip.without.order == ALL_ON.order


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

    with qtbot.waitSignal(bar.edited) as edited:
        qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=at(0.0))
        for value in (0.05, 0.1, 0.2, 0.3):
            qtbot.mouseMove(viewport, at(value))
        qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=at(0.3))
    found = score_range(edited.args[0])
    assert found.low == pytest.approx(0.3, abs=0.06)
    assert found.high is None


def _point(x: float, y: float) -> object:
    from PySide6.QtCore import QPointF  # noqa: PLC0415 - only here

    return QPointF(x, y)


def test_a_double_click_shows_everything(qtbot: QtBot, bar: FilterBar) -> None:
    bar.set_query(apply("score:40..60", Query()))
    viewport = bar.histogram._plot.viewport()
    with qtbot.waitSignal(bar.edited) as edited:
        qtbot.mouseDClick(viewport, Qt.MouseButton.LeftButton)
    assert edited.args[0] == Query()


def test_numbers_can_be_typed(qtbot: QtBot, bar: FilterBar) -> None:
    low = next(b for b in bar.findChildren(QSpinBox) if b.accessibleName().startswith("Lowest"))
    with qtbot.waitSignal(bar.edited) as edited:
        low.selectAll()
        qtbot.keyClicks(low.lineEdit(), "60")
    assert edited.args[0] == apply("score:60..", Query())


def test_the_number_of_faces_is_chosen(qtbot: QtBot, bar: FilterBar) -> None:
    box = next(b for b in bar.findChildren(QComboBox) if "faces" in b.accessibleName())
    with qtbot.waitSignal(bar.edited) as edited:
        box.setFocus()
        qtbot.keyClicks(box, "Two")
        box.activated.emit(box.currentIndex())
    assert edited.args[0] == Query(where=(Between("faces", 2, 2),))


def test_stars_and_flags_are_chosen(qtbot: QtBot, bar: FilterBar) -> None:
    stars, flags = (
        next(box for box in bar.findChildren(QComboBox) if name in box.accessibleName())
        for name in ("Stars", "Flag")
    )
    with qtbot.waitSignal(bar.edited) as edited:
        stars.activated.emit(stars.findText("★★★ up"))
    bar.set_query(edited.args[0])
    assert stars.currentText() == "★★★ up"
    with qtbot.waitSignal(bar.edited) as edited:
        flags.activated.emit(flags.findText("Not rejected"))
    query = edited.args[0]
    assert query.where == (Between("stars", 3), OneOf("flag", ("reject",), negated=True))
    bar.set_query(query)
    with qtbot.waitSignal(bar.edited) as edited:
        stars.activated.emit(0)
    assert edited.args[0].where == query.without("stars").where
    bar.set_query(apply("stars:1..2", Query()))  # what no choice says
    assert stars.currentIndex() == -1


def test_showing_a_query_asks_for_nothing(qtbot: QtBot, bar: FilterBar) -> None:
    with qtbot.assertNotEmitted(bar.edited, wait=400):
        bar.set_query(ALL_ON)
        bar.set_query(Query())


def test_chips_are_buttons_that_take_filters_off(qtbot: QtBot, bar: FilterBar) -> None:
    bar.set_query(apply("lake faces:3..", Query()))
    chips = bar.findChildren(QPushButton)
    assert [chip.text() for chip in chips] == ["3 or more faces", "“lake”", "Clear all"]
    qtbot.waitUntil(chips[1].isVisible)
    with qtbot.waitSignal(bar.edited) as edited:
        qtbot.mouseClick(chips[1], Qt.MouseButton.LeftButton)
    assert edited.args[0] == apply("faces:3..", Query())


def test_a_refresh_does_not_take_back_what_is_being_typed(qtbot: QtBot, bar: FilterBar) -> None:
    low, _ = bar.findChildren(QSpinBox)
    low.selectAll()
    qtbot.keyClicks(low, "40")
    with qtbot.waitSignal(bar.edited) as told:
        bar.set_query(Query())  # as when a job has just changed the library
    assert score_range(told.args[0]).low == lowest_shown_as(40)


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
        with qtbot.waitSignal(bar.edited) as edited:
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
    found = score_range(query)
    assert (found.low, found.high) == pytest.approx((0.4, 0.6), abs=0.03)
    bar.set_query(query)
    query = drag(0.95, 0.75)
    found = score_range(query)
    assert (found.low, found.high) == pytest.approx((0.75, 0.95), abs=0.03)
    text = text_of(query.where)
    assert re.fullmatch(r"score:\d+\.\.\d+", text), text  # whole points, as they are shown
