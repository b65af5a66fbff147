"""The loupe in the window: it shows what is current, and says which face is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from fiqa_studio.domain.photos import FaceId
from fiqa_studio.ui.loupe.loupe import LoupeView
from fiqa_studio.ui.loupe.mark_strip import MarkStrip
from fiqa_studio.ui.session.selection import Current

if TYPE_CHECKING:
    from fiqa_studio.ui.actions.context import Context

_AHEAD = 3
"""Photos on either side of the one in the loupe that are rendered ahead."""


class LoupeArea(LoupeView):
    """Follows the selection while it is in front.

    Attributes:
        strip: The photo's marks.
    """

    def __init__(self, context: Context) -> None:
        super().__init__(context.session)
        self._window = context.window
        self._selection = context.selection
        self._in_front = False
        self._cards = context.listing.cards
        self.strip = MarkStrip(self.canvas)
        self._selection.moved.connect(self._on_moved)
        self._cards.arrived.connect(self._on_cards)
        self.next_requested.connect(lambda: self._selection.step(1))
        self.previous_requested.connect(lambda: self._selection.step(-1))
        self.first_requested.connect(lambda: self._selection.go_to(0))
        self.last_requested.connect(lambda: self._selection.go_to(context.listing.count - 1))
        self.closed.connect(lambda: self._window.show_area("grid"))
        self.face_selected.connect(lambda face_id: self._selection.choose_face(FaceId(face_id)))
        self.selection_cleared.connect(lambda: self._selection.choose_face(None))
        self.overlay_changed.connect(lambda _: self._window.refresh())
        self.drawing_changed.connect(self._window.refresh)

    @override
    def entered(self) -> None:
        self._in_front = True
        self._on_moved(self._selection.current)

    @override
    def left(self) -> None:
        self._in_front = False

    def _on_moved(self, now: Current | None) -> None:
        if self._in_front and now is not None:
            self.show_photo(now.photo_id, now.face_id)
            self.set_neighbours(self._selection.photos_near(_AHEAD))
            self._show_marks()

    def _on_cards(self, keys: list[int]) -> None:
        now = self._selection.current
        if self._in_front and now is not None and now.id in keys:
            self._show_marks()

    def _show_marks(self) -> None:
        now = self._selection.current
        card = self._cards.get(now.id) if now is not None else None
        if card is not None:
            self.strip.show_marks(card.marks, pending=bool(card.pending))
