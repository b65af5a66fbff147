"""One open library on the screen: side bar, filter bar, grid and loupe, inspector, jobs.

The panels are parts of splitters rather than floating docks: they fold away and come back,
and are always where the hand expects them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSplitter, QStackedWidget, QVBoxLayout, QWidget

from fiqa_studio.domain.changes import Changes, Kind
from fiqa_studio.domain.fields_query import Query, SortKey
from fiqa_studio.domain.jobs import JobProgress
from fiqa_studio.domain.paths import display_path
from fiqa_studio.domain.photos import PhotoId
from fiqa_studio.ui.browser.browser import Browser
from fiqa_studio.ui.browser.cards import Card, FaceSource, PhotoSource
from fiqa_studio.ui.filters.bar import FilterBar
from fiqa_studio.ui.filters.histogram import BINS, import_plotting
from fiqa_studio.ui.filters.queries import is_filtered, without_filters
from fiqa_studio.ui.inspector.follower import Explaining
from fiqa_studio.ui.inspector.panel import InspectorPanel
from fiqa_studio.ui.jobs.dock import JobsPanel
from fiqa_studio.ui.library.entries import Entry, Place, entry_at, query_at
from fiqa_studio.ui.library.overview import Overview, read_overview
from fiqa_studio.ui.library.sidebar import Sidebar
from fiqa_studio.ui.loupe.loupe import LoupeView
from fiqa_studio.ui.process import smoothness
from fiqa_studio.ui.process.qt_types import TypeLoader
from fiqa_studio.ui.session.kinds import ViewKind
from fiqa_studio.ui.session.session import Session
from fiqa_studio.ui.session.throttle import Refresher
from fiqa_studio.ui.shell.empty import Emptiness
from fiqa_studio.ui.shell.empty_pages import Pages

if TYPE_CHECKING:
    from fiqa_studio.store.roots import RootFolder
    from fiqa_studio.store.views import Counts

_OVERVIEW_MS = 500
"""Least time between two readings of counts and folders while an index fills the library."""
_AHEAD = 3
"""Photos on either side of the one in the loupe that are rendered ahead."""


class Workspace(QWidget):
    """The views of one session, and the query they share.

    Attributes:
        session: The open library.
        counts: The library's counts, None until first read.
        roots: Its folders.
        scorer: Title of the scorer whose scores are shown, empty without one.

    Signals:
        state_changed: Something that actions or the status bar depend on.
        add_wanted: The user wants to add a folder.
        reveal_root: A folder (its id) is to be shown in the file manager.
        remove_root: A folder (its id) is to be taken out of the library.
    """

    state_changed = Signal()
    add_wanted = Signal()
    reveal_root = Signal(int)
    remove_root = Signal(int)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.counts: Counts | None = None
        self.roots: list[RootFolder] = []
        self.scorer = ""
        settings = session.settings
        self.query = Query(sort=_sort_of(settings["sort"]), descending=settings["descending"])
        self.kind = ViewKind.PHOTOS if settings["view"] == "photos" else ViewKind.FACES
        self._running: dict[int, JobProgress] = {}

        library = session.library
        self.sidebar = Sidebar()
        self.filters = FilterBar(self._root_name)
        self.browser = Browser(session, [FaceSource(library), PhotoSource(library)])
        self.loupe = LoupeView(session)
        self.inspector = InspectorPanel(session)
        self.jobs = JobsPanel(session)
        self._explaining = Explaining(
            self.browser, self.loupe, self.inspector, lambda: self.in_loupe, self
        )
        self._pages = Pages(
            self.add_wanted.emit, self.clear_filters, lambda: self.show_kind(ViewKind.PHOTOS)
        )
        self._centre = QStackedWidget()
        self._centre.addWidget(self.browser)
        self._centre.addWidget(self.loupe)
        self._lay_out()
        self._connect()
        self.browser.view.set_thumbnail(settings["thumbnail-size"])
        self.filters.set_query(self.query)
        self.sidebar.set_library(
            display_path(library.path.stem),
            display_path(library.path),
            read_only=library.read_only,
        )
        self._mark_entry()
        self._overview = Refresher(self._read_library, _OVERVIEW_MS, self)
        self._overview.now()
        self._ask()
        # Takes most of a second to import: off the thread, and after the first page.
        self._types = TypeLoader(
            lambda: session.run(import_plotting, self._begin_plotting, key="plotting"), self
        )

    # --- what actions call -----------------------------------------------------------------

    @property
    def in_loupe(self) -> bool:
        """Whether the loupe is in front."""
        return self._centre.currentWidget() is self.loupe

    @property
    def busy(self) -> JobProgress | None:
        """A job that is running, if any."""
        return next(iter(self._running.values()), None)

    def current_photo(self) -> PhotoId | None:
        """The photo in the loupe, or that of the current cell."""
        if self.in_loupe:
            return self.loupe.photo_id
        near = self.browser.photos_near([self.browser.position()])
        return near[0] if near else None

    def show_kind(self, kind: ViewKind) -> None:
        """Show faces, or photos; keeps the filters that make sense."""
        self.show_grid()
        if kind is self.kind:
            return
        query = self.query
        if kind is ViewKind.FACES and query.max_faces == 0:
            query = replace(query, min_faces=None, max_faces=None)
        self.kind = kind
        self.session.settings["view"] = kind.value
        self.set_query(query, always=True)

    def set_query(self, query: Query, *, always: bool = False) -> None:
        """Ask for something else."""
        if query == self.query and not always:
            return
        self.query = query
        self.session.settings["sort"] = query.sort.value
        self.session.settings["descending"] = query.descending
        if query.max_faces == 0 and self.kind is ViewKind.FACES:
            # Photos without faces have no faces to show.
            self.kind = ViewKind.PHOTOS
        self.filters.set_query(query)
        self._mark_entry()
        self._ask()
        self.state_changed.emit()

    def clear_filters(self) -> None:
        """Show everything."""
        self.set_query(without_filters(self.query))

    def show_grid(self) -> None:
        """Bring the grid to the front."""
        if self.in_loupe:
            self._centre.setCurrentWidget(self.browser)
            self.browser.view.setFocus()
            self._explaining.soon()
            self.state_changed.emit()

    def focus_view(self) -> None:
        """Give the keyboard to the grid, or to the loupe."""
        (self.loupe if self.in_loupe else self.browser.view).setFocus()

    def show_loupe(self) -> None:
        """Bring the current photo to the front, large."""
        self.browser.open_current()

    def resize_thumbnails(self, side: int) -> None:
        """Make thumbnails this large."""
        self.browser.view.set_thumbnail(side)
        self.session.settings["thumbnail-size"] = self.browser.view.thumbnail
        self.state_changed.emit()

    def panel(self, name: str) -> QWidget:
        """A panel by the name of its setting. Raises `KeyError`."""
        panels: dict[str, QWidget] = {
            "sidebar": self.sidebar,
            "inspector": self.inspector,
            "jobs": self.jobs,
            "filters": self.filters,
        }
        return panels[name]

    def toggle_panel(self, name: str) -> None:
        """Fold a panel away, or bring it back."""
        panel = self.panel(name)
        panel.setVisible(panel.isHidden())
        self.session.settings[name] = not panel.isHidden()
        self.state_changed.emit()

    def remember(self) -> None:
        """Put the sizes of the panels into the settings."""
        for name, splitter in (("columns", self._columns), ("rows", self._rows)):
            sizes = splitter.sizes()
            before = self.session.settings[name]
            self.session.settings[name] = [
                new or old for new, old in zip(sizes, before, strict=True)
            ]

    def close_down(self) -> None:
        """Stop asking for anything; the session is about to close."""
        self.remember()
        self._overview.stop()
        self._explaining.stop()
        self.session.silence()
        self.browser.close_down()
        self.loupe.close_images()

    # --- making ----------------------------------------------------------------------------

    def _lay_out(self) -> None:
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.filters)
        column.addWidget(self._centre, 1)
        self._columns = QSplitter(Qt.Orientation.Horizontal)
        for panel in (self.sidebar, centre, self.inspector):
            self._columns.addWidget(panel)
        self._rows = QSplitter(Qt.Orientation.Vertical)
        self._rows.addWidget(self._columns)
        self._rows.addWidget(self.jobs)
        for splitter, stretch in ((self._columns, 1), (self._rows, 0)):
            splitter.setHandleWidth(1)
            splitter.setChildrenCollapsible(False)
            splitter.setStretchFactor(stretch, 1)
        self._columns.setSizes(self.session.settings["columns"])
        self._rows.setSizes(self.session.settings["rows"])
        for name in ("sidebar", "inspector", "jobs", "filters"):
            self.panel(name).setVisible(self.session.settings[name])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._rows)

    def _begin_plotting(self, _: None) -> None:
        self.filters.histogram.load()
        # The last of what is imported, and a moment when nobody scrolls yet.
        smoothness.spare_the_collector()

    def _connect(self) -> None:
        self.session.changed.connect(self._on_changes)
        self.session.job_changed.connect(self._on_job)
        self.filters.edited.connect(self.set_query)
        self.sidebar.chosen.connect(self._go_to_entry)
        self.sidebar.add_clicked.connect(self.add_wanted)
        self.sidebar.reveal_root.connect(self.reveal_root)
        self.sidebar.remove_root.connect(self.remove_root)
        self.browser.listed.connect(self._on_listed)
        self.browser.current_changed.connect(lambda _card: self.state_changed.emit())
        self.browser.selection_changed.connect(lambda _count: self.state_changed.emit())
        self.browser.opened.connect(self._open)
        self.browser.thumbnail_resized.connect(self.resize_thumbnails)
        self.loupe.closed.connect(self.show_grid)
        self.loupe.next_requested.connect(lambda: self.browser.step(1, self._open))
        self.loupe.previous_requested.connect(lambda: self.browser.step(-1, self._open))
        self.loupe.overlay_changed.connect(lambda _: self.state_changed.emit())
        self.loupe.drawing_changed.connect(self.state_changed)

    # --- queries ---------------------------------------------------------------------------

    def _ask(self) -> None:
        self.browser.show_query(self.kind, self.query)
        self._ask_histogram()

    def _ask_histogram(self) -> None:
        library, query = self.session.library, self.query
        of_faces = self.kind is ViewKind.FACES
        self.session.run(
            lambda: library.views.score_histogram(query, BINS, of_faces),
            self.filters.set_counts,
            key="histogram",
        )

    def _read_library(self) -> None:
        """Counts, folders, the scorer and the histogram."""
        self._ask_histogram()
        library = self.session.library

        def failed(error: Exception) -> None:
            self._overview.finished()
            self.session.report(error)

        self.session.run(
            lambda: read_overview(library), self._take_library, failed=failed, key="library"
        )

    def _take_library(self, found: Overview) -> None:
        self._overview.finished()
        self.counts, self.roots, self.scorer = found.counts, found.roots, found.scorer
        self.sidebar.set_counts(found.counts)
        self.sidebar.set_roots(found.roots, found.sizes)
        self._mark_entry()
        self.filters.set_query(self.query)
        self._show_emptiness()
        self.state_changed.emit()

    def _on_changes(self, changes: Changes) -> None:
        if any(
            changes.ids(kind)
            for kind in (Kind.PHOTO, Kind.FACE, Kind.SCORE, Kind.ROOT, Kind.SCORER, Kind.SETTING)
        ):
            self._overview.request()

    def _on_job(self, progress: JobProgress) -> None:
        if progress.state.finished:
            self._running.pop(progress.id, None)
        else:
            self._running[progress.id] = progress
        self._show_emptiness()
        self.state_changed.emit()

    def _on_listed(self, count: int) -> None:
        del count
        self._show_emptiness()
        self.state_changed.emit()

    def _show_emptiness(self) -> None:
        if self.browser.count or self.counts is None:
            self.browser.show_empty(None)
            return
        emptiness = Emptiness(
            roots=len(self.roots),
            photos=self.counts.photos,
            faces=self.counts.faces,
            in_folder=self.query.root_id is not None,
            filtered=is_filtered(replace(self.query, root_id=None)),
            busy=any(job.kind == "index" for job in self._running.values()),
            of_faces=self.kind is ViewKind.FACES,
        )
        self._pages.show_job(self.busy)
        self.browser.show_empty(self._pages[emptiness.page()])

    # --- cards -----------------------------------------------------------------------------

    def _open(self, card: Card) -> None:
        self.loupe.show_photo(card.photo_id, card.face_id)
        if not self.in_loupe:
            self._centre.setCurrentWidget(self.loupe)
            self._explaining.soon()
        self.loupe.setFocus()
        self._prefetch()
        self.state_changed.emit()

    def _prefetch(self) -> None:
        """Tell the loupe which photos are likely next: they are rendered ahead."""
        browser, row = self.browser, self.browser.position()
        rows = [row + by for n in range(1, _AHEAD + 1) for by in (n, -n)]
        self.loupe.set_neighbours(browser.photos_near(rows))

    # --- places ----------------------------------------------------------------------------

    def _go_to_entry(self, entry: Entry) -> None:
        self.show_grid()
        query = query_at(entry, self.query)
        if query is None:
            self._show_unreadable()
        else:
            before = self.kind
            if entry.place is Place.MISSING:
                # Their number is that of photos, with or without faces.
                self.kind = ViewKind.PHOTOS
            self.set_query(query, always=self.kind is not before)
        self._mark_entry()

    def _show_unreadable(self) -> None:
        if self.jobs.isHidden():
            self.toggle_panel("jobs")
        self.jobs.show_unreadable()

    def _mark_entry(self) -> None:
        self.sidebar.set_entry(entry_at(self.query))

    def _root_name(self, root_id: int) -> str:
        for root in self.roots:
            if root.id == root_id:
                return display_path(root.path.name or root.path)
        return "one folder"


def _sort_of(name: str) -> SortKey:
    return SortKey(name) if name in list(SortKey) else SortKey.SCORE
