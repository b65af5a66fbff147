"""Reading a file once, whole, without ever waiting for something that is no file."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass

from fiqa_studio.domain.errors import PhotoError
from fiqa_studio.domain.image_data import fingerprint
from fiqa_studio.domain.moments import changed_at_ns

FILE_LIMIT = 1 << 30
"""Largest file that is read, in bytes: it is held in memory whole."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file's bytes and what identifies this state of it.

    Attributes:
        data: The whole content.
        size: In bytes.
        mtime_ns: Time of the last change, from the same open file as the content; see
            `fiqa_studio.domain.moments`.
        content_hash: The photo's identity: of its picture.
        file_hash: Of everything in the file.
    """

    data: bytes
    size: int
    mtime_ns: int
    content_hash: str
    file_hash: str


def read_source(path: str | bytes | os.PathLike[str]) -> SourceFile:
    """Read a regular file whole.

    Raises:
        PhotoError: ``photo.gone``, ``photo.permission``, ``photo.empty``, ``photo.too-large``,
            ``photo.unsupported`` (a folder, pipe, socket or device) or ``photo.unreadable``.
    """
    try:
        # Without O_NONBLOCK, opening a pipe that nobody writes to waits for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        raise _open_error(error) from error
    try:
        with open(descriptor, "rb", buffering=0) as file:  # noqa: PTH123 - a descriptor, no path
            status = os.fstat(descriptor)
            _refuse_unusable(status)
            data = file.read(status.st_size + 1)
            # A network drive may return less than asked for.
            while len(data) < status.st_size and (more := file.read(status.st_size - len(data))):
                data += more
    except OSError as error:
        raise _open_error(error) from error
    if not data:
        raise PhotoError("The file is empty.", code="photo.empty")
    prints = fingerprint(data)
    return SourceFile(data, len(data), changed_at_ns(status), prints.picture, prints.file)


def _refuse_unusable(status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise PhotoError("This is a folder, not a photo.", code="photo.unsupported")
    if not stat.S_ISREG(status.st_mode):
        raise PhotoError("This is a pipe, socket or device, not a photo.", code="photo.unsupported")
    if status.st_size > FILE_LIMIT:
        raise PhotoError(
            f"The file is too large ({status.st_size / 1e9:.1f} GB; "
            f"the limit is {FILE_LIMIT / 1e9:.1f} GB).",
            code="photo.too-large",
        )


def _open_error(error: OSError) -> PhotoError:
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return PhotoError("The file is no longer there.", code="photo.gone")
    if error.errno in (errno.EACCES, errno.EPERM):
        return PhotoError(
            "The file may not be read.",
            remedy="Change its permissions and try again.",
            code="photo.permission",
        )
    if error.errno == errno.EISDIR:
        return PhotoError("This is a folder, not a photo.", code="photo.unsupported")
    if error.errno == errno.ENXIO:  # a socket, or a device without a driver
        return PhotoError(
            "This is a pipe, socket or device, not a photo.", code="photo.unsupported"
        )
    if error.errno == errno.ELOOP:
        return PhotoError("The file's symbolic links run in a circle.", code="photo.unreadable")
    return PhotoError(
        "The file could not be read.", cause=f"{error.strerror}.", code="photo.unreadable"
    )
