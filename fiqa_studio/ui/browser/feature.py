"""The grid: faces or photos, their order, their size on the screen, and what is selected."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fiqa_studio.domain.query import PhotoRule, SortKey, Subject
from fiqa_studio.ui.actions.action import Action, with_current, with_library
from fiqa_studio.ui.actions.feature import Area, Feature, Tool

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from fiqa_studio.ui.actions.area import AreaView
    from fiqa_studio.ui.actions.context import Context


def _grid(context: Context) -> AreaView:
    from fiqa_studio.ui.browser.area import GridArea  # noqa: PLC0415 - after first paint

    return GridArea(context)


def _sort_box(context: Context) -> QWidget:
    from fiqa_studio.ui.browser.sorting import SortBox  # noqa: PLC0415 - light all the same

    return SortBox(context)


def _size_slider(context: Context) -> QWidget:
    from fiqa_studio.ui.browser.sizing import SizeSlider  # noqa: PLC0415 - light all the same

    return SizeSlider(context)


def _show(subject: Subject) -> Action:
    faces = subject is Subject.FACES

    def run(context: Context) -> None:
        context.window.show_area("grid")
        context.listing.show(subject)

    return Action(
        id=f"view.{subject}",
        title=subject.value.title(),
        menu="View",
        run=run,
        keys=("Ctrl+1",) if faces else ("Ctrl+2",),
        profile_keys={"digikam": ("Ctrl+Shift+1",) if faces else ("Ctrl+Shift+2",)},
        icon=subject.value,
        when=with_library,
        checked=lambda state: bool(state["subject"] == subject),
        tip="A grid of every face found" if faces else "A grid of photos, each with its score",
    )


def _sort(key: SortKey, title: str) -> Action:
    def run(context: Context) -> None:
        query = context.listing.query
        if key is not query.order.key:
            context.listing.set_query(query.sorted_by(key))

    return Action(
        id=f"sort.{key}",
        title=title,
        menu="View/Sort by",
        group=20,
        run=run,
        when=with_library,
        checked=lambda state: bool(state["sort"] == key),
        section="Sort by",
    )


def _rule(rule: PhotoRule, title: str) -> Action:
    def run(context: Context) -> None:
        context.listing.set_query(replace(context.listing.query, photo_rule=rule))

    return Action(
        id=f"photo-score.{rule}",
        title=title,
        menu="View/Score of a Photo",
        group=22,
        run=run,
        when=with_library,
        checked=lambda state: bool(state["photo_rule"] == rule),
        section="Score of a Photo",
        tip="Whose score is a photo's, where it shows several faces",
    )


def _facts(context: Context) -> dict[str, object]:
    rule = context.listing.query.photo_rule if context.has_session else PhotoRule.BEST
    return {"photo_rule": rule}


def _reverse(context: Context) -> None:
    query = context.listing.query
    context.listing.set_query(query.sorted_by(query.order.key, not query.order.descending))


def _resize(by: int) -> Action:
    def run(context: Context) -> None:
        from fiqa_studio.ui.browser.sizing import resize  # noqa: PLC0415 - when wanted

        resize(context, context.settings["thumbnail-size"] + by)

    larger = by > 0
    return Action(
        id="thumbnails.larger" if larger else "thumbnails.smaller",
        title="Larger Thumbnails" if larger else "Smaller Thumbnails",
        menu="View",
        group=35,
        run=run,
        keys=("=", "+", "Ctrl+=", "Ctrl++") if larger else ("-", "Ctrl+-"),
        areas=("grid",),
        icon="zoom-in" if larger else "zoom-out",
    )


def _copy_path(context: Context) -> None:
    from fiqa_studio.ui.browser import paths  # noqa: PLC0415 - when wanted

    paths.copy(context)


def _reveal(context: Context) -> None:
    from fiqa_studio.ui.browser import paths  # noqa: PLC0415 - when wanted

    paths.reveal(context)


FEATURE = Feature(
    name="browser",
    areas=(Area(name="grid", title="Grid", make=_grid, many=True),),
    actions=(
        _show(Subject.FACES),
        _show(Subject.PHOTOS),
        Action(
            id="view.grid",
            title="Grid",
            menu="View",
            group=10,
            run=lambda context: context.window.show_area("grid"),
            keys=("G",),
            icon="grid",
            when=lambda state: with_library(state) and state["area"] != "grid",
        ),
        _sort(SortKey.SCORE, "Score"),
        _sort(SortKey.TIME, "Time"),
        _sort(SortKey.NAME, "Name"),
        _sort(SortKey.FACE_SIZE, "Face Size"),
        _sort(SortKey.EYES, "Eyes Open"),
        _sort(SortKey.STARS, "Stars"),
        _sort(SortKey.QUALITY, "My Quality"),
        _sort(SortKey.FACES, "Number of Faces"),
        _sort(SortKey.FILE_SIZE, "File Size"),
        _sort(SortKey.PLACE, "Album Order"),
        _sort(SortKey.ADDED, "Added"),
        Action(
            id="sort.reverse",
            title="Descending",
            menu="View/Sort by",
            group=21,
            run=_reverse,
            keys=("Ctrl+Shift+R",),
            icon="sort-descending",
            when=with_library,
            checked=lambda state: bool(state["descending"]),
            section="Sort by",
        ),
        _rule(PhotoRule.BEST, "Best Face"),
        _rule(PhotoRule.WORST, "Worst Face"),
        _rule(PhotoRule.MEDIAN, "Median Face"),
        _resize(24),
        _resize(-24),
        Action(
            id="edit.select-all",
            title="Select All",
            menu="Edit",
            group=10,
            run=lambda context: context.selection.select_all(),
            keys=("Ctrl+A",),
            areas=("grid",),
        ),
        Action(
            id="edit.select-none",
            title="Select None",
            menu="Edit",
            group=10,
            run=lambda context: context.selection.select_none(),
            keys=("Ctrl+D",),
            when=lambda state: state["selected"] > 0,
        ),
        Action(
            id="edit.copy-path",
            title="Copy File Paths",
            menu="Edit",
            group=20,
            run=_copy_path,
            keys=("Ctrl+Shift+C",),
            icon="copy",
            when=with_current,
            tip="Put the paths of the selected photos on the clipboard, one a line",
        ),
        Action(
            id="edit.reveal",
            title="Show in File Manager",
            menu="Edit",
            group=20,
            run=_reveal,
            keys=("Ctrl+R",),
            icon="reveal",
            when=with_current,
        ),
    ),
    tools=(
        Tool(place=20, actions=("view.faces", "view.photos"), words=True),
        Tool(place=30, make=_sort_box),
        Tool(place=31, actions=("sort.reverse",)),
    ),
    status=(Tool(place=90, make=_size_slider),),
    settings={"thumbnail-size": 176},
    facts=_facts,
)
