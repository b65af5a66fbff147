"""Taking results out of the library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fiqa_studio.ui.actions.action import Action
from fiqa_studio.ui.actions.feature import Feature, Tool

if TYPE_CHECKING:
    from fiqa_studio.ui.actions.context import Context


def _export(context: Context) -> None:
    from fiqa_studio.ui.exporting.csv import export_csv  # noqa: PLC0415 - when wanted

    export_csv(context)


FEATURE = Feature(
    name="exporting",
    actions=(
        Action(
            id="export.csv",
            title="Export CSV…",
            menu="File",
            group=20,
            run=_export,
            keys=("Ctrl+Shift+E",),
            icon="export",
            when=lambda state: state["listed"] > 0,
            tip="Write the faces shown to a CSV file, one row a face",
        ),
    ),
    tools=(Tool(place=80, actions=("export.csv",), words=True),),
    settings={"last-export": ""},
)
