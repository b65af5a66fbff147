"""Libraries and their folders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fiqa_studio.ui.actions.action import Action, State, writable
from fiqa_studio.ui.actions.feature import Feature, Panel, Side, Submenu, Tool

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from PySide6.QtWidgets import QMenu, QWidget

    from fiqa_studio.ui.actions.context import Context


def _sidebar(context: Context) -> QWidget:
    from fiqa_studio.ui.library.panel import LibraryPanel  # noqa: PLC0415 - after first paint

    return LibraryPanel(context)


def _scored_by(_: Context) -> QWidget:
    from fiqa_studio.ui.library.scored_by import ScoredBy  # noqa: PLC0415 - light all the same

    return ScoredBy()


def _new(context: Context) -> None:
    from fiqa_studio.ui.library import commands  # noqa: PLC0415 - when wanted

    commands.new_library(context)


def _open(context: Context) -> None:
    from fiqa_studio.ui.library import commands  # noqa: PLC0415 - when wanted

    commands.open_library(context)


def _fill_recent(context: Context, menu: QMenu) -> None:
    from fiqa_studio.ui.library import commands  # noqa: PLC0415 - when wanted

    commands.fill_recent(context, menu)


def _add_folder(context: Context) -> None:
    from fiqa_studio.ui.library import commands  # noqa: PLC0415 - when wanted

    commands.add_folder(context)


def _rescan(context: Context) -> None:
    from fiqa_studio.ui.library import commands  # noqa: PLC0415 - when wanted

    commands.rescan(context)


def _take(context: Context, paths: Sequence[Path]) -> None:
    from fiqa_studio.ui.library import commands  # noqa: PLC0415 - when wanted

    commands.take_paths(context, paths)


def _new_album(context: Context) -> None:
    from fiqa_studio.ui.library import albums  # noqa: PLC0415 - when wanted

    albums.new_plain(context)


def _new_smart_album(context: Context) -> None:
    from fiqa_studio.ui.library import albums  # noqa: PLC0415 - when wanted

    albums.new_smart(context)


def _facts(context: Context) -> dict[str, object]:
    overview = context.session.overview if context.has_session else None
    return {
        "roots": len(overview.roots) if overview else 0,
        "scorer": overview.scorer if overview else "",
    }


def _has_roots(state: State) -> bool:
    return writable(state) and state["roots"] > 0 and not state["busy"]


FEATURE = Feature(
    name="library",
    actions=(
        Action(
            id="library.new",
            title="New Library…",
            menu="File",
            run=_new,
            keys=("Ctrl+Shift+N",),
            icon="library",
        ),
        Action(id="library.open", title="Open Library…", menu="File", run=_open, keys=("Ctrl+O",)),
        Action(
            id="library.add-folder",
            title="Add Folder…",
            menu="File",
            group=1,
            run=_add_folder,
            keys=("Ctrl+Shift+A",),
            icon="folder-add",
            when=lambda state: not state["read_only"],
            tip="Find the faces in a folder of photos; the photos themselves are never changed",
        ),
        Action(
            id="library.rescan",
            title="Rescan Folders",
            menu="File",
            group=1,
            run=_rescan,
            keys=("F5",),
            profile_keys={"darktable": ("Ctrl+F5",)},
            icon="refresh",
            when=_has_roots,
            tip="Look for new, changed, moved and removed files in all folders",
        ),
        Action(
            id="album.new",
            title="New Album from Selection…",
            menu="Edit",
            group=60,
            run=_new_album,
            icon="layers",
            when=writable,
            tip="Keep the selected photos together, in an order of your own",
        ),
        Action(
            id="album.new-smart",
            title="Keep Filters as Smart Album…",
            menu="Edit",
            group=60,
            run=_new_smart_album,
            icon="filter",
            when=lambda state: writable(state) and state["filtered"],
            tip="Whatever fits these filters, now and later",
        ),
    ),
    submenus=(Submenu(path="File/Open Recent", after="library.open", fill=_fill_recent),),
    panels=(
        Panel(
            name="sidebar",
            title="Side Bar",
            side=Side.LEFT,
            make=_sidebar,
            keys=("F7",),
            icon="panel-left",
        ),
    ),
    tools=(
        Tool(place=0, actions=("panel.sidebar",)),
        Tool(place=10, actions=("library.add-folder",), words=True),
    ),
    status=(Tool(place=60, make=_scored_by),),
    settings={"last-folder": ""},
    facts=_facts,
    paths=_take,
)
