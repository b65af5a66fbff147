"""How large thumbnails are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QSlider

from fiqa_studio.ui.actions.action import State
from fiqa_studio.ui.browser.layout import MAX_THUMBNAIL, MIN_THUMBNAIL

if TYPE_CHECKING:
    from fiqa_studio.ui.actions.context import Context


def resize(context: Context, side: int) -> None:
    """Make thumbnails this large, within reason."""
    from fiqa_studio.ui.browser.browser import Browser  # noqa: PLC0415 - numpy: after first paint

    side = min(max(side, MIN_THUMBNAIL), MAX_THUMBNAIL)
    context.settings["thumbnail-size"] = side
    area = context.window.area_view()
    if isinstance(area, Browser):
        area.view.set_thumbnail(side)
    context.window.refresh()


class SizeSlider(QSlider):
    """In the status bar, while the grid is in front."""

    def __init__(self, context: Context) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._context = context
        self.setRange(MIN_THUMBNAIL, MAX_THUMBNAIL)
        self.setPageStep(32)
        self.setFixedWidth(110)
        self.setAccessibleName("Size of thumbnails")
        self.setToolTip("Size of thumbnails")
        self.valueChanged.connect(lambda side: resize(context, side))

    def update_state(self, state: State) -> None:
        """Show the size, without telling."""
        self.setEnabled(state["area"] == "grid")
        with QSignalBlocker(self):
            self.setValue(self._context.settings["thumbnail-size"])
