"""One open library on the screen: side bar, filter bar, grid and loupe, inspector, jobs.

The panels are parts of splitters rather than floating docks: they fold away and come back,
and are always where the hand expects them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QSplitter, QStackedWidget, QVBoxLayout, QWidget

from fiqa_studio.domain.changes import Changes, Kind
from fiqa_studio.domain.jobs import JobKind, JobProgress
from fiqa_studio.domain.paths import display_path
from fiqa_studio.domain.photos import PhotoId
from fiqa_studio.domain.query import Query, SortKey
from fiqa_studio.ui import smoothness
from fiqa_studio.ui.browser.browser import Browser
from fiqa_studio.ui.browser.cards import Card, FaceSource, PhotoSource
from fiqa_studio.ui.empty import Emptiness, EmptyPage, WelcomePage
from fiqa_studio.ui.filters.bar import FilterBar
from fiqa_studio.ui.filters.histogram import BINS, import_plotting
from fiqa_studio.ui.filters.queries import is_filtered, without_filters
from fiqa_studio.ui.jobs.dock import JobsPanel
from fiqa_studio.ui.kinds import ViewKind
from fiqa_studio.ui.qt_types import TypeLoader
from fiqa_studio.ui.refresher import Refresher
from fiqa_studio.ui.session import Session
from fiqa_studio.ui.sidebar import Entry, Place, Sidebar
from fiqa_studio.ui.viewer.inspector import InspectorPanel
from fiqa_studio.ui.viewer.loupe import LoupeView

if TYPE_CHECKING:
    from fiqa_studio.store.roots import RootFolder
    from fiqa_studio.store.views import Counts

_OVERVIEW_MS = 500
"""Least time between two readings of counts and folders while an index fills the library."""
_EXPLAIN_MS = 80
"""A selection that a key or the mouse is still extending is summed up when it rests."""
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
        self._entry: Entry | None = Entry(Place.ALL)
        self._running: dict[int, JobProgress] = {}
        self._card: Card | None = None
        self._explain_soon = QTimer(self, singleShot=True, interval=_EXPLAIN_MS)
        self._explain_soon.timeout.connect(self._explain)

        library = session.library
        self.sidebar = Sidebar()
        self.filters = FilterBar(self._root_name)
        self.browser = Browser(session, [FaceSource(library), PhotoSource(library)])
        self.loupe = LoupeView(session)
        self.inspector = InspectorPanel(session)
        self.jobs = JobsPanel(session)
        self._pages = self._make_pages()
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
        self.sidebar.set_entry(self._entry)
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
            self._explain_soon.start()
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
        self._explain_soon.stop()
        self.session.silence()
        self.browser.close_down()
        self.loupe.close_images()

    # --- making ----------------------------------------------------------------------------

    def _make_pages(self) -> dict[str, QWidget]:
        welcome = WelcomePage()
        welcome.add_clicked.connect(self.add_wanted)
        return {
            "welcome": welcome,
            "filters": EmptyPage(
                "filter",
                "Nothing matches these filters",
                "Widen the range of scores or the number of faces, or look for other words.",
                (("Clear Filters", self.clear_filters),),
            ),
            "busy": EmptyPage(
                "activity",
                "Looking for faces…",
                "They appear here as they are found. You can go on working meanwhile.",
            ),
            "no-faces": EmptyPage(
                "no-face",
                "No faces in these photos",
                "Every photo was looked at, and none shows a face that is large and clear enough.",
                (("Show Photos", lambda: self.show_kind(ViewKind.PHOTOS)),),
            ),
            "no-photos": EmptyPage(
                "image-off",
                "No photos here",
                "The folders hold no files of a kind that can be read.",
                (("Add Folder…", self.add_wanted.emit),),
            ),
        }

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
        self.browser.current_changed.connect(self._inspect)
        self.browser.selection_changed.connect(self._on_selection)
        self.browser.opened.connect(self._open)
        self.browser.thumbnail_resized.connect(self.resize_thumbnails)
        self.loupe.closed.connect(self.show_grid)
        self.loupe.next_requested.connect(lambda: self.browser.step(1, self._open))
        self.loupe.previous_requested.connect(lambda: self.browser.step(-1, self._open))
        self.loupe.face_selected.connect(self.inspector.show_face)
        self.loupe.selection_cleared.connect(self._inspect_photo)
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

        def read() -> tuple[Counts, list[RootFolder], dict[int, int], str]:
            roots = library.roots.all()
            sizes = {
                int(root.id): len(
                    library.views.photo_ids(Query(sort=SortKey.NAME, root_id=root.id))
                )
                for root in roots
            }
            active = library.scores.active()
            return library.views.counts(), roots, sizes, active.title if active else ""

        def failed(error: Exception) -> None:
            self._overview.finished()
            self.session.report(error)

        self.session.run(
            read, lambda result: self._take_library(*result), failed=failed, key="library"
        )

    def _take_library(
        self, counts: Counts, roots: list[RootFolder], sizes: dict[int, int], scorer: str
    ) -> None:
        self._overview.finished()
        self.counts, self.roots, self.scorer = counts, roots, scorer
        self.sidebar.set_counts(counts)
        self.sidebar.set_roots(roots, sizes)
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
            busy=any(job.kind is JobKind.INDEX for job in self._running.values()),
            of_faces=self.kind is ViewKind.FACES,
        )
        page = self._pages[emptiness.page()]
        self.browser.show_empty(page)
        if isinstance(page, EmptyPage) and emptiness.page() == "busy":
            job = self.busy
            page.set_text(_progress_words(job) if job else "")

    # --- cards -----------------------------------------------------------------------------

    def _open(self, card: Card) -> None:
        self.loupe.show_photo(card.photo_id, card.face_id)
        if not self.in_loupe:
            self._centre.setCurrentWidget(self.loupe)
            self._explain_soon.start()
        self.loupe.setFocus()
        self._prefetch()
        self.state_changed.emit()

    def _prefetch(self) -> None:
        """Tell the loupe which photos are likely next: they are rendered ahead."""
        browser, row = self.browser, self.browser.position()
        rows = [row + by for n in range(1, _AHEAD + 1) for by in (n, -n)]
        self.loupe.set_neighbours(browser.photos_near(rows))

    def _inspect(self, card: Card | None) -> None:
        self._card = card
        if not self._explain_soon.isActive():
            self._explain()
        self.state_changed.emit()

    def _on_selection(self, _count: int) -> None:
        self._explain_soon.start()
        self.state_changed.emit()

    def _explain(self) -> None:
        """Explain the current card, or sum up the faces where several are selected."""
        card = self._card
        selected = self.browser.selected_ids() if self.browser.kind is ViewKind.FACES else ()
        if len(selected) > 1 and not self.in_loupe:
            self.inspector.show_faces([int(face_id) for face_id in selected])
        elif card is None:
            self.inspector.clear()
        elif card.face_id is not None:
            self.inspector.show_face(card.face_id)
        else:
            self.inspector.show_photo(card.photo_id)

    def _inspect_photo(self) -> None:
        if self.loupe.photo_id is not None:
            self.inspector.show_photo(self.loupe.photo_id)

    # --- places ----------------------------------------------------------------------------

    def _go_to_entry(self, entry: Entry) -> None:
        self.show_grid()
        plain = without_filters(self.query)
        actions: dict[Place, Callable[[], None]] = {
            Place.ALL: lambda: self.set_query(plain),
            Place.NO_FACES: lambda: self.set_query(replace(plain, max_faces=0)),
            Place.ROOT: lambda: self.set_query(replace(plain, root_id=entry.root_id)),
            Place.FAILED: self._show_unreadable,
        }
        actions[entry.place]()
        self._mark_entry()

    def _show_unreadable(self) -> None:
        if self.jobs.isHidden():
            self.toggle_panel("jobs")
        self.jobs.show_unreadable()

    def _mark_entry(self) -> None:
        query = self.query
        plain = without_filters(query)
        if query == replace(plain, root_id=query.root_id):
            root = query.root_id
            entry = Entry(Place.ALL) if root is None else Entry(Place.ROOT, root)
        elif query == replace(plain, max_faces=0):
            entry = Entry(Place.NO_FACES)
        else:
            entry = None
        self._entry = entry
        self.sidebar.set_entry(entry)

    def _root_name(self, root_id: int) -> str:
        for root in self.roots:
            if root.id == root_id:
                return display_path(root.path.name or root.path)
        return "one folder"


def _sort_of(name: str) -> SortKey:
    return SortKey(name) if name in list(SortKey) else SortKey.SCORE


def _progress_words(job: JobProgress) -> str:
    if job.total is None:
        return f"{job.message or 'Counting the files'}…"
    return f"{job.done:,} of {job.total:,} photos looked at. Faces appear here as they are found."
