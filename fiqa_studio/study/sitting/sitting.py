"""One rater's sitting: what stands before the rater now, and what became of an answer.

Window, web page and pack use this and nothing else. `Sitting.step` says what to show;
`Sitting.answer` commits a rating before it returns. Where a rater is follows from the database
alone, so a killed program, a second window and a lost connection all go on at the very next
trial.
"""

from __future__ import annotations

import json
import math
import threading
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from fiqa_studio import __version__
from fiqa_studio.study import pictures, raters
from fiqa_studio.study import schema as s
from fiqa_studio.study.errors import AnswerError, StudyError
from fiqa_studio.study.file import OpenStudy
from fiqa_studio.study.raters import Ending, Rater
from fiqa_studio.study.scale import Scale, scale_for
from fiqa_studio.study.sitting import journal, trials
from fiqa_studio.study.sitting.clock import Clock
from fiqa_studio.study.sitting.entrance import Entrance
from fiqa_studio.study.sitting.presence import Presence
from fiqa_studio.study.sitting.steps import (
    Display,
    Finished,
    Outcome,
    ProposeBreak,
    Step,
    Trial,
)
from fiqa_studio.study.sitting.trials import Pending
from fiqa_studio.study.values import Accepted, Method, TrialKind

_EARLY_SECONDS = 0.03  # timers of browsers and windows fire a little early


class Sitting:
    """A rater at work, in one window or one page. Safe to use from any thread.

    Attributes:
        study: The design.
        rater: Who sits here.
        scale: What can be answered.
    """

    def __init__(
        self,
        opened: OpenStudy,
        rater: Rater,
        *,
        client: str,
        display: Display | None = None,
        clock: Clock | None = None,
    ):
        if opened.study.method is Method.IMPORTED:
            raise StudyError(
                "This study was imported; nobody can rate in it.", code="study.imported"
            )
        self.study = opened.study
        self.rater = rater
        self.scale: Scale = scale_for(opened.study)
        self._database = opened.database
        self._pictures: Path = opened.pictures
        self._client = client
        self._display = display or Display()
        self._clock = clock or Clock()
        self._lock = threading.RLock()
        self._session = ""
        self._verified: set[str] = set()
        self._shown: dict[tuple[str, int], float] = {}
        self._spans: dict[int, tuple[int, int]] = {}
        self._presence = Presence(self.study, self._database, rater, self._clock)
        self._entrance = Entrance(self.study, self._database, rater, self._presence, client)

    # --- what stands before the rater -------------------------------------------------------

    def step(self) -> Step:
        """What to show now. Asking again changes nothing.

        Raises:
            StudyError: ``rater.gone``: the rater was forgotten; ``study.database``.
        """
        with self._lock:
            self._presence.notice()
            return self._entrance.step(self._display) or self._work()

    def upcoming(self) -> Trial | None:
        """The trial after the one that is shown, to fetch its pictures ahead."""
        with self._lock, self._database.read() as connection:
            found = trials.pending(connection, self.rater.id, count=2)
            return self._view(connection, found[1]) if len(found) > 1 else None

    def picture(self, digest: str) -> bytes:
        """The PNG of a picture; made sure once that it is the one that was meant.

        Raises:
            StudyError: ``picture.missing``, ``picture.changed``.
        """
        if digest in self._verified:
            return pictures.file_of(self._pictures, digest).read_bytes()
        data = pictures.load(self._pictures, digest)
        self._verified.add(digest)
        return data

    def may_see(self, digest: str) -> bool:
        """Whether a picture belongs to the trial that is shown, the next, or the instructions."""
        if any(digest in part.pictures for part in self.study.texts.instructions):
            return True
        with self._database.read() as connection:
            found = trials.pending(connection, self.rater.id, count=2)
        return any(digest in {trial.stimulus, trial.other} for trial in found)

    # --- what the rater does ----------------------------------------------------------------

    def answer(
        self,
        trial_id: str,
        values: Mapping[str, Any],
        *,
        attempt: int,
        slider_start: float | None = None,
        reaction_ms: float | None = None,
    ) -> Outcome:
        """Commit one rating. When this returns it is on the disk, and counted once.

        Args:
            trial_id: `Trial.id`.
            values: One for each attribute, in the units of the scale.
            attempt: `Trial.attempt`; a second answer to the same is not counted.
            slider_start: Where the first click, touch or key put the slider.
            reaction_ms: From the picture's first paint to the answer.

        Raises:
            AnswerError: ``answer.value``, ``answer.attributes``; ``answer.unknown``: no trial of
                this rater; ``answer.already``: answered before, and otherwise;
                ``answer.not-next``: another trial comes first; ``answer.not-shown``: it was not
                shown yet (after a restart: ask for the step and answer again);
                ``answer.too-soon``: looked at for less than the study asks.
            StudyError: ``study.database``: it was not counted, and can be given again.
        """
        with self._lock:
            given = self._checked(values)
            start = _number(slider_start, self.scale.low, self.scale.high)
            reaction = _number(reaction_ms, 0.0, 86_400_000.0)
            self._presence.notice()
            now = self._clock.wall_ms()
            session = self._session_id(now)
            done: list[Outcome] = []

            def work(connection: Connection) -> None:
                answer = _Answer(trial_id, attempt, given, session, now, start, reaction)
                done[:] = [self._answer(connection, answer)]

            try:
                self._database.write(work)
            except IntegrityError:
                self._database.write(work)  # a second window was faster: find out what it said
            self._shown.pop((trial_id, attempt), None)
            self._presence.worked()
            return done[0]

    def agree(self) -> None:
        """The rater agrees to the text that is shown."""
        self._entrance.agree()

    def reply(self, answers: Mapping[str, object]) -> None:
        """Answers to the questionnaire; `AnswerError` where one is missing or no choice."""
        self._entrance.reply(answers)

    def check(self, name: str, given: str) -> bool:
        """Answer a check of the set-up; whether it passed."""
        with self._lock:
            return self._entrance.check(name, given)

    def leave_out(self, name: str) -> None:
        """Go on without a check; `AnswerError` where it is required."""
        self._entrance.leave_out(name)

    def understood(self) -> None:
        """The instructions were read."""
        self._entrance.understood()

    def rested(self) -> None:
        """The break is over, or was not wanted."""
        self._presence.note(journal.BREAK, {})
        self._presence.rested()

    def pause(self) -> None:
        """The rater leaves; what was rated is safe already."""
        self._presence.note(journal.PAUSE, {})
        self._presence.rested()

    def quit(self) -> None:
        """The rater stops taking part. What was rated stays, unless the owner forgets it."""
        raters.end(self._database, self.rater.id, Ending.QUIT)

    def back(self) -> None:
        """Open the last answer again, where the study allows that.

        Raises:
            AnswerError: ``answer.no-way-back``.
        """
        with self._lock:

            def work(connection: Connection) -> bool:
                trials.lock(connection, self.rater.id)
                last = trials.last_answered(connection, self.rater.id)
                if last is None or not self.study.rules.back_allowed:
                    return False
                trials.reopen(connection, last)
                raters.note(
                    connection, self.rater.id, journal.BACK, {"trial": last.id},
                    self._clock.wall_ms(),
                )  # fmt: skip
                return True

            if not self._database.write(work):
                raise AnswerError("There is no way back here.", code="answer.no-way-back")

    def resize(self, display: Display) -> None:
        """The window or page has changed; another scale begins another session."""
        with self._lock:
            if display.scale != self._display.scale or display.exact != self._display.exact:
                self._session = ""
            self._display = display

    def shown(self, trial_id: str, attempt: int) -> None:
        """The picture was painted just now: the minimum viewing time runs from here."""
        self._shown[(trial_id, attempt)] = self._clock.running()

    # --- the order of things ----------------------------------------------------------------

    def _work(self) -> Step:
        for _ in range(20):
            with self._database.read() as connection:
                found = trials.pending(connection, self.rater.id, count=1)
                if found:
                    return self._present(connection, found[0])
            finished = self._hand_out()
            if finished is not None:
                return finished
        raise StudyError("There is no next trial.", remedy="Try again.", code="study.database")

    def _present(self, connection: Connection, trial: Pending) -> Step:
        limit = self.study.rules.break_after_minutes
        minutes = self._presence.minutes_at_work()
        if limit and minutes >= limit and trial.purpose == trials.BATCH:
            return ProposeBreak(minutes)
        view = self._view(connection, trial)
        self._shown.setdefault((view.id, view.attempt), self._clock.running())
        return view

    def _hand_out(self) -> Finished | None:
        """Give out more trials; what to say where there are none."""
        now = self._clock.wall_ms()

        def work(connection: Connection) -> Finished | None:
            row = trials.lock(connection, self.rater.id)
            if row is None or row.ended or trials.pending(connection, self.rater.id):
                return None  # somebody else was faster; look again
            if self.study.training and self.study.method is not Method.PAIRS:
                events = journal.read(connection, self.rater.id)
                if not events.data(journal.TRAINING).get("passed"):
                    trials.hand_out_training(
                        connection, self.study, self.rater, trials.TRAINING, now
                    )
                    return None
            if self._client != "pack" and trials.hand_out_batch(
                connection, self.study, self.rater, now
            ):
                return None
            return self._all_done(connection)

        try:
            return self._database.write(work)
        except IntegrityError:
            return None  # another desk gave the same batch at the same moment

    def _all_done(self, connection: Connection) -> Finished:
        texts, study = self.study.texts, self.study
        mine = {a.batch for a in trials.assigned(connection) if a.rater_id == self.rater.id}
        limit = study.rules.batches_per_rater
        code = texts.completion_code if mine else ""
        if len(mine) >= (limit or len(study.batches)) or self._client == "pack":
            return Finished("done", "Thank you! You have rated everything.", code, texts.contact)
        message = "Thank you! Every picture that is left has ratings enough."
        return Finished("enough", message, code, texts.contact)

    # --- answers ----------------------------------------------------------------------------

    def _answer(self, connection: Connection, answer: _Answer) -> Outcome:
        if trials.lock(connection, self.rater.id) is None:
            raise AnswerError("This rater is no longer in the study.", code="answer.unknown")
        trial = trials.find(connection, self.rater.id, answer.trial_id)
        if trial is None:
            raise AnswerError("There is no such trial.", code="answer.unknown")
        accepted = self._accepted(trial)
        before = trials.answers(connection, trial.id, answer.attempt)
        if before:
            if before != answer.values:
                raise AnswerError(
                    "This picture was rated already, with another answer.",
                    cause="Perhaps in another window; the first answer counts.",
                    code="answer.already",
                )
            return _outcome(accepted, answer.values, repeated=True)
        if trial.done or answer.attempt != trial.attempts:
            raise AnswerError("This picture was rated already.", code="answer.already")
        following = trials.pending(connection, self.rater.id)
        if not following or following[0].id != trial.id:
            raise AnswerError("Another picture comes first.", code="answer.not-next")
        self._looked_at(trial.id, answer.attempt)
        outcome = _outcome(accepted, answer.values, repeated=False)
        finished = trials.write_answer(
            connection, trial, answer.values, session=answer.session, at_ms=answer.at_ms,
            slider_start=answer.slider_start, reaction_ms=answer.reaction_ms,
            done=outcome.right is not False,
        )  # fmt: skip
        if finished and trial.purpose == trials.TRAINING:
            trials.qualify(connection, self.study, self.rater, trial.assignment, answer.at_ms)
        return outcome

    def _looked_at(self, trial_id: str, attempt: int) -> None:
        seen = self._shown.get((trial_id, attempt))
        if seen is None:
            raise AnswerError("This picture was not shown yet.", code="answer.not-shown")
        needed = self.study.rules.minimum_viewing_ms / 1000.0
        left = needed - (self._clock.running() - seen)
        if left > _EARLY_SECONDS:
            raise TooSoonError(left)

    def _checked(self, values: Mapping[str, Any]) -> dict[str, float]:
        if set(values) != set(self.study.attributes):
            raise AnswerError(
                "An answer is needed for " + ", ".join(self.study.attributes) + ".",
                code="answer.attributes",
            )
        return {name: self.scale.checked(values[name]) for name in self.study.attributes}

    def _accepted(self, trial: Pending) -> Accepted | None:
        if trial.kind is not TrialKind.TRAINING:
            return None
        for lesson in self.study.training:
            if lesson.hash == trial.stimulus:
                return lesson.accepted
        return None

    def _view(self, connection: Connection, trial: Pending) -> Trial:
        if trial.assignment not in self._spans:
            self._spans[trial.assignment] = trials.span(connection, trial.assignment)
        first, count = self._spans[trial.assignment]
        shown = (trial.other, trial.stimulus) if trial.swapped else (trial.stimulus, trial.other)
        allowed = self.study.rules.back_allowed and trial.purpose == trials.BATCH
        return Trial(
            id=trial.id,
            attempt=trial.attempts,
            pictures=tuple(digest for digest in shown if digest),
            training=trial.kind is TrialKind.TRAINING,
            attributes=self.study.attributes,
            number=trial.position - first + 1,
            count=count,
            accepted=self._accepted(trial) if trial.attempts else None,
            can_go_back=allowed and trials.last_answered(connection, self.rater.id) is not None,
        )

    # --- small things -----------------------------------------------------------------------

    def _session_id(self, now: int) -> str:
        if not self._session:
            session = uuid.uuid4().hex
            row = {
                "id": session, "rater_id": self.rater.id, "started_ms": now,
                "client": self._client, "display_scale": self._display.scale,
                "display": json.dumps(asdict(self._display)), "version": __version__,
            }  # fmt: skip

            def work(connection: Connection) -> None:
                known = select(s.session.c.id).where(s.session.c.id == session)
                if connection.execute(known).first() is None:
                    connection.execute(insert(s.session).values(**row))

            self._database.write(work)
            self._session = session
        return self._session


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer on its way into the database."""

    trial_id: str
    attempt: int
    values: Mapping[str, float]
    session: str
    at_ms: int
    slider_start: float | None
    reaction_ms: float | None


class TooSoonError(AnswerError):
    """An answer before the minimum viewing time; ``wait_seconds`` more are needed."""

    def __init__(self, wait_seconds: float):
        super().__init__("Please look at the picture a little longer.", code="answer.too-soon")
        self.wait_seconds = wait_seconds


def open_sitting(
    opened: OpenStudy, name: str, *, client: str, display: Display | None = None
) -> Sitting:
    """Sit down as the rater of that name, who is added where new."""
    rater = raters.named(opened.database, name) or raters.add(opened.database, name)
    return Sitting(opened, rater, client=client, display=display)


def _outcome(accepted: Accepted | None, given: Mapping[str, float], *, repeated: bool) -> Outcome:
    if accepted is None:
        return Outcome(repeated=repeated)
    # A lesson has one answer: that of the first attribute.
    right = accepted.holds(next(iter(given.values())))
    return Outcome(repeated=repeated, right=right, accepted=None if right else accepted)


def _number(value: float | None, low: float, high: float) -> float | None:
    if value is None or isinstance(value, bool) or not isinstance(value, int | float):
        return None
    number = float(value)
    return number if math.isfinite(number) and low <= number <= high else None
