"""What every export format is made of, whatever it writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from fiqa_studio.exports.columns import Column
from fiqa_studio.exports.items import Item


class Content(StrEnum):
    """What of an item a format writes."""

    FACTS = "facts"
    """What the library knows of it."""
    PHOTO = "photo"
    """Its file as well."""
    CROP = "crop"
    """The aligned crop of the face as well; the worker makes it."""


class Link(StrEnum):
    """How an exported photo comes into its folder."""

    COPY = "copy"
    HARD = "hard"
    """A second name of the same file: no space, but only on the same disk."""
    SYMLINK = "symlink"
    """A pointer to the original: nothing where that is moved or gone."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How a writer is to write.

    Attributes:
        columns: Of the items.
        link: How photos come into a folder.
        cancelled: Asked now and then; a writer that copies for long stops in the middle.
    """

    columns: Sequence[Column]
    link: Link = Link.COPY
    cancelled: Callable[[], bool] = field(default=lambda: False)


class Writer(Protocol):
    """Writes items in the order they come; made by a format's ``open_writer(place, setting)``.

    The place is a file or folder under another name than the target's: whatever is there counts
    only once the export is whole.
    """

    def done_already(self, item: Item) -> bool:
        """Whether an interrupted run wrote it; then `put` need not be given its data."""

    def put(self, item: Item, data: bytes = b"") -> None:
        """Write one item.

        Args:
            item: What.
            data: The crop as a PNG, for a format of crops.

        Raises:
            PhotoError: This one cannot be written (its file is gone); the others can.
            KnownError: None can: the target is full or gone.
        """

    def close(self) -> None:
        """Everything was put: finish. Raises `KnownError` as `put` does."""

    def abandon(self) -> None:
        """The export ends early: let go of files."""


class OpenWriter(Protocol):
    """A format's entry."""

    def __call__(self, place: Path, setting: Setting) -> Writer:
        """Begin, or go on where an earlier run was interrupted."""
