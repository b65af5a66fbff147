"""A sitting: the order of things, answers counted once, time that may be wrong."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections import Counter
from collections.abc import Callable

import pytest

from fiqa_studio.study import raters, reading
from fiqa_studio.study.errors import AnswerError, StudyError
from fiqa_studio.study.file import OpenStudy
from fiqa_studio.study.sitting.sitting import Sitting, TooSoonError
from fiqa_studio.study.sitting.steps import (
    AskCheck,
    AskConsent,
    AskQuestions,
    Display,
    Finished,
    Outcome,
    ProposeBreak,
    ReadInstructions,
    Step,
    TooSmall,
    Trial,
)
from fiqa_studio.study.values import Consent, Method, Part, Question, Texts, TrialKind
from tests.study.sitting.conftest import PLAIN
from tests.study.values import FakeClock, a_study

Make = Callable[..., OpenStudy]
Sit = Callable[..., Sitting]


def _rate(sitting: Sitting, value: float = 50.0) -> Outcome:
    trial = sitting.step()
    assert isinstance(trial, Trial), trial
    return sitting.answer(trial.id, {"quality": value}, attempt=trial.attempt)


def _train(sitting: Sitting) -> None:
    step: Step = sitting.step()
    while isinstance(step, Trial) and step.training:
        _rate(sitting)
        step = sitting.step()


def _codes(error: pytest.ExceptionInfo[AnswerError]) -> str:
    return error.value.code


def test_everything_comes_in_its_order(make: Make, sit: Sit) -> None:
    texts = Texts(
        instructions=(Part("What", "..."),),
        consent=Consent("I agree"),
        questions=(Question("age", "How old are you?", required=True),),
        completion_code="QX-7",
    )
    rules = dataclasses.replace(PLAIN, checks=("acuity",))
    opened = make(texts=texts, rules=rules)
    sitting = sit(opened)
    assert isinstance(sitting.step(), AskConsent)
    sitting.agree()
    assert isinstance(sitting.step(), AskQuestions)
    with pytest.raises(AnswerError):
        sitting.reply({})
    sitting.reply({"age": "40"})
    check = sitting.step()
    assert isinstance(check, AskCheck)
    assert sitting.check("acuity", check.check.right[0])
    assert isinstance(sitting.step(), ReadInstructions)
    sitting.understood()
    training = sitting.step()
    assert isinstance(training, Trial)
    assert training.training
    _train(sitting)
    kinds = []
    while isinstance(step := sitting.step(), Trial):
        assert not step.training
        assert step.count == 15
        kinds.append(step.number)
        _rate(sitting)
    assert kinds == [*range(1, 16), *range(1, 16)]
    assert isinstance(step, Finished)
    assert (step.why, step.code) == ("done", "QX-7")
    found = reading.ratings(opened.database)
    assert Counter(rating.kind for rating in found) == {
        TrialKind.TRAINING: 4, TrialKind.STUDY: 24, TrialKind.GOLD: 4, TrialKind.REPEAT: 2,
    }  # fmt: skip
    assert [rating.index for rating in found] == list(range(34))
    assert all(rating.final for rating in found)


def test_an_answer_outside_the_tolerance_waits_for_the_right_range(make: Make, sit: Sit) -> None:
    opened = make()
    sitting = sit(opened)
    outcome = _rate(sitting, 95.0)
    assert outcome.right is False
    assert outcome.accepted is not None
    assert (outcome.accepted.low, outcome.accepted.high) == (30.0, 70.0)
    again = sitting.step()
    assert isinstance(again, Trial)
    assert (again.attempt, again.number, again.accepted) == (1, 1, outcome.accepted)
    assert _rate(sitting, 70.5).right is False
    assert _rate(sitting, 70.0).right is True
    following = sitting.step()
    assert isinstance(following, Trial)
    assert following.number == 2
    found = reading.ratings(opened.database)
    assert [(r.attempt, r.value, r.final) for r in found] == [
        (0, 95.0, False), (1, 70.5, False), (2, 70.0, True),
    ]  # fmt: skip


def test_who_fails_the_training_twice_is_thanked(make: Make, sit: Sit) -> None:
    sitting = sit(make())
    for attempt in range(2):
        for _ in range(4):
            assert _rate(sitting, 1.0).right is False, attempt
            assert _rate(sitting, 50.0).right is True
    step = sitting.step()
    assert isinstance(step, Finished)
    assert step.why == "unqualified"


def test_who_fails_once_may_try_again_in_another_order(make: Make, sit: Sit) -> None:
    opened = make()
    sitting = sit(opened)
    for _ in range(4):
        _rate(sitting, 1.0)
        _rate(sitting, 50.0)
    _train(sitting)
    step = sitting.step()
    assert isinstance(step, Trial)
    assert not step.training
    found = [r.stimulus for r in reading.ratings(opened.database) if r.final]
    assert sorted(found[:4]) == sorted(found[4:])


def test_an_answer_is_counted_once_however_often_it_arrives(make: Make, sit: Sit) -> None:
    opened = make(lessons=0)
    sitting = sit(opened)
    first = sitting.step()
    assert isinstance(first, Trial)
    assert not sitting.answer(first.id, {"quality": 12.5}, attempt=0).repeated
    assert sitting.answer(first.id, {"quality": 12.5}, attempt=0).repeated
    _rate(sitting)
    assert sitting.answer(first.id, {"quality": 12.5}, attempt=0).repeated
    with pytest.raises(AnswerError) as other:
        sitting.answer(first.id, {"quality": 99.0}, attempt=0)
    assert _codes(other) == "answer.already"
    with pytest.raises(AnswerError) as later:
        sitting.answer(first.id, {"quality": 12.5}, attempt=1)
    assert _codes(later) == "answer.already"
    assert [r.value for r in reading.ratings(opened.database)] == [12.5, 50.0]


def test_nobody_skips_guesses_or_answers_for_others(make: Make, sit: Sit) -> None:
    opened = make(lessons=0)
    anna, ben = sit(opened), sit(opened, "Ben")
    mine, coming = anna.step(), anna.upcoming()
    assert isinstance(mine, Trial)
    assert coming is not None
    with pytest.raises(AnswerError) as skipped:
        anna.answer(coming.id, {"quality": 5.0}, attempt=0)
    assert _codes(skipped) == "answer.not-next"
    for trial in (mine.id, "0" * 32, "", "'; DROP TABLE rating"):
        with pytest.raises(AnswerError) as unknown:
            ben.answer(trial, {"quality": 5.0}, attempt=0)
        assert _codes(unknown) == "answer.unknown"
    with pytest.raises(AnswerError) as ahead:
        anna.answer(mine.id, {"quality": 5.0}, attempt=3)
    assert _codes(ahead) == "answer.already"
    for wrong in ({}, {"beauty": 1.0}, {"quality": 1.0, "beauty": 1.0}):
        with pytest.raises(AnswerError) as attributes:
            anna.answer(mine.id, wrong, attempt=0)
        assert _codes(attributes) == "answer.attributes"
    assert reading.ratings(opened.database) == []


def test_a_picture_is_looked_at_for_the_minimum_time(
    make: Make, sit: Sit, clock: FakeClock
) -> None:
    opened = make(lessons=0, rules=dataclasses.replace(PLAIN, minimum_viewing_ms=800))
    sitting = sit(opened)
    trial = sitting.step()
    assert isinstance(trial, Trial)
    clock.pass_(0.5)
    with pytest.raises(TooSoonError) as early:
        sitting.answer(trial.id, {"quality": 5.0}, attempt=0)
    assert early.value.wait_seconds == pytest.approx(0.3)
    clock.wall += 3_600_000 * 5  # setting the clock does not help
    with pytest.raises(TooSoonError):
        sitting.answer(trial.id, {"quality": 5.0}, attempt=0)
    clock.pass_(0.31)
    sitting.answer(trial.id, {"quality": 5.0}, attempt=0)
    restarted = sit(opened)
    following = sitting.upcoming()
    assert following is not None
    current = sitting.step()
    assert isinstance(current, Trial)
    with pytest.raises(AnswerError) as unseen:
        restarted.answer(current.id, {"quality": 5.0}, attempt=0)
    assert _codes(unseen) == "answer.not-shown"


def test_two_windows_of_one_rater_never_count_twice(make: Make, sit: Sit) -> None:
    opened = make(lessons=0)
    one, two = sit(opened), sit(opened)
    refused: list[str] = []

    def rate(sitting: Sitting, value: float) -> None:
        while isinstance(step := sitting.step(), Trial):
            try:
                sitting.answer(step.id, {"quality": value}, attempt=step.attempt)
            except AnswerError as error:
                refused.append(error.code)

    threads = [
        threading.Thread(target=rate, args=(sitting, value))
        for sitting, value in ((one, 10.0), (two, 90.0))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = reading.ratings(opened.database)
    assert len(found) == 28 + 3 * 3
    assert len({rating.trial for rating in found}) == len(found)
    assert set(refused) <= {"answer.already", "answer.not-next"}


def test_raters_at_once_get_batches_of_their_own(make: Make, sit: Sit) -> None:
    opened = make(lessons=0)
    sittings = [sit(opened, f"rater {i}") for i in range(6)]

    def rate(sitting: Sitting) -> None:
        while isinstance(sitting.step(), Trial):
            _rate(sitting)

    threads = [threading.Thread(target=rate, args=(sitting,)) for sitting in sittings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counts = Counter(r.stimulus for r in reading.counted(reading.ratings(opened.database)))
    assert set(counts.values()) == {6}
    assert len(counts) == 28


def test_a_rater_resumes_at_the_very_next_trial(make: Make, sit: Sit) -> None:
    opened = make(lessons=0)
    sitting = sit(opened)
    for _ in range(7):
        _rate(sitting)
    before = sitting.step()
    after = sit(opened).step()
    assert isinstance(after, Trial)
    assert after == before
    assert after.number == 8


def test_an_hour_away_brings_a_short_training_and_then_the_same_trial(
    make: Make, sit: Sit, clock: FakeClock
) -> None:
    opened = make()
    sitting = sit(opened)
    _train(sitting)
    for _ in range(3):
        _rate(sitting)
    waiting = sitting.step()
    clock.pass_(59 * 60)
    assert sit(opened).step() == waiting
    clock.pass_(61 * 60)
    for resumed in (sitting, sit(opened), sit(opened)):
        step = resumed.step()
        assert isinstance(step, Trial)
        assert step.training
        assert step.count == 2
    _train(sitting)
    assert sitting.step() == waiting
    assert sit(opened).step() == waiting


def test_a_clock_set_back_counts_as_a_long_time_and_only_once(
    make: Make, sit: Sit, clock: FakeClock
) -> None:
    opened = make()
    sitting = sit(opened)
    _train(sitting)
    _rate(sitting)
    waiting = sitting.step()
    clock.wall -= 30 * 24 * 3_600_000
    back = sit(opened)
    step = back.step()
    assert isinstance(step, Trial)
    assert step.training
    _train(back)
    assert back.step() == waiting
    assert sit(opened).step() == waiting, "asked once, and not each time"
    _rate(back)
    indices = [rating.index for rating in reading.ratings(opened.database)]
    assert indices == sorted(indices), "order is by trial, whatever the clock said"


def test_a_clock_set_while_rating_changes_nothing_for_the_rater(
    make: Make, sit: Sit, clock: FakeClock
) -> None:
    opened = make()
    sitting = sit(opened)
    _train(sitting)
    _rate(sitting)
    for jump in (-(10**10), 10**10):
        waiting = sitting.step()
        clock.wall += jump
        clock.seconds += 1
        assert sitting.step() == waiting
        _rate(sitting)
    with opened.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT data FROM event WHERE kind = 'clock'").all()
    assert [round(json.loads(row[0])["by_ms"], -4) for row in rows] == [-(10**10), 10**10]


def test_the_setup_is_checked_and_a_failure_is_named(
    make: Make, sit: Sit, clock: FakeClock
) -> None:
    rules = dataclasses.replace(
        PLAIN, checks=("display", "card", "colour"), checks_required=("display", "card")
    )
    opened = make(lessons=0, rules=rules)
    sitting = sit(opened)
    first = sitting.step()
    assert isinstance(first, AskCheck)
    assert (first.check.name, first.required, first.failed) == ("card", True, False)
    assert not sitting.check("card", "0.01")
    failed = sitting.step()
    assert isinstance(failed, AskCheck)
    assert failed.failed
    assert failed.check.remedy
    with pytest.raises(AnswerError) as required:
        sitting.leave_out("card")
    assert _codes(required) == "answer.required"
    assert sitting.check("card", "3.78")
    colour = sitting.step()
    assert isinstance(colour, AskCheck)
    assert colour.check.name == "colour"
    assert not sitting.check("colour", "0")
    sitting.leave_out("colour")
    waiting = sitting.step()
    assert isinstance(waiting, Trial)
    _rate(sitting)
    clock.pass_(31 * 60)
    again = sit(opened).step()
    assert isinstance(again, AskCheck), "after half an hour the set-up is checked anew"
    for name in ("nonsense", "display/../x"):
        with pytest.raises(AnswerError):
            sitting.check(name, "1")


def test_too_small_a_display_is_refused(make: Make, sit: Sit) -> None:
    rules = dataclasses.replace(PLAIN, checks=("display",))
    opened = make(lessons=0, rules=rules)
    sitting = sit(opened, display=Display(width=31, height=600))
    step = sitting.step()
    assert isinstance(step, TooSmall)
    assert (step.needs, step.has) == ((32, 32), (31, 600))
    sitting.resize(Display(width=32, height=600, scale=1.5))
    assert isinstance(sitting.step(), Trial)
    _rate(sitting)
    assert reading.ratings(opened.database)[0].display_scale == 1.5


def test_a_break_is_proposed_and_may_be_declined(make: Make, sit: Sit, clock: FakeClock) -> None:
    opened = make(lessons=0)
    sitting = sit(opened)
    _rate(sitting)
    waiting = sitting.step()
    for _ in range(21):
        clock.pass_(59)
        sitting.step()
    step = sitting.step()
    assert isinstance(step, ProposeBreak)
    assert step.minutes >= 20
    sitting.rested()
    assert sitting.step() == waiting


def test_going_back_is_off_unless_allowed_and_keeps_both_answers(make: Make, sit: Sit) -> None:
    strict = sit(make(lessons=0))
    _rate(strict)
    with pytest.raises(AnswerError) as refused:
        strict.back()
    assert _codes(refused) == "answer.no-way-back"
    opened = make(lessons=0, rules=dataclasses.replace(PLAIN, back_allowed=True))
    sitting = sit(opened)
    with pytest.raises(AnswerError):
        sitting.back()
    _rate(sitting, 10.0)
    second = sitting.step()
    assert isinstance(second, Trial)
    assert second.can_go_back
    sitting.back()
    reopened = sitting.step()
    assert isinstance(reopened, Trial)
    assert (reopened.number, reopened.attempt) == (1, 1)
    _rate(sitting, 20.0)
    assert sitting.step() == second
    found = reading.ratings(opened.database)
    assert [(r.value, r.final) for r in found] == [(10.0, False), (20.0, True)]


def test_several_attributes_are_one_answer(make: Make, sit: Sit) -> None:
    opened = make(lessons=0, attributes=("quality", "sharpness"))
    sitting = sit(opened)
    trial = sitting.step()
    assert isinstance(trial, Trial)
    sitting.answer(trial.id, {"quality": 10.0, "sharpness": 90.0}, attempt=0)
    found = reading.ratings(opened.database)
    assert [(r.attribute, r.value) for r in found] == [("quality", 10.0), ("sharpness", 90.0)]
    assert found[0].trial == found[1].trial


def test_pairs_are_compared_in_rounds(make: Make, sit: Sit) -> None:
    rules = dataclasses.replace(PLAIN, batches_per_rater=2, gold_per_batch=2)
    opened = make(rules=rules, lessons=0)
    study = dataclasses.replace(opened.study, method=Method.PAIRS)
    study = dataclasses.replace(study, batches=(sum(study.batches, ()),))
    pairs = dataclasses.replace(opened, study=study)
    seen: list[tuple[str, ...]] = []
    sitting = sit(pairs)
    while isinstance(step := sitting.step(), Trial):
        assert len(step.pictures) == 2
        seen.append(tuple(sorted(step.pictures)))
        _rate(sitting, 1.0)
    assert isinstance(step, Finished)
    found = reading.ratings(pairs.database)
    studied = {(r.stimulus, r.other) for r in found if r.kind is TrialKind.STUDY}
    assert len(studied) == 24, "no pair twice"
    assert Counter(r.kind for r in found)[TrialKind.GOLD] == 2


def test_a_rater_sees_only_what_is_shown(make: Make, sit: Sit) -> None:
    opened = make(lessons=0)
    sitting = sit(opened)
    trial, coming = sitting.step(), sitting.upcoming()
    assert isinstance(trial, Trial)
    assert coming is not None
    allowed = {*trial.pictures, *coming.pictures}
    for stimulus in opened.study.stimuli:
        assert sitting.may_see(stimulus.hash) == (stimulus.hash in allowed)
    assert sitting.picture(trial.pictures[0]).startswith(b"\x89PNG")
    assert sitting.picture(trial.pictures[0]) == sitting.picture(trial.pictures[0])


def test_who_quit_was_forgotten_or_rates_in_a_pack_is_told(make: Make, sit: Sit) -> None:
    opened = make(lessons=0)
    sitting = sit(opened)
    sitting.pause()
    sitting.quit()
    step = sitting.step()
    assert isinstance(step, Finished)
    assert step.why == "quit"
    raters.forget(opened.database, sitting.rater.id)
    with pytest.raises(StudyError) as gone:
        sitting.step()
    assert gone.value.code == "rater.gone"


def test_what_others_have_rated_enough_is_not_asked_again(make: Make, sit: Sit) -> None:
    opened = make(lessons=0, rules=dataclasses.replace(PLAIN, raters_wanted=1))
    anna = sit(opened)
    while isinstance(anna.step(), Trial):
        _rate(anna)
    step = sit(opened, "Ben").step()
    assert isinstance(step, Finished)
    assert (step.why, step.code) == ("enough", "")


def test_nobody_rates_in_an_imported_study(make: Make, sit: Sit) -> None:
    opened = make(lessons=0)
    imported = dataclasses.replace(opened, study=a_study(method=Method.IMPORTED))
    with pytest.raises(StudyError) as refused:
        sit(imported)
    assert refused.value.code == "study.imported"
