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


def choose(context: Context, scorer: InstalledScorer) -> None:
    """Show the scores of a scorer: at once where there are some, else by scoring with it.

    What it has not scored yet is left to the user: a library may take hours.
    """
    from fiqa_studio.engine.scoring.activation import scorer_info_of  # noqa: PLC0415 - when wanted

    session, activation = context.session, context.session.engine.activation

    def work() -> int | None:
        if not activation.has_scores(scorer.hash):
            return None
        return activation.activate(scorer_info_of(scorer)).unscored

    def then(waiting: int | None) -> None:
        if waiting is None:
            score_with(context, scorer.name)
        elif waiting:
            faces = "1 face has" if waiting == 1 else f"{waiting:,} faces have"
            context.window.say(
                "info",
                f"These are the scores of {scorer.title}. {faces} none of it yet.",
                "Score Now",
                lambda: score_with(context, scorer.name),
            )
        else:
            context.window.tell(f"These are the scores of {scorer.title}")

    session.run(work, then, slow=True)


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
            action.triggered.connect(lambda _=False, chosen=scorer: choose(context, chosen))

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
