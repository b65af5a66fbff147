"""A study as plain values: what is rated, how, by which rules and in which words.

A `Study` is written once, as the study file, and does not change while people rate. What they
rate goes to the study's database (`fiqa_studio.study.schema`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class Method(StrEnum):
    """How a stimulus is judged. Units of a value are those of `fiqa_studio.study.scale`."""

    SLIDER = "slider"
    """Continuous, 1-100 %, with the five ACR marks (GFIQA-20k, section III.B)."""
    ACR5 = "acr5"
    ACR9 = "acr9"
    ACR_HR = "acr-hr"
    """Five categories; the hidden references are among the stimuli (ITU-T P.910)."""
    DCR = "dcr"
    """Reference first, then the stimulus: five categories of impairment."""
    CCR = "ccr"
    """Reference and stimulus in random order: -3 (much worse) to 3 (much better)."""
    PAIRS = "pairs"
    """Two stimuli: 1 the first is better, -1 the second, 0 no difference."""
    IMPORTED = "imported"
    """Rated elsewhere on a scale of its own (`Study.scale_low`); nobody can rate on."""


class TrialKind(StrEnum):
    """Why a trial is shown. A rater is never told, except that training is training."""

    STUDY = "study"
    GOLD = "gold"
    REPEAT = "repeat"
    TRAINING = "training"
    TRAP = "trap"


class GoldSide(StrEnum):
    """What the owner says of a gold face: clearly good or clearly bad."""

    HIGH = "high"
    LOW = "low"


class RepeatPlace(StrEnum):
    """Where a stimulus is shown for the second time."""

    BATCH = "batch"
    """Later in the same batch, at least `Rules.repeat_distance` trials after the first time."""
    LATER = "later"
    """In the rater's next batch."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answers that count as right, both ends included, in the units of the study's scale."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Whether ``value`` is right; a slider's own rounding is forgiven."""
        return self.low - 1e-9 <= value <= self.high + 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Stimulus:
    """One picture that can be shown.

    Attributes:
        hash: Names it everywhere: `fiqa_studio.study.pictures.pixel_hash`.
        name: The owner's name for it; never shown to a rater and not in a pack.
        width: Pixels, upright.
        height: Pixels, upright.
        person: Who is shown, empty where unknown; never twice in a row.
        group: Frames that belong together, empty where unknown; never twice in a row.
        reference: Hash of the undistorted picture (DCR, CCR, ACR-HR), or empty.
    """

    hash: str
    name: str
    width: int = 0
    height: int = 0
    person: str = ""
    group: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Gold:
    """A face that the owner marked as clearly good or clearly bad."""

    hash: str
    side: GoldSide


@dataclass(frozen=True, slots=True)
class Lesson:
    """One picture of the training, with its answer and how far off an answer may be."""

    hash: str
    answer: float
    tolerance: float

    @property
    def accepted(self) -> Accepted:
        """The range that a rater is shown after an answer outside it."""
        return Accepted(self.answer - self.tolerance, self.answer + self.tolerance)


@dataclass(frozen=True, slots=True)
class Trap:
    """A picture in which the answer is written: finds who does not look."""

    hash: str
    answer: float
    tolerance: float

    @property
    def accepted(self) -> Accepted:
        """Answers of somebody who has read it."""
        return Accepted(self.answer - self.tolerance, self.answer + self.tolerance)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Every number of a study that its owner can adjust; the defaults are the paper's or ITU's.

    Attributes:
        batch_size: Study stimuli a batch (paper: 40).
        gold_per_batch: Gold trials a batch (paper: 5).
        repeats_per_batch: Stimuli of a batch shown twice (paper: 5).
        traps_per_batch: Trap trials a batch.
        repeat_distance: Trials between the two times, at least.
        repeat_place: In the same batch, or in the rater's next one.
        gold_exposures: How often a rater sees the same gold face, at most.
        gold_high: Right answers for a clearly good face, in percent (paper: 65-100).
        gold_low: Right answers for a clearly bad face, in percent (paper: 1-35).
        raters_wanted: Ratings that each stimulus is to reach.
        batches_per_rater: Most batches one rater does; 0: all.
        abandoned_hours: A batch without an answer for so long is offered to others.
        minimum_viewing_ms: A stimulus is looked at for so long before an answer counts.
        training_pass: Share of training pictures right at the first try that qualifies.
        training_attempts: How often the training may be tried.
        setup_valid_minutes: The checks of the set-up are asked anew after so long.
        training_valid_minutes: Away for longer than this: a short training again.
        refresher_lessons: Pictures in that short training.
        break_after_minutes: A break is proposed after so long without one.
        back_allowed: Whether a rater may go back and change the last answer.
        checks: Names of the set-up checks that are asked, see `fiqa_studio.study.sitting.checks`.
        checks_required: Of those, the ones without which nobody rates.
        no_difference: Whether pair comparison offers "no difference".
    """

    batch_size: int = 40
    gold_per_batch: int = 5
    repeats_per_batch: int = 5
    traps_per_batch: int = 0
    repeat_distance: int = 10
    repeat_place: RepeatPlace = RepeatPlace.BATCH
    gold_exposures: int = 3
    gold_high: Accepted = Accepted(65.0, 100.0)
    gold_low: Accepted = Accepted(1.0, 35.0)
    raters_wanted: int = 12
    batches_per_rater: int = 0
    abandoned_hours: float = 24.0
    minimum_viewing_ms: int = 500
    training_pass: float = 0.7
    training_attempts: int = 2
    setup_valid_minutes: float = 30.0
    training_valid_minutes: float = 60.0
    refresher_lessons: int = 5
    break_after_minutes: float = 20.0
    back_allowed: bool = False
    checks: tuple[str, ...] = ("display", "card", "brightness", "acuity", "colour")
    checks_required: tuple[str, ...] = ("display",)
    no_difference: bool = True


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the instructions; ``pictures`` are hashes of the owner's examples."""

    title: str
    text: str
    pictures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Consent:
    """What a rater agrees to before anything else."""

    text: str
    version: str = "1"
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Question:
    """One question before the first rating; free text where there are no choices."""

    key: str
    text: str
    choices: tuple[str, ...] = ()
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """Everything a rater reads that the owner can edit."""

    instructions: tuple[Part, ...] = ()
    consent: Consent | None = None
    questions: tuple[Question, ...] = ()
    completion_code: str = ""
    contact: str = ""
    language: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """A whole study: the content of a study file.

    Attributes:
        id: 32 hex digits; a pack of another study is told by it.
        seed: All order follows from it (and the rater, and the batch).
        attributes: What is asked of each stimulus, one value each; at least one.
        stimuli: All pictures: studied, gold, training, traps, references, examples.
        batches: Hashes of the studied stimuli, a batch each. With `Method.PAIRS` the one batch
            holds everything that is compared.
        scale_low: Lowest value of an imported study's scale; else None.
        scale_high: Highest value of an imported study's scale; else None.
        database: SQLAlchemy URL of the ratings; empty: a file beside the study file.
        warnings: What the designer said when this was made.
    """

    id: str
    title: str
    created_at: str
    seed: int
    method: Method = Method.SLIDER
    attributes: tuple[str, ...] = ("quality",)
    stimuli: tuple[Stimulus, ...] = ()
    batches: tuple[tuple[str, ...], ...] = ()
    gold: tuple[Gold, ...] = ()
    training: tuple[Lesson, ...] = ()
    traps: tuple[Trap, ...] = ()
    rules: Rules = field(default_factory=Rules)
    texts: Texts = field(default_factory=Texts)
    scale_low: float | None = None
    scale_high: float | None = None
    database: str = ""
    warnings: tuple[str, ...] = ()

    def by_hash(self) -> dict[str, Stimulus]:
        """The stimuli by the hash that names them."""
        return {stimulus.hash: stimulus for stimulus in self.stimuli}


@dataclass(frozen=True, slots=True, kw_only=True)
class StimulusSource:
    """A picture on its way into a study, from a folder, a list or a library's query.

    Attributes:
        name: The owner's name for it, unique within the study.
        picture: A file, or the bytes of one (a crop that was made elsewhere).
        gold: Marked as clearly good or bad; it is gold only, and not studied.
        lesson: Answer and tolerance; it is training only, and not studied.
        trap: Answer and tolerance; the text is in the picture already.
        reference_of: Names of the sources whose undistorted picture this is.
        example: Shown in the instructions only.
    """

    name: str
    picture: Path | bytes
    person: str = ""
    group: str = ""
    gold: GoldSide | None = None
    lesson: tuple[float, float] | None = None
    trap: tuple[float, float] | None = None
    reference_of: tuple[str, ...] = ()
    example: bool = False
