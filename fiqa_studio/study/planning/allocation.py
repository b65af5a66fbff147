"""Which batch a rater is given next, and what is still missing.

Batches with the fewest ratings come first, so that all grow evenly; among those, one that
connects parts of the study that no rater has in common, so that raters can be compared even when
some quit. Work that was begun and left counts for nothing after `Rules.abandoned_hours`, and
ratings of a rater whom the owner does not use count for nothing either: others are given those
batches again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fiqa_studio.study.planning.chance import Chance
from fiqa_studio.study.values import Method, Study


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """One batch in one rater's hands.

    Attributes:
        counts: Whether the rater's work is wanted: in use, and neither quit nor unqualified
            before it was done.
    """

    rater_id: str
    batch: int
    active_ms: int
    done: bool
    counts: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Short:
    """A batch that has not reached the ratings that are wanted: a row of the extend list."""

    batch: int
    done: int
    under_way: int
    missing: int


def held(assigned: Iterable[Assigned], *, now_ms: int, abandoned_hours: float) -> list[Assigned]:
    """Those that are done or still under way, by raters who count."""
    limit = now_ms - abandoned_hours * 3_600_000
    return [a for a in assigned if a.counts and (a.done or a.active_ms >= limit)]


def next_batch(
    study: Study,
    assigned: Sequence[Assigned],
    rater_id: str,
    chance: Chance,
    *,
    now_ms: int,
    wanted: int | None = None,
) -> int | None:
    """The index of the batch to give to a rater; None where there is nothing left to do.

    With `Method.PAIRS` it is the number of the rater's next round.
    """
    rules = study.rules
    mine = {a.batch for a in assigned if a.rater_id == rater_id}
    if rules.batches_per_rater and len(mine) >= rules.batches_per_rater:
        return None
    if study.method is Method.PAIRS:
        return max(mine, default=-1) + 1
    wanted = rules.raters_wanted if wanted is None else wanted
    counting = held(assigned, now_ms=now_ms, abandoned_hours=rules.abandoned_hours)
    have = Counter(a.batch for a in counting)
    open_ = [b for b in range(len(study.batches)) if b not in mine and have[b] < wanted]
    if not open_:
        return None
    part = components(study, counting)
    here = {part[b] for b in mine}
    joining = [b for b in open_ if have[b] and here and part[b] not in here]
    # Once all are begun, what nobody links comes before even growth.
    pool = joining if joining and all(have[b] for b in open_) else open_
    fewest = min(have[b] for b in pool)
    return chance.one([b for b in pool if have[b] == fewest])


def components(study: Study, assigned: Iterable[Assigned]) -> dict[int, int]:
    """For each batch the smallest batch it is connected with through raters in common."""
    part = {batch: batch for batch in range(len(study.batches))}
    by_rater: dict[str, list[int]] = {}
    for a in assigned:
        if a.batch in part:
            by_rater.setdefault(a.rater_id, []).append(a.batch)

    def root(batch: int) -> int:
        while part[batch] != batch:
            batch = part[batch]
        return batch

    for batches in by_rater.values():
        for batch in batches[1:]:
            low, high = sorted((root(batches[0]), root(batch)))
            part[high] = low
    return {batch: root(batch) for batch in part}


def connected(study: Study, assigned: Iterable[Assigned]) -> bool:
    """Whether every batch can be compared with every other through raters in common."""
    return len(set(components(study, [a for a in assigned if a.done]).values())) <= 1


def extend_list(
    study: Study, assigned: Sequence[Assigned], *, now_ms: int, wanted: int | None = None
) -> list[Short]:
    """The batches that are short of ratings, the shortest first."""
    wanted = study.rules.raters_wanted if wanted is None else wanted
    counting = held(assigned, now_ms=now_ms, abandoned_hours=study.rules.abandoned_hours)
    done = Counter(a.batch for a in counting if a.done)
    going = Counter(a.batch for a in counting if not a.done)
    short = [
        Short(batch=b, done=done[b], under_way=going[b], missing=wanted - done[b])
        for b in range(len(study.batches))
        if done[b] < wanted and study.method is not Method.PAIRS
    ]
    return sorted(short, key=lambda row: (-row.missing, row.batch))
