"""What one rater is shown of one batch: studied stimuli, gold, traps and repeats, in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from fiqa_studio.study.planning.chance import Chance
from fiqa_studio.study.planning.order import Planned, alike, arrange, repeat_of, with_repeats
from fiqa_studio.study.values import (
    GoldSide,
    Method,
    RepeatPlace,
    Stimulus,
    Study,
    TrialKind,
)

_WITH_REFERENCE = {Method.DCR, Method.CCR}


def dealt(stimuli: Sequence[Stimulus], size: int, chance: Chance) -> list[tuple[str, ...]]:
    """Divide the stimuli among batches of at most ``size``, at random and evenly.

    Pictures of one person or group are spread over the batches, so that neighbours can differ;
    a stimulus stays with its reference where that is rated too (ACR-HR), so that one rater
    rates both.
    """
    if not stimuli:
        return []
    known = {stimulus.hash for stimulus in stimuli}
    units: dict[str, list[Stimulus]] = {}
    for stimulus in stimuli:
        together = stimulus.reference if stimulus.reference in known else stimulus.hash
        units.setdefault(together, []).append(stimulus)
    count = -(-len(stimuli) // size)
    room = [len(stimuli) // count + (i < len(stimuli) % count) for i in range(count)]
    batches: list[list[Stimulus]] = [[] for _ in range(count)]
    shown: list[Counter[str]] = [Counter() for _ in range(count)]
    groups = Counter(key for unit in units.values() for item in unit for key in _keys(item))
    # The large first, while all batches still have room for them.
    order = sorted(
        chance.shuffled(units.values()),
        key=lambda unit: (-len(unit), -max((groups[k] for i in unit for k in _keys(i)), default=0)),
    )
    for unit in order:
        keys = [key for item in unit for key in _keys(item)]
        best = min(
            range(count),
            key=lambda i: (
                len(batches[i]) + len(unit) > room[i],
                sum(shown[i][key] for key in keys),
                len(batches[i]) - room[i],
            ),
        )
        batches[best] += unit
        shown[best].update(keys)
    return [tuple(item.hash for item in chance.shuffled(batch)) for batch in batches]


def compose(
    study: Study,
    batch: int,
    chance: Chance,
    *,
    exposures: Mapping[str, int],
    carried: Sequence[str] = (),
    before: frozenset[str] = frozenset(),
) -> list[Planned]:
    """The trials of a batch for one rater.

    Args:
        study: The design.
        batch: Index into its batches.
        chance: Of this rater and this batch.
        exposures: How often this rater has seen each gold face and trap.
        carried: Stimuli of the rater's last batch that are repeated in this one.
        before: What the rater saw last.
    """
    rules = study.rules
    known = study.by_hash()
    items = [
        _trial(study, known, digest, TrialKind.STUDY, chance) for digest in study.batches[batch]
    ]
    items += [
        _trial(study, known, digest, TrialKind.GOLD, chance)
        for digest in gold_for(study, exposures, chance)
    ]
    traps = sorted(chance.shuffled(study.traps), key=lambda trap: exposures.get(trap.hash, 0))
    items += [
        _trial(study, known, trap.hash, TrialKind.TRAP, chance)
        for trap in traps[: rules.traps_per_batch]
    ]
    items += [
        repeat_of(_trial(study, known, digest, TrialKind.STUDY, chance)) for digest in carried
    ]
    placed = arrange(items, chance, before=before)
    if rules.repeat_place is RepeatPlace.LATER:
        return placed
    return with_repeats(placed, rules.repeats_per_batch, rules.repeat_distance, chance)


def gold_for(study: Study, exposures: Mapping[str, int], chance: Chance) -> list[str]:
    """Gold faces for a batch: none twice, both sides, those least seen first.

    Fewer than asked for where every face has been seen as often as the rules allow.
    """
    rules = study.rules
    if study.method in _WITH_REFERENCE:
        return []  # there is nothing to compare them with
    sides: dict[GoldSide, list[str]] = {}
    for side in GoldSide:
        faces = [gold.hash for gold in study.gold if gold.side is side]
        fresh = [face for face in faces if exposures.get(face, 0) < rules.gold_exposures]
        sides[side] = sorted(chance.shuffled(fresh), key=lambda face: exposures.get(face, 0))
    turn = chance.shuffled(GoldSide)
    chosen: list[str] = []
    while len(chosen) < rules.gold_per_batch and any(sides.values()):
        side = turn[len(chosen) % 2]
        pile = sides[side] or sides[turn[(len(chosen) + 1) % 2]]
        chosen.append(pile.pop(0))
    return chosen


def compose_round(
    study: Study,
    pairs: Sequence[tuple[str, str]],
    chance: Chance,
    *,
    exposures: Mapping[str, int],
    before: frozenset[str] = frozenset(),
) -> list[Planned]:
    """The trials of one round of pair comparison for one rater.

    Gold is a clearly good face beside a clearly bad one; repeats come with their sides changed.
    """
    known = study.by_hash()

    def pair(first: str, second: str, kind: TrialKind) -> Planned:
        return Planned(
            kind=kind, stimulus=first, other=second, swapped=chance.below(2) == 1,
            alike=alike(known[first], known[second]),
        )  # fmt: skip

    gold = gold_for(study, exposures, chance)
    high = [g.hash for g in study.gold if g.side is GoldSide.HIGH]
    good = [face for face in gold if face in high]
    bad = [face for face in gold if face not in high]
    items = [pair(first, second, TrialKind.STUDY) for first, second in pairs]
    items += [pair(g, b, TrialKind.GOLD) for g, b in zip(good, bad, strict=False)]
    placed = arrange(items, chance, before=before)
    return with_repeats(placed, study.rules.repeats_per_batch, study.rules.repeat_distance, chance)


def to_carry(study: Study, batch: int, chance: Chance) -> list[str]:
    """Which stimuli of a batch are repeated in the rater's next one."""
    if study.rules.repeat_place is not RepeatPlace.LATER:
        return []
    return chance.shuffled(study.batches[batch])[: study.rules.repeats_per_batch]


def _keys(stimulus: Stimulus) -> list[str]:
    keys = [f"person {stimulus.person}"] if stimulus.person else []
    return keys + ([f"group {stimulus.group}"] if stimulus.group else [])


def _trial(
    study: Study, known: Mapping[str, Stimulus], digest: str, kind: TrialKind, chance: Chance
) -> Planned:
    stimulus = known[digest]
    other = stimulus.reference if study.method in _WITH_REFERENCE else ""
    # DCR always shows the reference first; CCR in either order (ITU-T P.910, 8.3 and 8.4).
    swapped = bool(other) and (study.method is Method.DCR or chance.below(2) == 1)
    return Planned(kind=kind, stimulus=digest, other=other, swapped=swapped, alike=alike(stimulus))
