"""MOS studies: rate in one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fiqa_studio.ui.actions.action import Action
from fiqa_studio.ui.actions.feature import Feature, MenuAt

if TYPE_CHECKING:
    from fiqa_studio.ui.actions.context import Context


def _rate(context: Context) -> None:
    from fiqa_studio.ui.study.starting import rate  # noqa: PLC0415 - when wanted

    rate(context)


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
    ),
    settings={"study.file": "", "study.rater": ""},
)
