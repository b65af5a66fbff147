"""The side bar over the open library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.paths import display_path
from fiqa_studio.domain.query import Query, Subject
from fiqa_studio.ui.library import commands
from fiqa_studio.ui.library.albums import AlbumShelf, fill_menu
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
        self.albums = AlbumShelf(session, self)
        self.albums.changed.connect(self._show_albums)
        self.album_menu.connect(self._show_album_menu)
        self._show_overview()
        self._show_albums()

    def _show_overview(self) -> None:
        overview = self._context.session.overview
        if overview.counts is not None:
            self.set_counts(overview.counts)
        self.set_roots(overview.roots, overview.sizes)
        self._mark()

    def _show_albums(self) -> None:
        self.set_albums(self.albums.listed)
        self._mark()

    def _mark(self) -> None:
        query = self._context.listing.query
        self.set_entry(entry_at(query) or self._album_at(query))

    def _album_at(self, query: Query) -> Entry | None:
        """The album that shows just what is asked for, in whatever order."""
        for listed in self.albums.listed:
            try:
                shown = self.albums.query(listed.album.id, query)
            except KnownError:
                continue
            if query.is_filtered and shown.where == query.where:
                return Entry(Place.ALBUM, album_id=listed.album.id)
        return None

    def _show_album_menu(self, album_id: int, point: QPoint) -> None:
        listed = self.albums.get(album_id)
        if listed is None:
            return
        menu = QMenu(self)
        fill_menu(self._context, menu, listed)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(point)

    def _go_to(self, entry: Entry) -> None:
        window, listing = self._context.window, self._context.listing
        window.show_area("grid")
        query = query_at(entry, listing.query)
        if entry.album_id is not None:
            try:
                listing.set_query(self.albums.query(entry.album_id, listing.query))
            except KnownError as error:
                window.complain(error)
        elif query is None:
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
