"""The pages that stand where the workspace has nothing to list."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from fiqa_studio.domain.jobs import JobProgress
from fiqa_studio.ui.shell.empty import EmptyPage, WelcomePage


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


def _progress_words(job: JobProgress) -> str:
    if job.total is None:
        return f"{job.message or 'Counting the files'}…"
    return f"{job.done:,} of {job.total:,} photos looked at. Faces appear here as they are found."
