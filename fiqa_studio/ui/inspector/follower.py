"""The inspector in the window: it follows what is selected and current."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer

from fiqa_studio.ui.inspector.panel import InspectorPanel

if TYPE_CHECKING:
    from fiqa_studio.ui.actions.context import Context

_EXPLAIN_MS = 80
"""A selection that a key or the mouse is still extending is summed up when it rests."""


class FollowingInspector(InspectorPanel):
    """Explains the current face or photo, or sums up the faces where several are selected."""

    def __init__(self, context: Context) -> None:
        super().__init__(context.session)
        self._selection = context.selection
        self._listing = context.listing
        self._soon = QTimer(self, singleShot=True, interval=_EXPLAIN_MS)
        self._soon.timeout.connect(self._explain)
        self._selection.changed.connect(self._soon.start)
        self._selection.moved.connect(lambda _: self._on_moved())
        context.session.scorers_changed.connect(self.forget_intervals)
        self._explain()

    def _on_moved(self) -> None:
        """At once where nothing else is selected: the eye is on it already."""
        if self._selection.count <= 1 or not self._selection.many:
            self._explain()
        else:
            self._soon.start()

    def _explain(self) -> None:
        self._soon.stop()
        selection, now = self._selection, self._selection.current
        several = selection.many and selection.count > 1
        if several:
            chosen = selection.chosen()
            self.sum_up(chosen.query, chosen.ids)
        elif now is None:
            self.clear()
        elif now.face_id is not None:
            self.show_face(now.face_id)
        else:
            self.show_photo(now.photo_id)
