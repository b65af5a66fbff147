"""Where the cells of a grid lie: arithmetic only, so that a million rows cost nothing."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRect

from fiqa_studio.ui.theme.tokens import Space

MIN_THUMBNAIL = 88
MAX_THUMBNAIL = 320
CAPTION_HEIGHT = 36
_CAPTION_FROM = 112
"""Below this size of thumbnail a caption is only noise."""


@dataclass(frozen=True, slots=True)
class GridLayout:
    """Equal cells in rows that share the spare width evenly.

    Attributes:
        count: Number of cells.
        width: Of the viewport, in device-independent pixels.
        thumbnail: Side of the square that holds the image.
        padding: Around the image inside a cell.
        gap: Least distance between cells, and from the edges.
    """

    count: int
    width: int
    thumbnail: int
    padding: int = Space.S
    gap: int = Space.XS

    @property
    def caption(self) -> int:
        """Height of the caption, 0 where thumbnails are small."""
        return CAPTION_HEIGHT if self.thumbnail >= _CAPTION_FROM else 0

    @property
    def cell_width(self) -> int:
        """Width of a cell."""
        return self.thumbnail + 2 * self.padding

    @property
    def cell_height(self) -> int:
        """Height of a cell."""
        return self.thumbnail + 2 * self.padding + self.caption

    @property
    def columns(self) -> int:
        """Cells in a row, at least one."""
        return max(1, (self.width - self.gap) // (self.cell_width + self.gap))

    @property
    def rows(self) -> int:
        """Rows in all."""
        return -(-self.count // self.columns)

    @property
    def row_step(self) -> int:
        """From the top of a row to the top of the next."""
        return self.cell_height + self.gap

    @property
    def height(self) -> int:
        """Height of everything."""
        return self.rows * self.row_step + self.gap + Space.S if self.count else 0

    def cell(self, index: int) -> QRect:
        """The rectangle of a cell, from the top of everything."""
        row, column = divmod(index, self.columns)
        spare = self.width - self.columns * self.cell_width
        x = spare * (column + 1) // (self.columns + 1) + column * self.cell_width
        return QRect(x, self.gap + row * self.row_step, self.cell_width, self.cell_height)

    def image(self, cell: QRect) -> QRect:
        """The square for the image inside a cell."""
        return QRect(
            cell.x() + self.padding, cell.y() + self.padding, self.thumbnail, self.thumbnail
        )

    def index_at(self, x: int, y: int) -> int:
        """The cell at a point, -1 between cells."""
        row = max(0, y - self.gap) // self.row_step
        for column in range(self.columns):
            index = row * self.columns + column
            if index < self.count and self.cell(index).contains(x, y):
                return index
        return -1

    def span(self, top: int, bottom: int) -> range:
        """Cells that touch the band from ``top`` to ``bottom``."""
        if not self.count:
            return range(0)
        first = max(0, top - self.gap) // self.row_step * self.columns
        last = (max(0, bottom - self.gap) // self.row_step + 1) * self.columns
        return range(min(first, self.count), min(last, self.count))
