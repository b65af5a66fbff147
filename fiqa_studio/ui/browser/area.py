"""The grid in the window: with its pages for nothing to see, its size kept, and a menu."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu

from fiqa_studio.domain.query import Subject
from fiqa_studio.ui.browser.browser import Browser
from fiqa_studio.ui.browser.empty_pages import EmptyState, Pages
from fiqa_studio.ui.browser.sizing import resize

if TYPE_CHECKING:
    from fiqa_studio.ui.actions.context import Context


class GridArea(Browser):
    """The browser as the window has it.

    Attributes:
        pages: Stand in the grid's place where there is nothing to list.
    """

    def __init__(self, context: Context) -> None:
        super().__init__(context.session)
        self._context = context
        listing, window = context.listing, context.window
        self.pages = Pages(
            lambda: window.action("library.add-folder").trigger(),
            lambda: listing.set_query(listing.query.without_filters()),
            lambda: listing.show(Subject.PHOTOS),
        )
        self._emptiness = EmptyState(context.session, self.pages, self)
        self._emptiness.changed.connect(self.show_empty)
        self.view.set_thumbnail(context.settings["thumbnail-size"])
        self.thumbnail_resized.connect(lambda side: resize(context, side))
        self.opened.connect(lambda: window.show_area("loupe"))
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.view.customContextMenuRequested.connect(self._show_menu)

    def _show_menu(self, point: QPoint) -> None:
        """What can be done with what is selected."""
        menu = QMenu(self)
        window = self._context.window
        for name in ("view.loupe", "", "edit.copy-path", "edit.reveal", "", "edit.select-all"):
            if name:
                menu.addAction(window.action(name))
            else:
                menu.addSeparator()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.view.viewport().mapToGlobal(point))
