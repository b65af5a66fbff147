"""The side file of embeddings and hashes: private, beside the faces, put aside when damaged."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fiqa_studio.store import vectors
from fiqa_studio.store.library import Library
from fiqa_studio.store.vectors import vectors_path
from tests.store.values import Folder, judge, make_face

HASHES = {1: 0, 2: (1 << 64) - 1, 3: 1 << 63}


def fill(library: Library) -> None:
    library.write(
        lambda transaction: vectors.put_embeddings(
            transaction.session,
            "scorer",
            [(key, np.full(8, key / 4, np.float32)) for key in HASHES],
        )
    ).result()
    library.write(
        lambda transaction: vectors.put_hashes(transaction.session, HASHES.items())
    ).result()


def known(library: Library) -> tuple[list[int], list[int]]:
    return (
        library.vectors.embeddings("scorer")[0].tolist(),
        library.vectors.hashes()[0].tolist(),
    )


def test_vectors_come_back(library: Library) -> None:
    fill(library)
    ids, found = library.vectors.embeddings("scorer")
    assert ids.tolist() == [1, 2, 3]
    assert found.shape == (3, 8)
    assert found.dtype == np.float32
    assert found[:, 0].tolist() == [0.25, 0.5, 0.75]
    ids, bits = library.vectors.hashes([3, 2, 99])
    assert dict(zip(ids.tolist(), bits.tolist(), strict=True)) == {2: HASHES[2], 3: HASHES[3]}
    assert library.vectors.embeddings("scorer", [2])[0].tolist() == [2]
    assert library.vectors.asked("scorer").tolist() == [1, 2, 3]
    assert library.vectors.embeddings("another")[1].shape == (0, 0)
    assert library.vectors.notice == ""


def test_a_scorer_without_embeddings_leaves_none(library: Library) -> None:
    library.write(
        lambda transaction: vectors.put_embeddings(
            transaction.session, "classical", [(1, np.empty(0, np.float32))]
        )
    ).result()
    assert library.vectors.embeddings("classical")[0].tolist() == []
    assert library.vectors.asked("classical").tolist() == [1]


def test_only_the_owner_may_read_them(library: Library) -> None:
    fill(library)
    beside = [
        path for path in library.path.parent.iterdir() if path.name.startswith("test.fiqa.vectors")
    ]
    assert len(beside) == 3  # with its log
    assert {stat.S_IMODE(path.stat().st_mode) for path in beside} == {0o600}
    library.close()
    vectors_path(library.path).chmod(0o644)  # a copy made by another program
    with Library.open(library.path):
        assert stat.S_IMODE(vectors_path(library.path).stat().st_mode) == 0o600


def test_vectors_go_with_their_face(library: Library, folder: Folder) -> None:
    for number in range(3):
        folder.put(f"{number}.jpg", str(number))
    recorded = folder.index("0.jpg", "1.jpg", "2.jpg")
    assert [one.face_ids for one in recorded] == [(1,), (2,), (3,)]
    fill(library)
    folder.put("0.jpg", "changed")
    folder.index("0.jpg")
    assert known(library) == ([2, 3], [2, 3])
    judge(library, 2, 0.5)
    library.roots.remove(folder.root).result()
    assert known(library) == ([2], [2])


def test_a_copy_of_a_photo_has_the_vectors_of_its_faces(library: Library, folder: Folder) -> None:
    folder.put("0.jpg", "one")
    folder.index("0.jpg")
    fill(library)
    file = folder.put("copy.jpg", "one")
    copy = library.photos.copy_of(1, os.fsencode(file), 3, 3, folder.root).result()
    (face,) = copy.face_ids
    assert library.vectors.embeddings("scorer", [face])[1][0].tolist() == [0.25] * 8
    assert library.vectors.hashes([face])[1].tolist() == [HASHES[1]]


def overwritten(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0" + os.urandom(5000))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


def of_another_library(path: Path) -> None:
    with Library.create(path.parent / "other.fiqa") as other:
        fill(other)
    path.write_bytes(vectors_path(path.parent / "other.fiqa").read_bytes())


@pytest.mark.parametrize("spoil", [overwritten, cut, of_another_library])
def test_a_file_that_cannot_be_used_is_put_aside_and_said_so(
    library: Library, spoil: Callable[[Path], None]
) -> None:
    fill(library)
    library.close()
    path = vectors_path(library.path)
    spoil(path)
    bad = path.read_bytes()
    with Library.open(library.path) as again:
        assert known(again) == ([], [])
        assert "put aside" in again.vectors.notice
        (aside,) = path.parent.glob("test.fiqa.vectors.unusable-*")
        assert aside.name in again.vectors.notice
        assert aside.read_bytes() == bad
        fill(again)
        assert known(again) == ([1, 2, 3], [1, 2, 3])
    with Library.open(library.path) as third:
        assert third.vectors.notice == ""
        assert known(third) == ([1, 2, 3], [1, 2, 3])


def test_a_library_without_the_file_works(library: Library, add_photo: Callable[..., int]) -> None:
    add_photo("/a.jpg", [make_face()])
    library.close()
    vectors_path(library.path).unlink()
    with Library.open(library.path, read_only=True) as reader:
        assert known(reader) == ([], [])
    with Library.open(library.path) as again:
        assert known(again) == ([], [])
        assert again.vectors.notice == ""
