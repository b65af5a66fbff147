"""A folder of photos: copies, hard links or symbolic links, and ``photos.csv`` that lists them."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

from fiqa_studio.domain.errors import KnownError, PhotoError
from fiqa_studio.exports.folder import Folder
from fiqa_studio.exports.items import Item
from fiqa_studio.exports.writer import Link, Setting

_PIECE = 1 << 20


class ExportCancelledError(Exception):
    """The export was cancelled in the middle of a file, which is not there then."""


class PhotosWriter:
    """Fills the folder."""

    def __init__(self, place: Path, setting: Setting):
        self._setting = setting
        self._folder = Folder(place, setting, "photos.csv")

    def done_already(self, item: Item) -> bool:
        """Whether the photo is in the folder."""
        return self._folder.has(_key(item))

    def put(self, item: Item, data: bytes = b"") -> None:  # noqa: ARG002 - from its own file
        """Copy or link one photo."""
        name = Path(os.fsdecode(item.path)).name
        self._folder.put(item, _key(item), name, lambda part: self._write(item.path, part))

    def close(self) -> None:
        """Finish the list."""
        self._folder.close()

    def abandon(self) -> None:
        """Let go of files."""
        self._folder.abandon()

    def _write(self, original: bytes, part: Path) -> None:
        try:
            # Only a regular file is read: a pipe in a photo's place would be waited for for ever.
            descriptor = os.open(original, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
            source = os.fdopen(descriptor, "rb")
        except OSError as error:
            raise _unreadable(error) from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            source.close()
            raise PhotoError("This is no file any more.", code="photo.gone")
        with source:
            match self._setting.link:
                case Link.COPY:
                    self._copy(source, part)
                case Link.HARD:
                    _hard_link(original, part)
                case Link.SYMLINK:
                    part.symlink_to(os.fsdecode(original))

    def _copy(self, source: BinaryIO, part: Path) -> None:
        with part.open("xb") as target:
            while piece := _read(source):
                if self._setting.cancelled():
                    raise ExportCancelledError
                target.write(piece)
            target.flush()
            os.fsync(target.fileno())
        status = os.fstat(source.fileno())
        os.utime(part, ns=(status.st_atime_ns, status.st_mtime_ns))


def open_writer(place: Path, setting: Setting) -> PhotosWriter:
    """Begin, or go on with, a folder at ``place``."""
    return PhotosWriter(place, setting)


def _key(item: Item) -> str:
    return str(int(item.row.id))


def _read(source: BinaryIO) -> bytes:
    try:
        return source.read(_PIECE)
    except OSError as error:
        raise _unreadable(error) from error


def _hard_link(original: bytes, part: Path) -> None:
    try:
        os.link(original, os.fsencode(part))
    except OSError as error:
        raise KnownError(
            "Hard links cannot be made there.",
            cause=f"{error.strerror}.",
            remedy="They need the photos' own disk, of a kind that has them; copy instead.",
            code="export.no-hard-link",
        ) from error


def _unreadable(error: OSError) -> PhotoError:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return PhotoError("The file is no longer there.", code="photo.gone")
    if isinstance(error, PermissionError):
        return PhotoError("You may not read this file.", code="photo.permission")
    return PhotoError(f"The file cannot be read: {error.strerror}.", code="photo.unreadable")
