"""What comes before any picture, or instead of it: consent, questions, set-up, instructions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from fiqa_studio.study import raters
from fiqa_studio.study.database import StudyDatabase
from fiqa_studio.study.errors import AnswerError, StudyError
from fiqa_studio.study.planning.chance import Chance
from fiqa_studio.study.raters import Ending, Rater
from fiqa_studio.study.sitting import checks, journal
from fiqa_studio.study.sitting.presence import Presence
from fiqa_studio.study.sitting.steps import (
    AskCheck,
    AskConsent,
    AskQuestions,
    Display,
    Finished,
    ReadInstructions,
    Step,
    TooSmall,
)
from fiqa_studio.study.values import Method, Study

_GAP = 24  # device pixels between two pictures side by side
_LONGEST_REPLY = 2_000
_TWO_AT_ONCE = {Method.PAIRS, Method.CCR, Method.DCR}


class Entrance:
    """The door that a rater comes through, each time."""

    def __init__(
        self, study: Study, database: StudyDatabase, rater: Rater, presence: Presence, client: str
    ):
        self._study = study
        self._database = database
        self._rater = rater
        self._presence = presence
        self._in_pack = client == "pack"
        self._failed: set[str] = set()
        self._needs = space_needed(study)

    def step(self, display: Display) -> Step | None:
        """What has to be done first; None where the rater may rate.

        Raises:
            StudyError: ``rater.gone``.
        """
        return self._closed() or self._asked() or self._setup(display)

    def agree(self) -> None:
        """The rater agrees to the text that is shown."""
        consent = self._study.texts.consent
        if consent is not None:
            self._presence.note(journal.CONSENT, asdict(consent))

    def reply(self, answers: Mapping[str, object]) -> None:
        """Answers to the questionnaire.

        Raises:
            AnswerError: ``answer.question``: one that is required is missing, or a choice is none.
        """
        kept: dict[str, str] = {}
        for question in self._study.texts.questions:
            given = str(answers.get(question.key, "")).strip()[:_LONGEST_REPLY]
            unknown = bool(given and question.choices and given not in question.choices)
            if unknown or (question.required and not given):
                raise AnswerError(f"Please answer: {question.text}", code="answer.question")
            kept[question.key] = given
        self._presence.note(journal.QUESTIONS, kept)

    def check(self, name: str, given: str) -> bool:
        """Answer a check of the set-up; whether it passed."""
        passed = self._check(name).passes(given[:100])
        self._presence.note(journal.CHECK, {"name": name, "given": given[:100], "passed": passed})
        (self._failed.discard if passed else self._failed.add)(name)
        return passed

    def leave_out(self, name: str) -> None:
        """Go on without a check that is not required.

        Raises:
            AnswerError: ``answer.required``, ``answer.unknown``.
        """
        self._check(name)
        if name in self._study.rules.checks_required:
            raise AnswerError("This check cannot be left out.", code="answer.required")
        data = {"name": name, "given": "", "passed": False, "left_out": True}
        self._presence.note(journal.CHECK, data)

    def understood(self) -> None:
        """The instructions were read."""
        self._presence.note(journal.INSTRUCTIONS, {"language": self._study.texts.language})

    def _closed(self) -> Finished | None:
        found = raters.by_id(self._database, self._rater.id)
        contact = self._study.texts.contact
        if found is None:
            raise StudyError("This rater is no longer in the study.", code="rater.gone")
        if found.pack_id and not self._in_pack:
            return Finished("pack", "Your ratings go on in the pack that was made for you.")
        if found.ended == Ending.UNQUALIFIED:
            return Finished(
                "unqualified",
                "Thank you. Too many answers of the training were outside the range that was "
                "given, so the study ends here for you.",
                contact=contact,
            )
        if found.ended:
            return Finished("quit", "Thank you. You have left the study.", contact=contact)
        return None

    def _asked(self) -> Step | None:
        texts, events = self._study.texts, self._presence.journal
        consent = texts.consent
        if consent is not None and events.data(journal.CONSENT).get("version") != consent.version:
            return AskConsent(consent)
        if texts.questions and not events.has(journal.QUESTIONS):
            return AskQuestions(texts.questions)
        return None

    def _setup(self, display: Display) -> Step | None:
        rules, events = self._study.rules, self._presence.journal
        needs, has = self._needs, (display.width, display.height)
        if "display" in rules.checks and has[0] and (needs[0] > has[0] or needs[1] > has[1]):
            remedy = checks.check("display", Chance(self._study.seed)).remedy
            return TooSmall(needs, has, remedy)
        if not self._presence.entering:
            return None
        asked = [name for name in rules.checks if name in checks.NAMES and name != "display"]
        now = self._presence.clock.wall_ms()
        for number, name in enumerate(asked, start=1):
            key = f"{journal.CHECK}:{name}"
            data = events.data(key)
            settled = data.get("passed") or data.get("left_out")
            if not settled or events.age_minutes(key, now) > rules.setup_valid_minutes:
                required, failed = name in rules.checks_required, name in self._failed
                return AskCheck(self._check(name), required, failed, number, len(asked))
        if self._study.texts.instructions and not events.has(journal.INSTRUCTIONS):
            return ReadInstructions(self._study.texts.instructions)
        return None

    def _check(self, name: str) -> checks.Check:
        if name not in self._study.rules.checks or name not in checks.NAMES:
            raise AnswerError("There is no such check.", code="answer.unknown")
        tries = self._presence.journal.counts[f"{journal.CHECK}:{name}"]
        chance = Chance(self._study.seed, "check", name, self._rater.number, tries)
        return checks.check(name, chance)


def space_needed(study: Study) -> tuple[int, int]:
    """Device pixels that the largest trial takes; pairs stand side by side."""
    sizes = [(x.width, x.height) for x in study.stimuli if x.width]
    if not sizes:
        return (0, 0)
    width, height = max(size[0] for size in sizes), max(size[1] for size in sizes)
    return (2 * width + _GAP, height) if study.method in _TWO_AT_ONCE else (width, height)
