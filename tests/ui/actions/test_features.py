"""The features together, read as menus, key sheet and preferences read them."""

from __future__ import annotations

from collections import Counter

import pytest
from PySide6.QtGui import QKeySequence

from fiqa_studio.ui import features, theme
from fiqa_studio.ui.actions.action import Action, State
from fiqa_studio.ui.actions.feature import Area, Feature, MenuAt, Panel, Side
from fiqa_studio.ui.actions.keymap import PROFILES, Bindings, Keymap
from fiqa_studio.ui.actions.keys import normal
from fiqa_studio.ui.actions.registry import Registry

REGISTRY = features.registry()
ACTIONS = REGISTRY.actions

NOTHING_OPEN: State = {
    "library": False,
    "read_only": False,
    "area": "",
    "busy": False,
    "listed": 0,
    "selected": 0,
    "current": False,
    "subject": "",
    "sort": "",
    "descending": True,
    "filtered": False,
    "undo": "",
    "redo": "",
}
OPEN: State = {
    **NOTHING_OPEN,
    "library": True,
    "area": "grid",
    "listed": 10,
    "subject": "faces",
    "sort": "score",
    "roots": 2,
}
READ_ONLY: State = {**OPEN, "read_only": True}
GRID: State = {**OPEN, "current": True, "selected": 1}
LOUPE: State = {**OPEN, "current": True, "area": "loupe"}
BUSY: State = {**OPEN, "busy": True}


class _Known(dict[str, object]):
    """Facts of features that a test does not speak of are off."""

    def __missing__(self, key: str) -> object:
        return 0 if key in ("roots", "loupe.faces") else ""


def _enabled(state: State) -> set[str]:
    return {row.id for row in ACTIONS if row.enabled(_Known(state))}


@pytest.mark.parametrize("profile", PROFILES)
def test_no_two_actions_want_a_key_at_the_same_place(profile: str) -> None:
    assert Keymap(ACTIONS, Bindings(profile)).conflicts == ()


@pytest.mark.parametrize("row", ACTIONS, ids=lambda row: row.id)
def test_an_action_is_well_formed(qapp: object, row: Action) -> None:
    assert row.title == row.title.strip()
    assert row.menu or row.section, "it stands in no section of the key sheet"
    assert not row.tap or row.focused
    assert set(row.areas) <= {area.name for area in REGISTRY.areas}
    if row.icon:
        theme.icon(row.icon)
    keys = [key for profile in (row.keys, *row.profile_keys.values()) for key in profile]
    for key in keys:
        assert normal(key) == key
        assert QKeySequence(key).toString(QKeySequence.SequenceFormat.PortableText) == key


def test_every_menu_has_actions() -> None:
    used = Counter(row.menu.split("/")[0] for row in ACTIONS)
    assert all(used[title] for title in REGISTRY.menus)
    assert REGISTRY.menus[0] == "File"
    assert REGISTRY.menus[-1] == "Help"


def test_without_a_library_one_can_begin() -> None:
    enabled = _enabled(NOTHING_OPEN)
    assert {"library.new", "library.open", "library.add-folder", "app.quit"} <= enabled
    assert enabled.isdisjoint({"library.rescan", "export.open", "view.faces", "edit.find"})


def test_a_library_for_reading_can_be_looked_at_and_exported() -> None:
    enabled = _enabled(READ_ONLY)
    assert {"export.open", "view.loupe", "edit.find"} <= enabled
    assert enabled.isdisjoint({"library.add-folder", "library.rescan", "score.now"})


def test_the_loupe_has_its_own_actions() -> None:
    assert "loupe.zoom-face" not in _enabled(GRID)
    assert {"loupe.zoom-face", "overlay.quality", "view.grid"} <= _enabled(LOUPE)
    assert "thumbnails.larger" not in _enabled(LOUPE)


def test_one_job_at_a_time() -> None:
    assert _enabled(BUSY).isdisjoint({"library.rescan", "score.now"})


def test_marks_say_what_is_shown() -> None:
    photos = _Known({**OPEN, "subject": "photos", "theme": "light", "descending": False})
    marked = {row.id for row in ACTIONS if row.checked is not None and row.checked(photos)}
    assert {"view.photos", "theme.light", "sort.score"} <= marked
    assert marked.isdisjoint({"view.faces", "theme.dark", "sort.reverse", "sort.time"})


def _action(name: str, menu: str = "File") -> Action:
    return Action(id=name, title=name, run=lambda _: None, menu=menu)


def _panel(name: str) -> Panel:
    return Panel(name=name, title=name, side=Side.LEFT, make=lambda _: None)  # type: ignore[arg-type,return-value]  # never built


FILE = MenuAt(title="File")


@pytest.mark.parametrize(
    ("more", "what"),
    [
        (Feature(name="b", actions=(_action("x"),)), "action x"),
        (Feature(name="a"), "feature a"),
        (Feature(name="b", panels=(_panel("p"),)), "panel"),
        (Feature(name="b", settings={"s": 1}), "setting s"),
        (Feature(name="b", actions=(_action("y", "Nowhere"),)), "menu 'Nowhere'"),
        (
            Feature(name="b", areas=(Area(name="g", title="", make=lambda _: None),)),  # type: ignore[arg-type,return-value]  # never built
            "area g",
        ),
    ],
)
def test_what_two_features_claim_is_refused_at_the_start(more: Feature, what: str) -> None:
    first = Feature(
        name="a",
        menus=(FILE, MenuAt(title="View")),
        actions=(_action("x"),),
        panels=(_panel("p"),),
        settings={"s": 2},
        areas=(Area(name="g", title="", make=lambda _: None),),  # type: ignore[arg-type,return-value]  # never built
    )
    with pytest.raises(ValueError, match=what):
        Registry([first, more])


def test_menus_stand_where_they_ask_to() -> None:
    made = Registry(
        [
            Feature(name="a", menus=(FILE, MenuAt(title="Help"), MenuAt(title="View"))),
            Feature(name="b", menus=(MenuAt(title="Photo", after="File"), FILE)),
        ]
    )
    assert made.menus == ("File", "Photo", "View", "Help")
