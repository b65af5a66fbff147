"""What the window is doing, as one value: what actions are enabled and checked by."""

from __future__ import annotations

from dataclasses import dataclass

from fiqa_studio.domain.fields_query import SortKey
from fiqa_studio.ui.session.kinds import ViewKind


@dataclass(frozen=True, slots=True)
class State:
    """A snapshot of the window.

    Attributes:
        library: A library is open.
        read_only: It cannot be written.
        roots: Number of folders in it.
        listed: Number of faces or photos shown.
        selected: Number of them selected.
        current: One of them has the keyboard.
        kind: Whether faces or photos are shown.
        sort: By what.
        descending: Highest first.
        filtered: A filter is on.
        loupe: The loupe is in front.
        busy: A job is running.
        sidebar: The side bar is shown.
        inspector: The inspector is shown.
        jobs: The list of jobs is shown.
        filters: The filter bar is shown.
        overlay: ``none``, ``quality`` or ``confidence``.
        boxes: Boxes are drawn in the loupe.
        landmarks: Landmarks are drawn in the loupe.
        theme: ``dark``, ``light`` or ``system``.
    """

    library: bool = False
    read_only: bool = False
    roots: int = 0
    listed: int = 0
    selected: int = 0
    current: bool = False
    kind: ViewKind = ViewKind.FACES
    sort: SortKey = SortKey.SCORE
    descending: bool = True
    filtered: bool = False
    loupe: bool = False
    busy: bool = False
    sidebar: bool = True
    inspector: bool = True
    jobs: bool = False
    filters: bool = True
    overlay: str = "none"
    boxes: bool = True
    landmarks: bool = False
    theme: str = "dark"
