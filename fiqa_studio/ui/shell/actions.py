"""Everything a user can do, as one table: menus, tool bar and shortcut sheet read it.

The order of the table is the order of the menus; an empty `Action.group` change makes no line,
a change of group does. An action names what it does on `Commands`, so the table needs no
window, and tests can read it without one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fiqa_studio.domain.fields_query import SortKey
from fiqa_studio.ui.session.kinds import ViewKind
from fiqa_studio.ui.shell.state import State

if TYPE_CHECKING:
    from fiqa_studio.ui.shell.commands import Commands

When = Callable[[State], bool]


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a user can do.

    Attributes:
        id: Stable name, ``area.verb``.
        title: As in the menu; three dots where a question follows.
        menu: Path of the menu, such as ``View/Sort by``.
        run: What it does.
        group: Lines in the menu stand between groups.
        shortcuts: The first is shown.
        icon: Name of an icon, or empty.
        when: Whether it can be done now.
        checked: For things that are on or off: whether on; None for the others.
        tip: One sentence for the tool tip and the status bar; empty: the title.
    """

    id: str
    title: str
    menu: str
    run: Callable[[Commands], None]
    group: int = 0
    shortcuts: tuple[str, ...] = ()
    icon: str = ""
    when: When = lambda _: True
    checked: When | None = None
    tip: str = ""


def _library(state: State) -> bool:
    return state.library


def _writable(state: State) -> bool:
    return state.library and not state.read_only


def _can_add(state: State) -> bool:
    return not state.read_only


def _has_roots(state: State) -> bool:
    return _writable(state) and state.roots > 0 and not state.busy


def _listed(state: State) -> bool:
    return state.listed > 0


def _grid(state: State) -> bool:
    return state.library and not state.loupe


def _current(state: State) -> bool:
    return state.current


def _loupe(state: State) -> bool:
    return state.loupe


def _sort(key: SortKey, title: str) -> Action:
    return Action(
        id=f"sort.{key}",
        title=title,
        menu="View/Sort by",
        run=lambda c: c.sort_by(key),
        when=_library,
        checked=lambda s: s.sort is key,
    )


def _overlay(name: str, title: str, *keys: str) -> Action:
    return Action(
        id=f"overlay.{name}",
        title=title,
        menu="View/Overlay",
        run=lambda c: c.set_overlay(name),
        shortcuts=keys,
        icon={"quality": "map", "confidence": "confidence"}.get(name, ""),
        when=_loupe,
        checked=lambda s: s.overlay == name,
    )


def _theme(name: str, title: str, icon: str) -> Action:
    return Action(
        id=f"theme.{name}",
        title=title,
        menu="View/Theme",
        run=lambda c: c.set_theme(name),
        icon=icon,
        checked=lambda s: s.theme == name,
    )


ACTIONS: Final[tuple[Action, ...]] = (
    Action(
        "library.new",
        "New Library…",
        "File",
        lambda c: c.new_library(),
        shortcuts=("Ctrl+Shift+N",),
        icon="library",
    ),
    Action(
        "library.open",
        "Open Library…",
        "File",
        lambda c: c.open_library(),
        shortcuts=("Ctrl+O",),
    ),
    Action(
        "library.add-folder",
        "Add Folder…",
        "File",
        lambda c: c.add_folder(),
        group=1,
        shortcuts=("Ctrl+Shift+A",),
        icon="folder-add",
        when=_can_add,
        tip="Find the faces in a folder of photos; the photos themselves are never changed",
    ),
    Action(
        "library.rescan",
        "Rescan Folders",
        "File",
        lambda c: c.rescan(),
        group=1,
        shortcuts=("F5",),
        icon="refresh",
        when=_has_roots,
        tip="Look for new, changed, moved and removed files in all folders",
    ),
    Action(
        "export.csv",
        "Export CSV…",
        "File",
        lambda c: c.export_csv(),
        group=2,
        shortcuts=("Ctrl+Shift+E",),
        icon="export",
        when=_listed,
        tip="Write the faces shown to a CSV file, one row a face",
    ),
    Action(
        "app.quit",
        "Quit",
        "File",
        lambda c: c.quit(),
        group=3,
        shortcuts=("Ctrl+Q",),
    ),
    Action(
        "edit.select-all",
        "Select All",
        "Edit",
        lambda c: c.select_all(),
        shortcuts=("Ctrl+A",),
        when=_grid,
    ),
    Action(
        "edit.select-none",
        "Select None",
        "Edit",
        lambda c: c.select_none(),
        shortcuts=("Ctrl+D",),
        when=lambda s: s.selected > 0,
    ),
    Action(
        "edit.copy-path",
        "Copy File Path",
        "Edit",
        lambda c: c.copy_path(),
        group=1,
        shortcuts=("Ctrl+Shift+C",),
        icon="copy",
        when=_current,
    ),
    Action(
        "edit.reveal",
        "Show in File Manager",
        "Edit",
        lambda c: c.reveal(),
        group=1,
        shortcuts=("Ctrl+R",),
        icon="reveal",
        when=_current,
    ),
    Action(
        "edit.find",
        "Find",
        "Edit",
        lambda c: c.find(),
        group=2,
        shortcuts=("Ctrl+F", "/"),
        icon="search",
        when=_library,
        tip="Show only what has these words in its path, camera or tags",
    ),
    Action(
        "view.faces",
        "Faces",
        "View",
        lambda c: c.show_kind(ViewKind.FACES),
        shortcuts=("Ctrl+1",),
        icon="faces",
        when=_library,
        checked=lambda s: s.kind is ViewKind.FACES,
        tip="A grid of every face found",
    ),
    Action(
        "view.photos",
        "Photos",
        "View",
        lambda c: c.show_kind(ViewKind.PHOTOS),
        shortcuts=("Ctrl+2",),
        icon="photos",
        when=_library,
        checked=lambda s: s.kind is ViewKind.PHOTOS,
        tip="A grid of photos, each with the score of its best face",
    ),
    Action(
        "view.grid",
        "Grid",
        "View",
        lambda c: c.show_grid(),
        group=1,
        shortcuts=("G",),
        icon="grid",
        when=_loupe,
    ),
    Action(
        "view.loupe",
        "Loupe",
        "View",
        lambda c: c.show_loupe(),
        group=1,
        shortcuts=("E",),
        icon="loupe",
        when=lambda s: _grid(s) and _listed(s),
        tip="Look at one photo closely, with the reason for its score",
    ),
    _sort(SortKey.SCORE, "Score"),
    _sort(SortKey.TIME, "Time"),
    _sort(SortKey.NAME, "Name"),
    _sort(SortKey.FACE_SIZE, "Face Size"),
    Action(
        "sort.reverse",
        "Descending",
        "View/Sort by",
        lambda c: c.reverse_sort(),
        group=1,
        shortcuts=("Ctrl+Shift+R",),
        icon="sort-descending",
        when=_library,
        checked=lambda s: s.descending,
    ),
    Action(
        "filter.clear",
        "Clear Filters",
        "View",
        lambda c: c.clear_filters(),
        group=2,
        shortcuts=("Ctrl+L",),
        when=lambda s: s.filtered,
    ),
    Action(
        "thumbnails.larger",
        "Larger Thumbnails",
        "View",
        lambda c: c.resize_thumbnails(24),
        group=3,
        shortcuts=("=", "+", "Ctrl+=", "Ctrl++"),
        icon="zoom-in",
        when=_grid,
    ),
    Action(
        "thumbnails.smaller",
        "Smaller Thumbnails",
        "View",
        lambda c: c.resize_thumbnails(-24),
        group=3,
        shortcuts=("-", "Ctrl+-"),
        icon="zoom-out",
        when=_grid,
    ),
    Action(
        "loupe.zoom-face",
        "Zoom to Face",
        "View",
        lambda c: c.zoom_to_face(),
        group=4,
        shortcuts=("Z",),
        icon="zoom-face",
        when=_loupe,
    ),
    Action(
        "loupe.fit",
        "Fit Photo",
        "View",
        lambda c: c.fit_photo(),
        group=4,
        shortcuts=("Ctrl+0",),
        icon="fit",
        when=_loupe,
    ),
    _overlay("none", "No Overlay", "Shift+O"),
    _overlay("quality", "Quality Map", "Q"),
    _overlay("confidence", "Confidence Map", "Shift+Q"),
    Action(
        "overlay.boxes",
        "Face Boxes",
        "View/Overlay",
        lambda c: c.toggle_boxes(),
        group=1,
        shortcuts=("B",),
        icon="boxes",
        when=_loupe,
        checked=lambda s: s.boxes,
    ),
    Action(
        "overlay.landmarks",
        "Landmarks",
        "View/Overlay",
        lambda c: c.toggle_landmarks(),
        group=1,
        shortcuts=("L",),
        icon="landmarks",
        when=_loupe,
        checked=lambda s: s.landmarks,
    ),
    Action(
        "panel.filters",
        "Filter Bar",
        "View",
        lambda c: c.toggle_panel("filters"),
        group=5,
        shortcuts=("\\",),
        icon="filter",
        when=_library,
        checked=lambda s: s.filters,
    ),
    Action(
        "panel.jobs",
        "Jobs",
        "View",
        lambda c: c.toggle_panel("jobs"),
        group=5,
        shortcuts=("F6",),
        icon="activity",
        when=_library,
        checked=lambda s: s.jobs,
    ),
    Action(
        "panel.sidebar",
        "Side Bar",
        "View",
        lambda c: c.toggle_panel("sidebar"),
        group=5,
        shortcuts=("F7",),
        icon="panel-left",
        when=_library,
        checked=lambda s: s.sidebar,
    ),
    Action(
        "panel.inspector",
        "Inspector",
        "View",
        lambda c: c.toggle_panel("inspector"),
        group=5,
        shortcuts=("F8",),
        icon="panel-right",
        when=_library,
        checked=lambda s: s.inspector,
    ),
    Action(
        "view.full-screen",
        "Full Screen",
        "View",
        lambda c: c.full_screen(),
        group=6,
        shortcuts=("F11",),
    ),
    _theme("dark", "Dark", "moon"),
    _theme("light", "Light", "sun"),
    _theme("system", "Like the System", "system-theme"),
    Action(
        "score.now",
        "Score Now",
        "Score",
        lambda c: c.score_now(),
        shortcuts=("Ctrl+Return",),
        icon="gauge",
        when=_has_roots,
        tip="Score every face that the chosen scorer has not seen",
    ),
    Action(
        "models.show",
        "Models…",
        "Score",
        lambda c: c.show_models(),
        group=1,
        shortcuts=("Ctrl+Shift+M",),
        icon="layers",
        tip="See the scorers; import, verify, rename and remove them",
    ),
    Action(
        "help.shortcuts",
        "Keyboard Shortcuts",
        "Help",
        lambda c: c.show_shortcuts(),
        shortcuts=("?", "F1"),
        icon="keyboard",
    ),
    Action(
        "help.log",
        "Show Log File",
        "Help",
        lambda c: c.show_log(),
    ),
    Action(
        "help.about",
        "About FIQA Studio",
        "Help",
        lambda c: c.about(),
        group=1,
        icon="info",
    ),
)

MENUS: Final = ("File", "Edit", "View", "Score", "Help")
"""Order of the menu bar."""

FIXED_KEYS: Final[tuple[tuple[str, str], ...]] = (
    ("Arrows, Home, End", "Move in the grid"),
    ("Enter", "Open in the loupe"),
    ("Space", "Next"),
    ("Ctrl+Wheel", "Size of thumbnails"),
    ("Escape", "Back to the grid"),
    ("Tab", "Next control"),
)
"""Keys of the views themselves, for the shortcut sheet."""
