"""What the workspace knows of its library as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fiqa_studio.domain.fields_query import Query, SortKey

if TYPE_CHECKING:
    from fiqa_studio.store.library import Library
    from fiqa_studio.store.roots import RootFolder
    from fiqa_studio.store.views import Counts


@dataclass(frozen=True, slots=True, eq=False)
class Overview:
    """Read whole, and again when something changed.

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


def read_overview(library: Library) -> Overview:
    """Read it; for a thread beside the window's."""
    roots = library.roots.all()
    sizes = {
        int(root.id): len(library.views.photo_ids(Query(sort=SortKey.NAME, root_id=root.id)))
        for root in roots
    }
    active = library.scores.active()
    return Overview(library.views.counts(), roots, sizes, active.title if active else "")
