"""Folders of files that can be filled in several runs: which names, and what is there already.

A file of the folder is written under a name of its own and renamed when it is whole, so whatever
bears its final name is whole. Which name belongs to which item is noted before it is written, so
that a later run gives the same names, and skips what is there.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path

from fiqa_studio.domain.paths import display_path
from fiqa_studio.exports.items import Item
from fiqa_studio.exports.text import TextTable
from fiqa_studio.exports.writer import Setting

NAMES = ".names.jsonl"
"""Notes of an unfinished folder; gone when it is whole."""
_PART = ".part"
_LONGEST_NAME = 200
"""Bytes of a file's name: file systems end at 255, and a number may have to be added."""


class Folder:
    """An export's folder while it is being filled.

    Args:
        place: Made where it is not there yet.
        setting: Of the export.
        table: Name of the table inside it that says what each file is.
    """

    def __init__(self, place: Path, setting: Setting, table: str):
        self._place = place
        place.mkdir(exist_ok=True)
        self._taken = {table.casefold(), "manifest.json", NAMES}
        self._names: dict[str, str] = {}
        self._read_names()
        self._notes = (place / NAMES).open("a", encoding="utf-8")
        self._notes.write("\n")  # the last line of an earlier run may be torn
        self._stream = (place / table).open("w", encoding="utf-8", newline="")
        self._table = TextTable(self._stream, setting.columns, ["file"])

    def has(self, key: str) -> bool:
        """Whether an earlier run, or this one, wrote the file of this item."""
        name = self._names.get(key)
        return name is not None and os.path.lexists(self._place / name)

    def put(self, item: Item, key: str, name: str, write: Callable[[Path], None]) -> None:
        """Write an item's file, unless it is there, and its row of the table.

        Args:
            item: Of the table's row.
            key: What the item is, the same in each run.
            name: The file's name if nothing else has it; else it gets a number.
            write: Makes the file at a path; whatever it raises leaves nothing behind.
        """
        if not self.has(key):
            final = self._place / self._name_of(key, name)
            part = final.with_name(f".{len(self._names)}{_PART}")
            try:
                write(part)
                part.replace(final)
            finally:
                with contextlib.suppress(OSError):
                    part.unlink()
        self._table.put(item, display_path(self._names[key]))

    def close(self) -> None:
        """Everything is there: the table on the disk, the notes gone."""
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self.abandon()
        (self._place / NAMES).unlink(missing_ok=True)

    def abandon(self) -> None:
        """Let go of the files."""
        for stream in (self._stream, self._notes):
            with contextlib.suppress(OSError):
                stream.close()

    def _name_of(self, key: str, wanted: str) -> str:
        if key in self._names:
            return self._names[key]
        stem, extension = _parts(_shortened(wanted))
        name, number = stem + extension, 1
        while name.casefold() in self._taken:
            number += 1
            name = f"{stem} ({number}){extension}"
        self._note(key, name)
        # Noted before the file is there: a file without a note would get a second name.
        self._notes.write(json.dumps([key, name]) + "\n")
        self._notes.flush()
        return name

    def _note(self, key: str, name: str) -> None:
        self._names[key] = name
        self._taken.add(name.casefold())

    def _read_names(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            for line in (self._place / NAMES).read_text(encoding="utf-8").splitlines():
                with contextlib.suppress(ValueError):  # the last line may be torn
                    key, name = json.loads(line)
                    self._note(str(key), str(name))


def _shortened(name: str) -> str:
    stem, extension = _parts(name)
    room = _LONGEST_NAME - len(os.fsencode(extension))
    raw = os.fsencode(stem)
    return name if len(raw) <= room else raw[: max(room, 1)].decode("utf-8", "ignore") + extension


def _parts(name: str) -> tuple[str, str]:
    path = Path(name)
    return path.stem, path.suffix
