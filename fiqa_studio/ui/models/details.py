"""Everything about one scorer, and what can be done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from fiqa_studio.ui import theme
from fiqa_studio.ui.models import words
from fiqa_studio.ui.widgets.facts import Facts
from fiqa_studio.ui.widgets.flow import FlowLayout
from fiqa_studio.ui.widgets.small import hairline, label

if TYPE_CHECKING:
    from fiqa_studio.engine.scoring.installed import InstalledScorer

_KEY_WIDTH = 124


class Details(QWidget):
    """Facts of a scorer over a row of buttons.

    Attributes:
        scorer: What is shown, None without any.

    Signals:
        use_wanted, rename_wanted, remove_wanted, reveal_wanted: A button was pressed.
    """

    use_wanted = Signal()
    rename_wanted = Signal()
    remove_wanted = Signal()
    reveal_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.scorer: InstalledScorer | None = None
        self._title = label("", "title")
        self._origin = label("", "muted")
        self._in_use = label("Gives the new scores of this library", "success")
        self._summary = label("")
        self._problem = label("", "danger")
        self._warning = label("", "warning")
        self._facts = Facts("SCORER", _KEY_WIDTH)
        self._figures = Facts("MEASURED", _KEY_WIDTH)
        self.use = self._button("Use for New Scores", "gauge", self.use_wanted)
        self.rename = self._button("Rename…", "text", self.rename_wanted)
        self.remove = self._button("Remove…", "trash", self.remove_wanted)
        self.reveal = self._button("Show in Folder", "reveal", self.reveal_wanted)
        self._lay_out()

    @property
    def text(self) -> str:
        """Everything it says, for tests."""
        lines = (
            *(self._title, self._origin, self._in_use),
            *(self._summary, self._problem, self._warning),
        )
        facts = [*self._facts.rows().items(), *self._figures.rows().items()]
        return "\n".join(
            [line.text() for line in lines if not line.isHidden()]
            + [f"{name}: {value.replace(_BREAK, '')}" for name, value in facts]
        )

    def show_scorer(self, scorer: InstalledScorer, *, active: bool, refusal: str) -> None:
        """Show a scorer; ``refusal`` says why it cannot be chosen now, empty where it can."""
        self.scorer = scorer
        for part, text in (
            (self._title, scorer.title),
            (self._origin, words.ORIGINS.get(scorer.origin, scorer.origin)),
            (self._summary, scorer.summary),
            (self._problem, scorer.problem),
            (self._warning, scorer.warning),
        ):
            part.setText(_breakable(text))
            part.setVisible(bool(text))
        self._in_use.setVisible(active)
        for facts, rows in (
            (self._facts, words.facts_of(scorer)),
            (self._figures, words.figures_of(scorer)),
        ):
            facts.set_rows([(name, _breakable(value)) for name, value in rows])
        if active:
            refusal = "It is in use already"
        elif scorer.problem:
            refusal = "It cannot be used; see why above"
        _allow(self.use, refusal, "New photos get their scores from it; old scores stay")
        theirs = "" if scorer.own else f"{words.ORIGINS.get(scorer.origin, '')}: it cannot be"
        unread = "" if scorer.hash else "Its manifest cannot be read"
        _allow(self.rename, f"{theirs} renamed" if theirs else unread, "Its scores stay")
        _allow(self.remove, theirs and f"{theirs} removed", "Its scores stay in your libraries")
        _allow(self.reveal, "" if scorer.file else "It has no file", "Open the folder it lies in")

    def _button(self, text: str, icon: str, signal: object) -> QPushButton:
        button = QPushButton(text)
        button.setAutoDefault(False)
        theme.set_icon(button, icon)
        button.clicked.connect(signal)
        return button

    def _lay_out(self) -> None:
        page = QWidget()
        theme.set_role(page, "panel")
        column = QVBoxLayout(page)
        column.setContentsMargins(theme.Space.L, theme.Space.L, theme.Space.L, theme.Space.L)
        column.setSpacing(theme.Space.M)
        head = QVBoxLayout()
        head.setSpacing(theme.Space.XS)
        for part in (self._title, self._origin, self._in_use):
            head.addWidget(part)
        column.addLayout(head)
        body: tuple[QWidget, ...] = (self._problem, self._warning, self._summary)
        for widget in (*body, self._facts, self._figures):
            column.addWidget(widget)
        column.addStretch(1)
        page.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(page)
        theme.set_role(scroll, "panel")
        buttons = QWidget()
        flow = FlowLayout(buttons, theme.Space.S)
        for button in (self.use, self.rename, self.remove, self.reveal):
            flow.addWidget(button)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        buttons.setSizePolicy(policy)
        foot = QHBoxLayout()
        foot.setContentsMargins(theme.Space.L, theme.Space.M, theme.Space.L, theme.Space.M)
        foot.addWidget(buttons)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(scroll, 1)
        whole.addWidget(hairline())
        whole.addLayout(foot)


_BREAK = "\u200b"


def _breakable(text: str) -> str:
    """With places where a long path may break."""
    return text.replace("/", f"/{_BREAK}")


def _allow(button: QPushButton, refusal: str, tip: str) -> None:
    """A button that cannot be pressed says why."""
    button.setEnabled(not refusal)
    button.setToolTip(refusal or tip)
