"""The panel that explains what is selected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fiqa_studio.ui.actions.feature import Feature, Panel, Side, Tool

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from fiqa_studio.ui.actions.context import Context


def _inspector(context: Context) -> QWidget:
    from fiqa_studio.ui.inspector.follower import FollowingInspector  # noqa: PLC0415 - lazily

    return FollowingInspector(context)


FEATURE = Feature(
    name="inspector",
    panels=(
        Panel(
            name="inspector",
            title="Inspector",
            side=Side.RIGHT,
            make=_inspector,
            keys=("F8",),
            icon="panel-right",
        ),
    ),
    tools=(Tool(place=90, actions=("panel.inspector",)),),
)
