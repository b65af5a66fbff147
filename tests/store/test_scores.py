"""Scores, scorers, thumbnails and maps."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pytest

from fiqa_studio.domain.changes import Changes, Kind
from fiqa_studio.domain.errors import ScorerError
from fiqa_studio.domain.jobs import JobFailure, JobState
from fiqa_studio.domain.query import Query
from fiqa_studio.domain.scores import ScoreMaps
from fiqa_studio.store.library import Library
from tests.store.values import SHARPNESS, STARTER, Folder, make_face, make_maps, make_score


def test_each_scorer_keeps_its_own_scores(library: Library, add_photo: Callable[..., int]) -> None:
    photo = add_photo("/a.jpg", [make_face()])
    (face,) = (one.row.id for one in library.faces.of_photo(photo))
    for scorer, value in ((STARTER, 0.25), (SHARPNESS, 0.75)):
        library.scores.ensure_scorer(scorer).result()
        library.scores.record(scorer.hash, [(face, make_score(value), None)]).result()
    assert library.scores.active() == STARTER
    assert library.scores.scorers() == [STARTER, SHARPNESS]
    assert library.views.face_rows([face])[0].score == 0.25
    assert library.views.face_rows([face], scorer=SHARPNESS.hash)[0].score == 0.75
    library.scores.set_active(SHARPNESS.hash).result()
    assert library.scores.active() == SHARPNESS
    assert library.views.face_rows([face])[0].scorer == "sharpness"
    assert library.views.photo_rows([photo])[0].best_score == 0.75
    assert library.scores.get(face, STARTER.hash) == make_score(0.25)
    assert library.scores.get(np.int64(face), SHARPNESS.hash) == make_score(0.75)


def test_a_rescore_replaces_only_its_own(library: Library, add_photo: Callable[..., int]) -> None:
    add_photo("/a.jpg", [make_face(1), make_face(2)])
    library.scores.ensure_scorer(STARTER).result()
    told: list[Changes] = []
    library.subscribe(told.append)
    library.scores.record(
        STARTER.hash, [(1, make_score(0.1), make_maps(0.5)), (2, make_score(0.2), None)]
    ).result()
    library.scores.record(STARTER.hash, [(2, make_score(0.9), None)]).result()
    assert [one.ids(Kind.SCORE) for one in told] == [{1, 2}, {2}]
    assert library.views.face_ids(Query()).tolist() == [2, 1]
    assert library.scores.count() == 2


def test_an_unknown_scorer_is_an_error_and_a_gone_face_is_not(library: Library) -> None:
    with pytest.raises(ScorerError):
        library.scores.record("nothing", [(1, make_score(0.5), None)]).result()
    with pytest.raises(ScorerError):
        library.scores.set_active("nothing").result()
    library.scores.ensure_scorer(STARTER).result()
    library.scores.record(STARTER.hash, [(12345, make_score(0.5), make_maps(0.5))]).result()
    assert library.scores.count() == 0
    assert library.scores.maps(12345) is None


def test_unscored_faces_come_by_photo(library: Library, folder: Folder) -> None:
    folder.put("b.jpg", "one")
    folder.put("a.jpg", "two")
    folder.put("none.jpg", "three")
    batch = [
        folder.file("b.jpg", [make_face(1), make_face(2)]),
        folder.file("a.jpg", [make_face(3)]),
        folder.file("none.jpg", []),
    ]
    two, one, _ = library.photos.record_many(batch).result()
    library.scores.ensure_scorer(STARTER).result()
    waiting = library.faces.unscored(STARTER.hash)
    assert [os.path.basename(path) for _, path, _, _ in waiting] == [b"a.jpg", b"b.jpg"]  # noqa: PTH119
    assert [tuple(faces) for _, _, _, faces in waiting] == [one.face_ids, two.face_ids]
    library.scores.record(STARTER.hash, [(two.face_ids[0], make_score(0.5), None)]).result()
    assert [one.face_ids for one in library.faces.unscored(STARTER.hash)] == [
        list(one.face_ids),
        [two.face_ids[1]],
    ]
    assert len(library.faces.unscored("another")) == 2
    assert [tuple(one.face_ids) for one in library.faces.by_photo(two.face_ids)] == [two.face_ids]
    marks = library.faces.landmarks(two.face_ids)
    assert (marks[two.face_ids[1]] == make_face(2).landmarks).all()


def test_maps_come_back_as_they_were(library: Library, add_photo: Callable[..., int]) -> None:
    add_photo("/a.jpg", [make_face()])
    library.scores.ensure_scorer(STARTER).result()
    random = np.random.default_rng(0)
    maps = ScoreMaps(
        random.random((32, 20)).astype(np.float16), random.random((32, 20)).astype(np.float16)
    )
    library.scores.record(STARTER.hash, [(1, make_score(0.5), maps)]).result()
    found = library.scores.maps(1)
    assert found is not None
    assert found.quality.dtype == np.float16
    assert (found.quality == maps.quality).all()
    assert (found.confidence == maps.confidence).all()
    assert library.scores.maps(1, SHARPNESS.hash) is None


def test_many_thumbnails_come_at_once(library: Library, add_photo: Callable[..., int]) -> None:
    photos = [add_photo(f"/{number}.jpg", [make_face(number)]) for number in range(20)]
    assert set(library.thumbnails.photos([*photos, *range(1000, 2000)])) == set(photos)
    assert library.thumbnails.faces([]) == {}


def test_jobs_are_remembered_with_their_failures(library: Library) -> None:
    job = library.jobs.start("index", "Index photos", {"folders": ["/a"]}).result()
    now = datetime.now(UTC)
    failures = [
        JobFailure(job, "/\ufffd.jpg", b"/\xff.jpg", "photo.empty", "The file is empty.", now),
        JobFailure(job, "/b.jpg", b"/b.jpg", "photo.gone", "The file is gone.", now),
    ]
    library.jobs.add_failures(failures).result()
    library.jobs.add_failures([]).result()
    library.jobs.progress(job, 10, 5, 2).result()
    assert library.jobs.failures(job) == failures
    library.jobs.mark_retried(job, [b"/b.jpg"]).result()
    assert [one.retried for one in library.jobs.failures(job)] == [False, True]
    library.jobs.mark_retried(job).result()
    assert all(one.retried for one in library.jobs.failures(job))
    library.jobs.finish(job, JobState.DONE).result()
    later = library.jobs.start("score", "Score", {}).result()
    newest, first = library.jobs.recent()
    assert (newest.id, newest.state, newest.finished_at) == (later, JobState.RUNNING, None)
    assert (first.total, first.done, first.failed, first.state) == (10, 5, 2, JobState.DONE)
    assert library.jobs.params(job) == {"folders": ["/a"]}
    assert library.jobs.get(999) is None
