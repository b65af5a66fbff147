"""CSV: one row a face or photo, in UTF-8, with a header; see `columns` and `text`."""

from __future__ import annotations

import os
from pathlib import Path

from fiqa_studio.exports.items import Item
from fiqa_studio.exports.text import TextTable
from fiqa_studio.exports.writer import Setting


class CsvWriter:
    """Writes one table."""

    def __init__(self, place: Path, setting: Setting):
        self._stream = place.open("w", encoding="utf-8", newline="")
        self._table = TextTable(self._stream, setting.columns)

    def done_already(self, item: Item) -> bool:  # noqa: ARG002 - a table is written anew
        """Never: a table is quickly written again."""
        return False

    def put(self, item: Item, data: bytes = b"") -> None:  # noqa: ARG002 - facts only
        """Write one row."""
        self._table.put(item)

    def close(self) -> None:
        """Everything on the disk."""
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._stream.close()

    def abandon(self) -> None:
        """Let go of the file."""
        self._stream.close()


def open_writer(place: Path, setting: Setting) -> CsvWriter:
    """Begin a table at ``place``."""
    return CsvWriter(place, setting)
