"""In what order a batch is shown: no neighbours alike, and repeats far enough apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from fiqa_studio.study.planning.chance import Chance
from fiqa_studio.study.values import Stimulus, TrialKind

_TRIES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One trial before it has an id.

    Attributes:
        alike: What must not be shown twice in a row: its persons, groups and references.
    """

    kind: TrialKind
    stimulus: str
    other: str = ""
    swapped: bool = False
    alike: frozenset[str] = frozenset()


def alike(*stimuli: Stimulus) -> frozenset[str]:
    """What makes a neighbour of these stimuli too similar: picture, person, group, reference."""
    found: set[str] = set()
    for stimulus in stimuli:
        found.add(f"picture {stimulus.hash}")
        found.add(f"picture {stimulus.reference or stimulus.hash}")
        found.update({f"person {stimulus.person}"} if stimulus.person else ())
        found.update({f"group {stimulus.group}"} if stimulus.group else ())
    return frozenset(found)


def arrange(
    items: Sequence[Planned], chance: Chance, *, before: frozenset[str] = frozenset()
) -> list[Planned]:
    """A random order in which no two neighbours are alike, if there is one.

    Where there is none (more than half show one person), neighbours alike are as few as the
    search could make them.

    Args:
        items: What is to be shown.
        chance: Decides.
        before: What was shown last, in the batch before.
    """
    best: list[Planned] = []
    fewest = len(items) + 1
    for _ in range(_TRIES):
        found, clashes = _attempt(items, chance, before)
        if clashes < fewest:
            best, fewest = found, clashes
        if not clashes:
            break
    return best


def _attempt(
    items: Sequence[Planned], chance: Chance, before: frozenset[str]
) -> tuple[list[Planned], int]:
    left = chance.shuffled(items)
    counts = Counter(key for item in left for key in item.alike)
    placed: list[Planned] = []
    clashes, last = 0, before
    while left:
        possible = [item for item in left if not item.alike & last]
        if not possible:
            possible, clashes = left, clashes + 1
        # What fills half of the places that are left must be placed now, or never apart.
        half = (len(left) + 1) // 2
        urgent = [item for item in possible if any(counts[key] >= half for key in item.alike)]
        chosen = (urgent if urgent and len(left) > 2 else possible)[0]
        left.remove(chosen)
        counts.subtract(chosen.alike)
        placed.append(chosen)
        last = chosen.alike
    return placed, clashes


def with_repeats(
    placed: Sequence[Planned], count: int, distance: int, chance: Chance
) -> list[Planned]:
    """Show ``count`` of the studied stimuli a second time, at least ``distance`` trials later.

    Fewer where there is no room for more. Which are repeated is drawn among those that are shown
    early enough.
    """
    result = list(placed)
    again = [item for item in placed if item.kind is TrialKind.STUDY]
    for item in chance.shuffled(again):
        if count <= 0:
            break
        first = result.index(item)
        places = [
            place
            for place in range(first + distance, len(result) + 1)
            if not item.alike & result[place - 1].alike
            and (place == len(result) or not item.alike & result[place].alike)
        ]
        if places:
            result.insert(chance.one(places), repeat_of(item))
            count -= 1
    return result


def repeat_of(item: Planned) -> Planned:
    """The second showing of a trial; of a pair, with its sides changed."""
    swapped = not item.swapped if item.other else item.swapped
    return replace(item, kind=TrialKind.REPEAT, swapped=swapped)
