"""The loupe: one photo, large, with what is drawn over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fiqa_studio.ui.actions.action import Action, State
from fiqa_studio.ui.actions.feature import Area, Feature

if TYPE_CHECKING:
    from fiqa_studio.ui.actions.area import AreaView
    from fiqa_studio.ui.actions.context import Context
    from fiqa_studio.ui.loupe.loupe import LoupeView

_IN_LOUPE = ("loupe",)


def _make(context: Context) -> AreaView:
    from fiqa_studio.ui.loupe.area import LoupeArea  # noqa: PLC0415 - after first paint

    return LoupeArea(context)


def _loupe(context: Context) -> LoupeView:
    """What stands in the centre; the loupe's actions are enabled only while that is a loupe."""
    from fiqa_studio.ui.loupe.loupe import LoupeView  # noqa: PLC0415 - after first paint

    view = context.window.area_view()
    if not isinstance(view, LoupeView):
        raise TypeError("the loupe is not in front")
    return view


def _overlay(name: str, title: str, *keys: str) -> Action:
    def run(context: Context) -> None:
        loupe = _loupe(context)
        loupe.set_overlay("none" if loupe.overlay == name else name)

    return Action(
        id=f"overlay.{name}",
        title=title,
        menu="View/Overlay",
        group=40,
        run=run,
        keys=keys,
        areas=_IN_LOUPE,
        icon={"quality": "map", "confidence": "confidence"}.get(name, ""),
        checked=lambda state: bool(state["overlay"] == name),
        section="Loupe",
    )


def _drawn(name: str, title: str, key: str) -> Action:
    def run(context: Context) -> None:
        loupe, shown = _loupe(context), not context.settings[name]
        (loupe.set_boxes if name == "boxes" else loupe.set_landmarks)(shown)

    return Action(
        id=f"overlay.{name}",
        title=title,
        menu="View/Overlay",
        group=41,
        run=run,
        keys=(key,),
        areas=_IN_LOUPE,
        icon=name,
        checked=lambda state: bool(state[name]),
        section="Loupe",
    )


def _cycled(by: int) -> Action:
    forward = by > 0
    return Action(
        id="loupe.next-face" if forward else "loupe.previous-face",
        title="Next Face" if forward else "Previous Face",
        run=lambda context: _loupe(context).cycle_faces(by),
        keys=("Tab",) if forward else ("Shift+Tab",),
        areas=_IN_LOUPE,
        focused=True,
        section="Loupe",
        # With one face or none, Tab goes on to the next control, as everywhere.
        when=lambda state: state["loupe.faces"] > 1,
    )


def _can_open(state: State) -> bool:
    return bool(state["library"]) and state["area"] != "loupe" and state["listed"] > 0


def _open(context: Context) -> None:
    if context.selection.row < 0:
        context.selection.step(1)
    context.window.show_area("loupe")


def _facts(context: Context) -> dict[str, object]:
    faces = getattr(context.window.area_view(), "face_count", 0)
    drawn = {name: context.settings[name] for name in ("overlay", "boxes", "landmarks")}
    return {**drawn, "loupe.faces": faces}


FEATURE = Feature(
    name="loupe",
    areas=(Area(name="loupe", title="Loupe", make=_make),),
    actions=(
        Action(
            id="view.loupe",
            title="Loupe",
            menu="View",
            group=10,
            run=_open,
            keys=("E",),
            icon="loupe",
            when=_can_open,
            tip="Look at one photo closely, with the reason for its score",
        ),
        Action(
            id="loupe.zoom-face",
            title="Zoom to Face",
            menu="View",
            group=36,
            run=lambda context: _loupe(context).zoom_to_face(),
            keys=("Z",),
            areas=_IN_LOUPE,
            icon="zoom-face",
            section="Loupe",
        ),
        Action(
            id="loupe.fit",
            title="Fit Photo",
            menu="View",
            group=36,
            run=lambda context: _loupe(context).fit(),
            keys=("Ctrl+0",),
            profile_keys={"digikam": ("Ctrl+Alt+E",)},
            areas=_IN_LOUPE,
            icon="fit",
            section="Loupe",
        ),
        Action(
            id="loupe.pixels",
            title="One Pixel to One Pixel",
            menu="View",
            group=36,
            run=lambda context: _loupe(context).zoom_to_pixels(),
            keys=("Ctrl+Alt+0",),
            profile_keys={"digikam": ("Ctrl+.",)},
            areas=_IN_LOUPE,
            icon="one-to-one",
            section="Loupe",
        ),
        Action(
            id="loupe.zoom-in",
            title="Zoom In",
            menu="View",
            group=36,
            run=lambda context: _loupe(context).zoom(inwards=True),
            keys=("=", "+", "Ctrl+=", "Ctrl++"),
            areas=_IN_LOUPE,
            icon="zoom-in",
            section="Loupe",
        ),
        Action(
            id="loupe.zoom-out",
            title="Zoom Out",
            menu="View",
            group=36,
            run=lambda context: _loupe(context).zoom(inwards=False),
            keys=("-", "Ctrl+-"),
            areas=_IN_LOUPE,
            icon="zoom-out",
            section="Loupe",
        ),
        _cycled(1),
        _cycled(-1),
        _overlay("none", "No Overlay", "Shift+O"),
        _overlay("quality", "Quality Map", "Q"),
        _overlay("confidence", "Confidence Map", "Shift+Q"),
        _drawn("boxes", "Face Boxes", "B"),
        _drawn("landmarks", "Landmarks", "L"),
    ),
    settings={
        "overlay": "none",
        "overlay-opacity": 0.6,
        "boxes": True,
        "landmarks": False,
        "crop-inset": False,
        "map-stretched": False,
    },
    facts=_facts,
)
