"""The arithmetic of the grid."""

from __future__ import annotations

from itertools import pairwise

import pytest

from fiqa_studio.ui.browser.layout import GridLayout


@pytest.fixture
def layout() -> GridLayout:
    return GridLayout(count=23, width=1000, thumbnail=176)


def test_cells_of_a_row_do_not_touch(layout: GridLayout) -> None:
    cells = [layout.cell(i) for i in range(layout.columns)]
    assert all(a.right() < b.left() for a, b in pairwise(cells))
    assert cells[0].left() >= 0
    assert cells[-1].right() < 1000


def test_every_cell_is_found_at_its_middle(layout: GridLayout) -> None:
    for index in range(layout.count):
        middle = layout.cell(index).center()
        assert layout.index_at(middle.x(), middle.y()) == index


def test_between_cells_there_is_nothing(layout: GridLayout) -> None:
    cell = layout.cell(0)
    assert layout.index_at(cell.left() - 2, cell.center().y()) == -1
    last = layout.cell(layout.count - 1)
    assert layout.index_at(last.right() + 250, last.center().y()) == -1


def test_everything_fits_in_the_height(layout: GridLayout) -> None:
    assert layout.cell(layout.count - 1).bottom() < layout.height
    assert GridLayout(0, 1000, 176).height == 0


def test_a_band_holds_the_cells_that_touch_it(layout: GridLayout) -> None:
    top, bottom = layout.row_step + 5, 2 * layout.row_step + 20
    span = set(layout.span(top, bottom))
    touching = {
        index
        for index in range(layout.count)
        if layout.cell(index).bottom() >= top and layout.cell(index).top() <= bottom
    }
    assert touching <= span
    assert len(span) <= len(touching) + 2 * layout.columns


def test_a_window_too_narrow_for_one_cell_still_shows_one() -> None:
    assert GridLayout(5, 60, 176).columns == 1


def test_a_million_cells_cost_nothing() -> None:
    layout = GridLayout(1_000_000, 1400, 120)
    middle = layout.height // 2
    span = layout.span(middle, middle + 900)
    assert 0 < len(span) < 200
    assert layout.cell(span.start).bottom() <= middle + layout.row_step


def test_small_thumbnails_have_no_caption() -> None:
    assert GridLayout(1, 500, 96).caption == 0
    assert GridLayout(1, 500, 160).caption > 0
