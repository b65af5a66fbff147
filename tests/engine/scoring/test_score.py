"""Scores: the same whichever way they came about, and only what is stale."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from fiqa_studio.domain.jobs import JobProgress, JobState
from fiqa_studio.domain.photos import FaceRow
from fiqa_studio.domain.query import Query
from fiqa_studio.domain.scores import ScorerInfo
from fiqa_studio.engine.engine import Engine
from fiqa_studio.engine.link.client import WorkerSettings
from fiqa_studio.store.library import Library
from tests.engine.conftest import PATIENCE, finish, jpeg

SCORER = "sharpness"


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve faces on four photos, of falling brightness."""
    folder = tmp_path_factory.mktemp("crowd")
    face = data.astronaut()[:300, 70:370]
    for photo in range(4):
        row = [(face * (1 - (3 * photo + n) / 20)).astype(np.uint8) for n in range(3)]
        (folder / f"{photo}.jpg").write_bytes(jpeg(Image.fromarray(np.concatenate(row, axis=1))))
    return folder


@pytest.fixture(scope="module")
def other_engine(
    tmp_path_factory: pytest.TempPathFactory, settings: WorkerSettings
) -> Iterator[tuple[Library, Engine]]:
    """A second library, whose worker has one decoder, so another order."""
    one = dataclasses.replace(settings, decoders=1)
    with Library.create(tmp_path_factory.mktemp("other") / "other.fiqa") as library:
        engine = Engine(library, worker=one)
        engine.describe(devices=False).result(PATIENCE)
        yield library, engine
        engine.shutdown()


def faces(library: Library, folder: Path) -> list[FaceRow]:
    found = library.views.face_rows(library.views.face_ids(Query()))
    mine = [row for row in found if row.path.startswith(f"{folder}/")]
    return sorted(mine, key=lambda row: (row.path, row.box.x))


def scores(library: Library, folder: Path) -> list[float]:
    return [row.score for row in faces(library, folder) if row.score is not None]


def test_scores_are_the_same_in_one_pass_later_and_one_by_one(
    engine: Engine,
    library: Library,
    other_engine: tuple[Library, Engine],
    crowd: Path,
) -> None:
    finish(engine.start_index([crowd], score_with=SCORER))
    together = scores(library, crowd)
    assert len(together) == 12
    other, alone = other_engine
    finish(alone.start_index([crowd]))
    order = [row.id for row in faces(other, crowd)]
    random.Random(1).shuffle(order)
    for face in order[:5]:
        finish(alone.start_score(SCORER, [face]))
    finish(alone.start_score(SCORER))
    assert np.allclose(scores(other, crowd), together, atol=1e-4)


def test_only_what_the_scorer_has_not_seen_is_scored(
    engine: Engine, library: Library, crowd: Path, tmp_path: Path, portrait: bytes
) -> None:
    finish(engine.start_index([crowd], score_with=SCORER))
    again = engine.start_score(SCORER)
    assert finish(again).total == 0
    (tmp_path / "new.jpg").write_bytes(portrait)
    finish(engine.start_index([tmp_path]))
    more = engine.start_score(SCORER)
    finish(more)
    assert more.counts["scored"] == 1


def test_with_nothing_to_score_no_scorer_is_loaded(
    engine: Engine, library: Library, crowd: Path, settings: WorkerSettings, tmp_path: Path
) -> None:
    finish(engine.start_index([crowd], score_with=SCORER))
    finish(engine.start_score(SCORER))
    other = ScorerInfo("other", "Other", "f" * 16, "", "")
    library.scores.ensure_scorer(other).result()
    library.scores.set_active(other.hash).result()
    without_worker = Engine(
        library, worker=dataclasses.replace(settings, command=("/no/such/worker",))
    )
    try:
        assert finish(without_worker.start_score(SCORER)).total == 0
        active = library.scores.active()
        assert active is not None
        assert active.name == SCORER, "its scores are shown all the same"
        assert without_worker.start_score("starter").wait(PATIENCE).state is JobState.FAILED
    finally:
        without_worker.shutdown()


def test_a_score_says_where_it_comes_from(engine: Engine, library: Library, crowd: Path) -> None:
    finish(engine.start_index([crowd], score_with=SCORER))
    face = faces(library, crowd)[0]
    active = library.scores.active()
    assert active is not None
    assert face.scorer == active.name == SCORER
    assert face.scorer_hash == active.hash
    score = library.scores.get(face.id)
    assert score is not None
    assert (score.device, score.precision) == ("cpu", "float32")
    assert score.value == face.score


def test_a_photo_that_changed_since_it_was_indexed_is_not_scored_from_the_wrong_pixels(
    engine: Engine, library: Library, tmp_path: Path
) -> None:
    path = tmp_path / "portrait.jpg"
    path.write_bytes(jpeg(Image.fromarray(data.astronaut()), quality=77))
    finish(engine.start_index([tmp_path]))
    path.write_bytes(jpeg(Image.fromarray(data.astronaut()[::-1])))
    job = engine.start_score(SCORER)
    finish(job)
    assert [failure.code for failure in job.failures()] == ["photo.changed"]
    assert not scores(library, tmp_path)


def test_an_unknown_scorer_fails_the_job_with_its_name(engine: Engine) -> None:
    job = engine.start_score("no-such-scorer")
    assert job.wait(60).state is JobState.FAILED
    assert job.error is not None
    assert job.error.code == "scorer.unavailable"
    assert "no-such-scorer" in str(job.error)


def test_pictures_are_rendered_while_a_job_runs(
    engine: Engine, library: Library, crowd: Path
) -> None:
    finish(engine.start_index([crowd]))
    face = faces(library, crowd)[0]
    finish(engine.start_score(SCORER))
    shown = engine.render_photo(face.photo_id, 200).result(60)
    assert (shown.width, shown.height, len(shown.rgb)) == (200, 67, 200 * 67 * 3)
    crop = engine.render_crop(face.id).result(60)
    assert (crop.width, crop.height) == (512, 512)


def test_the_installation_describes_itself(engine: Engine) -> None:
    described = engine.describe(devices=False).result(60)
    assert described.versions["numpy"] == np.__version__
    assert SCORER in [scorer["name"] for scorer in described.scorers]


def test_loading_a_scorer_activates_nothing_and_the_end_of_a_rescore_does(
    engine: Engine, library: Library, tmp_path: Path, portrait: bytes
) -> None:
    other = ScorerInfo("older", "Older", "e" * 16, "", "")
    library.scores.ensure_scorer(other).result()
    library.scores.set_active(other.hash).result()
    (tmp_path / "one.jpg").write_bytes(portrait)
    finish(engine.start_index([tmp_path], score_with=SCORER))
    active = library.scores.active()
    assert active == other, "scoring new photos with another scorer takes nothing off the screen"
    finish(engine.start_score(SCORER, []))
    assert library.scores.active() == other
    finish(engine.start_score(SCORER))
    active = library.scores.active()
    assert active is not None
    assert active.name == SCORER


def test_what_is_cancelled_did_not_fail(
    engine: Engine, library: Library, tmp_path: Path, portrait: bytes
) -> None:
    for number in range(40):  # no two of one content
        (tmp_path / f"{number}.jpg").write_bytes(portrait + b"%d" % number)
    job = engine.start_index([tmp_path], score_with=SCORER)

    def cancel(progress: JobProgress) -> None:
        if progress.id == job.id and progress.done > 2:
            engine.cancel(job.id)

    unsubscribe = engine.subscribe_jobs(cancel)
    progress = job.wait(PATIENCE)
    unsubscribe()
    assert progress.state is JobState.CANCELLED
    assert job.failures() == []
    assert progress.failed == 0
    finish(engine.start_index([tmp_path], score_with=SCORER))
    assert len(scores(library, tmp_path)) == 40
