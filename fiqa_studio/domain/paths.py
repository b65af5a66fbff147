"""File names as the file system has them, and as people can read them."""

from __future__ import annotations

import os
from pathlib import Path


def path_to_bytes(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a path, also where the name is not valid UTF-8."""
    return os.fsencode(path)


def path_from_bytes(raw: bytes) -> Path:
    """The path of these bytes; undecodable bytes survive as surrogate escapes."""
    return Path(os.fsdecode(raw))


def display_path(path: str | os.PathLike[str] | bytes) -> str:
    """The path as valid text for a screen, a CSV or JSON.

    Bytes that are not UTF-8 become the replacement character, so the text may not open the
    file again; keep the bytes for that.
    """
    return os.fsencode(path).decode("utf-8", errors="replace")
