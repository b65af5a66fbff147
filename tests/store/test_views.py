"""Views: what a query asks for, against a plain reading of the same rows."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import numpy as np
import pytest
from sqlalchemy import select

from fiqa_studio.domain.fields_query import Query, SortKey
from fiqa_studio.domain.photos import FaceRow, PhotoRow, PhotoStatus
from fiqa_studio.store import views, words
from fiqa_studio.store.library import Library
from fiqa_studio.store.schema import Face
from fiqa_studio.store.views import _faces_in_order, _order
from tests.store.values import SHARPNESS, STARTER, make_face, make_photo, make_score

BASE = datetime(2024, 1, 1)  # noqa: DTZ001


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """Sixty photos of every sort in two folders, scored in part by two scorers."""
    with Library.create(tmp_path_factory.mktemp("album") / "album.fiqa") as library:
        _fill(library)
        yield library


def _fill(library: Library) -> None:
    random = np.random.default_rng(3)
    roots = [library.roots.add(f"/album/{name}").result() for name in ("one", "two")]
    for scorer in (STARTER, SHARPNESS):
        library.scores.ensure_scorer(scorer).result()
    for number in range(60):
        root = number % 2
        path = f"/album/{('one', 'two')[root]}/IMG_{number * 7 % 60}.jpg".encode()
        if number % 13 == 0:
            library.photos.record_failed(roots[root], path, 1, 1, "photo.empty", "Empty.").result()
            continue
        faces = [
            make_face(number * 10 + one, float(random.integers(10, 40)))
            for one in range(number % 4)
        ]
        taken = None if number % 5 == 0 else BASE + timedelta(hours=int(random.integers(0, 30)))
        photo = make_photo(
            f"{number}", faces, taken_at=taken, camera=("Canon", "Nikon", "")[number % 3]
        )
        recorded = library.photos.record_indexed(roots[root], path, 1, 1, photo).result()
        for face in recorded.face_ids:
            value = float(random.integers(0, 11)) / 10
            if random.random() < 0.8:
                library.scores.record(STARTER.hash, [(face, make_score(value), None)]).result()
            if random.random() < 0.3:
                library.scores.record(
                    SHARPNESS.hash, [(face, make_score(1 - value), None)]
                ).result()
        if number % 11 == 0:
            library.photos.mark_missing([recorded.photo_id]).result()


def expected(
    ids: list[int],
    query: Query,
    key: Callable[[int], object],
    keeps: Callable[[int], bool],
) -> list[int]:
    chosen = [one for one in ids if keeps(one)]
    having = [one for one in chosen if key(one) is not None]
    lacking = [one for one in chosen if key(one) is None]
    having.sort(key=lambda one: (key(one), one), reverse=query.descending)
    lacking.sort(reverse=query.descending)
    return having + lacking


QUERIES = [
    Query(sort=sort, descending=descending, **rest)  # type: ignore[arg-type]
    for sort, descending, rest in product(
        SortKey,
        (True, False),
        (
            {},
            {"min_score": 0.3},
            {"min_score": 0.2, "max_score": 0.7},
            {"min_faces": 2},
            {"max_faces": 0},
            {"min_faces": 1, "max_faces": 2, "max_score": 0.9},
            {"text": "canon"},
            {"text": "IMG two 4"},
            {"text": "nowhere"},
            {"root_id": 2},
            {"scorer": SHARPNESS.hash},
            {"scorer": SHARPNESS.hash, "min_score": 0.5, "text": "nikon"},
            {"include_missing": False},
            {"include_failed": False, "include_missing": False},
            {"missing_only": True},
            {"missing_only": True, "min_score": 0.2},
            {"missing_only": True, "include_missing": False},
        ),
    )
]


def accepts(photo: PhotoRow, query: Query, score: float | None, root: str) -> bool:
    text = words.folded(f"{photo.path}\n{photo.camera}")
    bounds = query.min_score is not None or query.max_score is not None
    return (
        (query.min_faces is None or photo.face_count >= query.min_faces)
        and (query.max_faces is None or photo.face_count <= query.max_faces)
        and all(word in text for word in query.text.casefold().split())
        and (query.root_id is None or root == {1: "one", 2: "two"}[query.root_id])
        and (query.include_missing or not photo.missing)
        and (photo.missing or not query.missing_only)
        and not (bounds and score is None)
        and (query.min_score is None or (score or 0) >= query.min_score)
        and (query.max_score is None or (score or 0) <= query.max_score)
    )


def name_key(path: str) -> str:
    return words.sort_key(os.path.basename(path))  # noqa: PTH119


def test_photos_are_those_asked_for_in_order(album: Library) -> None:
    everything = [int(one) for one in album.views.photo_ids(Query())]
    assert len(everything) == 60
    sizes = {
        one: max((face.row.eye_distance for face in album.faces.of_photo(one)), default=None)
        for one in everything
    }
    for query in QUERIES:
        photos = {row.id: row for row in album.views.photo_rows(everything, scorer=query.scorer)}
        keys: dict[SortKey, Callable[[int], object]] = {
            SortKey.SCORE: lambda one, photos=photos: photos[one].best_score,
            SortKey.TIME: lambda one, photos=photos: photos[one].taken_at,
            SortKey.NAME: lambda one, photos=photos: name_key(photos[one].path),
            SortKey.FACE_SIZE: lambda one: sizes[one],
        }

        def keeps(one: int, query: Query = query, photos: dict[int, PhotoRow] = photos) -> bool:
            row = photos[one]
            if row.status is PhotoStatus.FAILED and not query.include_failed:
                return False
            return accepts(row, query, row.best_score, row.path.split("/")[2])

        assert album.views.photo_ids(query).tolist() == expected(
            everything, query, keys[query.sort], keeps
        ), query


def test_faces_are_those_asked_for_in_order(album: Library) -> None:
    everything = [int(one) for one in album.views.face_ids(Query())]
    assert len(everything) == album.views.counts().faces
    owners = {row.id: row for row in album.views.photo_rows(album.views.photo_ids(Query()))}
    for query in QUERIES:
        faces = {row.id: row for row in album.views.face_rows(everything, scorer=query.scorer)}
        keys: dict[SortKey, Callable[[int], object]] = {
            SortKey.SCORE: lambda one, faces=faces: faces[one].score,
            SortKey.TIME: lambda one, faces=faces: faces[one].taken_at,
            SortKey.NAME: lambda one, faces=faces: name_key(faces[one].path),
            SortKey.FACE_SIZE: lambda one, faces=faces: faces[one].eye_distance,
        }

        def keeps(one: int, query: Query = query, faces: dict[int, FaceRow] = faces) -> bool:
            row = faces[one]
            return accepts(owners[row.photo_id], query, row.score, row.path.split("/")[2])

        assert album.views.face_ids(query).tolist() == expected(
            everything, query, keys[query.sort], keeps
        ), query


def test_a_text_that_many_photos_match_is_answered_the_same(
    album: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    queries = [query for query in QUERIES if query.text]
    few = [album.views.face_ids(query).tolist() for query in queries]
    monkeypatch.setattr(views, "_FEW_PHOTOS", 0)
    assert [album.views.face_ids(query).tolist() for query in queries] == few


def test_rows_come_in_the_order_of_the_ids(album: Library) -> None:
    ids = album.views.face_ids(Query(sort=SortKey.NAME))[::-1]
    assert [row.id for row in album.views.face_rows(ids)] == ids.tolist()
    assert [row.id for row in album.views.face_rows([5, 10**9, 2])] == [5, 2]
    assert album.views.face_rows([]) == []
    assert album.views.photo_rows([]) == []
    assert [row.id for row in album.views.photo_rows([3, 10**9, 1])] == [3, 1]


def test_the_histogram_counts_what_the_query_shows_without_its_bounds(album: Library) -> None:
    for query in QUERIES:
        unbounded = replace(query, min_score=None, max_score=None, sort=SortKey.NAME)
        rows = album.views.face_rows(album.views.face_ids(unbounded), scorer=query.scorer)
        values = [row.score for row in rows if row.score is not None]
        wanted = np.bincount([min(int(one * 20), 19) for one in values], minlength=20)
        assert album.views.score_histogram(query, 20).tolist() == wanted.tolist()
        photos = album.views.photo_rows(album.views.photo_ids(unbounded), scorer=query.scorer)
        best = [row.best_score for row in photos if row.best_score is not None]
        wanted = np.bincount([min(int(one * 20), 19) for one in best], minlength=20)
        assert album.views.score_histogram(query, 20, faces=False).tolist() == wanted.tolist()


def test_the_lowest_and_highest_score_are_those_of_one_scorer(album: Library) -> None:
    for scorer in (STARTER.hash, SHARPNESS.hash):
        rows = album.views.face_rows(album.views.face_ids(Query()), scorer=scorer)
        values = [row.score for row in rows if row.score is not None]
        assert album.views.score_range(scorer) == (min(values), max(values))
    assert album.views.score_range() == album.views.score_range(STARTER.hash)
    assert album.views.score_range("f" * 16) is None


def test_counts_add_up(album: Library) -> None:
    counts = album.views.counts()
    photos = album.views.photo_rows(album.views.photo_ids(Query()))
    faces = album.views.face_rows(album.views.face_ids(Query()))
    assert counts.photos == len(photos) == 60
    assert counts.faces == len(faces) == sum(row.face_count for row in photos)
    assert counts.scored == sum(row.score is not None for row in faces)
    assert counts.failed == sum(row.status is PhotoStatus.FAILED for row in photos) == 5
    assert counts.missing == sum(row.missing for row in photos)
    assert counts.without_faces == sum(
        row.face_count == 0 and row.status is PhotoStatus.INDEXED for row in photos
    )


def test_photos_without_a_score_say_why(album: Library) -> None:
    reasons = {row.reason for row in album.views.photo_rows(album.views.photo_ids(Query()))}
    assert reasons == {"", "Empty.", "No face was found.", "Not scored yet."}


def test_an_empty_library_has_answers(library: Library) -> None:
    assert library.views.face_ids(Query()).tolist() == []
    assert library.views.photo_ids(Query(text="x", min_score=0.5)).dtype == np.int64
    assert library.views.score_histogram(Query(), 10).tolist() == [0] * 10
    assert library.views.score_histogram(Query(), 10, faces=False).tolist() == [0] * 10
    assert library.views.counts().photos == 0


def test_names_are_ordered_as_people_order_them() -> None:
    names = ["img_2.jpg", "IMG_10.jpg", "IMG_1.jpg", "img_002.png", "a.jpg"]
    ordered = sorted(names, key=words.sort_key)
    assert ordered == ["a.jpg", "IMG_1.jpg", "img_2.jpg", "img_002.png", "IMG_10.jpg"]


def test_every_order_is_a_scan_of_a_covering_index(album: Library) -> None:
    """No sorting and no look-up row by row, in either direction, nulls last included."""
    plans: list[str] = []
    keys = (Face.sort_time, Face.sort_name, Face.eye_distance)
    with album._database.read() as connection:
        for key, descending in product(keys, (True, False)):
            query = Query(descending=descending)
            statement = (
                select(Face.id)
                .where(Face.state == 0, Face.missing.is_(False), Face.photo_faces >= 1)
                .order_by(*_order(key, Face.id, query))
            )
            text = statement.compile(
                dialect=connection.dialect, compile_kwargs={"literal_binds": True}
            )
            found = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}").all()
            plans += [row[3] for row in found]
            assert len(_faces_in_order(connection, query, key)) == album.views.counts().faces
    assert len(plans) == 6
    assert all("USING COVERING INDEX" in plan for plan in plans), plans


def test_times_are_the_cameras(album: Library) -> None:
    rows = album.views.face_rows(album.views.face_ids(Query(sort=SortKey.TIME)))
    assert rows[0].taken_at is not None
    assert rows[0].taken_at.tzinfo is None
    assert rows[-1].taken_at is None
    score = album.scores.get(album.views.face_ids(Query())[0])
    assert score is not None
    assert score.scored_at.tzinfo is UTC
