"""Faces that are spoilt alike: what the term ``like`` finds."""

from __future__ import annotations

import numpy as np
import pytest

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.query import Query, Subject
from fiqa_studio.domain.terms import InIds
from fiqa_studio.store import likeness
from fiqa_studio.store.library import Library
from tests.store.values import SHARPNESS, STARTER, make_face, make_photo, make_score

KINDS = 3


@pytest.fixture
def spoilt(library: Library) -> Library:
    """Thirty faces, two a photo, spoilt in one of three ways by turns, some more than others."""
    random = np.random.default_rng(1)
    ways = random.normal(size=(KINDS, 16))
    common = random.normal(size=16) * 20  # what all crops have in common
    for scorer in (STARTER, SHARPNESS):
        library.scores.ensure_scorer(scorer).result()
    for number in range(15):
        faces = [make_face(number * 2), make_face(number * 2 + 1)]
        photo = make_photo(str(number), faces)
        found = library.photos.record_indexed(None, f"/{number}.jpg".encode(), 1, 1, photo)
        ids = [int(face) for face in found.result().face_ids]
        vectors = {
            face: common + ways[face % KINDS] * (1 + random.random()) + random.normal(size=16) / 20
            for face in ids
        }
        scores = [(face, make_score(0.5), None) for face in ids]
        library.scores.record(STARTER.hash, scores, embeddings=vectors).result()
    return library


def test_faces_that_are_spoilt_alike_are_found(
    spoilt: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = spoilt.views.ids(Query()).tolist()
    monkeypatch.setattr(likeness, "MOST", len(everything) // KINDS)
    for face in everything:
        query = Query(where=(InIds("like", (face,)),))
        found = set(spoilt.views.ids(query).tolist())
        assert found == {other for other in everything if other % KINDS == face % KINDS}
        photos = spoilt.views.face_rows(sorted(found))
        assert set(spoilt.views.photo_ids(query).tolist()) == {row.photo_id for row in photos}
        without = Query(where=(InIds("like", (face,), negated=True),))
        assert set(spoilt.views.ids(without).tolist()) == set(everything) - found


def test_no_more_than_the_nearest_and_always_oneself(
    spoilt: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(likeness, "MOST", 3)
    for face in spoilt.views.ids(Query()).tolist():
        found = spoilt.views.ids(Query(where=(InIds("like", (face,)),))).tolist()
        assert len(found) == 3
        assert face in found


def test_without_embeddings_it_is_refused(spoilt: Library) -> None:
    for query in (
        Query(where=(InIds("like", (10**6,)),)),
        Query(where=(InIds("like", (1,)),), scorer=SHARPNESS.hash),
        Query(Subject.PHOTOS, (InIds("like", (1,)),), scorer="f" * 16),
        Query(where=(InIds("like", ()),)),
    ):
        with pytest.raises(KnownError, match="flaws of this face") as caught:
            spoilt.views.ids(query)
        assert caught.value.code == "query.unknown"
