"""Albums: saved queries, and sets in the user's own order."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from concurrent.futures import Future

import pytest

from fiqa_studio.domain.albums import AlbumKind
from fiqa_studio.domain.changes import Changes, Kind
from fiqa_studio.domain.errors import LibraryError
from fiqa_studio.domain.query import Query, Subject
from fiqa_studio.domain.target import Target
from fiqa_studio.domain.terms import Words
from fiqa_studio.store.library import Library
from tests.store.values import Folder, make_face


@pytest.fixture
def photos(add_photo: Callable[..., int]) -> list[int]:
    return [add_photo(f"/{number}.jpg", [make_face(number)]) for number in range(6)]


def code_of(write: Future[object]) -> str:
    with pytest.raises(LibraryError) as caught:
        write.result()
    return caught.value.code


def test_a_smart_album_is_the_text_of_its_query(library: Library, photos: list[int]) -> None:
    key = library.albums.create("Best faces", query_text='score>70 -tag:"x"').result()
    album = library.albums.get(key)
    assert album is not None
    assert (album.kind, album.query_text, album.count) == (
        AlbumKind.SMART,
        'score>70 -tag:"x"',
        None,
    )
    library.albums.set_query(key, "stars:4..").result()
    assert [one.query_text for one in library.albums.all()] == ["stars:4.."]
    assert code_of(library.albums.add(key, Target.photos(photos))) == "album.kind"
    assert library.albums.photos(key).tolist() == []


def test_a_plain_album_keeps_the_order_of_the_user(library: Library, photos: list[int]) -> None:
    a, b, c, d, e, f = photos
    key = library.albums.create("Trip", photos=Target.photos([c, a])).result()
    assert library.albums.add(key, Target.photos([e, a, d, 999, e])).result() == 2
    assert library.albums.photos(key).tolist() == [c, a, e, d]
    library.albums.move(key, [d, c, b], before=a).result()
    assert library.albums.photos(key).tolist() == [d, c, a, e]
    library.albums.move(key, [d], before=None).result()
    assert library.albums.photos(key).tolist() == [c, a, e, d]
    library.albums.move(key, [a, e], before=e).result()
    assert library.albums.photos(key).tolist() == [c, a, e, d]
    assert library.albums.remove(key, Target.photos([a, f])).result() == 1
    assert library.albums.photos(key).tolist() == [c, e, d]
    assert library.albums.add(key, Target.photos([a])).result() == 1
    assert library.albums.photos(key).tolist() == [c, e, d, a]
    (album,) = library.albums.all()
    assert (album.count, album.missing) == (4, 0)
    assert code_of(library.albums.set_query(key, "x")) == "album.kind"


def test_faces_and_queries_bring_their_photos(library: Library, photos: list[int]) -> None:
    key = library.albums.create("Faces").result()
    faces = [library.faces.of_photo(photo)[0].row.id for photo in photos]
    assert library.albums.add(key, Target.faces([faces[3], faces[1]])).result() == 2
    assert library.albums.photos(key).tolist() == [photos[3], photos[1]]
    query = Target.all_of(Subject.PHOTOS, Query(where=(Words(("jpg",)),)))
    assert library.albums.add(key, query).result() == 4
    assert set(library.albums.photos(key).tolist()) == set(photos)


def test_every_change_is_told(library: Library, photos: list[int]) -> None:
    told: list[Changes] = []
    library.subscribe(told.append)
    key = library.albums.create("One").result()
    library.albums.add(key, Target.photos(photos[:2])).result()
    library.albums.add(key, Target.photos(photos[:2])).result()  # nothing new
    library.albums.move(key, photos[:1], before=None).result()
    library.albums.remove(key, Target.photos(photos[:1])).result()
    library.albums.rename(key, "Two").result()
    library.albums.delete(key).result()
    assert told == [Changes.of(Kind.ALBUM, key)] * 6


def test_names_are_one_line_and_unique(library: Library) -> None:
    name = "Se\u0301ance  \u5bb6\n"
    key = library.albums.create(name).result()
    assert [one.name for one in library.albums.all()] == ["S\u00e9ance \u5bb6"]
    assert code_of(library.albums.create("S\u00e9ance \u5bb6")) == "album.exists"  # type: ignore[arg-type]
    other = library.albums.create("b", query_text="x").result()
    assert (
        code_of(library.albums.rename(other, unicodedata.normalize("NFD", "S\u00e9ance \u5bb6")))
        == "album.exists"
    )  # type: ignore[arg-type]
    library.albums.rename(key, "S\u00e9ance \u5bb6").result()  # its own name is no other's
    library.albums.rename(key, "a").result()
    assert [one.name for one in library.albums.all()] == ["a", "b"]
    for bad in ("", " \n", "x\0y", "x" * 201):
        with pytest.raises(LibraryError) as caught:
            library.albums.create(bad)
        assert caught.value.code == "album.name"
    with pytest.raises(ValueError, match="smart or plain"):
        library.albums.create("c", query_text="x", photos=Target.photos([1]))


def test_an_album_that_is_gone_says_so(library: Library, photos: list[int]) -> None:
    target = Target.photos(photos)
    for write in (
        library.albums.add(9, target),
        library.albums.remove(9, target),
        library.albums.move(9, photos, before=None),
        library.albums.rename(9, "x"),
        library.albums.set_query(9, "x"),
    ):
        assert code_of(write) == "album.unknown"  # type: ignore[arg-type]
    library.albums.delete(9).result()
    assert library.albums.get(9) is None


def test_an_album_whose_photos_are_gone(library: Library, folder: Folder) -> None:
    for number in range(3):
        folder.put(f"{number}.jpg", str(number))
    recorded = folder.index("0.jpg", "1.jpg", "2.jpg")
    kept = [one.photo_id for one in recorded[:2]]
    key = library.albums.create("Gone", photos=Target.photos(kept)).result()
    library.photos.mark_missing([kept[0]]).result()
    (album,) = library.albums.all()
    assert (album.count, album.missing) == (2, 1)
    library.roots.remove(folder.root).result()
    (album,) = library.albums.all()
    assert (album.count, album.missing) == (2, 2)
    assert library.albums.photos(key).tolist() == kept
    folder.root = library.roots.add(folder.path).result()
    folder.index("0.jpg", "1.jpg", "2.jpg")
    (album,) = library.albums.all()
    assert (album.count, album.missing) == (2, 0)


def test_a_library_that_cannot_be_written_shows_its_albums(
    library: Library, photos: list[int]
) -> None:
    key = library.albums.create("One", photos=Target.photos(photos)).result()
    library.close()
    with Library.open(library.path, read_only=True) as reader:
        assert reader.albums.photos(key).tolist() == photos
        assert code_of(reader.albums.add(key, Target.photos(photos))) == "library.read-only"  # type: ignore[arg-type]
