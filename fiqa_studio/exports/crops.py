"""A folder of aligned crops, as the scorer sees them, and ``faces.csv`` that lists them.

512 x 512 pixels, PNG, so that nothing is lost: fit for training and for a second opinion.
"""

from __future__ import annotations

import os
from pathlib import Path

from fiqa_studio.exports.folder import Folder
from fiqa_studio.exports.items import Item
from fiqa_studio.exports.writer import Setting


class CropsWriter:
    """Fills the folder."""

    def __init__(self, place: Path, setting: Setting):
        self._folder = Folder(place, setting, "faces.csv")

    def done_already(self, item: Item) -> bool:
        """Whether the crop is in the folder."""
        return self._folder.has(_key(item))

    def put(self, item: Item, data: bytes = b"") -> None:
        """Write one crop; ``data`` is its PNG, empty where it is there already."""
        stem = Path(os.fsdecode(item.path)).stem

        def write(part: Path) -> None:
            with part.open("xb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())

        self._folder.put(item, _key(item), f"{stem}_{_key(item)}.png", write)

    def close(self) -> None:
        """Finish the list."""
        self._folder.close()

    def abandon(self) -> None:
        """Let go of files."""
        self._folder.abandon()


def open_writer(place: Path, setting: Setting) -> CropsWriter:
    """Begin, or go on with, a folder at ``place``."""
    return CropsWriter(place, setting)


def _key(item: Item) -> str:
    return str(int(item.row.id))
