"""The search field of the tool bar: words, and all else that can be asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QInputMethodEvent,
    QKeySequence,
    QShortcut,
    QTextCharFormat,
)
from PySide6.QtWidgets import QApplication, QLineEdit
from typing_extensions import override

from fiqa_studio.curation.querycompletion import Vocabulary
from fiqa_studio.curation.querytext import QueryTextError, apply, parse, text_of
from fiqa_studio.domain.query import Query
from fiqa_studio.domain.terms import InIds
from fiqa_studio.ui import theme
from fiqa_studio.ui.actions.action import State
from fiqa_studio.ui.filters.completing import Offer

if TYPE_CHECKING:
    from fiqa_studio.ui.actions.context import Context

_TYPING_MS = 220
_HINT = "Words, or score:70.. stars:3.. tag:bride"


class SearchField(QLineEdit):
    """The query as a text. What is being typed is newer than any query, and stays.

    The folder of the side bar is not written here (it has a number, not a name): it stays as it
    is while one types, unless the text says another.

    Attributes:
        error: Why the text cannot be understood; None where it can.
        offer: What could be written at the cursor.
    """

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._shown: Query | None = None
        self.error: QueryTextError | None = None
        self.setPlaceholderText("Search")
        self.setToolTip(_HINT)
        self.setAccessibleName("Search in paths, cameras and tags, or by terms")
        self.setClearButtonEnabled(True)
        # A folder dropped here is to be indexed, not searched for.
        self.setAcceptDrops(False)
        self.setMinimumWidth(110)
        self.setMaximumWidth(420)
        glass = self.addAction(theme.icon("search"), QLineEdit.ActionPosition.LeadingPosition)
        theme.set_icon(glass, "search", "text_muted")
        self._typing = QTimer(self, singleShot=True, interval=_TYPING_MS)
        self._typing.timeout.connect(self._search)
        self.offer = Offer(self, self._typing.start)
        self.textEdited.connect(lambda _: self._edited())
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
        """Show the query, where another one is shown and nobody is typing."""
        self.setEnabled(bool(state["library"]))
        query = self._context.listing.query if state["library"] else None
        if query == self._shown or self._typing.isActive():
            return
        self._shown = query
        wanted = () if query is None else query.without("root").where
        try:
            same = parse(self.text()).where == wanted
        except QueryTextError:
            same = False
        if not same:
            self.setText(text_of(wanted))
            self._typing.stop()
            self._mark(None)

    @override
    def focusInEvent(self, event: QFocusEvent) -> None:
        """Learn which tags, cameras, folders and albums there are by now."""
        super().focusInEvent(event)
        if self._context.has_session:
            session = self._context.session
            session.run(session.library.views.vocabulary, self._learn, key="vocabulary", slow=True)

    def _learn(self, words: dict[str, dict[str, int]]) -> None:
        self.offer.vocabulary = Vocabulary(words)

    def _edited(self) -> None:
        self._typing.start()
        self.offer.update_offer()

    def _search(self) -> None:
        if not self._context.has_session:
            return
        listing = self._context.listing
        try:
            query = apply(self.text(), listing.query)
        except QueryTextError as error:
            self._mark(error)
            return
        self._mark(None)
        if query.term("root") is None:
            query = query.adding(*listing.query.terms(InIds, "root"))
        self._shown = query
        listing.set_query(query)

    def _mark(self, error: QueryTextError | None) -> None:
        """Underline what cannot be understood, and say why."""
        self.error = error
        self.setToolTip(_HINT if error is None else str(error))
        self.setAccessibleDescription("" if error is None else str(error))
        self._context.window.tell("" if error is None else str(error))
        marks = []
        if error is not None:
            form = QTextCharFormat()
            form.setForeground(QColor(theme.manager.palette.danger))
            form.setUnderlineColor(QColor(theme.manager.palette.danger))
            form.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
            # A place after the last character is shown at that character.
            start = min(error.start, max(len(self.text()) - 1, 0))
            marks.append(
                QInputMethodEvent.Attribute(
                    QInputMethodEvent.AttributeType.TextFormat,
                    start - self.cursorPosition(),
                    max(error.end - start, 1),
                    form,
                )
            )
        QApplication.sendEvent(self, QInputMethodEvent("", marks))

    def _enter(self) -> None:
        self.offer.hide()
        if self._typing.isActive():
            self._typing.stop()
            self._search()
        if self.error is None:
            self._context.window.focus_area()

    def _leave(self) -> None:
        if self.offer.isVisible():
            self.offer.hide()
            return
        self.clear()
        self._typing.stop()
        self._search()
        self._context.window.focus_area()
