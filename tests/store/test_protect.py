"""One rule of what is never deleted, for a changed file, a taken path and a removed folder."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fiqa_studio.domain.marks import SetStars
from fiqa_studio.domain.opinions import Opinion
from fiqa_studio.domain.target import Target
from fiqa_studio.store.library import Library
from tests.store.values import Folder, judge, mark

Word = Callable[[Library, int, int], None]


def starred(library: Library, photo: int, face: int) -> None:
    mark(library, photo, SetStars(2))


def starred_once(library: Library, photo: int, face: int) -> None:
    action = mark(library, photo, SetStars(2)).action_id
    assert action is not None
    library.marks.undo(action, author="me", session="s").result()


def judged(library: Library, photo: int, face: int) -> None:
    judge(library, face, 0.5)


def judged_once(library: Library, photo: int, face: int) -> None:
    judge(library, face, 0.5)
    judge(library, face, None)


def rated(library: Library, photo: int, face: int) -> None:
    one = Opinion(face, 0.5, 0.4, 0.6, 20, 20, 0.1)  # type: ignore[arg-type]
    library.opinions.replace("study", [one]).result()


def placed(library: Library, photo: int, face: int) -> None:
    library.albums.create("Best", photos=Target.photos([photo])).result()


ALL = [starred, starred_once, judged, judged_once, rated, placed]
OF_FACES = [judged, judged_once, rated]


@pytest.mark.parametrize("say", ALL)
def test_a_removed_folder_leaves_what_a_person_spoke_of(
    library: Library, folder: Folder, say: Word
) -> None:
    folder.put("a.jpg", "one")
    folder.put("b.jpg", "two")
    first, second = folder.index("a.jpg", "b.jpg")
    say(library, first.photo_id, first.face_ids[0])
    library.roots.remove(folder.root).result()
    (row,) = library.views.photo_rows([first.photo_id, second.photo_id])
    assert (row.id, row.missing) == (first.photo_id, True)
    assert [row.id for row in library.views.face_rows([*first.face_ids, *second.face_ids])] == [
        first.face_ids[0]
    ]
    assert library.health()["ok"]


@pytest.mark.parametrize("say", OF_FACES)
def test_a_changed_file_retires_faces_that_a_person_spoke_of(
    library: Library, folder: Folder, say: Word
) -> None:
    folder.put("a.jpg", "one")
    (first,) = folder.index("a.jpg")
    say(library, first.photo_id, first.face_ids[0])
    folder.put("a.jpg", "another")
    (changed,) = folder.index("a.jpg")
    assert changed.face_ids != first.face_ids
    assert library.faces.detail(first.face_ids[0]) is not None
    shown = [detail.row.id for detail in library.faces.of_photo(first.photo_id)]
    assert shown == list(changed.face_ids)


@pytest.mark.parametrize("say", [starred, placed])
def test_a_file_never_read_keeps_the_words_when_another_takes_its_path(
    library: Library, folder: Folder, say: Word
) -> None:
    known = folder.put("a.jpg", "one")
    (first,) = folder.index("a.jpg")
    path = bytes(folder.path / "b.jpg")
    broken = library.photos.record_failed(folder.root, path, 3, 3, "photo.broken", "No.").result()
    say(library, broken, 0)
    known.rename(folder.path / "b.jpg")
    (moved,) = folder.index("b.jpg")
    assert moved.photo_id == first.photo_id
    (row,) = library.views.photo_rows([broken])
    assert row.missing
    assert library.health()["ok"]


def test_what_nobody_spoke_of_goes(library: Library, folder: Folder) -> None:
    folder.put("a.jpg", "one")
    (first,) = folder.index("a.jpg")
    rated(library, first.photo_id, first.face_ids[0])
    library.opinions.replace("study", []).result()
    placed(library, first.photo_id, first.face_ids[0])
    (album,) = library.albums.all()
    library.albums.delete(album.id).result()
    library.roots.remove(folder.root).result()
    assert library.views.photo_rows([first.photo_id]) == []
    assert library.health()["ok"]
