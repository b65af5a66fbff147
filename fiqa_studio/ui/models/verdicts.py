"""The verdicts of a verification: whether each stands, by which rule, what lies furthest off."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QVBoxLayout, QWidget

from fiqa_studio.ui import theme
from fiqa_studio.ui.models.words import Verdict
from fiqa_studio.ui.widgets.small import label

_ICON = 20


class Verdicts(QWidget):
    """Verdicts under one another, the strictest first."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: list[_Card] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.Space.S)

    @property
    def text(self) -> str:
        """All that they say, a line each."""
        return "\n".join(line for card in self._shown for line in card.verdict.lines)

    def show_verdicts(self, verdicts: tuple[Verdict, ...]) -> None:
        """Show these in place of others.

        One that failed is a warning where a milder one stands, since the milder one explains it.
        """
        for card in self._shown:
            card.deleteLater()
        mild = any(verdict.passed for verdict in verdicts)
        self._shown = [_Card(verdict, mild=mild) for verdict in verdicts]
        for card in self._shown:
            self._column.addWidget(card)


class _Card(QFrame):
    def __init__(self, verdict: Verdict, *, mild: bool) -> None:
        super().__init__()
        theme.set_role(self, "card")
        self.setAccessibleName("\n".join(verdict.lines))
        self.verdict = verdict
        self._role = "success" if verdict.passed else "warning" if mild else "danger"
        self._icon = QLabel()
        title = label(verdict.title, "title")
        grid = QGridLayout(self)
        grid.setContentsMargins(theme.Space.M, theme.Space.S, theme.Space.M, theme.Space.S)
        grid.setHorizontalSpacing(theme.Space.M)
        grid.setVerticalSpacing(theme.Space.XS)
        grid.setColumnStretch(1, 1)
        grid.addWidget(self._icon, 0, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(title, 0, 1)
        grid.addWidget(label(verdict.said), 1, 1)
        for line in verdict.furthest:
            grid.addWidget(label(line, "caption"), grid.rowCount(), 1)
        theme.manager.changed.connect(self._style)
        self._style()

    def _style(self) -> None:
        name = {"success": "check", "warning": "warning", "danger": "error"}[self._role]
        colour = getattr(theme.manager.palette, self._role)
        self._icon.setPixmap(theme.pixmap(name, _ICON, colour, self.devicePixelRatioF()))
