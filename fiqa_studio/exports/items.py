"""What is exported: faces and photos of a library, each with the exact name of its file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from fiqa_studio.domain.opinions import Opinion
from fiqa_studio.domain.photos import FaceRow, PhotoRow
from fiqa_studio.domain.query import Subject
from fiqa_studio.store.columns import Ids
from fiqa_studio.store.library import Library

PAGE = 1000
"""How many rows are read from the library together."""


@dataclass(frozen=True, slots=True)
class FaceItem:
    """A face to export.

    Attributes:
        row: As the grid shows it.
        path: The exact bytes of its photo's path.
        opinions: What studies found people to think of it, by the study's name.
    """

    row: FaceRow
    path: bytes
    opinions: Mapping[str, Opinion] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PhotoItem:
    """A photo to export; see `FaceItem`."""

    row: PhotoRow
    path: bytes


Item = FaceItem | PhotoItem


def read_items(
    library: Library, subject: Subject, ids: Ids | Sequence[int], *, scorer: str = ""
) -> Iterator[list[Item]]:
    """Pages of faces or photos in the order of their ids; what has left the library is left out.

    Args:
        library: Read a page at a time; nothing is held open in between.
        subject: Of which things these are the ids.
        ids: Which ones.
        scorer: Hash of the scorer whose scores count; empty for the active one.
    """
    with_opinions = subject is Subject.FACES and bool(library.opinions.studies())
    for start in range(0, len(ids), PAGE):
        page = ids[start : start + PAGE]
        if subject is Subject.PHOTOS:
            photos = library.views.photo_rows(page, scorer=scorer)
            paths = library.photos.paths([row.id for row in photos])
            yield [PhotoItem(row, paths[row.id]) for row in photos if row.id in paths]
            continue
        faces = library.views.face_rows(page, scorer=scorer)
        paths = library.photos.paths([row.photo_id for row in faces])
        opinions = library.opinions.of_faces([row.id for row in faces]) if with_opinions else {}
        yield [
            FaceItem(row, paths[row.photo_id], opinions.get(row.id, {}))
            for row in faces
            if row.photo_id in paths
        ]
