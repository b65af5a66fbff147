"""The table of actions, read as the menus and the shortcut sheet read it."""

from __future__ import annotations

from collections import Counter

import pytest
from PySide6.QtGui import QKeySequence

from fiqa_studio.ui import theme
from fiqa_studio.ui.session.kinds import ViewKind
from fiqa_studio.ui.shell.actions import ACTIONS, MENUS, Action
from fiqa_studio.ui.shell.state import State

RESERVED = [*"0123456789", "P", "X", "U", "C", "N", "Space", "Ctrl+Z", "Ctrl+Shift+Z"]
"""Keys that photographers expect to mark, compare and undo."""

NOTHING_OPEN = State()
READ_ONLY = State(library=True, read_only=True, roots=2, listed=10)
GRID = State(library=True, roots=2, listed=10, current=True, selected=1)
LOUPE = State(library=True, roots=2, listed=10, current=True, loupe=True)
BUSY = State(library=True, roots=2, listed=10, busy=True)


def _enabled(state: State) -> set[str]:
    return {row.id for row in ACTIONS if row.when(state)}


def test_ids_are_unique() -> None:
    assert len({row.id for row in ACTIONS}) == len(ACTIONS)


def test_no_two_actions_share_a_key(qapp: object) -> None:
    keys = Counter(QKeySequence(key).toString() for row in ACTIONS for key in row.shortcuts)
    assert [key for key, count in keys.items() if count > 1] == []
    assert "" not in keys


def test_the_keys_of_labels_are_left_free(qapp: object) -> None:
    taken = {QKeySequence(key).toString() for row in ACTIONS for key in row.shortcuts}
    assert taken.isdisjoint(RESERVED)


@pytest.mark.parametrize("row", ACTIONS, ids=lambda row: row.id)
def test_an_action_is_well_formed(qapp: object, row: Action) -> None:
    assert row.menu.split("/")[0] in MENUS
    assert row.title == row.title.strip()
    if row.icon:
        theme.icon(row.icon)


def test_without_a_library_one_can_begin() -> None:
    enabled = _enabled(NOTHING_OPEN)
    assert {"library.new", "library.open", "library.add-folder", "app.quit"} <= enabled
    assert enabled.isdisjoint({"library.rescan", "export.csv", "view.faces", "edit.find"})


def test_a_library_for_reading_can_be_looked_at_and_exported() -> None:
    enabled = _enabled(READ_ONLY)
    assert {"export.csv", "view.loupe", "edit.find"} <= enabled
    assert enabled.isdisjoint({"library.add-folder", "library.rescan", "score.now"})


def test_the_loupe_has_its_own_actions() -> None:
    assert "loupe.zoom-face" not in _enabled(GRID)
    assert {"loupe.zoom-face", "overlay.quality", "view.grid"} <= _enabled(LOUPE)
    assert "thumbnails.larger" not in _enabled(LOUPE)


def test_one_job_at_a_time() -> None:
    assert _enabled(BUSY).isdisjoint({"library.rescan", "score.now"})


def test_marks_say_what_is_shown() -> None:
    photos = State(library=True, kind=ViewKind.PHOTOS, theme="light", descending=False)
    marked = {row.id for row in ACTIONS if row.checked is not None and row.checked(photos)}
    assert {"view.photos", "theme.light", "sort.score"} <= marked
    assert marked.isdisjoint({"view.faces", "theme.dark", "sort.reverse", "sort.time"})
