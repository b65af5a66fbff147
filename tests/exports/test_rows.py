"""Rows come with the bytes of their photos' paths, whatever the page and the view."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fiqa_studio.curation.querytext import apply
from fiqa_studio.domain.query import Query
from fiqa_studio.exports import rows
from fiqa_studio.exports.rows import faces_with_paths, photos_with_paths
from fiqa_studio.store.library import Library
from tests.store.values import SHARPNESS, STARTER, make_face, make_photo, make_score

ODD = b"/photos/d\xe4rk 5.jpg"


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """Seven photos with a face each; the sixth has a name that is not UTF-8."""
    with Library.create(tmp_path / "test.fiqa") as opened:
        root = opened.roots.add("/photos").result()
        for scorer in (STARTER, SHARPNESS):
            opened.scores.ensure_scorer(scorer).result()
        for number in range(7):
            path = ODD if number == 5 else f"/photos/{number}.jpg".encode()
            photo = make_photo(f"{number}", [make_face(number)])
            (face,) = opened.photos.record_indexed(root, path, 1, 1, photo).result().face_ids
            opened.scores.record(STARTER.hash, [(face, make_score(number / 10), None)]).result()
        yield opened


@pytest.mark.parametrize("page", [1, 3, 7, 1000])
def test_pages_do_not_show(library: Library, monkeypatch: pytest.MonkeyPatch, page: int) -> None:
    monkeypatch.setattr(rows, "_PAGE", page)
    for query in (Query(), apply("score:20.. sort:name", Query())):
        faces = list(faces_with_paths(library, query))
        assert [row.id for row, _ in faces] == library.views.face_ids(query).tolist()
        photos = list(photos_with_paths(library, query))
        assert [row.id for row, _ in photos] == library.views.photo_ids(query).tolist()
        for row, path in (*faces, *photos):
            assert row.path == path.decode(errors="replace")
    assert ODD in [path for _, path in faces_with_paths(library, Query())]
    assert len(list(faces_with_paths(library, Query(), 4))) == 4
    assert len(list(photos_with_paths(library, Query(), 0))) == 0


def test_scores_are_those_of_the_scorer_asked_for(library: Library) -> None:
    query = Query(scorer=SHARPNESS.hash)
    assert {row.score for row, _ in faces_with_paths(library, query)} == {None}
    assert None not in {row.score for row, _ in faces_with_paths(library, Query())}


def test_what_left_the_library_meanwhile_is_left_out(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = int(library.views.photo_ids(Query())[0])
    paths = library.photos.paths
    monkeypatch.setattr(
        library.photos, "paths", lambda ids: {k: v for k, v in paths(ids).items() if k != gone}
    )
    assert gone not in [row.photo_id for row, _ in faces_with_paths(library, Query())]
    assert len(list(photos_with_paths(library, Query()))) == 6
