"""Embeddings and perceptual hashes: kept with the score, filled in where they are not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from fiqa_studio.domain.jobs import JobState
from fiqa_studio.domain.query import Query
from fiqa_studio.engine.engine import Engine
from fiqa_studio.engine.link.client import WorkerSettings
from fiqa_studio.engine.scoring.filling import params_of
from fiqa_studio.store.library import Library
from fiqa_studio.store.vectors import vectors_path
from tests.engine.conftest import PATIENCE, finish, jpeg

STARTER, CLASSICAL = "starter", "sharpness"
LIKE = 10
"""Bits in which the hashes of two sizes of one face may differ."""


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One face in two sizes, and another photo without any."""
    folder = tmp_path_factory.mktemp("album")
    face = Image.fromarray(data.astronaut()[:300, 70:370])
    (folder / "a.jpg").write_bytes(jpeg(face))
    (folder / "b.jpg").write_bytes(jpeg(face.resize((450, 450))))
    (folder / "none.jpg").write_bytes(jpeg(Image.new("RGB", (90, 90))))
    return folder


@pytest.fixture
def own(tmp_path: Path, settings: WorkerSettings) -> Iterator[tuple[Library, Engine]]:
    with Library.create(tmp_path / "own.fiqa") as library:
        engine = Engine(library, worker=settings)
        yield library, engine
        engine.shutdown()


def hash_of(library: Library) -> str:
    active = library.scores.active()
    assert active is not None
    return active.hash


def test_what_comes_with_a_score_is_kept_whichever_way_it_came(
    own: tuple[Library, Engine], album: Path
) -> None:
    library, engine = own
    finish(engine.start_index([album]))
    hashed, at_index = library.vectors.hashes()
    assert len(hashed) == 2
    assert int(at_index[0] ^ at_index[1]).bit_count() <= LIKE
    finish(engine.start_score(STARTER))
    scored = library.vectors.embeddings(hash_of(library))[1]
    assert scored.shape[0] == 2
    assert scored.shape[1] > 8
    assert np.ptp(scored) > 0
    assert np.array_equal(library.vectors.hashes()[1], at_index), "the same crop, the same hash"
    assert library.without_vectors(hash_of(library)).tolist() == []

    again = Library.create(library.path.with_name("again.fiqa"))
    with again:
        one_pass = Engine(again)
        try:
            finish(one_pass.start_index([album], score_with=STARTER))
        finally:
            one_pass.shutdown()
        together = again.vectors.embeddings(hash_of(again))[1]
        assert np.allclose(together, scored, atol=2e-2, rtol=2e-2)
        assert np.array_equal(again.vectors.hashes()[1], at_index)


def test_a_library_without_vectors_says_so_and_fills_up(
    own: tuple[Library, Engine], album: Path
) -> None:
    library, engine = own
    finish(engine.start_index([album], score_with=STARTER))
    before, bits = library.vectors.embeddings(hash_of(library))[1], library.vectors.hashes()[1]
    scores = [row.score for row in library.views.face_rows(library.views.ids(Query()))]
    engine.shutdown()
    library.close()
    vectors_path(library.path).unlink()

    with Library.open(library.path) as later:
        filling = Engine(later)
        try:
            assert len(later.without_vectors(hash_of(later))) == 2
            job = filling.jobs.start("fill", params_of())
            finish(job)
            assert job.counts["filled"] == 2
            assert later.without_vectors(hash_of(later)).tolist() == []
            assert np.allclose(later.vectors.embeddings(hash_of(later))[1], before, atol=1e-2)
            assert np.array_equal(later.vectors.hashes()[1], bits)
            rows = later.views.face_rows(later.views.ids(Query()))
            assert [row.score for row in rows] == scores
            nothing = filling.jobs.start("fill", params_of())
            finish(nothing)
            assert nothing.progress.total == 0
        finally:
            filling.shutdown()


def test_a_scorer_without_embeddings_is_asked_once(
    own: tuple[Library, Engine], album: Path
) -> None:
    library, engine = own
    finish(engine.start_index([album], score_with=CLASSICAL))
    assert library.vectors.embeddings(hash_of(library))[0].tolist() == []
    assert library.without_vectors(hash_of(library)).tolist() == []


def test_another_version_of_the_scorer_fills_nothing_in(
    own: tuple[Library, Engine], album: Path
) -> None:
    library, engine = own
    finish(engine.start_index([album], score_with=CLASSICAL))
    old = library.scores.scorers()[0]
    older = type(old)(old.name, old.title, "0" * 16, old.summary, old.kind)
    library.scores.ensure_scorer(older).result()
    (face, *_) = library.views.ids(Query()).tolist()
    kept = library.scores.get(face)
    assert kept is not None
    library.scores.record(older.hash, [(face, kept, None)]).result()
    assert library.without_vectors(older.hash).tolist() == [face]
    job = engine.jobs.start("fill", params_of(older.hash))
    assert job.wait(PATIENCE).state is JobState.FAILED
    assert job.error is not None
    assert job.error.code == "scorer.changed"


def test_a_scorer_without_scores_here_is_named(own: tuple[Library, Engine]) -> None:
    _, engine = own
    job = engine.fill_vectors("nobody")
    assert job.wait(PATIENCE).state is JobState.FAILED
    assert job.error is not None
    assert job.error.code == "scorer.unknown"
    assert "nobody" in job.error.message
