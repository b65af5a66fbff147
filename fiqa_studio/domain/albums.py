"""Albums: saved queries and sets of photos in the user's own order."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

AlbumId = NewType("AlbumId", int)


class AlbumKind(StrEnum):
    """How an album knows what is in it."""

    SMART = "smart"
    """What its query finds, now."""
    PLAIN = "plain"
    """What was put into it, in that order."""


@dataclass(frozen=True, slots=True)
class Album:
    """One album.

    Attributes:
        query_text: Of a smart album, as the user typed it; else empty.
        count: Photos in a plain album, those whose file is missing included; None for a smart
            album, whose query has to be asked.
        missing: Those of them whose file is gone.
    """

    id: AlbumId
    name: str
    kind: AlbumKind
    query_text: str = ""
    count: int | None = None
    missing: int = 0
