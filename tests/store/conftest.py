"""A library to test on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from fiqa_studio.domain.hashing import content_hash as hash_of
from fiqa_studio.domain.photos import FoundFace
from fiqa_studio.store.library import Library
from tests.store.values import Folder, make_photo


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.create(tmp_path / "test.fiqa") as opened:
        yield opened


@pytest.fixture
def folder(library: Library, tmp_path: Path) -> Folder:
    return Folder(library, tmp_path / "photos")


@pytest.fixture
def add_photo(library: Library) -> Callable[..., int]:
    """Records a photo that need not exist; returns its id."""

    def add(path: str, faces: Sequence[FoundFace] = (), **exif: object) -> int:
        photo = make_photo(hash_of(path.encode()), faces, **exif)  # type: ignore[arg-type]
        recorded = library.photos.record_indexed(None, path.encode(), 100, 1, photo)
        return recorded.result().photo_id

    return add
