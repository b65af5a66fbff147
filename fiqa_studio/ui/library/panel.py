"""The side bar over the open library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fiqa_studio.domain.paths import display_path
from fiqa_studio.domain.query import Subject
from fiqa_studio.ui.library import commands
from fiqa_studio.ui.library.entries import Entry, Place, entry_at, query_at
from fiqa_studio.ui.library.sidebar import Sidebar

if TYPE_CHECKING:
    from fiqa_studio.ui.actions.context import Context


class LibraryPanel(Sidebar):
    """Follows the library's counts and the query, and sets it."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        session = context.session
        self.set_library(
            display_path(session.library.path.stem),
            display_path(session.library.path),
            read_only=session.library.read_only,
        )
        self.chosen.connect(self._go_to)
        self.add_clicked.connect(lambda: context.window.action("library.add-folder").trigger())
        self.reveal_root.connect(lambda root_id: commands.reveal_root(context, root_id))
        self.remove_root.connect(lambda root_id: commands.remove_root(context, root_id))
        self.library_menu.aboutToShow.connect(self._fill_library_menu)
        session.overview.changed.connect(self._show_overview)
        session.listing.query_changed.connect(lambda _: self._mark())
        self._show_overview()

    def _show_overview(self) -> None:
        overview = self._context.session.overview
        if overview.counts is not None:
            self.set_counts(overview.counts)
        self.set_roots(overview.roots, overview.sizes)
        self._mark()

    def _mark(self) -> None:
        self.set_entry(entry_at(self._context.listing.query))

    def _go_to(self, entry: Entry) -> None:
        window, listing = self._context.window, self._context.listing
        window.show_area("grid")
        query = query_at(entry, listing.query)
        if query is None:
            window.action("jobs.unreadable").trigger()
        else:
            if entry.place in (Place.MISSING, Place.NO_FACES):
                # Their number is that of photos, with or without faces.
                query = query.of(Subject.PHOTOS)
            listing.set_query(query)
        self._mark()

    def _fill_library_menu(self) -> None:
        menu, window = self.library_menu, self._context.window
        menu.clear()
        commands.fill_recent(self._context, menu)
        menu.addSeparator()
        menu.addAction(window.action("library.new"))
        menu.addAction(window.action("library.open"))
