"""MOS studies: rate in one, make one, follow one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fiqa_studio.ui.actions.action import Action, with_library
from fiqa_studio.ui.actions.feature import Feature, MenuAt

if TYPE_CHECKING:
    from fiqa_studio.ui.actions.context import Context


def _rate(context: Context) -> None:
    from fiqa_studio.ui.study.starting import rate  # noqa: PLC0415 - when wanted

    rate(context)


def _new(context: Context) -> None:
    from fiqa_studio.ui.study.new_study import new_study  # noqa: PLC0415 - when wanted

    new_study(context)


def _board(context: Context) -> None:
    from fiqa_studio.ui.study.board import open_board  # noqa: PLC0415 - when wanted

    open_board(context)


FEATURE = Feature(
    name="study",
    menus=(MenuAt(title="Study"),),
    actions=(
        Action(
            id="study.rate",
            title="Rate…",
            menu="Study",
            group=10,
            run=_rate,
            tip="Judge the faces of a study, full screen",
        ),
        Action(
            id="study.new",
            title="New Study…",
            menu="Study",
            group=20,
            run=_new,
            when=with_library,
            tip="Make a study of faces of this library, or of a folder of pictures",
        ),
        Action(
            id="study.board",
            title="Board…",
            menu="Study",
            group=20,
            run=_board,
            tip="Follow a study's raters, decide on them, analyse and publish",
        ),
    ),
    settings={"study.file": "", "study.rater": "", "study.folder": ""},
)
