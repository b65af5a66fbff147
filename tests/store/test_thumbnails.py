"""Thumbnails lost, cut, damaged or in somebody's way: noticed, and never the library's fault."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fiqa_studio.domain.errors import LibraryError
from fiqa_studio.domain.scores import ScoreMaps
from fiqa_studio.store.library import Library
from fiqa_studio.store.thumbs_file import thumbs_path
from tests.store.values import STARTER, make_face, make_photo, make_score

PHOTOS = 40
_LARGE = random.Random(1).randbytes(5000)
_MAPS = ScoreMaps(*np.random.default_rng(2).random((2, 32, 32)).astype(np.float16))


@pytest.fixture
def filled(library: Library) -> Library:
    """Photos with a face, a score and its maps each, and thumbnails as large as real ones."""
    library.scores.ensure_scorer(STARTER).result()
    for number in range(PHOTOS):
        put(library, number)
    return library


def put(library: Library, number: int) -> int:
    photo = replace(
        make_photo(f"{number:032x}", [make_face(number)]),
        thumbnail=_LARGE + str(number).encode(),
        face_thumbnails=(str(number).encode() + _LARGE,),
    )
    path = f"/{number}.jpg".encode()
    recorded = library.photos.record_indexed(None, path, 100, 1, photo).result()
    scores = [(face, make_score(0.5), _MAPS) for face in recorded.face_ids]
    library.scores.record(STARTER.hash, scores).result()
    return recorded.photo_id


def flip_bytes(path: Path, *, pages: range, each: int = 200) -> None:
    """Damage each of these pages of 16 kB, as a failing disk would."""
    chance = random.Random(3)
    content = bytearray(path.read_bytes())
    for page in pages:
        for _ in range(each):
            content[page * 16384 + chance.randrange(16384)] ^= 255
    path.write_bytes(content)


def all_there(library: Library) -> None:
    assert not library.thumbnails.damage()
    assert library.thumbnails.lacking() == frozenset()
    assert library.thumbnails.faces_without_map(STARTER.hash) == []
    assert library.health()["thumbnail_problems"] == []


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def of_another_library(path: Path) -> None:
    other = path.with_name("other.fiqa")
    Library.create(other).close()
    thumbs_path(other).replace(path)


def of_a_later_format(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")


LOSSES: list[Callable[[Path], object]] = [
    Path.unlink,
    cut,
    of_another_library,
    of_a_later_format,
    lambda path: path.write_bytes(b""),
    lambda path: path.write_bytes(path.read_bytes()[:16384]),
    lambda path: flip_bytes(path, pages=range(1, 3), each=9000),
    lambda path: flip_bytes(path, pages=range(1, path.stat().st_size // 16384, 3)),
]
"""What befalls the file between two openings."""


@pytest.mark.parametrize("lose", LOSSES)
def test_what_is_lost_is_noticed_and_can_be_made_again(
    filled: Library, lose: Callable[[Path], object]
) -> None:
    all_there(filled)
    filled.close()
    lose(thumbs_path(filled.path))
    with Library.open(filled.path, read_only=True) as reader:
        assert reader.health()["ok"]
        assert reader.health()["thumbnail_problems"]
        reader.thumbnails.photos(range(PHOTOS))  # what is there, and no error
    with Library.open(filled.path) as again:
        lost = again.thumbnails.mend()
        assert lost.photos
        assert lost.photos == again.thumbnails.lacking()
        for photo in lost.photos:
            put(again, photo - 1)
        faces = again.thumbnails.faces_without_map(STARTER.hash)
        again.scores.record_beside(STARTER.hash, [(face, _MAPS) for face in faces], {}, {}).result()
        all_there(again)
        assert again.views.counts().photos == PHOTOS
        assert again.scores.get(1, STARTER.hash) is not None


def test_a_single_flipped_bit_in_a_picture_costs_that_picture(filled: Library) -> None:
    filled.close()
    path = thumbs_path(filled.path)
    content = path.read_bytes()
    at = content.index(_LARGE + b"7") + 2500
    path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    with Library.open(filled.path) as again:
        assert again.thumbnails.photo(8) is None
        assert again.thumbnails.photo(9) is not None
        assert again.health()["thumbnail_problems"] == ["Damaged: 1 (thumbnail)."]
        lost = again.thumbnails.mend()
        assert (lost.photos, bool(lost.damage)) == (frozenset([8]), True)
        put(again, 7)
        all_there(again)


def test_damage_met_while_writing_is_not_the_librarys(filled: Library) -> None:
    filled.close()
    path = thumbs_path(filled.path)
    with Library.open(filled.path) as again:
        flip_bytes(path, pages=range(1, path.stat().st_size // 16384), each=2000)
        for number in range(PHOTOS, PHOTOS + 30):
            put(again, number)
        assert again.health()["ok"]
        lost = again.thumbnails.mend()
        assert lost.photos
        for photo in lost.photos:
            put(again, photo - 1)
        assert again.thumbnails.lacking() == frozenset()


def test_damage_of_the_library_itself_is_still_called_so(filled: Library) -> None:
    filled.close()
    content = bytearray(filled.path.read_bytes())
    for at in range(8192, len(content)):
        content[at] ^= 0x5A
    filled.path.write_bytes(content)
    with pytest.raises(LibraryError) as damaged, Library.open(filled.path) as again:
        put(again, 1)
    assert damaged.value.code == "library.damaged"


@pytest.mark.parametrize("replaced", [True, False])
def test_a_file_deleted_while_open_is_noticed_by_the_next_scan(
    filled: Library, replaced: bool
) -> None:
    path = thumbs_path(filled.path)
    assert filled.thumbnails.photo(1) is not None
    path.unlink()
    if replaced:
        path.write_bytes(b"")
    assert filled.thumbnails.photo(1) is None
    put(filled, 1)  # into a file that nobody can reach any more
    lost = filled.thumbnails.mend()
    assert len(lost.photos) == PHOTOS
    for photo in lost.photos:
        put(filled, photo - 1)
    assert filled.thumbnails.photo(1) is not None
    assert filled.thumbnails.lacking() == frozenset()


@pytest.mark.parametrize("make", ["text", "folder", "database"])
def test_somebodys_own_file_of_that_name_is_put_aside_and_kept(tmp_path: Path, make: str) -> None:
    path = tmp_path / "mine.fiqa.thumbs"
    if make == "text":
        path.write_text("my notes on thumbs")
    elif make == "folder":
        (path / "inner").mkdir(parents=True)
    else:
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript("CREATE TABLE library (id); INSERT INTO library VALUES (1)")
    with Library.create(tmp_path / "mine.fiqa") as library:
        put_aside = [one for one in tmp_path.iterdir() if ".not-ours-" in one.name]
        (kept,) = put_aside
        assert kept.name in library.thumbnails.notice
        library.scores.ensure_scorer(STARTER).result()
        put(library, 0)
        all_there(library)
    if make == "text":
        assert kept.read_text() == "my notes on thumbs"
    elif make == "folder":
        assert (kept / "inner").is_dir()
    else:
        with closing(sqlite3.connect(kept)) as connection:
            assert connection.execute("SELECT id FROM library").fetchall() == [(1,)]
    with Library.open(tmp_path / "mine.fiqa") as library:
        assert library.thumbnails.notice == ""


def test_a_file_of_the_first_format_is_kept_and_gets_checksums(filled: Library) -> None:
    filled.close()
    path = thumbs_path(filled.path)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "ALTER TABLE photo DROP COLUMN crc; ALTER TABLE face DROP COLUMN crc;"
            " ALTER TABLE score_map DROP COLUMN crc;"
            " PRAGMA application_id = 0; PRAGMA user_version = 1;"
        )
    with Library.open(filled.path, read_only=True) as reader:
        assert reader.thumbnails.photo(1) is not None
        assert not reader.thumbnails.damage()
    with Library.open(filled.path) as again:
        all_there(again)
        assert again.thumbnails.photo(1) is not None
        assert again.scores.maps(1, STARTER.hash) is not None
        put(again, 0)
        all_there(again)


def test_what_cannot_be_made_is_not_asked_for_for_ever(library: Library) -> None:
    photo = replace(make_photo("1" * 32, [make_face()]), thumbnail=b"", face_thumbnails=())
    recorded = library.photos.record_indexed(None, b"/a.jpg", 100, 1, photo).result()
    library.scores.ensure_scorer(STARTER).result()
    (face,) = recorded.face_ids
    library.scores.record(STARTER.hash, [(face, make_score(0.5), None)]).result()
    all_there(library)
    assert library.thumbnails.photo(recorded.photo_id) is None
    assert library.thumbnails.face(face) is None
    assert library.scores.maps(face, STARTER.hash) is None
