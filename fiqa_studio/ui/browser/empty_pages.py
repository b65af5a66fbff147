"""What stands in the grid's place where there is nothing to list, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from fiqa_studio.domain.jobs import JobProgress
from fiqa_studio.domain.query import Subject
from fiqa_studio.ui.session.session import Session
from fiqa_studio.ui.widgets.empty import EmptyPage, WelcomePage


@dataclass(frozen=True, slots=True)
class Emptiness:
    """Why nothing is listed.

    Attributes:
        roots: Folders in the library.
        photos: Photos in it.
        faces: Faces in it.
        in_folder: Only one folder was asked for.
        filtered: A filter is on besides that.
        busy: An index is running.
        of_faces: Faces were asked for.
    """

    roots: int
    photos: int
    faces: int
    in_folder: bool
    filtered: bool
    busy: bool
    of_faces: bool

    def page(self) -> str:
        """Which page says so: ``welcome``, ``busy``, ``filters``, ``no-faces``, ``no-photos``."""
        if self.filtered and (self.faces if self.of_faces else self.photos):
            return "filters"
        if self.busy:
            return "busy"
        if self.roots == 0:
            return "welcome"
        return "no-faces" if self.of_faces and self.photos else "no-photos"


class Pages:
    """Makes them all, and gives the one that is wanted.

    Args:
        add_folder: Asks for a folder.
        clear_filters: Shows everything.
        show_photos: Goes over to photos.
    """

    def __init__(
        self,
        add_folder: Callable[[], None],
        clear_filters: Callable[[], None],
        show_photos: Callable[[], None],
    ) -> None:
        welcome = WelcomePage()
        welcome.add_clicked.connect(add_folder)
        self._busy = EmptyPage(
            "activity",
            "Looking for faces…",
            "They appear here as they are found. You can go on working meanwhile.",
        )
        self._pages: dict[str, QWidget] = {
            "welcome": welcome,
            "filters": EmptyPage(
                "filter",
                "Nothing matches these filters",
                "Widen the range of scores or the number of faces, or look for other words.",
                (("Clear Filters", clear_filters),),
            ),
            "busy": self._busy,
            "no-faces": EmptyPage(
                "no-face",
                "No faces in these photos",
                "Every photo was looked at, and none shows a face that is large and clear enough.",
                (("Show Photos", show_photos),),
            ),
            "no-photos": EmptyPage(
                "image-off",
                "No photos here",
                "The folders hold no files of a kind that can be read.",
                (("Add Folder…", add_folder),),
            ),
        }

    def __getitem__(self, name: str) -> QWidget:
        """The page of this name; see `Emptiness.page`. Raises `KeyError`."""
        return self._pages[name]

    def show_job(self, job: JobProgress | None) -> None:
        """Say how far the job is that will fill the grid."""
        self._busy.set_text(_progress_words(job) if job is not None else "")


class EmptyState(QObject):
    """Watches the list, the library and the jobs, and says which page is to be shown.

    Signals:
        changed: Another page is to be shown (`QWidget`), or the grid again (None).
    """

    changed = Signal(object)

    def __init__(self, session: Session, pages: Pages, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self.pages = pages
        session.listing.listed.connect(lambda _anew: self.look())
        session.overview.changed.connect(self.look)
        session.job_changed.connect(lambda _: self.look())

    def look(self) -> None:
        """Decide anew."""
        listing, overview = self._session.listing, self._session.overview
        if listing.count or overview.counts is None:
            self.changed.emit(None)
            return
        running = self._session.running.values()
        emptiness = Emptiness(
            roots=len(overview.roots),
            photos=overview.counts.photos,
            faces=overview.counts.faces,
            in_folder=listing.query.term("root") is not None,
            filtered=listing.query.without("root").is_filtered,
            busy=any(job.kind == "index" for job in running),
            of_faces=listing.subject is Subject.FACES,
        )
        self.pages.show_job(self._session.busy)
        self.changed.emit(self.pages[emptiness.page()])


def _progress_words(job: JobProgress) -> str:
    if job.total is None:
        return f"{job.message or 'Counting the files'}…"
    return f"{job.done:,} of {job.total:,} photos looked at. Faces appear here as they are found."
