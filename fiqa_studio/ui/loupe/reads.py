"""What the loupe reads of the library, off the window's thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtGui import QImage

from fiqa_studio.domain.photos import FaceDetail, PhotoDetail
from fiqa_studio.ui.photo.colormaps import MapKind
from fiqa_studio.ui.photo.face_marks import FaceMaps

if TYPE_CHECKING:
    from fiqa_studio.store.library import Library


@dataclass(frozen=True, slots=True, eq=False)
class LoadedPhoto:
    """What the library knows of one photo; ``thumbnail`` is null where there is none."""

    detail: PhotoDetail
    faces: tuple[FaceDetail, ...]
    thumbnail: QImage


def read_photo(library: Library, photo_id: int) -> LoadedPhoto | None:
    """A photo with its faces; None where it has left the library."""
    detail = library.photos.detail(photo_id)
    if detail is None:
        return None
    thumbnail = QImage.fromData(library.thumbnails.photo(photo_id) or b"")
    return LoadedPhoto(detail, tuple(library.faces.of_photo(photo_id)), thumbnail)


def read_maps(library: Library, hashes: Mapping[int, str], kind: MapKind) -> dict[int, FaceMaps]:
    """The maps of faces, given as face id to scorer hash, with the images of one kind made."""
    maps = {}
    for face_id, scorer_hash in hashes.items():
        stored = library.scores.maps(face_id, scorer_hash)
        if stored is not None:
            maps[face_id] = FaceMaps(stored)
            maps[face_id].prepare(kind)
    return maps
