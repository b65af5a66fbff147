"""What goes over the wire between the page and the server, as plain JSON."""

from __future__ import annotations

import base64
from typing import Any

import msgspec

from fiqa_studio.study.scale import Scale
from fiqa_studio.study.sitting.sitting import Sitting
from fiqa_studio.study.sitting.steps import (
    AskCheck,
    AskConsent,
    AskQuestions,
    Display,
    Finished,
    ProposeBreak,
    ReadInstructions,
    Step,
    TooSmall,
    Trial,
)
from fiqa_studio.study.values import Accepted


class Seen(msgspec.Struct, forbid_unknown_fields=True):
    """The display, as the page measured it."""

    width: int = 0
    height: int = 0
    scale: float = 1.0
    exact: bool = True
    about: str = ""

    def display(self) -> Display:
        """As the sitting takes it; what cannot be is not believed."""
        possible = 0 <= self.width < 100_000 and 0 <= self.height < 100_000
        return Display(
            width=self.width if possible else 0,
            height=self.height if possible else 0,
            scale=self.scale if 0.05 < self.scale < 20 else 1.0,
            exact=self.exact,
            about=self.about[:300],
        )


class Asked(msgspec.Struct, forbid_unknown_fields=True):
    """A request that brings nothing but the display."""

    display: Seen = msgspec.field(default_factory=Seen)


class Answered(msgspec.Struct, forbid_unknown_fields=True):
    """One rating."""

    trial: str
    attempt: int
    values: dict[str, float]
    slider_start: float | None = None
    reaction_ms: float | None = None
    display: Seen = msgspec.field(default_factory=Seen)


class Replied(msgspec.Struct, forbid_unknown_fields=True):
    """The questionnaire."""

    answers: dict[str, str]


class Checked(msgspec.Struct, forbid_unknown_fields=True):
    """One check of the set-up; without an answer it is left out."""

    name: str
    given: str | None = None


def study_facts(sitting: Sitting) -> dict[str, Any]:
    """What the page needs once."""
    study = sitting.study
    return {
        "title": study.title,
        "method": str(study.method),
        "scale": _scale(sitting.scale),
        "attributes": list(study.attributes),
        "minimum_ms": study.rules.minimum_viewing_ms,
        "contact": study.texts.contact,
        "language": study.texts.language,
    }


def step(found: Step) -> dict[str, Any]:
    """A step; ``page`` says which."""
    match found:
        case Trial():
            return {
                "page": "trial",
                "trial": found.id,
                "attempt": found.attempt,
                "pictures": list(found.pictures),
                "training": found.training,
                "accepted": _accepted(found.accepted),
                "number": found.number,
                "count": found.count,
                "can_go_back": found.can_go_back,
            }
        case AskConsent():
            return {"page": "consent", "text": found.consent.text}
        case AskQuestions():
            return {"page": "questions", "questions": msgspec.to_builtins(found.questions)}
        case TooSmall():
            return {
                "page": "too-small",
                "needs": list(found.needs),
                "has": list(found.has),
                "remedy": found.remedy,
            }
        case AskCheck():
            return _check(found)
        case ReadInstructions():
            return {"page": "instructions", "parts": msgspec.to_builtins(found.parts)}
        case ProposeBreak():
            return {"page": "break", "minutes": round(found.minutes)}
        case Finished():
            return {
                "page": "finished",
                "why": found.why,
                "message": found.message,
                "code": found.code,
                "contact": found.contact,
            }


def _check(found: AskCheck) -> dict[str, Any]:
    check = found.check
    svg = base64.b64encode(check.svg.encode()).decode() if check.svg else ""
    return {
        "page": "check",
        "name": check.name,
        "title": check.title,
        "asks": check.asks,
        "choices": list(check.choices),
        "svg": svg,
        "required": found.required,
        "failed": found.failed,
        "remedy": check.remedy,
        "number": found.number,
        "count": found.count,
    }


def _scale(scale: Scale) -> dict[str, Any]:
    return {
        "low": scale.low,
        "high": scale.high,
        "step": scale.step,
        "keyboard_step": scale.keyboard_step,
        "marks": [[mark.value, mark.word] for mark in scale.marks],
    }


def _accepted(accepted: Accepted | None) -> list[float] | None:
    return None if accepted is None else [accepted.low, accepted.high]
