"""Offers what could stand at the cursor of a query's text."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QListWidget, QListWidgetItem

from fiqa_studio.curation.querycompletion import Choice, Completion, Vocabulary, complete
from fiqa_studio.ui import theme

_CHOICE = Qt.ItemDataRole.UserRole
_WIDTH = 360
_LINES = 9


class Offer(QListWidget):
    """A list under a field, for as long as there is something to offer.

    The field keeps the keyboard: the arrows move in the list, Tab and Enter take a choice, Escape
    closes it. Without a step into the list, Enter is the field's.

    Args:
        field: Where the text is typed.
        taken: Called after a choice was put into the text.

    Attributes:
        vocabulary: The words there are.
    """

    def __init__(self, field: QLineEdit, taken: Callable[[], object]) -> None:
        super().__init__(field)
        self._field = field
        self._taken = taken
        self._offered = Completion(0, 0)
        self.vocabulary = Vocabulary()
        self.hide()
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName("What could be asked")
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        theme.set_role(self, "card")
        self.itemClicked.connect(self._take)
        field.installEventFilter(self)

    @property
    def shown(self) -> list[str]:
        """The choices on the screen; none where the list is closed."""
        return [choice.shown for choice in self._offered.choices] if self.isVisible() else []

    def update_offer(self) -> None:
        """Show what could stand at the cursor; close the list where nothing could."""
        text, cursor = self._field.text(), self._field.cursorPosition()
        found = complete(text, cursor, self.vocabulary)
        typed = text[found.start : found.end]
        choices = tuple(choice for choice in found.choices if choice.text != typed)
        # An empty field would offer the whole language; that is for the user guide.
        if not choices or not text[:cursor].strip() or not self._field.isVisible():
            self.hide()
            return
        self._offered = Completion(found.start, found.end, choices)
        self.clear()
        for choice in choices:
            says = f"   {choice.says}" if choice.says not in ("", "0") else ""
            item = QListWidgetItem(choice.shown + says)
            item.setData(_CHOICE, choice)
            self.addItem(item)
        self.setCurrentRow(-1)
        # A part of the window, not one of its own: that could take the keyboard, and some systems
        # do not let a program place it.
        window = self._field.window()
        if self.parentWidget() is not window:
            self.setParent(window)
        corner = self._field.mapTo(window, QPoint(0, self._field.height() + 2))
        width = min(max(self._field.width(), _WIDTH), window.width())
        lines = max(self.sizeHintForRow(0), 18) * min(len(choices), _LINES)
        self.setFixedSize(width, lines + 2 * self.frameWidth())
        self.move(min(corner.x(), window.width() - width), corner.y())
        self.show()
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keys that are meant for the list; it closes with its field."""
        if watched is self._field and self.isVisible():
            if event.type() in (QEvent.Type.FocusOut, QEvent.Type.Hide, QEvent.Type.Move):
                self.hide()
            elif isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
                return self._on_key(Qt.Key(event.key()))
        return super().eventFilter(watched, event)

    def _on_key(self, key: Qt.Key) -> bool:
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(key)
        if step is not None:
            self.setCurrentRow((self.currentRow() + step) % self.count())
            return True
        if key == Qt.Key.Key_Tab:
            self._take(self.currentItem() or self.item(0))
            return True
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentItem() is not None:
            self._take(self.currentItem())
            return True
        return False

    def _take(self, item: QListWidgetItem) -> None:
        choice = item.data(_CHOICE)
        if not isinstance(choice, Choice):
            return
        text, cursor = self._offered.applied(self._field.text(), choice)
        self.hide()
        self._field.setText(text)
        self._field.setCursorPosition(cursor)
        self._taken()
        if choice.text.endswith(":"):  # now for its value
            self.update_offer()
