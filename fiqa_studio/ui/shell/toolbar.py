"""The bar at the top: what to look at, in which order, and the search field."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QToolButton,
    QWidget,
)
from typing_extensions import override

from fiqa_studio.domain.fields_query import SortKey
from fiqa_studio.ui import theme
from fiqa_studio.ui.shell.menus import ActionSet
from fiqa_studio.ui.shell.state import State

_SORTS = (
    (SortKey.SCORE, "Score"),
    (SortKey.TIME, "Time"),
    (SortKey.NAME, "Name"),
    (SortKey.FACE_SIZE, "Face size"),
)
_ORDERS = {
    SortKey.SCORE: ("Best first", "Worst first"),
    SortKey.TIME: ("Newest first", "Oldest first"),
    SortKey.NAME: ("Z to A", "A to Z"),
    SortKey.FACE_SIZE: ("Largest first", "Smallest first"),
}
_WORDS_FROM = 1040
"""Below this width buttons show their icon only."""


class ToolBar(QFrame):
    """Made of the table's actions; only sort and search are its own.

    Signals:
        sort_chosen: Another `SortKey`.
        searched: Other words (str).
        search_left: The user is done with the words, by Enter or Escape.
    """

    sort_chosen = Signal(object)
    searched = Signal(str)
    search_left = Signal()

    def __init__(self, actions: ActionSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._actions = actions
        theme.set_role(self, "toolbar")
        self._wordy = [
            _button(actions, "library.add-folder", words=True),
            _button(actions, "score.now", words=True),
            _button(actions, "export.csv", words=True),
        ]
        add, score, export = self._wordy
        self._sort = QComboBox()
        self._sort.setAccessibleName("Sort by")
        self._sort.setToolTip("Sort by")
        for key, title in _SORTS:
            self._sort.addItem(title, key)
        # Qt would hand a StrEnum kept in an item back as a plain string.
        self._sort.activated.connect(lambda index: self.sort_chosen.emit(_SORTS[index][0]))
        self._order = _button(actions, "sort.reverse")
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search")
        self.search.setAccessibleName("Search in paths, cameras and tags")
        self.search.setClearButtonEnabled(True)
        # A folder dropped here is to be indexed, not searched for.
        self.search.setAcceptDrops(False)
        self.search.setMinimumWidth(110)
        self.search.setMaximumWidth(260)
        glass = self.search.addAction(
            theme.icon("search"), QLineEdit.ActionPosition.LeadingPosition
        )
        theme.set_icon(glass, "search", "text_muted")
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(220)
        self._typing.timeout.connect(lambda: self.searched.emit(self.search.text().strip()))
        self.search.textChanged.connect(lambda _: self._typing.start())
        self.search.returnPressed.connect(self.search_left)
        escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self.search)
        escape.setContext(Qt.ShortcutContext.WidgetShortcut)
        escape.activated.connect(self._leave_search)

        layout = QHBoxLayout(self)
        layout.setContentsMargins(theme.Space.M, 7, theme.Space.M, 7)
        layout.setSpacing(theme.Space.S)
        layout.addWidget(_button(actions, "panel.sidebar"))
        layout.addWidget(add)
        layout.addSpacing(theme.Space.S)
        layout.addLayout(self._segments())
        layout.addSpacing(theme.Space.S)
        layout.addWidget(self._sort)
        layout.addWidget(self._order)
        layout.addWidget(_button(actions, "panel.filters"))
        layout.addStretch(1)
        layout.addWidget(self.search, 2)
        layout.addSpacing(theme.Space.S)
        layout.addWidget(score)
        layout.addWidget(export)
        layout.addWidget(_button(actions, "panel.inspector"))

    def update_state(self, state: State) -> None:
        """Show the order, and whether there is anything to search."""
        self._sort.setCurrentIndex([key for key, _ in _SORTS].index(state.sort))
        self._sort.setEnabled(state.library)
        self.search.setEnabled(state.library)
        theme.set_icon(
            self._actions["sort.reverse"],
            "sort-descending" if state.descending else "sort-ascending",
        )
        self._actions["sort.reverse"].setToolTip(_ORDERS[state.sort][not state.descending])

    def set_search(self, text: str) -> None:
        """Show these words without searching."""
        if self.search.text().strip() != text:
            self.search.blockSignals(True)
            self.search.setText(text)
            self.search.blockSignals(False)
            self._typing.stop()

    def _leave_search(self) -> None:
        self.search.clear()
        self.search_left.emit()

    def _segments(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(0)
        for name, place in (("view.faces", "first"), ("view.photos", "last")):
            button = _button(self._actions, name, words=True)
            theme.set_role(button, "segment")
            button.setProperty("place", place)
            row.addWidget(button)
        return row

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        style = (
            Qt.ToolButtonStyle.ToolButtonTextBesideIcon
            if self.width() >= _WORDS_FROM
            else Qt.ToolButtonStyle.ToolButtonIconOnly
        )
        for button in self._wordy:
            button.setToolButtonStyle(style)


def _button(actions: ActionSet, name: str, *, words: bool = False) -> QToolButton:
    button = QToolButton()
    # Not the button's own text, which the action's takes the place of with each change of it.
    actions[name].setIconText(actions[name].text().rstrip("…"))
    button.setDefaultAction(actions[name])
    button.setIconSize(QSize(theme.ICON_SIZE, theme.ICON_SIZE))
    button.setAccessibleName(actions[name].text().rstrip("…"))
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    if words:
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    else:
        theme.set_role(button, "flat")
    return button
