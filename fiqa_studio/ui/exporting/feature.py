"""Taking results out of the library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fiqa_studio.ui.actions.action import Action
from fiqa_studio.ui.actions.feature import Feature, Tool

if TYPE_CHECKING:
    from fiqa_studio.ui.actions.context import Context


def _export(context: Context) -> None:
    from fiqa_studio.ui.exporting.starting import export  # noqa: PLC0415 - when wanted

    export(context)


FEATURE = Feature(
    name="exporting",
    actions=(
        Action(
            id="export.open",
            title="Export…",
            menu="File",
            group=20,
            run=_export,
            keys=("Ctrl+Shift+E",),
            icon="export",
            when=lambda state: state["listed"] > 0,
            tip="Write what is shown or selected to a table, a list or a folder",
        ),
    ),
    tools=(Tool(place=80, actions=("export.open",), words=True),),
    settings={"last-export": "", "exporting.format": "csv"},
)
