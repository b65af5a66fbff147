"""The search field of the tool bar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QLineEdit

from fiqa_studio.domain.query import Query
from fiqa_studio.domain.terms import Words
from fiqa_studio.ui import theme
from fiqa_studio.ui.actions.action import State

if TYPE_CHECKING:
    from fiqa_studio.ui.actions.context import Context

_TYPING_MS = 220


class SearchField(QLineEdit):
    """Words that must all occur. What is being typed is newer than any query, and stays."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._shown = ""
        self.setPlaceholderText("Search")
        self.setAccessibleName("Search in paths, cameras and tags")
        self.setClearButtonEnabled(True)
        # A folder dropped here is to be indexed, not searched for.
        self.setAcceptDrops(False)
        self.setMinimumWidth(110)
        self.setMaximumWidth(260)
        glass = self.addAction(theme.icon("search"), QLineEdit.ActionPosition.LeadingPosition)
        theme.set_icon(glass, "search", "text_muted")
        self._typing = QTimer(self, singleShot=True, interval=_TYPING_MS)
        self._typing.timeout.connect(self._search)
        self.textEdited.connect(lambda _: self._typing.start())
        # The clear button edits nothing, as Qt sees it.
        self.textChanged.connect(lambda text: None if text else self._typing.start())
        self.returnPressed.connect(self._enter)
        escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self)
        escape.setContext(Qt.ShortcutContext.WidgetShortcut)
        escape.activated.connect(self._leave)

    def begin(self) -> None:
        """Take the keyboard; what is there is typed over."""
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.selectAll()

    def update_state(self, state: State) -> None:
        """Show the words of the query, where another one is shown and nobody is typing."""
        self.setEnabled(bool(state["library"]))
        words = words_of(self._context.listing.query) if state["library"] else ""
        if words == self._shown or self._typing.isActive():
            return
        self._shown = words
        if self.text().split() != words.split():
            self.setText(words)
            self._typing.stop()

    def _search(self) -> None:
        if not self._context.has_session:
            return
        words = tuple(self.text().split())
        self._shown = " ".join(words)
        query = self._context.listing.query.without("text")
        self._context.listing.set_query(query.adding(Words(words)) if words else query)

    def _enter(self) -> None:
        if self._typing.isActive():
            self._typing.stop()
            self._search()
        self._context.window.focus_area()

    def _leave(self) -> None:
        self.clear()
        self._typing.stop()
        self._search()
        self._context.window.focus_area()


def words_of(query: Query) -> str:
    """The words that a query asks for."""
    return " ".join(word for term in query.terms(Words) if not term.negated for word in term.words)
