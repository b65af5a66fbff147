"""Marking: stars, flags, colours, tags and one's own word on the quality; and the history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fiqa_studio.ui.actions.action import Action, Run, State, writable
from fiqa_studio.ui.actions.feature import Feature, MenuAt, Panel, Side, Tool

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from fiqa_studio.ui.actions.context import Context

_SECTION: Final = "Marking"
_STAR_WORDS: Final = ("No Stars", "1 Star", "2 Stars", "3 Stars", "4 Stars", "5 Stars")
_FLAGS: Final = (
    ("pick", "Pick", ("P",), ("P",), ("Alt+3",)),
    ("reject", "Reject", ("X",), ("R",), ("Alt+1",)),
    ("", "No Flag", ("U",), ("U",), ("Alt+0",)),
)
"""The flag, its title, and its keys in Lightroom, darktable and digiKam."""
_COLOURS: Final = (
    ("Red", ("6",), ("F1",), ("Ctrl+Alt+1",)),
    ("Yellow", ("7",), ("F2",), ("Ctrl+Alt+3",)),
    ("Green", ("8",), ("F3",), ("Ctrl+Alt+4",)),
    ("Blue", ("9",), ("F4",), ("Ctrl+Alt+5",)),
    ("Purple", ("Ctrl+Alt+9",), ("F5",), ("Ctrl+Alt+6",)),
    ("", ("Ctrl+Alt+U",), ("Ctrl+Alt+U",), ("Ctrl+Alt+0",)),
)


def can_mark(state: State) -> bool:
    """Something is current or selected, and the library may be changed."""
    return writable(state) and bool(state["current"] or state["selected"])


def why_not(state: State) -> str:
    """Why nothing can be marked now."""
    if state["read_only"]:
        return "This library is open for reading only"
    return "Select a face or a photo first" if state["library"] else ""


def _mark(
    name: str, title: str, menu: str, run: Run, keys: tuple[tuple[str, ...], ...], icon: str = ""
) -> Action:
    lightroom, darktable, digikam = keys
    return Action(
        id=f"mark.{name}",
        title=title,
        menu=menu,
        run=run,
        keys=lightroom,
        profile_keys={"darktable": darktable, "digikam": digikam},
        icon=icon,
        once=True,
        section=_SECTION,
        when=can_mark,
        why_not=why_not,
    )


def _stars(stars: int) -> Action:
    def run(context: Context) -> None:
        from fiqa_studio.domain.marks import SetStars  # noqa: PLC0415 - after first paint
        from fiqa_studio.ui.culling.marking import mark  # noqa: PLC0415 - after first paint

        mark(context, [SetStars(stars)], advance=True)

    keys = ((str(stars),), (str(stars),), (f"Ctrl+{stars}",))
    return _mark(f"stars-{stars}", _STAR_WORDS[stars], "Photo/Stars", run, keys)


def _flag(name: str, title: str, *keys: tuple[str, ...]) -> Action:
    def run(context: Context) -> None:
        from fiqa_studio.domain.marks import Flag, SetFlag  # noqa: PLC0415 - after first paint
        from fiqa_studio.ui.culling.marking import mark  # noqa: PLC0415 - after first paint

        mark(context, [SetFlag(Flag(name))], advance=True)

    return _mark(name or "no-flag", title, "Photo/Flag", run, keys, name)


def _colour(name: str, *keys: tuple[str, ...]) -> Action:
    def run(context: Context) -> None:
        from fiqa_studio.domain.marks import Colour, SetColour  # noqa: PLC0415 - after first paint
        from fiqa_studio.ui.culling import marking  # noqa: PLC0415 - after first paint

        if name:
            marking.mark_colour(context, Colour(name))
        else:
            marking.mark(context, [SetColour(Colour.NONE)], advance=True)

    return _mark(name.lower() or "no-colour", name or "No Colour", "Photo/Colour", run, keys)


def _switch_advance(context: Context) -> None:
    context.settings["culling.auto-advance"] = not context.settings["culling.auto-advance"]
    context.window.refresh()


def _field(name: str, title: str, keys: tuple[tuple[str, ...], ...], icon: str) -> Action:
    def run(context: Context) -> None:
        from fiqa_studio.ui.culling.panel import show_and  # noqa: PLC0415 - after first paint

        show_and(context, name)

    return _mark(name, title, "Photo", run, keys, icon)


def _withdraw(context: Context) -> None:
    from fiqa_studio.domain.marks import SetQuality  # noqa: PLC0415 - after first paint
    from fiqa_studio.ui.culling.marking import judge  # noqa: PLC0415 - after first paint

    judge(context, [SetQuality(None)])


def _marks_panel(context: Context) -> QWidget:
    from fiqa_studio.ui.culling.panel import MarksPanel  # noqa: PLC0415 - after first paint

    return MarksPanel(context)


def _history_panel(context: Context) -> QWidget:
    from fiqa_studio.ui.culling.history import HistoryPanel  # noqa: PLC0415 - after first paint

    return HistoryPanel(context)


def _note(context: Context) -> QWidget:
    from fiqa_studio.ui.culling.note import MarkedNote  # noqa: PLC0415 - light all the same

    return MarkedNote(context)


FEATURE = Feature(
    name="culling",
    menus=(MenuAt(title="Photo", after="Edit"),),
    actions=(
        *(_stars(stars) for stars in range(6)),
        *(_flag(*row) for row in _FLAGS),
        *(_colour(*row) for row in _COLOURS),
        _field("tags", "Add a Tag…", (("Ctrl+K",), ("Ctrl+T",), ("T",)), "tag"),
        _field("quality", "Quality as You See It…", (("J",), ("J",), ("J",)), "person"),
        _mark("no-quality", "Withdraw Your Quality", "Photo", _withdraw, ((), (), ())),
        Action(
            id="mark.auto-advance",
            title="Move On After a Mark",
            menu="Photo",
            group=80,
            run=_switch_advance,
            section=_SECTION,
            checked=lambda state: bool(state["culling.auto-advance"]),
            tip="After stars, a flag or a colour, the next one becomes current",
        ),
    ),
    panels=(
        Panel(name="marks", title="Marks", side=Side.RIGHT, make=_marks_panel, place=10),
        Panel(
            name="history",
            title="History",
            side=Side.RIGHT,
            make=_history_panel,
            shown=False,
            keys=("F9",),
            icon="history",
            place=20,
        ),
    ),
    status=(Tool(place=20, make=_note),),
    settings={"culling.auto-advance": True},
    facts=lambda context: {"culling.auto-advance": context.settings["culling.auto-advance"]},
)
