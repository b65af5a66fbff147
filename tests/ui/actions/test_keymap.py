"""One keymap: profiles, the user's own keys, and what two actions want."""

from __future__ import annotations

import pytest

from fiqa_studio.ui import features
from fiqa_studio.ui.actions.action import Action
from fiqa_studio.ui.actions.finding import matches
from fiqa_studio.ui.actions.keymap import Bindings, Conflict, Keymap
from fiqa_studio.ui.actions.keys import candidates, normal


def _action(name: str, *keys: str, areas: tuple[str, ...] = (), **more: object) -> Action:
    return Action(id=name, title=name, run=lambda _: None, keys=keys, areas=areas, **more)  # type: ignore[arg-type]


REJECT = _action("reject", "X", profile_keys={"darktable": ("R",)})
COMPARE = _action("compare", "C")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("shift+ctrl+z", "Ctrl+Shift+Z"),
        ("Enter", "Return"),
        ("escape", "Esc"),
        ("Backtab", "Shift+Tab"),
        ("Ctrl++", "Ctrl++"),
        ("+", "+"),
        ("é", "É"),
        ("ctrl + pageup", "Ctrl+PgUp"),
        ("F12", "F12"),
    ],
)
def test_a_key_has_one_spelling(typed: str, kept: str) -> None:
    assert normal(typed) == kept
    assert normal(kept) == kept


@pytest.mark.parametrize(
    "typed", ["", " ", "Ctrl", "Ctrl+Shift", "Hyper+A", "AB", "Ctrl+\n", "F99"]
)
def test_what_is_no_key_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="key"):
        normal(typed)


def test_a_sign_that_needs_shift_is_found_without_saying_so() -> None:
    assert candidates("Shift+?") == ("Shift+?", "?")
    assert candidates("Shift+A") == ("Shift+A",)
    keymap = Keymap([_action("help", "?")])
    found = keymap.action_for("Shift+?", "grid")
    assert found is not None
    assert found.id == "help"
    assert keymap.action_for("", "grid") is None


def test_a_profile_says_only_where_it_differs() -> None:
    keymap = Keymap([REJECT, COMPARE], Bindings("darktable"))
    assert keymap.keys_of("reject") == ("R",)
    assert keymap.keys_of("compare") == ("C",)
    assert Keymap([REJECT]).keys_of("reject") == ("X",)


def test_the_users_own_keys_win_over_a_profile() -> None:
    keymap = Keymap([REJECT, COMPARE], Bindings().with_keys("compare", ("x", "Ctrl+K")))
    assert keymap.keys_of("compare") == ("X", "Ctrl+K")
    assert keymap.keys_of("reject") == ()
    assert keymap.wanted("reject") == ("X",)
    assert keymap.conflicts == (Conflict("X", ("compare", "reject")),)
    assert keymap.conflicts_of("reject") == list(keymap.conflicts)
    assert keymap.is_own("compare")
    assert not keymap.is_own("reject")


def test_an_action_may_be_left_without_a_key_and_get_it_back() -> None:
    bindings = Bindings().with_keys("reject", ())
    assert Keymap([REJECT], bindings).keys_of("reject") == ()
    assert Keymap([REJECT], bindings.with_keys("reject", None)).keys_of("reject") == ("X",)


def test_one_key_does_other_things_in_other_areas() -> None:
    larger = _action("larger", "+", areas=("grid",))
    closer = _action("closer", "+", areas=("loupe", "compare"))
    everywhere = _action("everywhere", "+")
    keymap = Keymap([larger, closer])
    assert keymap.conflicts == ()
    for area, name in (("grid", "larger"), ("loupe", "closer"), ("compare", "closer")):
        found = keymap.action_for("+", area)
        assert found is not None
        assert found.id == name
    assert len(Keymap([larger, closer, everywhere]).conflicts) == 1


def test_only_keys_that_need_the_keyboard_are_found_when_asked_so() -> None:
    following = _action("next", "Space", focused=True)
    keymap = Keymap([following, COMPARE])
    assert keymap.action_for("Space", "grid", focused=True) is following
    assert keymap.action_for("C", "grid", focused=True) is None


def test_the_keys_photographers_expect_are_free_or_do_what_they_expect() -> None:
    """Lightroom's keys to mark and compare belong to those features, and to nothing else."""
    expected = {**dict.fromkeys("0123456789PXU", "mark."), "C": "view.compare", "N": "view.survey"}
    keymap = Keymap(features.registry().actions)
    for key, owner in expected.items():
        found = keymap.action_for(key, "grid")
        assert found is None or found.id.startswith(owner), f"{key} is {found.id}"
    fixed = {"Space": "go.next", "Ctrl+Z": "edit.undo", "Ctrl+Shift+Z": "edit.redo"}
    for area in ("grid", "loupe"):
        for key, name in {**fixed, "G": "view.grid", "E": "view.loupe"}.items():
            found = keymap.action_for(key, area)
            assert found is not None
            assert found.id == name


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("", True),
        ("map", True),
        ("qual", True),
        ("ality", True),
        ("quality map", True),
        ("view map", True),
        ("qm", True),
        ("map grid", False),
        ("iew", False),
    ],
)
def test_a_command_is_found_by_parts_of_its_words(typed: str, found: bool) -> None:
    assert matches(typed, "Quality Map", "View/Overlay") is found
