"""Scorers: which one scores, and the dialog about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fiqa_studio.ui.actions.action import Action, State, writable
from fiqa_studio.ui.actions.feature import Feature, MenuAt, Submenu, Tool

if TYPE_CHECKING:
    from PySide6.QtWidgets import QMenu

    from fiqa_studio.ui.actions.context import Context


def _score_now(context: Context) -> None:
    from fiqa_studio.ui.models import commands  # noqa: PLC0415 - when wanted

    commands.score_with(context, "")


def _show(context: Context) -> None:
    from fiqa_studio.ui.models import commands  # noqa: PLC0415 - when wanted

    commands.show_models(context)


def _fill(context: Context, menu: QMenu) -> None:
    from fiqa_studio.ui.models import commands  # noqa: PLC0415 - when wanted

    commands.fill_scorers(context, menu)


def _can_score(state: State) -> bool:
    return writable(state) and state["roots"] > 0 and not state["busy"]


FEATURE = Feature(
    name="models",
    menus=(MenuAt(title="Score", after="View"),),
    submenus=(Submenu(path="Score/Scorer", fill=_fill),),
    actions=(
        Action(
            id="score.now",
            title="Score Now",
            menu="Score",
            run=_score_now,
            keys=("Ctrl+Return",),
            icon="gauge",
            when=_can_score,
            tip="Score every face that the chosen scorer has not seen",
        ),
        Action(
            id="models.show",
            title="Models…",
            menu="Score",
            group=10,
            run=_show,
            keys=("Ctrl+Shift+M",),
            icon="layers",
            tip="See the scorers; import, verify, rename and remove them",
        ),
    ),
    tools=(Tool(place=70, actions=("score.now",), words=True),),
)
