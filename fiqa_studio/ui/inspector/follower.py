"""The inspector follows what is current or selected in the grid and the loupe."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from fiqa_studio.ui.browser.browser import Browser
from fiqa_studio.ui.browser.cards import Card
from fiqa_studio.ui.inspector.panel import InspectorPanel
from fiqa_studio.ui.loupe.loupe import LoupeView
from fiqa_studio.ui.session.kinds import ViewKind

_EXPLAIN_MS = 80
"""A selection that a key or the mouse is still extending is summed up when it rests."""


class Explaining(QObject):
    """Tells the inspector what to explain.

    Args:
        browser: The grid.
        loupe: In front of it at times.
        inspector: Explains.
        in_loupe: Whether the loupe is in front.
        parent: Owns this.
    """

    def __init__(
        self,
        browser: Browser,
        loupe: LoupeView,
        inspector: InspectorPanel,
        in_loupe: Callable[[], bool],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._browser = browser
        self._loupe = loupe
        self._inspector = inspector
        self._in_loupe = in_loupe
        self._card: Card | None = None
        self._timer = QTimer(self, singleShot=True, interval=_EXPLAIN_MS)
        self._timer.timeout.connect(self._explain)
        browser.current_changed.connect(self._on_current)
        browser.selection_changed.connect(lambda _count: self.soon())
        loupe.face_selected.connect(inspector.show_face)
        loupe.selection_cleared.connect(self._explain_photo)

    def soon(self) -> None:
        """Another view is in front, or another selection is growing."""
        self._timer.start()

    def stop(self) -> None:
        """Explain nothing more."""
        self._timer.stop()

    def _on_current(self, card: Card | None) -> None:
        self._card = card
        if not self._timer.isActive():
            self._explain()

    def _explain(self) -> None:
        """Explain the current card, or sum up the faces where several are selected."""
        card, browser = self._card, self._browser
        selected = browser.selected_ids() if browser.kind is ViewKind.FACES else ()
        if len(selected) > 1 and not self._in_loupe():
            self._inspector.show_faces([int(face_id) for face_id in selected])
        elif card is None:
            self._inspector.clear()
        elif card.face_id is not None:
            self._inspector.show_face(card.face_id)
        else:
            self._inspector.show_photo(card.photo_id)

    def _explain_photo(self) -> None:
        if self._loupe.photo_id is not None:
            self._inspector.show_photo(self._loupe.photo_id)
