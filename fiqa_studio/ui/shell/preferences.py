"""The preferences: a page a feature."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QListWidget,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from fiqa_studio.ui import theme
from fiqa_studio.ui.widgets.small import hairline

if TYPE_CHECKING:
    from fiqa_studio.ui.actions.context import Context


class Preferences(QDialog):
    """Pages by name on the left; what is chosen counts at once.

    Attributes:
        list: The pages' names.
    """

    def __init__(self, context: Context, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Preferences")
        self.list = QListWidget()
        self.list.setAccessibleName("Pages")
        self.list.setFixedWidth(132)
        self._pages = QStackedWidget()
        for page in context.registry.pages:
            self.list.addItem(page.title)
            self._pages.addWidget(page.make(context))
        self.list.currentRowChanged.connect(self._pages.setCurrentIndex)
        self.list.setCurrentRow(0)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        row = QHBoxLayout()
        row.setSpacing(theme.Space.L)
        row.addWidget(self.list)
        row.addWidget(self._pages, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*(theme.Space.L,) * 4)
        layout.setSpacing(theme.Space.M)
        layout.addLayout(row, 1)
        layout.addWidget(hairline())
        layout.addWidget(buttons)
        self.resize(min(820, parent.width()), min(620, parent.height()))

    def page(self, title: str) -> QWidget:
        """The page of this name, brought to the front. Raises `KeyError`."""
        found = self.list.findItems(title, Qt.MatchFlag.MatchExactly)
        if not found:
            raise KeyError(title)
        self.list.setCurrentItem(found[0])
        return self._pages.currentWidget()
