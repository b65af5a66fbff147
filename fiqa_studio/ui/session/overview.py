"""What is known of the library as a whole: counts, folders, the scorer. Read off the thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from fiqa_studio.domain.changes import Changes, Kind
from fiqa_studio.domain.paths import display_path
from fiqa_studio.ui.session.throttle import Refresher

if TYPE_CHECKING:
    from fiqa_studio.store.library import Library
    from fiqa_studio.store.roots import RootFolder
    from fiqa_studio.store.views import Counts
    from fiqa_studio.ui.session.session import Session

_EVERY_MS = 500
"""Least time between two readings while an index fills the library."""
_KINDS = (Kind.PHOTO, Kind.FACE, Kind.SCORE, Kind.ROOT, Kind.SCORER, Kind.SETTING)


@dataclass(frozen=True, slots=True, eq=False)
class Summary:
    """Read whole.

    Attributes:
        counts: Of photos and faces.
        roots: The folders.
        sizes: Photos of each folder, by its id.
        scorer: Title of the scorer whose scores are shown, empty without one.
    """

    counts: Counts
    roots: list[RootFolder]
    sizes: dict[int, int]
    scorer: str


def read_summary(library: Library) -> Summary:
    """Read it; for a thread beside the window's."""
    roots, counts = library.roots.all(), library.views.counts()
    library.views.prepare()  # so that the first filter by a photo's values does not wait for it
    sizes = {int(root.id): counts.by_root.get(root.id, 0) for root in roots}
    active = library.scores.active()
    return Summary(counts, roots, sizes, active.title if active else "")


class Overview(QObject):
    """The library as a whole, read again when something changed.

    Attributes:
        counts: Of photos and faces; None until first read.
        roots: The folders.
        sizes: Photos of each folder, by its id.
        scorer: Title of the scorer whose scores are shown, empty without one.

    Signals:
        changed: It was read (again).
    """

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self.counts: Counts | None = None
        self.roots: list[RootFolder] = []
        self.sizes: dict[int, int] = {}
        self.scorer = ""
        self._refresh = Refresher(self._read, _EVERY_MS, self)
        session.changed.connect(self._on_changes)

    def read(self) -> None:
        """Read it now."""
        self._refresh.now()

    def root_name(self, root_id: int) -> str:
        """What to call a folder."""
        for root in self.roots:
            if root.id == root_id:
                return display_path(root.path.name or root.path)
        return "one folder"

    def close_down(self) -> None:
        """Read nothing more; the session is about to close."""
        self._refresh.stop()

    def _read(self) -> None:
        library = self._session.library
        self._session.run(
            lambda: read_summary(library),
            self._take,
            failed=self._failed,
            key="overview",
            slow=True,
        )

    def _take(self, found: Summary) -> None:
        self._refresh.finished()
        self.counts, self.roots, self.scorer = found.counts, found.roots, found.scorer
        self.sizes = found.sizes
        self.changed.emit()

    def _failed(self, error: Exception) -> None:
        self._refresh.finished()
        self._session.report(error)

    def _on_changes(self, changes: Changes) -> None:
        if any(changes.of_kind(kind) for kind in _KINDS):
            self._refresh.request()
