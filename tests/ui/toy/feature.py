"""What a contributor writes for a menu with an action, a panel and a kind of job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fiqa_studio.ui.actions.action import Action, writable
from fiqa_studio.ui.actions.feature import Feature, MenuAt, Panel, Side

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtWidgets import QWidget

    from fiqa_studio.engine.jobs.kinds import JobKind
    from fiqa_studio.ui.actions.context import Context


def _panel(context: Context) -> QWidget:
    from tests.ui.toy.panel import ToyPanel  # noqa: PLC0415 - when shown

    return ToyPanel(context)


def _job_kinds() -> Sequence[JobKind]:
    from tests.ui.toy.job import KIND  # noqa: PLC0415 - when a library is opened

    return (KIND,)


def _count(context: Context) -> None:
    session = context.session
    session.run(lambda: session.engine.jobs.start("toy", {"to": 5}), lambda _: None, slow=True)


FEATURE = Feature(
    name="toy",
    menus=(MenuAt(title="Toys", after="View"),),
    actions=(
        Action(
            id="toy.count",
            title="Count to Five",
            menu="Toys",
            run=_count,
            keys=("Ctrl+Alt+T",),
            when=writable,
        ),
    ),
    panels=(
        Panel(name="toy", title="Toys", side=Side.RIGHT, make=_panel, shown=False, keys=("F10",)),
    ),
    settings={"toy.loud": False},
    job_kinds=_job_kinds,
)
