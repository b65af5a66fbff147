"""What is done with scorers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QMenu

from fiqa_studio.ui.session.scoring import scorer_of

if TYPE_CHECKING:
    from fiqa_studio.engine.scoring.installed import InstalledScorer
    from fiqa_studio.ui.actions.context import Context


def score_with(context: Context, scorer: str) -> None:
    """Score with a scorer, and show its scores; empty for the active one."""
    session = context.session
    session.run(
        lambda: session.engine.start_score(scorer or scorer_of(session)),
        lambda _job: None,
        slow=True,
    )


def fill_scorers(context: Context, menu: QMenu) -> None:
    """The scorers of this installation; listing them takes a moment."""
    if not context.has_session:
        menu.addAction("Open a library first").setEnabled(False)
        return
    menu.addAction("Looking for scorers…").setEnabled(False)
    session = context.session

    def show(answer: tuple[list[InstalledScorer], str]) -> None:
        scorers, active = answer
        menu.clear()
        for scorer in scorers:
            action = menu.addAction(scorer.title)
            action.setToolTip(scorer.problem or scorer.summary)
            action.setCheckable(True)
            action.setChecked(bool(scorer.hash) and scorer.hash == active)
            action.setEnabled(scorer.available and not session.library.read_only)
            action.triggered.connect(lambda _=False, name=scorer.name: score_with(context, name))

    def ask() -> tuple[list[InstalledScorer], str]:
        active = session.library.scores.active()
        found = session.engine.scorers.installed(fresh=True)
        return found, active.hash if active else ""

    session.run(ask, show, key="scorers", slow=True)


def show_models(context: Context) -> None:
    """The scorers: see, import, verify, rename, remove and choose them."""
    from fiqa_studio.engine.scoring.installed import Scorers  # noqa: PLC0415 - after first paint
    from fiqa_studio.ui.models.dialog import ModelsDialog  # noqa: PLC0415 - as above

    window = context.window.widget
    if not context.has_session:
        dialog = ModelsDialog(Scorers(), None, window)
    else:
        session = context.session
        dialog = ModelsDialog(session.engine.scorers, session.library, window)
        dialog.score_wanted.connect(lambda name: score_with(context, name))
        dialog.changed.connect(session.scorers_changed)
    context.window.closing.connect(dialog.reject)
    dialog.open()
