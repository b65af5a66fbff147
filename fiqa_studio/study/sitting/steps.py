"""What can stand before a rater: one value for each kind of page."""

from __future__ import annotations

from dataclasses import dataclass, field

from fiqa_studio.study.sitting.checks import Check
from fiqa_studio.study.values import Accepted, Consent, Part, Question


@dataclass(frozen=True, slots=True, kw_only=True)
class Display:
    """What a rater looks at, as the window or the page knows it.

    Attributes:
        width: Device pixels there are for pictures; 0: not known.
        height: As ``width``.
        scale: Device pixels a logical (CSS) pixel; may be a fraction.
        exact: Pictures are shown with one device pixel a pixel.
        pixels_a_mm: Device pixels a millimetre, from the bank card.
        distance_cm: From the eyes to the screen, as the rater says.
        about: What the client says of itself, for the record.
    """

    width: int = 0
    height: int = 0
    scale: float = 1.0
    exact: bool = True
    pixels_a_mm: float = 0.0
    distance_cm: float = 0.0
    about: str = ""


@dataclass(frozen=True, slots=True)
class AskConsent:
    """Agree, or leave."""

    consent: Consent


@dataclass(frozen=True, slots=True)
class AskQuestions:
    """The questionnaire."""

    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class TooSmall:
    """The largest picture does not fit; sizes in device pixels."""

    needs: tuple[int, int]
    has: tuple[int, int]
    remedy: str


@dataclass(frozen=True, slots=True)
class AskCheck:
    """One check of the set-up.

    Attributes:
        check: What is asked.
        required: Nobody rates without it; others can be left out.
        failed: It was answered wrongly before; ``check.remedy`` says how to mend it.
        number: Which of ``count`` checks this is, from 1.
    """

    check: Check
    required: bool
    failed: bool
    number: int
    count: int


@dataclass(frozen=True, slots=True)
class ReadInstructions:
    """The instructions, in parts."""

    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One trial to be rated.

    Attributes:
        id: To be given back with the answer.
        attempt: As ``id``; grows where training is tried again.
        pictures: Hashes, in the order they are shown.
        training: The rater may be told what is right.
        accepted: After a wrong answer in training: the range that it waits for, of the
            attribute ``attribute``.
        number: Which of ``count`` this is in its batch, from 1.
        can_go_back: The last answer may be changed.
    """

    id: str
    attempt: int
    pictures: tuple[str, ...]
    training: bool
    attributes: tuple[str, ...]
    number: int
    count: int
    accepted: Accepted | None = None
    can_go_back: bool = False


@dataclass(frozen=True, slots=True)
class ProposeBreak:
    """A break would be good; going on is allowed.

    Attributes:
        minutes: Rated without one.
    """

    minutes: float


@dataclass(frozen=True, slots=True)
class Finished:
    """Nothing more to rate.

    Attributes:
        why: ``done``, ``enough`` (others have rated all that was left), ``quit``,
            ``unqualified`` or ``pack`` (goes on in the pack that is out).
        code: To be named to the owner; only where everything was rated.
        message: One or two sentences for the rater.
    """

    why: str
    message: str
    code: str = ""
    contact: str = field(default="")


Step = (
    AskConsent
    | AskQuestions
    | TooSmall
    | AskCheck
    | ReadInstructions
    | Trial
    | ProposeBreak
    | Finished
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an answer that was counted.

    Attributes:
        repeated: It had been counted before; nothing was changed.
        right: In training, whether it was within the tolerance; else None.
        accepted: In training, after a wrong answer, the range that is right.
    """

    repeated: bool = False
    right: bool | None = None
    accepted: Accepted | None = None
