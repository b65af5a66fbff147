"""Which files a library lives in, so that nothing else is ever written over one of them."""

from __future__ import annotations

import os
from pathlib import Path

from fiqa_studio.domain.errors import LibraryError
from fiqa_studio.domain.paths import display_path

APPLICATION_ID = 0x46495141
"""In the header of every library, at byte 68: ``FIQA``."""

_DATABASE = b"SQLite format 3\x00"
_APPLICATION_ID_AT = slice(68, 72)
_LOGS = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83", b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7")
"""How SQLite's write-ahead logs (either byte order) and rollback journals begin."""

_SIDE_SUFFIXES = tuple(
    side + suffix
    for side in ("", ".thumbs", ".vectors")
    for suffix in ("-wal", "-shm", "-journal", ".lock", "")
    if side or suffix
)


def is_library(path: Path) -> bool:
    """Whether a file is a library, whatever its name; False where it cannot be read."""
    start = _start_of(path)
    return (
        start.startswith(_DATABASE)
        and int.from_bytes(start[_APPLICATION_ID_AT], "big") == APPLICATION_ID
    )


def refuse_to_replace(target: Path) -> None:
    """Refuse to write over a library, a file that belongs to one, or any other database.

    Symbolic links are followed first. What a file holds decides, not its name alone: a library
    under any name, a hard link to one, and a backup are all refused; so are the names that a
    library uses or may come to use beside itself (``-wal``, ``.lock``, ``.thumbs``, ``.vectors``).

    Raises:
        LibraryError: ``export.onto-library`` or ``export.onto-database``.
    """
    for path in dict.fromkeys((target.absolute(), target.resolve())):
        library = path if is_library(path) else _library_beside(path)
        if library is not None:
            belongs = "is" if library == path else "belongs to"
            raise LibraryError(
                f"“{display_path(target)}” {belongs} a library.",
                cause=f"Writing there would destroy {display_path(library)}.",
                remedy="Choose another name.",
                code="export.onto-library",
            )
    if _start_of(target).startswith((_DATABASE, *_LOGS)):
        raise LibraryError(
            f"“{display_path(target)}” is a database.",
            cause="An export never replaces one.",
            remedy="Choose another name, or delete that file yourself.",
            code="export.onto-database",
        )


def _library_beside(path: Path) -> Path | None:
    """The library whose side file this path is; None where it is nobody's."""
    name = os.fspath(path)
    for suffix in _SIDE_SUFFIXES:
        # Disks that ignore case find the library under any spelling of the suffix.
        if name.casefold().endswith(suffix):
            library = Path(name[: -len(suffix)])
            if library.name and is_library(library):
                return library
    return None


def _start_of(path: Path) -> bytes:
    """The first bytes of a regular file; empty for anything else. Never waits for a pipe."""
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as file:
            return file.read(_APPLICATION_ID_AT.stop)
    except OSError:
        return b""
