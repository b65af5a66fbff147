"""Indexed folders."""

from __future__ import annotations

import os
from pathlib import Path

from fiqa_studio.domain.marks import SetStars
from fiqa_studio.domain.query import Query
from fiqa_studio.domain.terms import InIds
from fiqa_studio.store.library import Library
from tests.store.values import Folder, judge, mark


def test_a_folder_is_added_once(library: Library, tmp_path: Path) -> None:
    first = library.roots.add(tmp_path).result()
    assert library.roots.add(os.fsencode(tmp_path) + b"/").result() == first
    (root,) = library.roots.all()
    assert (root.id, root.path, root.path_bytes) == (first, tmp_path, os.fsencode(tmp_path))


def test_removing_a_folder_keeps_what_carries_marks(library: Library, folder: Folder) -> None:
    for number in range(4):
        folder.put(f"{number}.jpg", f"content {number}")
    recorded = folder.index(*(f"{number}.jpg" for number in range(4)))
    starred, judged = recorded[1], recorded[2]
    mark(library, starred.photo_id, SetStars(3))
    judge(library, judged.face_ids[0], 0.5)
    library.roots.remove(folder.root).result()
    assert library.roots.all() == []
    rows = library.views.photo_rows(library.views.photo_ids(Query()))
    assert {row.id for row in rows} == {starred.photo_id, judged.photo_id}
    assert all(row.missing for row in rows)
    assert library.thumbnails.photo(recorded[0].photo_id) is None
    assert library.thumbnails.face(recorded[0].face_ids[0]) is None
    assert library.thumbnails.photo(starred.photo_id) is not None
    assert library.health()["ok"]

    folder.root = library.roots.add(folder.path).result()
    again = folder.index(*(f"{number}.jpg" for number in range(4)))
    assert again[1].photo_id == starred.photo_id
    assert again[2].face_ids == judged.face_ids
    assert library.marks.of_photo(starred.photo_id).stars == 3
    assert library.views.counts().missing == 0


def test_photos_of_nested_folders_go_over_to_the_other(library: Library, folder: Folder) -> None:
    folder.put("sub/a.jpg", "one")
    folder.put("b.jpg", "two")
    inner, outer = folder.index("sub/a.jpg", "b.jpg")
    nested = library.roots.add(folder.path / "sub").result()
    assert {known.photo_id for known in library.photos.scan_state(nested).values()} == {
        inner.photo_id
    }
    library.roots.remove(folder.root).result()
    assert list(library.views.photo_ids(Query(where=(InIds("root", (nested,)),)))) == [
        inner.photo_id
    ]
    assert library.views.photo_rows([outer.photo_id]) == []


def test_a_folder_is_no_prefix_of_a_name(library: Library, tmp_path: Path) -> None:
    one = Folder(library, tmp_path / "album")
    two = Folder(library, tmp_path / "album 2")
    one.put("a.jpg", "one")
    two.put("a.jpg", "two")
    (first,), (second,) = one.index("a.jpg"), two.index("a.jpg")
    assert [one.photo_id for one in library.photos.scan_state(one.root).values()] == [
        first.photo_id
    ]
    assert [one.photo_id for one in library.photos.scan_state(two.root).values()] == [
        second.photo_id
    ]


def test_the_whole_disk_can_be_a_folder(library: Library, folder: Folder) -> None:
    folder.put("a.jpg", "one")
    (recorded,) = folder.index("a.jpg")
    root = library.roots.add("/").result()
    assert recorded.photo_id in {
        known.photo_id for known in library.photos.scan_state(root).values()
    }
