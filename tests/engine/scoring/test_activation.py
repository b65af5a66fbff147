"""Which scorer's scores are shown, and two scorers beside each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import rankdata, spearmanr

from fiqa_studio.domain.changes import Changes, Kind
from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.scores import Score
from fiqa_studio.engine.scoring.activation import Activation, comparison_said, ranks
from fiqa_studio.engine.scoring.installed import Scorers
from fiqa_studio.store.library import Library
from fiqa_studio.store.photos import IndexedFile
from tests.store.values import SHARPNESS, STARTER, make_face, make_photo

FACES = 200


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """A face a photo; starter scored all but the last ten, sharpness all but the first twenty."""
    random = np.random.default_rng(3)
    now = datetime(2024, 6, 1, tzinfo=UTC)
    with Library.create(tmp_path / "test.fiqa") as opened:
        root = opened.roots.add("/photos").result()
        files = [
            IndexedFile(root, b"/photos/%d.jpg" % n, 1, 1, make_photo(f"{n:032x}", [make_face()]))
            for n in range(FACES)
        ]
        found = opened.photos.record_many(files).result()
        faces = [one.face_ids[0] for one in found]
        first = np.round(random.random(FACES), 1)  # with ties
        second = np.clip(first + random.normal(0, 0.2, FACES), 0, 1)
        for scorer, chosen, values in (
            (STARTER, slice(None, -10), first),
            (SHARPNESS, slice(20, None), second),
        ):
            opened.scores.ensure_scorer(scorer).result()
            opened.scores.record(
                scorer.hash,
                [
                    (face, Score(float(value), 0.1, "float32", "cpu", now), None)
                    for face, value in zip(faces[chosen], values[chosen], strict=True)
                ],
            ).result()
        yield opened


def activation(library: Library) -> Activation:
    return Activation(library, Scorers(["/no/such/program"]))


def test_switching_is_one_write_and_says_what_is_left(library: Library) -> None:
    told: list[Changes] = []
    library.subscribe(told.append)
    switched = activation(library).activate("sharpness")
    assert [one.of_kind(Kind.SCORER) and not one.of_kind(Kind.SCORE) for one in told] == [True]
    assert (switched.scorer, switched.unscored) == (SHARPNESS, 20)
    assert library.scores.active() == SHARPNESS
    back = activation(library).activate(STARTER.hash)
    assert (back.scorer, back.unscored) == (STARTER, 10)


def test_a_scorer_that_is_nowhere_is_refused_and_nothing_changes(library: Library) -> None:
    with pytest.raises(KnownError):
        activation(library).activate("no-such-scorer")
    assert library.scores.active() == STARTER


def test_two_scorers_are_compared_on_the_faces_both_have_seen(library: Library) -> None:
    compared = activation(library).compare("starter", "sharpness")
    assert (compared.faces, compared.only_first, compared.only_second) == (170, 20, 10)
    rows = [library.faces.of_photo(photo)[0].row for photo in range(1, FACES + 1)]
    first = {row.id: row.score for row in rows if row.score is not None}
    activation(library).activate("sharpness")
    rows = [library.faces.of_photo(photo)[0].row for photo in range(1, FACES + 1)]
    second = {row.id: row.score for row in rows if row.score is not None}
    both = sorted(first.keys() & second.keys())
    a = np.array([first[face] for face in both])
    b = np.array([second[face] for face in both])
    assert compared.rank_agreement == pytest.approx(spearmanr(a, b).statistic)
    assert compared.mean_difference == pytest.approx(float(np.mean(b - a)))
    apart = [abs(x - y) for x, y in zip(rankdata(a), rankdata(b), strict=True)]
    worst = both[int(np.argmax(apart))]
    assert compared.largest[0].face_id == worst
    assert compared.largest[0].first == pytest.approx(first[worst], abs=1e-11)
    assert compared.largest[0].second == pytest.approx(second[worst], abs=1e-11)


def test_a_scorer_without_scores_here_cannot_be_compared(library: Library) -> None:
    with pytest.raises(KnownError) as unknown:
        activation(library).compare("starter", "mine")
    assert unknown.value.code == "scorer.unknown"


def test_a_scorer_compared_with_itself_agrees_and_differs_nowhere(library: Library) -> None:
    same = activation(library).compare("starter", "starter")
    assert same.rank_agreement == pytest.approx(1.0)
    assert (same.mean_difference, same.largest) == (0.0, ())


def test_ranks_are_those_of_scipy() -> None:
    values = np.array([3.0, 1.0, 3.0, 2.0, 1.0, 1.0])
    assert ranks(values).tolist() == rankdata(values).tolist()
    assert ranks(np.empty(0)).tolist() == []


def test_a_comparison_in_words(library: Library) -> None:
    compared = activation(library).compare("starter", "sharpness")
    said = comparison_said(compared)
    assert said.startswith("On the 170 faces that both have scored, their order agrees by 0.")
    points = round(99 * (compared.mean_difference or 0.0))
    assert f"Sharpness scores {abs(points)} point" in said or "the same" in said
    assert comparison_said(replace(compared, faces=0)) == "No face has scores of both."
