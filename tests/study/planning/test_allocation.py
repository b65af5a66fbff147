"""Who rates which batch: evenly, connected, and again where somebody left."""

from __future__ import annotations

from collections import Counter

from fiqa_studio.study.planning.allocation import (
    Assigned,
    components,
    connected,
    extend_list,
    next_batch,
)
from fiqa_studio.study.planning.chance import Chance
from fiqa_studio.study.values import Rules, Study
from tests.study.values import a_study, stimuli

_HOUR = 3_600_000


def _study(batches: int, **rules: object) -> Study:
    made = stimuli(2 * batches)
    names = [x.hash for x in made]
    return a_study(
        stimuli=made,
        batches=tuple((names[2 * i], names[2 * i + 1]) for i in range(batches)),
        rules=Rules(**rules),  # type: ignore[arg-type]
    )


def _done(rater: str, batch: int, **more: object) -> Assigned:
    values = {"active_ms": 0, "done": True, **more}
    return Assigned(rater_id=rater, batch=batch, **values)  # type: ignore[arg-type]


def _collect(study: Study, raters: int, each: int, seed: int = 0) -> list[Assigned]:
    """Raters who come one after the other, and do ``each`` batches unless there are fewer."""
    found: list[Assigned] = []
    for turn in range(each):
        for rater in range(raters):
            chance = Chance(seed, rater, turn)
            batch = next_batch(study, found, f"r{rater}", chance, now_ms=0)
            if batch is not None:
                found.append(_done(f"r{rater}", batch))
    return found


def test_every_rater_gets_every_batch_once_where_nothing_limits() -> None:
    study = _study(7, raters_wanted=12)
    found = _collect(study, 12, 9)
    assert Counter(a.batch for a in found) == dict.fromkeys(range(7), 12)
    assert len({(a.rater_id, a.batch) for a in found}) == len(found)


def test_every_stimulus_reaches_n_and_nothing_beyond() -> None:
    study = _study(10, raters_wanted=3, batches_per_rater=2)
    found = _collect(study, 20, 2)
    assert Counter(a.batch for a in found) == dict.fromkeys(range(10), 3)


def test_the_design_is_connected_even_when_each_does_two_of_many() -> None:
    for seed in range(10):
        study = _study(8, raters_wanted=2, batches_per_rater=2)
        assert connected(study, _collect(study, 8, 2, seed)), seed


def test_what_nobody_links_is_linked_before_anything_else() -> None:
    study = _study(4, raters_wanted=9)
    islands = [_done("a", 0), _done("a", 1), _done("b", 2), _done("b", 3), _done("c", 0)]
    assert not connected(study, islands)
    assert components(study, islands) == {0: 0, 1: 0, 2: 2, 3: 2}
    for seed in range(10):
        assert next_batch(study, islands, "c", Chance(seed), now_ms=0) in {2, 3}


def test_work_that_was_left_is_given_to_others() -> None:
    study = _study(2, raters_wanted=1, abandoned_hours=24.0)
    begun = [_done("a", 0, done=False, active_ms=0), _done("a", 1)]
    assert next_batch(study, begun, "b", Chance(0), now_ms=23 * _HOUR) is None
    assert next_batch(study, begun, "b", Chance(0), now_ms=25 * _HOUR) == 0


def test_ratings_of_a_rater_who_is_not_used_are_collected_again() -> None:
    study = _study(1, raters_wanted=2)
    found = [_done("a", 0), _done("b", 0, counts=False)]
    assert next_batch(study, found, "c", Chance(0), now_ms=0) == 0
    assert next_batch(study, [*found, _done("c", 0)], "d", Chance(0), now_ms=0) is None
    assert next_batch(study, found, "d", Chance(0), now_ms=0, wanted=1) is None


def test_the_extend_list_names_what_is_missing() -> None:
    study = _study(3, raters_wanted=2)
    found = [_done("a", 0), _done("b", 0), _done("a", 1), _done("b", 1, done=False)]
    rows = extend_list(study, found, now_ms=0)
    assert [(r.batch, r.done, r.under_way, r.missing) for r in rows] == [
        (2, 0, 0, 2),
        (1, 1, 1, 1),
    ]
