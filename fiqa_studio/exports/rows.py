"""Rows of a library with the exact bytes of their photos' paths, a page at a time.

A path as text is for people; only its bytes name the file whatever its encoding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from fiqa_studio.domain.photos import FaceRow, PhotoId, PhotoRow
from fiqa_studio.domain.query import Query
from fiqa_studio.store.library import Library

_PAGE = 1000
_Row = TypeVar("_Row", FaceRow, PhotoRow)


def faces_with_paths(
    library: Library, query: Query, limit: int | None = None
) -> Iterator[tuple[FaceRow, bytes]]:
    """The faces of a query in its order, each with its photo's path; ``limit`` at most."""
    ids = library.views.face_ids(query)[:limit]
    for start in range(0, len(ids), _PAGE):
        rows = library.views.face_rows(ids[start : start + _PAGE], scorer=query.scorer)
        yield from _with_paths(library, rows, [row.photo_id for row in rows])


def photos_with_paths(
    library: Library, query: Query, limit: int | None = None
) -> Iterator[tuple[PhotoRow, bytes]]:
    """The photos of a query in its order, each with its path; ``limit`` at most."""
    ids = library.views.photo_ids(query)[:limit]
    for start in range(0, len(ids), _PAGE):
        rows = library.views.photo_rows(ids[start : start + _PAGE], scorer=query.scorer)
        yield from _with_paths(library, rows, [row.id for row in rows])


def _with_paths(
    library: Library, rows: Sequence[_Row], photo_ids: Sequence[PhotoId]
) -> Iterator[tuple[_Row, bytes]]:
    paths = library.photos.paths(photo_ids)
    for row, photo_id in zip(rows, photo_ids, strict=True):
        # A photo that left the library between the two reads is left out.
        if photo_id in paths:
            yield row, paths[photo_id]
