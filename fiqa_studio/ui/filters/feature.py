"""Narrowing what is listed: the bar over the grid, and the search field."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fiqa_studio.ui.actions.action import Action, with_library
from fiqa_studio.ui.actions.feature import Feature, Panel, Side, Tool

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from fiqa_studio.ui.actions.context import Context


def _bar(context: Context) -> QWidget:
    from fiqa_studio.ui.filters.panel import FilterPanel  # noqa: PLC0415 - after first paint

    return FilterPanel(context)


def _search(context: Context) -> QWidget:
    from fiqa_studio.ui.filters.search import SearchField  # noqa: PLC0415 - light all the same

    return SearchField(context)


def _hidden(context: Context) -> QWidget:
    from fiqa_studio.ui.filters.hidden import HiddenNote  # noqa: PLC0415 - light all the same

    return HiddenNote(context)


def _find(context: Context) -> None:
    from fiqa_studio.ui.filters.search import SearchField  # noqa: PLC0415 - light all the same

    field = context.window.widget.findChild(SearchField)
    if field is not None:
        field.begin()


def _clear(context: Context) -> None:
    context.listing.set_query(context.listing.query.without_filters())


FEATURE = Feature(
    name="filters",
    panels=(
        Panel(
            name="filters",
            title="Filter Bar",
            side=Side.ABOVE,
            make=_bar,
            keys=("\\",),
            icon="filter",
        ),
    ),
    actions=(
        Action(
            id="edit.find",
            title="Find",
            menu="Edit",
            group=30,
            run=_find,
            keys=("Ctrl+F", "/"),
            icon="search",
            when=with_library,
            tip="Show only what has these words in its path, camera or tags",
        ),
        Action(
            id="filter.clear",
            title="Clear Filters",
            menu="View",
            group=30,
            run=_clear,
            keys=("Ctrl+L",),
            when=lambda state: bool(state["filtered"]),
        ),
    ),
    tools=(
        Tool(place=40, actions=("panel.filters",)),
        Tool(place=50, make=_search, stretch=2),
    ),
    status=(Tool(place=10, make=_hidden),),
)
