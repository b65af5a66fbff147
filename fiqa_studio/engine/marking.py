"""Marks as the window and the command line make them: by whom, from where, and taken back."""

from __future__ import annotations

import getpass
import os
import unicodedata
import uuid
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from pathlib import Path

from fiqa_studio.domain.marks import (
    ActionRecord,
    Mark,
    MarkEvent,
    Origin,
    Outcome,
    UndoOutcome,
)
from fiqa_studio.domain.paths import path_to_bytes
from fiqa_studio.domain.target import Target
from fiqa_studio.store.library import Library

NOBODY = "unknown"
"""The author where the system does not say who is at work."""


def system_author() -> str:
    """The name under which this person works on this computer."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError, ImportError):  # no name in the environment, none for the number
        return NOBODY
    return _tidy(name) or NOBODY


def _tidy(name: str) -> str:
    """A name on one line, of valid text."""
    shown = name.encode("utf-8", "replace").decode()
    return unicodedata.normalize("NFC", " ".join(shown.split()))


class Marking:
    """Applies marks to one library in the name of one person, from one place.

    Attributes:
        author: In whose name; the system's user until the program or a setting says otherwise.
        session: Of this opening of the library: actions of one session are its to undo.
    """

    def __init__(self, library: Library, *, origin: Origin = Origin.WINDOW):
        self.session = uuid.uuid4().hex
        self._author = system_author()
        self._library = library
        self._origin = origin

    @property
    def author(self) -> str:
        """In whose name marks are made."""
        return self._author

    @author.setter
    def author(self, name: str) -> None:
        self._author = _tidy(name) or system_author()

    def mark(
        self,
        target: Target,
        marks: Sequence[Mark],
        *,
        title: str = "",
        origin: Origin | None = None,
    ) -> Future[Outcome]:
        """Apply marks, in their order, as one action; see `store.marks.Marks.apply`.

        Returns at once: a query is answered, and the library written, on the writer's thread,
        before any batch that a job has queued.

        Raises:
            ValueError: At once, for a value that a mark cannot have.
            KnownError: At once, for a tag that cannot be kept; what else is known, from the
                future.
        """
        return self._library.marks.apply(
            marks,
            target,
            author=self._author,
            session=self.session,
            origin=origin or self._origin,
            title=title,
        )

    def undo(self, action_id: int) -> Future[UndoOutcome]:
        """Take an action back where it still holds; take that back to do it again.

        Raises:
            LibraryError: (from the future) ``action.unknown``, ``action.undone``.
        """
        return self._library.marks.undo(
            action_id, author=self._author, session=self.session, origin=self._origin
        )

    def history(self, limit: int = 100, before: int | None = None) -> list[ActionRecord]:
        """What was done, latest first; reads the library."""
        return self._library.marks.actions(limit, before)

    def history_of(self, photo_id: int) -> list[MarkEvent]:
        """What was said of one photo and its faces, in the order it was said; reads the library."""
        return self._library.marks.history(photo_id)

    def photos_at(self, paths: Iterable[str | os.PathLike[str]]) -> tuple[Target, list[Path]]:
        """The photos whose files these are, and the paths that the library does not know.

        Relative paths are taken from the current folder. A symbolic link stands for what it
        leads to, where the library does not know it by its own name. Reads the library.
        """
        wanted = [Path(path).absolute() for path in paths]
        names = {path: path_to_bytes(os.path.normpath(path)) for path in wanted}
        found = self._library.photos.at_paths(names.values())
        followed = {
            path: path_to_bytes(os.path.realpath(path))
            for path, name in names.items()
            if name not in found
        }
        found |= self._library.photos.at_paths(followed.values())
        ids = {path: found.get(names[path], found.get(followed.get(path, b""))) for path in names}
        known = [key for key in ids.values() if key is not None]
        return Target.photos(dict.fromkeys(known)), [path for path in ids if ids[path] is None]
