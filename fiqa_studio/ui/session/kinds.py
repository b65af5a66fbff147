"""What a grid is a grid of."""

from __future__ import annotations

from enum import StrEnum


class ViewKind(StrEnum):
    """Faces, or the photos they are in."""

    FACES = "faces"
    PHOTOS = "photos"
