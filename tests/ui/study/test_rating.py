"""Rating in the real window, by real keys, clicks and touches."""

from __future__ import annotations

import dataclasses
import statistics
import time
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QScrollBar, QWidget
from pytestqt.qtbot import QtBot

from fiqa_studio.study import file, pictures, raters, reading
from fiqa_studio.study.reading import Rating
from fiqa_studio.study.sitting.steps import (
    AskCheck,
    AskConsent,
    AskQuestions,
    Finished,
    ReadInstructions,
    TooSmall,
    Trial,
)
from fiqa_studio.study.values import Consent, Method, Part, Question, Texts, TrialKind
from fiqa_studio.ui.study.scales import ChoiceScale, ScaleWidget, SliderScale
from fiqa_studio.ui.study.trial import TrialPage
from fiqa_studio.ui.study.window import RatingWindow
from tests.ui.study.conftest import PLAIN, Make, Open, wait_for_trial

_DIGITS = (Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_3, Qt.Key.Key_4, Qt.Key.Key_5)


def _page(window: RatingWindow) -> TrialPage:
    page = window.trial_page
    assert page is not None
    return page


def _scale(window: RatingWindow, number: int = 0) -> ScaleWidget:
    return list(_page(window).scales.values())[number]


def _key(window: RatingWindow, *keys: Qt.Key) -> None:
    for key in keys:
        QTest.keyClick(window.focusWidget() or window, key)


def _stored(path: Path) -> list[Rating]:
    with file.opened(path) as opened:
        return reading.ratings(opened.database)


def _press(qtbot: QtBot, window: RatingWindow, words: str) -> None:
    found = [b for b in window.findChildren(QPushButton) if b.text() == words and b.isVisible()]
    assert len(found) == 1, words
    qtbot.mouseClick(found[0], Qt.MouseButton.LeftButton)


def _wait_for(qtbot: QtBot, window: RatingWindow, kind: type[Any]) -> Any:
    qtbot.waitUntil(lambda: isinstance(window.step, kind), timeout=20_000)
    return window.step


def _rate(qtbot: QtBot, window: RatingWindow, key: Qt.Key) -> Trial:
    """Rate the trial that is shown by two keys, and wait until another page is there."""
    trial = wait_for_trial(qtbot, window)
    qtbot.waitUntil(lambda: _page(window).trial == trial, timeout=20_000)
    _key(window, key)
    qtbot.waitUntil(_page(window).next_button.isEnabled, timeout=20_000)
    _key(window, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.step != trial, timeout=20_000)
    return trial


def test_nothing_is_suggested_before_the_first_answer(qtbot: QtBot, make: Make, sit: Open) -> None:
    path = make()
    window = sit(path)
    wait_for_trial(qtbot, window)
    scale = _scale(window)
    assert isinstance(scale, SliderScale)
    assert (scale.value, scale.start) == (None, None)
    assert scale.accessibleDescription() == "Not rated yet"
    assert not _page(window).next_button.isEnabled()
    _key(window, Qt.Key.Key_Return)
    before = scale.grab().toImage()
    _key(window, Qt.Key.Key_Right)  # the first arrow shows the thumb in the middle
    assert scale.value == pytest.approx(50.5)
    assert scale.grab().toImage() != before
    assert _page(window).next_button.isEnabled()
    assert _stored(path) == []


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        ([Qt.Key.Key_1], 1.0),
        ([Qt.Key.Key_2], 25.75),
        ([Qt.Key.Key_5], 100.0),
        ([Qt.Key.Key_Left], 50.5),
        ([Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Up], 52.5),
        ([Qt.Key.Key_Home], 1.0),
        ([Qt.Key.Key_End, Qt.Key.Key_Right], 100.0),
        ([Qt.Key.Key_3, Qt.Key.Key_PageUp, Qt.Key.Key_Down], 59.5),
    ],
)
def test_every_key_gives_its_value(
    qtbot: QtBot, make: Make, sit: Open, keys: list[Qt.Key], value: float
) -> None:
    path = make()
    window = sit(path)
    trial = wait_for_trial(qtbot, window)
    _key(window, *keys)
    assert _scale(window).value == pytest.approx(value)
    _key(window, Qt.Key.Key_Return)
    wait_for_trial(qtbot, window, other_than=trial.id)
    (rating,) = _stored(path)
    assert rating.value == pytest.approx(value)
    assert rating.trial == trial.id
    assert rating.slider_start is not None
    assert rating.reaction_ms is not None
    assert rating.reaction_ms > 0


def test_the_mouse_alone_rates(qtbot: QtBot, make: Make, sit: Open) -> None:
    path = make()
    window = sit(path)
    trial = wait_for_trial(qtbot, window)
    scale = _scale(window)
    assert isinstance(scale, SliderScale)
    for value in (75.25, 25.75):  # a click, and another that corrects it
        at = QPoint(round(scale.x_of(value)), 20)
        qtbot.mouseClick(scale, Qt.MouseButton.LeftButton, pos=at)
        assert scale.value == pytest.approx(value, abs=0.2)
    assert scale.start == pytest.approx(75.25, abs=0.2)
    qtbot.mouseClick(_page(window).next_button, Qt.MouseButton.LeftButton)
    wait_for_trial(qtbot, window, other_than=trial.id)
    (rating,) = _stored(path)
    assert rating.value == pytest.approx(25.75, abs=0.2)
    assert rating.slider_start == pytest.approx(75.25, abs=0.2)


def test_a_finger_alone_rates(qtbot: QtBot, make: Make, sit: Open) -> None:
    path = make()
    window = sit(path)
    trial = wait_for_trial(qtbot, window)
    scale, device = _scale(window), QTest.createTouchDevice()
    assert isinstance(scale, SliderScale)

    handle = window.windowHandle()

    def tap(widget: QWidget, at: QPoint) -> None:
        place = widget.mapTo(window, at)
        down = QTest.touchEvent(handle, device)
        down.press(0, place, handle)
        down.commit()
        up = QTest.touchEvent(handle, device)
        up.release(0, place, handle)
        up.commit()

    tap(scale, QPoint(round(scale.x_of(75.25)), 20))
    assert scale.value == pytest.approx(75.25, abs=0.2)
    qtbot.waitUntil(_page(window).next_button.isEnabled, timeout=20_000)
    tap(_page(window).next_button, _page(window).next_button.rect().center())
    wait_for_trial(qtbot, window, other_than=trial.id)
    assert _stored(path)[0].value == pytest.approx(75.25, abs=0.2)


def test_the_picture_is_shown_pixel_by_pixel(qtbot: QtBot, make: Make, sit: Open) -> None:
    path = make(size=97)  # odd: it cannot stand in the middle without rounding
    window = sit(path)
    trial = wait_for_trial(qtbot, window)
    stage = _page(window).stage
    assert stage.exact
    (where,) = stage.picture_rects()
    shown = window.grab().toImage()
    folder = file.pictures_folder(path)
    meant = QImage.fromData(pictures.file_of(folder, trial.pictures[0]).read_bytes())
    ratio = window.devicePixelRatioF()
    corner = stage.mapTo(window, QPoint(0, 0))
    left = round((corner.x() + where.left()) * ratio)
    top = round((corner.y() + where.top()) * ratio)
    seen = shown.copy(left, top, 97, 97).convertToFormat(QImage.Format.Format_RGB32)
    assert seen == meant.convertToFormat(QImage.Format.Format_RGB32)
    assert shown.pixelColor(left - 2, top - 2).name() == "#808080"


def test_a_rater_sees_no_name_and_no_progress_of_others(
    qtbot: QtBot, make: Make, sit: Open
) -> None:
    path = make()
    with file.opened(path) as opened:
        raters.add(opened.database, "Secret Colleague")
    window = sit(path)
    wait_for_trial(qtbot, window)
    said = " ".join(label.text() for label in window.findChildren(QLabel))
    assert "face-" not in said
    assert "Secret" not in said
    assert str(path) not in said + window.windowTitle()


def test_next_waits_for_the_minimum_viewing_time(qtbot: QtBot, make: Make, sit: Open) -> None:
    path = make(rules=dataclasses.replace(PLAIN, minimum_viewing_ms=400))
    window = sit(path)
    trial = wait_for_trial(qtbot, window)
    _key(window, Qt.Key.Key_4)
    assert not _page(window).next_button.isEnabled()
    _key(window, Qt.Key.Key_Return)  # too soon: nothing is sent
    qtbot.waitUntil(_page(window).next_button.isEnabled, timeout=20_000)
    _key(window, Qt.Key.Key_Return)
    wait_for_trial(qtbot, window, other_than=trial.id)
    (rating,) = _stored(path)
    assert rating.reaction_ms is not None
    assert rating.reaction_ms >= 400


def test_a_whole_study_by_keys_and_exact_resume(qtbot: QtBot, make: Make, sit: Open) -> None:
    path = make()
    window = sit(path)
    for turn in range(7):
        _rate(qtbot, window, _DIGITS[turn % 5])
    expected = wait_for_trial(qtbot, window)
    _key(window, Qt.Key.Key_3)  # not committed: it is not there after the window closed
    window.close()
    again = sit(path)
    assert wait_for_trial(qtbot, again) == expected
    assert _scale(again).value is None
    done = 7
    while isinstance(again.step, Trial):
        _rate(qtbot, again, _DIGITS[done % 5])
        done += 1
    finished = _wait_for(qtbot, again, Finished)
    assert finished.why == "done"
    found = _stored(path)
    assert len(found) == done == 30  # 24 studied, 4 gold, 2 repeats
    assert [one.index for one in found] == list(range(30))
    marks = (1.0, 25.75, 50.5, 75.25, 100.0)
    assert [one.value for one in found] == pytest.approx([marks[i % 5] for i in range(30)])


def test_pause_comes_back_to_the_same_picture(qtbot: QtBot, make: Make, sit: Open) -> None:
    window = sit(make())
    _rate(qtbot, window, Qt.Key.Key_2)
    trial = wait_for_trial(qtbot, window)
    _key(window, Qt.Key.Key_Escape)
    _press(qtbot, window, "Go on")
    assert wait_for_trial(qtbot, window) == trial


def test_back_is_off_until_the_study_allows_it(qtbot: QtBot, make: Make, sit: Open) -> None:
    window = sit(make())
    _rate(qtbot, window, Qt.Key.Key_2)
    wait_for_trial(qtbot, window)
    assert not _page(window).back_button.isVisible()

    path = make(name="back", rules=dataclasses.replace(PLAIN, back_allowed=True))
    window = sit(path)
    first = _rate(qtbot, window, Qt.Key.Key_2)
    wait_for_trial(qtbot, window, other_than=first.id)
    _key(window, Qt.Key.Key_Backspace)
    qtbot.waitUntil(
        lambda: isinstance(window.step, Trial) and window.step.id == first.id, timeout=20_000
    )
    _rate(qtbot, window, Qt.Key.Key_5)
    assert [one.value for one in _stored(path) if one.final] == [100.0]


def test_training_shows_the_range_and_waits_for_it(qtbot: QtBot, make: Make, sit: Open) -> None:
    path = make(lessons=4)
    window = sit(path)
    trial = wait_for_trial(qtbot, window)
    assert trial.training
    _key(window, Qt.Key.Key_1, Qt.Key.Key_Return)  # the answer is 50 ± 20
    qtbot.waitUntil(
        lambda: isinstance(window.step, Trial) and window.step.accepted is not None, timeout=20_000
    )
    wait_for_trial(qtbot, window)
    scale = _scale(window)
    assert scale.accepted is not None
    assert scale.value == 1.0  # the thumb stays where it was wrong
    assert "Outside the range" in _page(window).hint.text()
    for _ in range(4):
        _rate(qtbot, window, Qt.Key.Key_3)
    following = wait_for_trial(qtbot, window)
    assert not following.training
    assert [one.kind for one in _stored(path)] == [TrialKind.TRAINING] * 5


def test_who_fails_the_training_is_told_so(qtbot: QtBot, make: Make, sit: Open) -> None:
    window = sit(make(lessons=2, rules=dataclasses.replace(PLAIN, training_attempts=1)))
    for _ in range(2):
        _rate(qtbot, window, Qt.Key.Key_1)
        _rate(qtbot, window, Qt.Key.Key_3)
    assert _wait_for(qtbot, window, Finished).why == "unqualified"


def test_consent_questions_checks_and_instructions_come_first(
    qtbot: QtBot, make: Make, sit: Open
) -> None:
    texts = Texts(
        consent=Consent("Your ratings are kept."),
        questions=(Question("age", "How old are you?", required=True),),
        instructions=(Part("Quality", "Judge the sharpness, not the beauty."),),
    )
    rules = dataclasses.replace(PLAIN, checks=("display", "card", "acuity"))
    window = sit(make(texts=texts, rules=rules))
    _wait_for(qtbot, window, AskConsent)
    _press(qtbot, window, "I agree")
    _wait_for(qtbot, window, AskQuestions)
    _press(qtbot, window, "Next")
    qtbot.waitUntil(
        lambda: any("Please answer" in one.text() for one in window.findChildren(QLabel)),
        timeout=20_000,
    )
    field = window.findChild(QLineEdit)
    assert isinstance(field, QLineEdit)
    qtbot.keyClicks(field, "33")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert _wait_for(qtbot, window, AskCheck).check.name == "card"
    _press(qtbot, window, "It is as wide as the card")
    qtbot.waitUntil(
        lambda: isinstance(window.step, AskCheck) and window.step.check.name == "acuity",
        timeout=20_000,
    )
    assert isinstance(window.step, AskCheck)
    right = window.step.check.right[0]
    wrong = next(choice for choice in window.step.check.choices if choice != right)
    _press(qtbot, window, wrong.capitalize())
    qtbot.waitUntil(
        lambda: isinstance(window.step, AskCheck) and window.step.failed, timeout=20_000
    )
    assert any("Wear your glasses" in one.text() for one in window.findChildren(QLabel))
    _press(qtbot, window, window.step.check.right[0].capitalize())
    _wait_for(qtbot, window, ReadInstructions)
    _press(qtbot, window, "Begin")
    wait_for_trial(qtbot, window)


def test_long_instructions_are_read_by_keys(qtbot: QtBot, make: Make, sit: Open) -> None:
    texts = Texts(instructions=tuple(Part(f"Part {i}", "Look well. " * 60) for i in range(5)))
    window = sit(make(texts=texts), wide=1024, high=600)
    _wait_for(qtbot, window, ReadInstructions)
    bar = next(bar for bar in window.findChildren(QScrollBar) if bar.maximum() > 0)
    _key(window, Qt.Key.Key_PageDown)
    assert 0 < bar.value() <= bar.pageStep()  # nothing is skipped
    _key(window, Qt.Key.Key_PageUp)
    assert bar.value() == 0
    _key(window, Qt.Key.Key_Return)
    wait_for_trial(qtbot, window)


@pytest.mark.parametrize("method", [Method.ACR5, Method.ACR9])
def test_categories_by_key_and_mouse(qtbot: QtBot, make: Make, sit: Open, method: Method) -> None:
    path = make(method=method)
    window = sit(path)
    _rate(qtbot, window, Qt.Key.Key_4)
    trial = wait_for_trial(qtbot, window)
    scale = _scale(window)
    assert isinstance(scale, ChoiceScale)
    assert not any(button.isChecked() for button in scale.buttons)
    qtbot.mouseClick(scale.buttons[1], Qt.MouseButton.LeftButton)
    qtbot.mouseClick(_page(window).next_button, Qt.MouseButton.LeftButton)
    wait_for_trial(qtbot, window, other_than=trial.id)
    assert [one.value for one in _stored(path)] == [4.0, 2.0]


def test_pairs_stand_side_by_side(qtbot: QtBot, make: Make, sit: Open) -> None:
    path = make(lessons=0)
    study = file.read(path)
    everything = tuple(digest for batch in study.batches for digest in batch)
    path = make(name="pairs", method=Method.PAIRS, batches=(everything,))
    window = sit(path)
    trial = wait_for_trial(qtbot, window)
    assert len(trial.pictures) == 2
    left, right = _page(window).stage.picture_rects()
    assert left.right() < right.left()
    _rate(qtbot, window, Qt.Key.Key_1)
    (rating,) = _stored(path)
    # The first that was shown was chosen, whichever of the pair that was.
    assert rating.value == (-1.0 if rating.swapped else 1.0)


def test_several_attributes_are_asked_one_after_another(
    qtbot: QtBot, make: Make, sit: Open
) -> None:
    path = make(attributes=("quality", "sharpness"))
    window = sit(path)
    trial = wait_for_trial(qtbot, window)
    _key(window, Qt.Key.Key_2, Qt.Key.Key_Return)  # Enter goes to the one that is missing
    assert window.focusWidget() is _scale(window, 1)
    _key(window, Qt.Key.Key_5, Qt.Key.Key_Return)
    wait_for_trial(qtbot, window, other_than=trial.id)
    assert {one.attribute: one.value for one in _stored(path)} == {
        "quality": 25.75,
        "sharpness": 100.0,
    }


def test_too_small_a_window_is_refused_and_a_larger_one_goes_on(
    qtbot: QtBot, make: Make, sit: Open
) -> None:
    rules = dataclasses.replace(PLAIN, checks=("display",))
    window = sit(make(size=512, rules=rules), wide=700, high=500)
    _wait_for(qtbot, window, TooSmall)
    window.resize(1024, 600)  # too low for controls below, wide enough beside
    trial = wait_for_trial(qtbot, window)
    assert _page(window).stage.exact
    assert _page(window).controls.geometry().left() > 500
    _key(window, Qt.Key.Key_4)
    window.resize(1920, 1080)  # what was given stays
    qtbot.waitUntil(lambda: _page(window).controls.geometry().top() > 600, timeout=20_000)
    assert _scale(window).value == 75.25
    assert window.step == trial


def test_a_missing_picture_is_said_and_tried_again(qtbot: QtBot, make: Make, sit: Open) -> None:
    path = make()
    folder = file.pictures_folder(path)
    folder.rename(folder.with_name("elsewhere"))
    window = sit(path)
    assert any("missing" in one.text() for one in window.findChildren(QLabel))
    folder.with_name("elsewhere").rename(folder)
    _press(qtbot, window, "Try again")
    wait_for_trial(qtbot, window)


def test_from_key_to_commit_and_to_the_next_picture(
    qtbot: QtBot, make: Make, sit: Open, capsys: pytest.CaptureFixture[str]
) -> None:
    """Prints what it measures; the limits here leave room for a busy machine."""
    path = make(size=512)
    window = sit(path)
    wait_for_trial(qtbot, window)
    sitting, page = window.desk.sitting, _page(window)
    committed: list[float] = []
    real = sitting.answer

    def timed(*arguments: Any, **named: Any) -> Any:
        outcome = real(*arguments, **named)
        committed.append(time.perf_counter())
        return outcome

    sitting.answer = timed  # type: ignore[method-assign]
    seen: list[float] = []
    page.seen.connect(lambda _: seen.append(time.perf_counter()))
    commit, following = [], []
    for turn in range(25):
        trial = wait_for_trial(qtbot, window)
        qtbot.wait(60)  # nobody answers faster; the next picture is fetched meanwhile
        _key(window, _DIGITS[turn % 5])
        committed.clear()
        seen.clear()
        began = time.perf_counter()
        _key(window, Qt.Key.Key_Return)
        wait_for_trial(qtbot, window, other_than=trial.id)
        commit.append(1000 * (committed[0] - began))
        following.append(1000 * (seen[0] - began))
    with capsys.disabled():
        for name, found in (("key to commit", commit), ("key to next picture", following)):
            print(  # noqa: T201 - a measurement
                f"\n{name}: median {statistics.median(found):.1f} ms, worst {max(found):.1f} ms"
            )
    assert statistics.median(commit) < 60
    assert statistics.median(following) < 150
