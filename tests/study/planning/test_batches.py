"""What a rater is shown of a batch: the paper's composition, and the order's promises."""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter

import pytest

from fiqa_studio.study.planning.batches import compose, compose_round, dealt, gold_for, to_carry
from fiqa_studio.study.planning.chance import Chance
from fiqa_studio.study.planning.order import Planned, alike, arrange
from fiqa_studio.study.values import (
    Gold,
    GoldSide,
    Method,
    RepeatPlace,
    Rules,
    Stimulus,
    Study,
    Trap,
    TrialKind,
)
from tests.study.values import a_study, hashes, stimuli


def _papers_study(**rules: object) -> Study:
    """40 study stimuli a batch, 200 gold faces, as in GFIQA-20k; 12 people."""
    people = [dataclasses.replace(x, person=f"person {i % 12}") for i, x in enumerate(stimuli(200))]
    gold = stimuli(200, "gold")
    return a_study(
        stimuli=(*people, *gold),
        batches=tuple(dealt(people, 40, Chance(1, "batches"))),
        gold=tuple(
            Gold(x.hash, GoldSide.HIGH if i < 100 else GoldSide.LOW) for i, x in enumerate(gold)
        ),
        rules=Rules(**rules),  # type: ignore[arg-type]
    )


def _composed(study: Study, batch: int = 0, seed: int = 0) -> list[Planned]:
    return compose(study, batch, Chance(seed, "order"), exposures={})


def test_a_batch_is_forty_and_five_gold_and_five_repeats() -> None:
    study = _papers_study()
    assert [len(batch) for batch in study.batches] == [40] * 5
    for seed in range(20):
        trials = _composed(study, seed % 5, seed)
        kinds = Counter(trial.kind for trial in trials)
        assert kinds == {TrialKind.STUDY: 40, TrialKind.GOLD: 5, TrialKind.REPEAT: 5}
        assert len(trials) == 50
        assert {t.stimulus for t in trials if t.kind is TrialKind.STUDY} == set(
            study.batches[seed % 5]
        )
        gold = [t.stimulus for t in trials if t.kind is TrialKind.GOLD]
        assert len(set(gold)) == 5, "gold is drawn without replacement inside a batch"
        sides = Counter(g.side for g in study.gold if g.hash in gold)
        assert sorted(sides.values()) == [2, 3]


def test_repeats_come_at_least_ten_trials_later() -> None:
    study = _papers_study()
    for seed in range(30):
        order = _composed(study, seed % 5, seed)
        first = {t.stimulus: i for i, t in enumerate(order) if t.kind is TrialKind.STUDY}
        for place, trial in enumerate(order):
            if trial.kind is TrialKind.REPEAT:
                assert place - first[trial.stimulus] >= 10


def test_nobody_is_shown_twice_in_a_row() -> None:
    study = _papers_study()
    for seed in range(30):
        order = _composed(study, seed % 5, seed)
        for before, after in itertools.pairwise(order):
            assert not before.alike & after.alike
    last = alike(study.by_hash()[study.batches[0][0]])
    for seed in range(30):
        order = compose(study, 0, Chance(seed), exposures={}, before=last)
        assert not order[0].alike & last


def test_a_seed_reproduces_an_order_on_every_machine() -> None:
    study = _papers_study()
    assert _composed(study, 2, 5) == _composed(study, 2, 5)
    assert _composed(study, 2, 5) != _composed(study, 2, 6)
    # Written down: the same on every version of Python.
    assert Chance(7, "order", 3).shuffled(range(10)) == [7, 5, 9, 4, 6, 1, 8, 2, 0, 3]


def test_where_one_person_fills_more_than_half_the_rest_is_still_apart() -> None:
    crowd = [Stimulus(hash=h, name=h, person="a") for h in hashes(6, "a")]
    others = [Stimulus(hash=h, name=h, person=h) for h in hashes(5, "b")]
    items = [Planned(kind=TrialKind.STUDY, stimulus=x.hash, alike=alike(x)) for x in crowd + others]
    for seed in range(20):
        order = arrange(items, Chance(seed))
        assert [("person a" in item.alike) for item in order] == [True, False] * 5 + [True]
    stuck = arrange(items[:8], Chance(1))
    together = sum(bool(a.alike & b.alike) for a, b in itertools.pairwise(stuck))
    assert together == 3, "six of one person and two others: three neighbours at best"


def test_gold_is_capped_and_the_least_seen_comes_first() -> None:
    study = _papers_study(gold_exposures=1)
    exposures: Counter[str] = Counter()
    for batch in range(40):
        exposures.update(gold_for(study, exposures, Chance(batch)))
    assert set(exposures.values()) == {1}
    assert len(exposures) == 200
    assert gold_for(study, exposures, Chance(99)) == [], "nobody sees the same face again"


def test_one_side_fills_in_where_the_other_is_used_up() -> None:
    study = _papers_study()
    only_low = dataclasses.replace(study, gold=study.gold[98:])
    high = {g.hash: 3 for g in study.gold[:100]}
    chosen = gold_for(only_low, high, Chance(1))
    assert len(chosen) == 5
    assert not set(chosen) & set(high)


def test_repeats_may_come_in_the_next_batch() -> None:
    study = _papers_study(repeat_place=RepeatPlace.LATER)
    carried = to_carry(study, 0, Chance(1))
    assert len(set(carried)) == 5
    assert set(carried) <= set(study.batches[0])
    first = _composed(study, 0)
    assert not [t for t in first if t.kind is TrialKind.REPEAT]
    second = compose(study, 1, Chance(2), exposures={}, carried=carried)
    repeats = [t.stimulus for t in second if t.kind is TrialKind.REPEAT]
    assert sorted(repeats) == sorted(carried)
    assert to_carry(_papers_study(), 0, Chance(1)) == []


def test_traps_are_mixed_in() -> None:
    study = _papers_study(traps_per_batch=2)
    traps = stimuli(4, "trap")
    study = dataclasses.replace(
        study,
        stimuli=(*study.stimuli, *traps),
        traps=tuple(Trap(x.hash, 1.0, 12.0) for x in traps),
    )
    kinds = Counter(t.kind for t in _composed(study))
    assert kinds[TrialKind.TRAP] == 2


def test_people_and_groups_are_spread_over_the_batches() -> None:
    made = [dataclasses.replace(x, group=f"burst {i // 10}") for i, x in enumerate(stimuli(103))]
    batches = dealt(made, 40, Chance(3))
    assert sorted(len(batch) for batch in batches) == [34, 34, 35]
    assert sorted(h for batch in batches for h in batch) == sorted(x.hash for x in made)
    groups = {x.hash: x.group for x in made}
    for batch in batches:
        assert max(Counter(groups[h] for h in batch).values()) <= 4


def test_a_restored_face_stays_with_its_hidden_reference() -> None:
    made = list(stimuli(40))
    for i in range(0, 40, 4):
        for j in range(1, 4):
            made[i + j] = dataclasses.replace(made[i + j], reference=made[i].hash)
    for batch in dealt(made, 12, Chance(5)):
        for stimulus in made:
            if stimulus.reference and stimulus.hash in batch:
                assert stimulus.reference in batch


@pytest.mark.parametrize("method", [Method.DCR, Method.CCR])
def test_a_reference_is_shown_beside_its_stimulus(method: Method) -> None:
    made = stimuli(12)
    reference = stimuli(1, "reference")[0]
    referred = tuple(dataclasses.replace(x, reference=reference.hash) for x in made)
    study = a_study(
        stimuli=(*referred, reference),
        batches=(tuple(x.hash for x in referred),),
        method=method,
        rules=Rules(gold_per_batch=5, repeats_per_batch=0),
    )
    trials = [t for seed in range(10) for t in _composed(study, 0, seed)]
    assert {t.other for t in trials} == {reference.hash}
    assert {t.kind for t in trials} == {TrialKind.STUDY}
    orders = {t.swapped for t in trials}
    assert orders == ({True} if method is Method.DCR else {True, False})


def test_a_round_of_pairs_has_gold_pairs_and_repeats_with_sides_changed() -> None:
    study = _papers_study(batch_size=30)
    names = study.batches[0]
    pairs = [(names[i], names[i + 1]) for i in range(30)]
    order = compose_round(study, pairs, Chance(4), exposures={})
    sides = {g.hash: g.side for g in study.gold}
    for trial in order:
        if trial.kind is TrialKind.GOLD:
            assert sides[trial.stimulus] is GoldSide.HIGH
            assert sides[trial.other] is GoldSide.LOW
    first = {(t.stimulus, t.other): t for t in order if t.kind is TrialKind.STUDY}
    repeats = [t for t in order if t.kind is TrialKind.REPEAT]
    assert len(repeats) == 5
    for trial in repeats:
        assert trial.swapped != first[trial.stimulus, trial.other].swapped
