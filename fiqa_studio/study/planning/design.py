"""Making a study of pictures: roles, batches, and what is weak about it, said beforehand."""

from __future__ import annotations

import math
import secrets
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image

from fiqa_studio.study import file, pictures
from fiqa_studio.study.errors import StudyError
from fiqa_studio.study.planning.batches import dealt
from fiqa_studio.study.planning.chance import Chance
from fiqa_studio.study.planning.instructions import default_texts
from fiqa_studio.study.scale import scale_of
from fiqa_studio.study.values import (
    Gold,
    GoldSide,
    Lesson,
    Method,
    RepeatPlace,
    Rules,
    Stimulus,
    StimulusSource,
    Study,
    Texts,
    Trap,
)

FEWEST_GOLD = 20
"""Fewer gold faces on a side are soon known by heart."""
_REFERENCED = {Method.DCR, Method.CCR, Method.ACR_HR}
_TRAP_TOLERANCE_SHARE = 0.125  # half the distance of two marks


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A source that is not in the study, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Built:
    """A study that can be written; its pictures are in their folder already."""

    study: Study
    left_out: tuple[LeftOut, ...]


def build(
    sources: Iterable[StimulusSource],
    folder: Path,
    *,
    title: str,
    method: Method = Method.SLIDER,
    attributes: Sequence[str] = ("quality",),
    rules: Rules | None = None,
    texts: Texts | None = None,
    seed: int | None = None,
    database: str = "",
    progress: Callable[[int], bool] = lambda done: True,  # noqa: ARG005
) -> Built:
    """Keep the pictures in ``folder`` and design the study.

    Args:
        sources: From a folder, a list, or a library's query.
        folder: Where the pictures are kept, see `fiqa_studio.study.file.pictures_folder`.
        title: What the study is called, also to raters.
        method: How it is rated.
        attributes: What is asked of each stimulus.
        rules: All numbers; without, the paper's.
        texts: What raters read; without, the paper's four parts in our words.
        seed: Of all order; without, a new one.
        database: URL of the ratings; empty: a file beside the study file.
        progress: Told how many pictures are done; False stops.

    Raises:
        StudyError: ``design.empty``: fewer than two stimuli; ``design.reference``: a restored
            face has no reference; ``design.cancelled``; ``study.write``.
    """
    if method is Method.IMPORTED:
        raise StudyError("An imported study is not made of pictures.", code="design.method")
    rules = rules or Rules()
    file.check_numbers(rules)
    seed = secrets.randbelow(2**31) if seed is None else seed
    collected = _Collected(folder)
    for done, source in enumerate(sources, start=1):
        collected.add(source)
        if not progress(done):
            raise StudyError("The study was not made.", cause="Cancelled.", code="design.cancelled")
    collected.refer()
    if rules.traps_per_batch and not collected.traps:
        _make_traps(collected, method, rules, Chance(seed, "traps"))
    studied = collected.studied
    if method in {Method.DCR, Method.CCR}:
        _check_references(studied, method)
    if len(studied) < 2:
        raise StudyError(
            "A study needs at least two pictures to rate.",
            cause=_why(collected.left_out),
            code="design.empty",
        )
    if method is Method.PAIRS:
        rules = replace(rules, batches_per_rater=rules.batches_per_rater or 1)
        batches = [tuple(stimulus.hash for stimulus in studied)]
    else:
        batches = dealt(studied, rules.batch_size, Chance(seed, "batches"))
    study = Study(
        id=uuid.uuid4().hex,
        title=title.strip() or "Quality of faces",
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        seed=seed,
        method=method,
        attributes=tuple(attributes),
        stimuli=tuple(collected.stimuli.values()),
        batches=tuple(batches),
        gold=tuple(collected.gold),
        training=tuple(collected.training),
        traps=tuple(collected.traps),
        rules=rules,
        texts=texts or default_texts(method, tuple(collected.examples)),
        database=database,
    )
    return Built(replace(study, warnings=warnings(study)), tuple(collected.left_out))


class _Collected:
    """Stimuli and their roles, as sources come in."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.stimuli: dict[str, Stimulus] = {}
        self.gold: list[Gold] = []
        self.training: list[Lesson] = []
        self.traps: list[Trap] = []
        self.examples: list[str] = []
        self.left_out: list[LeftOut] = []
        self._by_name: dict[str, str] = {}
        self._references: dict[str, tuple[str, ...]] = {}
        self._apart: set[str] = set()  # not studied: gold, training, traps, examples

    def add(self, source: StimulusSource) -> None:
        try:
            picture = pictures.normalised(source.picture)
        except StudyError as error:
            self.left_out.append(LeftOut(source.name, str(error)))
            return
        digest = pictures.keep(self.folder, picture)
        twin = self.stimuli.get(digest)
        if twin is not None:
            self.left_out.append(LeftOut(source.name, f"The same picture as “{twin.name}”."))
            return
        if source.name in self._by_name:
            self.left_out.append(LeftOut(source.name, "Its name is taken."))
            return
        self.stimuli[digest] = Stimulus(
            hash=digest, name=source.name, width=picture.width, height=picture.height,
            person=source.person, group=source.group,
        )  # fmt: skip
        self._by_name[source.name] = digest
        if source.reference_of:
            self._references[digest] = source.reference_of
        if source.gold is not None:
            self.gold.append(Gold(digest, source.gold))
        if source.lesson is not None:
            self.training.append(Lesson(digest, *source.lesson))
        if source.trap is not None:
            self.traps.append(Trap(digest, *source.trap))
        if source.example:
            self.examples.append(digest)
        if source.gold or source.lesson or source.trap or source.example:
            self._apart.add(digest)

    def refer(self) -> None:
        """Tell each stimulus its reference, now that all names are known."""
        for reference, names in self._references.items():
            for name in names:
                digest = self._by_name.get(name)
                if digest is not None and digest != reference:
                    self.stimuli[digest] = replace(self.stimuli[digest], reference=reference)

    @property
    def studied(self) -> list[Stimulus]:
        return [x for digest, x in self.stimuli.items() if digest not in self._apart]

    @property
    def references(self) -> set[str]:
        return set(self._references)

    def keep_trap(self, picture: Image.Image, answer: float, tolerance: float) -> None:
        digest = pictures.keep(self.folder, picture)
        if digest in self.stimuli:
            return
        self.stimuli[digest] = Stimulus(
            hash=digest, name=f"trap {len(self.traps) + 1}", width=picture.width,
            height=picture.height,
        )  # fmt: skip
        self.traps.append(Trap(digest, answer, tolerance))
        self._apart.add(digest)


def _make_traps(collected: _Collected, method: Method, rules: Rules, chance: Chance) -> None:
    if method is Method.PAIRS or method in {Method.DCR, Method.CCR}:
        raise StudyError(
            "Traps are made for one picture at a time.",
            remedy="Leave them out of a study that shows two.",
            code="design.method",
        )
    scale = scale_of(method)
    wanted = max(2 * len(scale.marks), rules.traps_per_batch)
    faces = chance.shuffled(collected.studied)[:wanted]
    for number, face in enumerate(faces):
        mark = scale.marks[number % len(scale.marks)]
        picture = pictures.normalised(pictures.file_of(collected.folder, face.hash))
        written = pictures.trap(picture, f"Do not judge this face.\nAnswer “{mark.word}”.")
        tolerance = 0.0 if scale.step else (scale.high - scale.low) * _TRAP_TOLERANCE_SHARE
        collected.keep_trap(written, mark.value, tolerance)


def _check_references(studied: list[Stimulus], method: Method) -> None:
    references = {stimulus.reference for stimulus in studied if stimulus.reference}
    bare = [x for x in studied if not x.reference and x.hash not in references]
    if bare or not references:
        name = f"“{bare[0].name}”" if bare else "Every picture"
        raise StudyError(
            f"{name} has no reference, and {str(method).upper()} compares with one.",
            remedy="Name the undistorted picture in the column “reference” of the list.",
            code="design.reference",
        )
    # The reference is shown beside each of its pictures; by itself it is not rated.
    studied[:] = [stimulus for stimulus in studied if stimulus.hash not in references]


def warnings(study: Study) -> tuple[str, ...]:
    """What is weak about a design, in sentences for its owner."""
    found = [*_gold_warnings(study), *_order_warnings(study)]
    rules = study.rules
    if not study.training:
        found.append("There is no training: raters begin without having seen the range.")
    if study.method in _REFERENCED and not any(x.reference for x in study.stimuli):
        found.append("No picture has a reference.")
    if rules.raters_wanted < 10:
        found.append(
            f"{rules.raters_wanted} raters give wide confidence intervals; careful studies ran "
            "with 10 to 13 experts, ITU asks for 24 in a laboratory."
        )
    if study.method is not Method.PAIRS and 0 < rules.batches_per_rater < 2 < len(study.batches):
        found.append(
            "Each rater does one batch, so batches are compared through gold only; let each do "
            "two or more."
        )
    return tuple(found)


def _gold_warnings(study: Study) -> list[str]:
    rules = study.rules
    if not rules.gold_per_batch or study.method is Method.PAIRS:
        return []
    if study.method in {Method.DCR, Method.CCR}:
        return ["Gold faces are not used where a stimulus is shown with its reference."]
    sides = Counter(gold.side for gold in study.gold)
    if not sides:
        return ["There are no gold faces: careless raters are found by repeats alone."]
    found = [
        f"Only {sides[side]} gold faces are clearly {word}; {FEWEST_GOLD} or more keep raters "
        "from knowing them by heart."
        for side, word in ((GoldSide.HIGH, "good"), (GoldSide.LOW, "bad"))
        if sides[side] < FEWEST_GOLD
    ]
    batches = len(study.batches)
    if rules.batches_per_rater:
        batches = min(batches, rules.batches_per_rater)
    wanted, there = batches * rules.gold_per_batch, len(study.gold) * rules.gold_exposures
    if wanted > there:
        found.append(
            f"A rater would see {wanted} gold trials, but {len(study.gold)} faces shown at most "
            f"{rules.gold_exposures} times are {there}: the last batches have fewer."
        )
    return found


def _order_warnings(study: Study) -> list[str]:
    rules = study.rules
    if study.method is Method.PAIRS:
        return []
    found: list[str] = []
    known = study.by_hash()
    smallest = min((len(batch) for batch in study.batches), default=0)
    room = smallest + rules.gold_per_batch - rules.repeat_distance
    if rules.repeats_per_batch and rules.repeat_place is RepeatPlace.BATCH and room < 1:
        found.append(
            f"Batches of {smallest} are too short to repeat a picture {rules.repeat_distance} "
            "trials later: there are no repeats."
        )
    for word in ("person", "group"):
        crowded = 0
        for batch in study.batches:
            counts = Counter(getattr(known[digest], word) for digest in batch)
            counts.pop("", None)
            crowded += max(counts.values(), default=0) > math.ceil(len(batch) / 2)
        if crowded:
            found.append(
                f"In {crowded} batches one {word} is on more than half of the pictures, so some "
                "follow one another."
            )
    return found


def _why(left_out: list[LeftOut]) -> str:
    if not left_out:
        return ""
    return f"{len(left_out)} were left out, the first: “{left_out[0].name}”. {left_out[0].reason}"
